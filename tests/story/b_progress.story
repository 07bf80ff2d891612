story "progress comes with the client's own token" real
upstream one {
  tool count
  on tools/call count -> progress {"progress":1,"total":2,"message":"half\u0020way"} then progress {"progress":2.50} then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  send x tools/call {"name":"count","_meta":{"progressToken":"mine"}}
  await notifications/progress
  expect /params == {"_meta":{"bascule/server":"one"},"progressToken":"mine","progress":1,"total":2,"message":"half way"}
  await notifications/progress
  expect message ~ '"progress":2.50'
  await x
  expect /result/content == []
  expect stream
}
client s {
  send x tools/call {"name":"count","_meta":{"progressToken":7}}
  await notifications/progress
  expect /params/progressToken == 7
  await x
  # Who gave no token hears nothing.
  call tools/call {"name":"count"}
  expect received notifications/progress == 2
}

story "equal tokens of two clients do not mix" real
upstream one {
  tool count
  on tools/call count -> after 30ms then progress {"progress":1,"total":$params} then after 30ms then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"count","arguments":{"who":"a"},"_meta":{"progressToken":1}}
}
client b -transport http {
  send x tools/call {"name":"count","arguments":{"who":"b"},"_meta":{"progressToken":1}}
}
client a {
  await notifications/progress
  expect /params/progressToken == 1
  expect /params/total/arguments/who == "a"
  await x
  expect received notifications/progress == 1
}
client b {
  await notifications/progress
  expect /params/total/arguments/who == "b"
  await x
  expect received notifications/progress == 1
}

story "progress with a token that nobody gave out goes nowhere" real
upstream one {
  tool slow
  on tools/call slow -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"slow","_meta":{"progressToken":1}}
  expect upstream one requests tools/call == 1
  tell one notify notifications/progress {"progressToken":4711,"progress":1}
  tell one notify notifications/progress {"progressToken":"1","progress":1}
  call ping
  expect received notifications/progress == 0
}

story "a cancelled call is cancelled at its server, with its id, and nowhere else" real
upstream one {
  tool slow
  on tools/call slow -> never
}
upstream two {
  tool slow
  on tools/call slow -> never
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client a {
  send x -id 1 tools/call {"name":"one__slow","arguments":{"n":1}}
  send y -id 2 tools/call {"name":"two__slow"}
}
expect upstream one requests tools/call == 1
client b -transport http {
  send x -id 1 tools/call {"name":"one__slow","arguments":{"n":2}}
}
expect upstream one requests tools/call == 2
expect upstream two requests tools/call == 1
client a {
  cancel y
}
let id = upstream two last tools/call /id
expect upstream two requests notifications/cancelled == 1
expect upstream two last notifications/cancelled /params/requestId == $id
expect upstream one requests notifications/cancelled == 0
client b {
  cancel x
  # Over HTTP the stream of a cancelled call just ends.
  await x
  expect unread == 0
}
let id = upstream one last tools/call /id
expect upstream one last notifications/cancelled /params/requestId == $id
expect upstream one requests notifications/cancelled == 1
client a {
  # Over stdio there is no answer at all; the other call is still there.
  call ping
  expect unread == 0
}
expect outcome cancelled == 2

story "cancelling what is not there, or is done, has no effect" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"echo"}
  await x
  cancel x
  notify notifications/cancelled {"requestId":99}
  notify notifications/cancelled {}
  notify notifications/cancelled
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one requests notifications/cancelled == 0

story "a client that leaves has not cancelled; the end of its session has" real
upstream one {
  tool slow
  on tools/call slow -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  send x tools/call {"name":"slow"}
  expect upstream one requests tools/call == 1
  abandon x
}
expect upstream one requests notifications/cancelled == 0
client c {
  http DELETE /mcp -session
  expect status == 204
}
expect upstream one requests notifications/cancelled == 1
client c {
  call ping
  expect status == 404
}

story "a silent call over HTTP is kept alive by its stream"
upstream one {
  tool slow
  on tools/call slow -> after 40s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 60s}
}
client c -transport http {
  send x tools/call {"name":"slow"}
  tick 41s
  await x
  expect stream
  expect /result/content == []
}
