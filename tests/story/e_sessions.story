story "who has a session of its own is the only one that hears what it says" real
upstream one {
  tool poke
  can {"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a {
  call tools/list
  call resources/subscribe {"uri":"file:///a"}
}
client b -transport http {
  listen
  call tools/list
  call resources/subscribe {"uri":"file:///a"}
}
# One subscription for each, and the newest process is b's.
expect upstream one requests resources/subscribe == 2
expect upstream one starts == 2
tell one notify notifications/resources/updated {"uri":"file:///a"} then notify notifications/message {"level":"info","data":1} then notify notifications/tools/list_changed then notify notifications/resources/list_changed
tick 2s
client b {
  await notifications/resources/updated
  await notifications/message
  # Told though nothing differs: it is that server's word.
  await notifications/tools/list_changed
  await notifications/resources/list_changed
  expect received notifications/tools/list_changed == 1
  expect received notifications/resources/list_changed == 1
  expect received notifications/prompts/list_changed == 0
}
client a {
  expect unread == 0
  expect received notifications/tools/list_changed == 0
  expect received notifications/resources/list_changed == 0
}

story "the end of a client is the end of its own session, and of no other" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http {
  call tools/call {"name":"echo"}
}
expect upstream one starts == 1
client a {
  http DELETE /mcp -session
}
expect upstream one running == 0
client b -transport http {
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one starts == 2
expect upstream one running == 1

story "auto: a client on stdio has its own session, those over HTTP share one" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: auto}
}
client h -transport http -can sampling {
  call tools/call {"name":"echo"}
}
client i -transport http {
  call tools/call {"name":"echo"}
}
expect upstream one starts == 1
expect upstream one last initialize /params/capabilities/roots exists
client s -can sampling {
  call tools/call {"name":"echo"}
}
expect upstream one starts == 2
expect upstream one last initialize /params/capabilities == {"sampling":{}}
expect upstream one last initialize /params/clientInfo/name == "s"

story "the only server of an own session is asked what bascule does not know" real
upstream one {
  tool echo
  can {"tools":{},"x":{"deep":1.0}}
  on x/ask -> result {"n":1.0}
  on resources/list -> result {"resources":["odd"]}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -bare {
  call initialize {"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  expect /result/protocolVersion == "2025-06-18"
  expect /result/capabilities == {"tools":{},"x":{"deep":1.0}}
  notify notifications/initialized
  call -id "s-1" x/ask {"a":2.0}
  expect /result == {"n":1.0}
  call resources/list
  expect /result/resources/0 == "odd"
  call y/ask
  expect /error == {"code":-32601,"message":"unknown method"}
  call tools/call {"name":"unlisted"}
  expect /result/content == []
}
expect upstream one last x/ask /params/a == 2.0

story "a server that goes away and comes back is missing meanwhile, and that is told"
upstream one {
  tool echo
}
upstream two {
  tool other
  can {"tools":{"listChanged":true},"prompts":{}}
  on prompts/list -> result {"prompts":[{"name":"p"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client first -transport http {
  call tools/list
}
client a -transport http {
  listen
  call tools/list
  expect /result/tools/1/name == "two__other"
  expect /result/_meta absent
}
upstream two {
  refuse
}
tell two exit 3
client a {
  await notifications/tools/list_changed
  await notifications/prompts/list_changed
  expect received notifications/resources/list_changed == 0
  call tools/list
  expect /result/tools/1 absent
  expect /result/_meta/bascule~1unavailable/0/server == "two"
  call tools/call {"name":"two__other"}
  expect /error/code == -32003
  call prompts/list
  expect /result/prompts == []
}
upstream two {
  accept
}
tick 40s
client a {
  await notifications/tools/list_changed
  await notifications/prompts/list_changed
  call tools/list
  expect /result/tools/1/name == "two__other"
  expect /result/_meta absent
  expect received notifications/tools/list_changed == 2
}

story "a server with another set of tools after its restart is told once" real
upstream one {
  tool old
  on tools/call old -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client first -transport http {
  call tools/list
}
client a {
  call tools/list
}
upstream one {
  tool none
  tool new
}
client a {
  call tools/call {"name":"old"}
  expect /error/data/kind == "outcome_unknown"
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/0/name == "new"
  expect received notifications/tools/list_changed == 1
}

story "a session that an HTTP server forgot is made again, with what it held"
upstream web -transport http {
  tool echo {"annotations":{"readOnlyHint":true}}
  can {"tools":{},"resources":{"subscribe":true},"logging":{}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on logging/setLevel -> result {}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  call logging/setLevel {"level":"error"}
}
upstream web {
  on once tools/call echo -> status 404
}
client a {
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream web requests initialize == 2
expect upstream web requests resources/subscribe == 2
expect upstream web requests logging/setLevel == 2
expect upstream web last logging/setLevel /params/level == "error"

story "a session is in use until its call has ended, not only when it was sent"
upstream one {
  tool slow
  on tools/call slow -> after 50s then result {"content":[]}
}
gateway {
limits: {session_idle: 60s}
upstreams:
  - {name: one, @one@, timeout: 5m}
}
client c -transport http {
  send x tools/call {"name":"slow"}
  tick 51s
  await x
  tick 40s
  call ping
  expect /result == {}
}
