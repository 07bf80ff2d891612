story "a question of a stdio server reaches a stdio client and its answer goes back" real
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object","properties":{"ok":{"type":"boolean"}}}} then result {"content":[],"structuredContent":{"said":$answer}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  expect /params == {"message":"Sure?","requestedSchema":{"type":"object","properties":{"ok":{"type":"boolean"}}}}
  answer {"action":"accept","content":{"ok":true,"n":1.0}}
  await x
  expect message ~ '"structuredContent":{"said":{"action":"accept","content":{"ok":true,"n":1.0}}}'
  expect unread == 0
}
expect upstream one requests response == 1
expect outcome done == 2

story "a question of an HTTP server reaches an HTTP client on the stream of its call" real
upstream web -transport http {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  expect /params/message == "Sure?"
  answer {"action":"decline"}
  await x
  expect stream
  expect /result/said == {"action":"decline"}
}
client plain -transport http -can elicitation {
  # Another client hears nothing of it.
  expect unread == 0
}

story "a question of an HTTP server reaches a stdio client" real
upstream web -transport http {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  answer {"action":"cancel"}
  await x
  expect /result/said == {"action":"cancel"}
}

story "a question of a stdio server reaches an HTTP client, twice in one call" real
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"1","requestedSchema":{"type":"object"}} then ask elicitation/create {"message":"2","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  expect /params/message == "1"
  answer {"action":"accept","content":{"a":1}}
  await elicitation/create
  expect /params/message == "2"
  answer {"action":"accept","content":{"a":2}}
  await x
  expect /result/said/content/a == 2
}
expect upstream one requests response == 2

story "a client that cannot be asked is not, and its call goes on" real
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"book"}
  expect /result/said/action == "decline"
  expect document
}
# One who can fill in forms is not sent to a page either.
upstream one {
  on tools/call book -> ask elicitation/create {"mode":"url","message":"Go","url":"https://example.com/","elicitationId":"e"} then result {"said":$answer}
}
client forms -transport http -can elicitation {
  call tools/call {"name":"book"}
  expect /result/said/action == "decline"
  expect received elicitation/create == 0
}
client pages -transport http -can {"elicitation":{"url":{}}} {
  send x tools/call {"name":"book"}
  await elicitation/create
  expect /params/url == "https://example.com/"
  answer {"action":"accept"}
  await x
  expect /result/said/action == "accept"
}
expect log ask_declined ~ 'the client cannot answer' == 2

story "the client's refusal to answer is handed on" real
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  answer error {"code":-32000,"message":"no screen"}
  await x
  expect /result/said == {"code":-32000,"message":"no screen"}
}
expect upstream one last response /error/message == "no screen"

story "a question that nobody answers ends with limits.ask"
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
limits: {ask: 2m}
upstreams:
  - {name: one, @one@, timeout: 10s}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  let asked = /id
  tick 110s
  expect unread == 0
  tick 11s
  await notifications/cancelled
  expect /params/requestId == $asked
  await x
  expect /result/said == {"action":"cancel"}
  # Too late: it is said in the log, and nobody else gets it.
  raw {"jsonrpc":"2.0","id":$asked,"result":{"action":"accept"}}
}
expect log answer_unknown == 1
expect upstream one requests response == 1

story "the time that a person takes does not count against the timeout"
upstream one {
  tool book
  tool late
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then after 8s then result {"said":$answer}
  on tools/call late -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then after 12s then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 10s}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  tick 5m
  answer {"action":"accept"}
  tick 8s
  await x
  expect /result/said/action == "accept"
  send y tools/call {"name":"late"}
  await elicitation/create
  tick 5m
  answer {"action":"accept"}
  tick 10s
  await y
  expect /error/data/kind == "deadline"
}
expect outcome done == 2
expect outcome deadline == 1

story "a question that belongs to no call, or may belong to two clients, is declined" real
upstream one {
  tool slow
  on tools/call slow -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can elicitation {
  call tools/list
}
tell one ask elicitation/create {"message":"Whose?","requestedSchema":{"type":"object"}}
expect upstream one last response /result/action == "decline"
client a {
  send x tools/call {"name":"slow"}
}
client b -transport http -can elicitation {
  send x tools/call {"name":"slow"}
}
expect upstream one requests tools/call == 2
tell one ask elicitation/create {"message":"Whose?","requestedSchema":{"type":"object"}}
expect upstream one requests response == 2
expect upstream one last response /result/action == "decline"
expect log ask_declined ~ 'for which client' == 2
client a {
  expect received elicitation/create == 0
}
client b {
  expect received elicitation/create == 0
  # When only one client is left, it is its question.
  cancel x
}
expect upstream one requests notifications/cancelled == 1
tell one ask elicitation/create {"message":"Yours!","requestedSchema":{"type":"object"}}
client a {
  await elicitation/create
  expect /params/message == "Yours!"
  answer {"action":"accept","content":{}}
}
expect upstream one last response /result/action == "accept"

story "a question that its server withdraws is withdrawn from the client" real
upstream one {
  tool book
  on tools/call book -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  expect upstream one requests tools/call == 1
  tell one ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}}
  await elicitation/create
  let asked = /id
  tell one notify notifications/cancelled {"requestId":$ask}
  await notifications/cancelled
  expect /params/requestId == $asked
}

story "the answer of another client to a question is not taken" real
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  let asked = /id
}
client b -transport http -can elicitation {
  raw {"jsonrpc":"2.0","id":$asked,"result":{"action":"accept"}}
  expect status == 202
}
expect upstream one requests response == 0
client a {
  answer {"action":"decline"}
  await x
  expect /result/said/action == "decline"
}

story "the end of stdin answers open questions and lets calls finish"
upstream one {
  tool book
  on tools/call book -> ask elicitation/create {"message":"Sure?","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -can elicitation {
  send x tools/call {"name":"book"}
  await elicitation/create
  close
  await x
  expect /result/said/action == "cancel"
}
