story "lazy: nothing is started before something is asked for" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client, lazy: true}
}
client a {
  expect upstream one starts == 0
  call ping
  expect upstream one starts == 0
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one starts == 1

story "lazy and shared: the first list starts it" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: shared, lazy: true}
}
client a -transport http {
  expect upstream one starts == 0
  call tools/list
  expect /result/tools/0/name == "echo"
}
client b {
  call tools/list
  expect /result/tools/0/name == "echo"
}
expect upstream one starts == 1

story "idle_stop: an unused child is stopped, its list stays, the next call starts it"
upstream one {
  tool echo
  tool slow
  on tools/call slow -> after 90s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, session: shared, idle_stop: 30s, timeout: 5m}
}
client first -transport http {
  call tools/list
}
client a {
  call tools/call {"name":"echo"}
  tick 20s
  call tools/call {"name":"echo"}
  tick 20s
  expect upstream one running == 1
  tick 11s
  expect upstream one running == 0
  call tools/list
  expect /result/tools/0/name == "echo"
  expect /result/_meta absent
  expect upstream one starts == 1
  call tools/call {"name":"echo"}
  expect /result/content == []
  expect upstream one starts == 2
  # A call in progress is use.
  send x tools/call {"name":"slow"}
  tick 60s
  expect upstream one running == 1
  tick 31s
  await x
  expect /result/content == []
  expect received notifications/tools/list_changed == 0
}
expect upstream one starts == 2

story "idle_stop: who waits for changes keeps the child"
upstream one {
  tool echo
  can {"tools":{},"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on resources/unsubscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@, session: shared, idle_stop: 30s}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  tick 5m
  expect upstream one running == 1
  call resources/unsubscribe {"uri":"file:///a"}
  tick 31s
  expect upstream one running == 0
}

story "restarts: after so many failures only a call tries again"
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: shared, restarts: 2}
}
client a {
  call tools/list
}
upstream one {
  refuse
}
tell one exit 1
tick 10m
expect upstream one starts == 3
upstream one {
  accept
}
tick 10m
expect upstream one starts == 3
client a {
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one starts == 4
