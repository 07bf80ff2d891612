story "sampling, roots and forms reach the client whose call asks, its own ids and no other's" real
upstream one {
  tool ask
  on tools/call ask -> ask sampling/createMessage {"messages":[],"maxTokens":5,"tools":[]} then ask roots/list {} then ask elicitation/create {"message":"m","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can {"sampling":{"tools":{}},"roots":{"listChanged":true},"elicitation":{}} {
  send x tools/call {"name":"ask"}
  await sampling/createMessage
  expect /params == {"messages":[],"maxTokens":5,"tools":[]}
  answer {"role":"assistant","content":{"type":"text","text":"t"},"model":"m"}
  await roots/list
  answer {"roots":[{"uri":"file:///r"}]}
  await elicitation/create
  answer {"action":"accept","content":{}}
  await x
  expect /result/said/action == "accept"
  expect stream
  expect unread == 0
}
client b -can {"sampling":{"tools":{}},"roots":{},"elicitation":{}} {
  expect unread == 0
  send x tools/call {"name":"ask"}
  await sampling/createMessage
  answer {"role":"assistant","content":{"type":"text","text":"b's"},"model":"m"}
  await roots/list
  answer {"roots":[]}
  await elicitation/create
  answer {"action":"decline"}
  await x
  expect /result/said/action == "decline"
}
client a {
  expect received sampling/createMessage == 1
}

story "a client that cannot be asked gets an answer made for it at once" real
upstream one {
  tool sample
  tool roots
  tool form
  on tools/call sample -> ask sampling/createMessage {"messages":[],"maxTokens":5} then result {"said":$answer}
  on tools/call roots -> ask roots/list {} then result {"said":$answer}
  on tools/call form -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/call {"name":"sample"}
  expect /result/said/code exists
  call tools/call {"name":"roots"}
  expect /result/said exists
  call tools/call {"name":"form"}
  expect /result/said/action == "decline"
}
client b -can roots {
  call tools/call {"name":"sample"}
  expect /result/said/code exists
  send x tools/call {"name":"roots"}
  await roots/list
  answer {"roots":[]}
  await x
  expect /result/said/roots == []
}
client old -transport http -revision 2025-03-26 -can elicitation {
  # Its revision does not know of forms.
  call tools/call {"name":"form"}
  expect /result/said/action == "decline"
  expect received elicitation/create == 0
}

story "an upstream session of one client's own sees that client" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2025-06-18 -can {"sampling":{},"experimental":{"x":1.0}} {
  call tools/call {"name":"echo"}
}
expect upstream one starts == 1
expect upstream one last initialize /params/capabilities == {"sampling":{},"experimental":{"x":1.0}}
expect upstream one last initialize /params/clientInfo == {"name":"a","version":"1"}
expect upstream one last initialize /params/protocolVersion == "2025-06-18"
client b {
  call tools/call {"name":"echo"}
}
expect upstream one starts == 2
expect upstream one last initialize /params/capabilities == {}
expect upstream one last initialize /params/clientInfo/name == "b"
expect upstream one last initialize /params/protocolVersion == "2025-11-25"

story "what a server asks and says right after initialized reaches its client" real
upstream one {
  tool echo
  can {"tools":{},"logging":{}}
  on notifications/initialized -> never
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -can roots {
  expect upstream one requests notifications/initialized == 1
  tell one notify notifications/message {"level":"info","data":"ready"} then ask roots/list {}
  await notifications/message
  expect /params/data == "ready"
  await roots/list
  answer {"roots":[{"uri":"file:///mine"}]}
  expect upstream one last response /result/roots/0/uri == "file:///mine"
  notify notifications/roots/list_changed
  expect upstream one requests notifications/roots/list_changed == 1
}

story "an own session's question reaches only its client, also outside of calls" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -can roots {
  call tools/list
}
client b -transport http -can roots,elicitation {
  listen
  call tools/list
}
# The newest process is b's.
tell one ask elicitation/create {"message":"m","requestedSchema":{"type":"object"}}
client b {
  await elicitation/create
  answer {"action":"decline"}
}
expect upstream one last response /result/action == "decline"
client a {
  expect unread == 0
  notify notifications/roots/list_changed
}
expect upstream one requests notifications/roots/list_changed == 1

story "who was sent to a page, by a question or an error, is told that it is done" real
upstream one {
  tool go
  tool refuse
  on tools/call go -> ask elicitation/create {"mode":"url","message":"m","url":"https://example.com/","elicitationId":"e-1"} then result {"content":[]}
  on tools/call refuse -> error {"code":-32042,"message":"first go there","data":{"elicitations":[{"mode":"url","message":"m","url":"https://example.com/","elicitationId":"e-2"}]}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can {"elicitation":{"url":{}}} {
  listen
  send x tools/call {"name":"go"}
  await elicitation/create
  answer {"action":"accept"}
  await x
}
client b -can {"elicitation":{"form":{},"url":{}}} {
  call tools/call {"name":"refuse"}
  expect /error/code == -32042
  expect /error/data/elicitations/0/elicitationId == "e-2"
}
tell one notify notifications/elicitation/complete {"elicitationId":"e-1"}
client a {
  await notifications/elicitation/complete
  expect /params/elicitationId == "e-1"
}
tell one notify notifications/elicitation/complete {"elicitationId":"e-2"}
client b {
  await notifications/elicitation/complete
  expect /params/elicitationId == "e-2"
  expect received notifications/elicitation/complete == 1
}
tell one notify notifications/elicitation/complete {"elicitationId":"e-3"}
client a {
  expect received notifications/elicitation/complete == 1
}

story "a call that its client cancels is cancelled with the questions it asked" real
upstream one {
  tool ask
  on tools/call ask -> ask sampling/createMessage {"messages":[],"maxTokens":5} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -can sampling {
  send x tools/call {"name":"ask","_meta":{"progressToken":"p"}}
  await sampling/createMessage
  let asked = /id
  let theirs = upstream one last tools/call /id
  cancel x
  await notifications/cancelled
  expect /params/requestId == $asked
}
expect upstream one last notifications/cancelled /params/requestId == $theirs
