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

story "tools are allowed, denied, renamed and described; what is denied cannot be called" real
upstream one {
  tool read_file {"description":"old"}
  tool srch
  tool admin_drop
  tool other
  on tools/call -> result {"by":1}
}
upstream two {
  tool admin_drop
}
gateway {
upstreams:
  - name: one
    @one@
    session: shared
    tools:
      allow: ["*_*", srch]
      deny: ["admin_*"]
      rename: {srch: search, nobody: x}
      describe: {read_file: "Reads a \"file\"."}
  - {name: two, @two@, session: shared}
}
client c {
  call tools/list
  expect /result/tools/0/name == "one__read_file"
  expect /result/tools/0/description == "Reads a \"file\"."
  expect /result/tools/1/name == "one__search"
  expect /result/tools/2/name == "two__admin_drop"
  expect /result/tools/3 absent
  call tools/call {"name":"one__search"}
  expect /result/by == 1
  call tools/call {"name":"one__admin_drop"}
  expect /error/code == -32602
  call tools/call {"name":"one__srch"}
  expect /error/code == -32602
  call tools/call {"name":"one__other"}
  expect /error/code == -32602
}
expect upstream one requests tools/call == 1
expect upstream one last tools/call /params/name == "srch"
expect log tool_rule_unknown ~ 'nobody' == 1

story "other rules for tools take effect on a reload and keep the connection" real
upstream one {
  tool read
  tool write
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  expect /result/tools/1/name == "write"
  listen
}
reload {
upstreams:
  - {name: one, @one@, tools: {deny: [write], rename: {read: get}}}
}
client c {
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/0/name == "get"
  expect /result/tools/1 absent
  call tools/call {"name":"write"}
  expect /error/code == -32602
  call tools/call {"name":"get"}
  expect /result/content == []
}
expect upstream one starts == 1
expect upstream one requests initialize == 1

story "a long list comes in pages, and its cursors are of this gateway" real
upstream one {
  tools 1500 a
}
upstream two {
  tools 700 b
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call tools/list
  expect /result/tools/0/name == "one__a0"
  expect /result/tools/999/name == "one__a999"
  expect /result/tools/1000 absent
  let next = /result/nextCursor
  call tools/list {"cursor":$next}
  expect /result/tools/0/name == "one__a1000"
  expect /result/tools/500/name == "two__b0"
  expect /result/tools/1000 absent
  let last = /result/nextCursor
  call tools/list {"cursor":$last}
  expect /result/tools/199/name == "two__b699"
  expect /result/tools/200 absent
  expect /result/nextCursor absent
  call tools/list {"cursor":$next}
  expect /result/tools/0/name == "one__a1000"
  call tools/list {"cursor":"1000"}
  expect /error/code == -32602
  expect /error/message ~ 'unknown cursor'
  call tools/list {"cursor":7}
  expect /error/code == -32602
  call tools/call {"name":"two__b699"}
  expect /result/content == []
}

story "a cursor goes on behind its last tool when the list has changed, and ends with it" real
upstream one {
  tools 1200 a
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  let next = /result/nextCursor
  listen
}
reload {
upstreams:
  - {name: one, @one@, tools: {deny: ["a?", "a??"]}}
}
client c {
  await notifications/tools/list_changed
  call tools/list {"cursor":$next}
  expect /result/tools/0/name == "a1000"
  expect /result/tools/199/name == "a1199"
}
reload {
upstreams:
  - {name: one, @one@, tools: {deny: [a999]}}
}
client c {
  await notifications/tools/list_changed
  call tools/list {"cursor":$next}
  expect /error/code == -32602
  expect /error/message ~ 'unknown cursor'
}
