story "a reload keeps what did not change, and ends what is gone after its calls" real
upstream one {
  tool echo
}
upstream two {
  tool slow
  on tools/call slow -> after 400ms then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call tools/list
  expect /result/tools/1/name == "two__slow"
  listen
  send x tools/call {"name":"two__slow"}
  expect upstream two requests tools/call == 1
}
reload {
upstreams:
  - {name: one, @one@}
}
client c {
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/0/name == "echo"
  expect /result/tools/1 absent
  call tools/call {"name":"two__slow"}
  expect /error/code == -32602
  tick 500ms
  await x
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream two running == 0
expect upstream one starts == 1
expect upstream one running == 1
expect outcome done == 5

story "a reload that changes an upstream starts it again, another name is another upstream" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 30s}
}
client c {
  call tools/list
}
reload {
upstreams:
  - {name: one, @one@, timeout: 31s}
  - {name: two, @one@}
}
client c {
  call tools/list
  expect /result/tools/0/name == "one__echo"
  expect /result/tools/1/name == "two__echo"
}
expect upstream one starts == 3

story "an upstream that a reload brings is waited for by its calls"
upstream one {
  tool echo
}
upstream two {
  tool echo
  on initialize -> after 3s then result {"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"two","version":"1"}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"echo"}
}
tick 1m
reload {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  send x tools/call {"name":"two__echo"}
  call tools/call {"name":"one__echo"}
  expect /result/content == []
  tick 3s
  await x
  expect /result/content == []
}

story "a call that waits for a server which a reload replaces waits for the new one"
upstream one {
  tool echo
}
upstream two {
  tool echo
  on initialize -> after 3s then result {"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"two","version":"1"}}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@, lazy: true}
}
client c {
  send x tools/call {"name":"two__echo"}
  tick 1s
}
reload {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@, timeout: 31s, lazy: true}
}
client c {
  tick 5s
  await x
  expect /result/content == []
}
expect upstream two starts == 2
expect outcome failed == 0

story "a call that waits for a server which a reload mends is answered by it"
upstream one {
  tool echo
}
upstream two {
  tool echo
  on initialize -> never
}
upstream three {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@, lazy: true}
}
client c {
  send x tools/call {"name":"two__echo"}
  tick 1s
}
reload {
upstreams:
  - {name: one, @one@}
  - {name: two, @three@, lazy: true}
}
client c {
  tick 20s
  await x
  expect /result/content == []
}
expect upstream two running == 0

story "a call that waits for a server which a reload removes is told that it is not known"
upstream one {
  tool echo
}
upstream two {
  tool echo
  on initialize -> never
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@, lazy: true}
}
client c {
  send x tools/call {"name":"two__echo"}
  tick 1s
}
reload {
namespace: {prefix: always}
upstreams:
  - {name: one, @one@}
}
client c {
  tick 20s
  await x
  expect /error/data/kind == "unknown_server"
}
expect upstream two running == 0

story "limits of a reload hold for what comes after it"
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
limits: {ask: 10m}
upstreams:
  - {name: one, @one@}
}
client c -can elicitation {
  call ping
}
reload {
limits: {ask: 1m}
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"book"}
  await elicitation/create
  tick 61s
  await x
  expect /result/said/action == "cancel"
}
expect upstream one starts == 1
