story "each client of a shared session hears the log at its own level" real
upstream one {
  tool chatty
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
  on tools/call chatty -> notify notifications/message {"level":"debug","data":1.0} then notify notifications/message {"level":"info","logger":"db","data":"i"} then notify notifications/message {"level":"error","data":"e"} then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call logging/setLevel {"level":"error"}
  expect /result == {}
}
client b {
  call logging/setLevel {"level":"debug"}
  expect /result == {}
}
client quiet -transport http {
  # The session is talkative enough already.
  call logging/setLevel {"level":"warning"}
  expect /result == {}
}
client unsaid -transport http {
}
expect upstream one requests logging/setLevel == 2
expect upstream one last logging/setLevel /params/level == "debug"
client a {
  call tools/call {"name":"chatty"}
  expect received notifications/message == 1
  await notifications/message
  expect /params/level == "error"
  expect /params/_meta/bascule~1server == "one"
}
client b {
  call tools/call {"name":"chatty"}
  expect received notifications/message == 3
  await notifications/message
  expect /params/level == "debug"
  expect message ~ '"data":1.0'
  await notifications/message
  expect /params/logger == "one/db"
}
client unsaid {
  call tools/call {"name":"chatty"}
  expect received notifications/message == 2
}
client quiet {
  expect received notifications/message == 0
}

story "a level that there is none of is refused" real
upstream one {
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
}
upstream two {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call logging/setLevel {"level":"loud"}
  expect /error/code == -32602
  expect /error/message ~ 'emergency'
  call logging/setLevel {"level":3}
  expect /error/code == -32602
  call logging/setLevel {}
  expect /error/code == -32602
  call logging/setLevel {"level":"emergency"}
  expect /result == {}
}
expect upstream one requests logging/setLevel == 1
expect upstream two requests logging/setLevel == 0

story "what a server says of no call is for its only client, or for nobody" real
upstream one {
  tool echo
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
}
tell one notify notifications/message {"level":"info","data":"hello"}
client a {
  await notifications/message
  expect /params/data == "hello"
  call logging/setLevel {"level":"error"}
}
tell one notify notifications/message {"level":"info","data":"hushed"}
client b -transport http {
  listen
}
tell one notify notifications/message {"level":"error","data":"whose?"}
client a {
  expect received notifications/message == 1
}
client b {
  expect received notifications/message == 0
}

story "a level outlives the session it was set in" real
upstream one {
  tool die
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
  on tools/call die -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client c {
  call logging/setLevel {"level":"notice"}
  call tools/call {"name":"die"}
  expect /error/data/kind == "outcome_unknown"
  call tools/list
}
expect upstream one starts == 2
expect upstream one requests logging/setLevel == 2
expect upstream one last logging/setLevel /params/level == "notice"

story "a level is set in a server that comes only later" real
upstream one {
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
}
upstream late {
  tool echo
  can {"tools":{},"logging":{}}
  on logging/setLevel -> result {}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
  - {name: late, @late@, session: per_client, lazy: true}
}
client c {
  call logging/setLevel {"level":"critical"}
  expect /result == {}
  expect upstream one requests logging/setLevel == 1
  expect upstream late starts == 0
  call tools/call {"name":"late__echo"}
  expect /result/content == []
}
expect upstream late last logging/setLevel /params/level == "critical"
