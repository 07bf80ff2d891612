story "a long name gets a hash, and the call finds its way" real
upstream one {
  tool $repeat(a,80B)
  tool $repeat(a,80B)b
}
gateway {
namespace: {prefix: always}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/list
  expect /result/tools/0/name ~ 'one__$repeat(a,50B)_'
  let first = /result/tools/0/name
  let second = /result/tools/1/name
  expect message !~ '$repeat(a,51B)'
  call tools/call {"name":$second}
  expect /result/content == []
}
expect upstream one last tools/call /params/name == "$repeat(a,80B)b"
client c {
  call tools/call {"name":$first}
}
expect upstream one last tools/call /params/name == "$repeat(a,80B)"

story "of two equal names the later gets a hash and a warning" real
upstream one {
  tool echo
  on tools/call -> result {"by":1}
}
upstream two {
  tool echo
  on tools/call -> result {"by":2}
}
gateway {
namespace: {prefix: never}
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call tools/list
  expect /result/tools/0/name == "echo"
  expect /result/tools/1/name ~ 'echo_'
  let other = /result/tools/1/name
  call tools/call {"name":"echo"}
  expect /result/by == 1
  call tools/call {"name":$other}
  expect /result/by == 2
}
expect upstream two last tools/call /params/name == "echo"
expect log name_collision >= 1

story "the separator is what the configuration says" real
upstream one {
  tool a__b
}
upstream two {
  tool a.b
}
gateway {
namespace: {separator: "."}
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call tools/list
  expect /result/tools/0/name == "one.a__b"
  expect /result/tools/1/name == "two.a.b"
  call tools/call {"name":"two.a.b"}
  expect /result/content == []
  call tools/call {"name":"three.a"}
  expect /error/data/kind == "unknown_server"
}

story "a tool that makes no sense is dropped, the others are not" real
upstream one {
  tool good
  tool bad {"inputSchema":[]}
  tool good
  tool fine
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/list
  expect /result/tools/0/name == "good"
  expect /result/tools/1/name == "fine"
  expect /result/tools/2 absent
}
expect log item_dropped >= 1
