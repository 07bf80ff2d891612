story "a call that takes longer than its timeout is ended, at the server too"
upstream one {
  tool slow
  on tools/call slow -> after 90s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 60s}
}
client c {
  send x tools/call {"name":"slow"}
  tick 59s
  expect unread == 0
  tick 2s
  await x
  expect /error/code == -32004
  expect /error/data == {"kind":"deadline","server":"one"}
}
let id = upstream one last tools/call /id
expect upstream one last notifications/cancelled /params/requestId == $id
# The answer that comes all the same is nobody's.
tick 31s
client c {
  call ping
  expect unread == 0
}
expect outcome deadline == 1

story "a server that is slow to start delays nobody else"
upstream slow {
  tool late
  on initialize -> never
}
upstream fast {
  tool echo
}
gateway {
start_wait: 5s
upstreams:
  - {name: slow, @slow@, connect_timeout: 10s}
  - {name: fast, @fast@}
}
client c -transport http -bare {
  # The greeting waits for a while, and nobody waits again.
  send i initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  tick 4s
  expect unread == 0
  tick 1s
  await i
  notify notifications/initialized
  call tools/call {"name":"fast__echo"}
  expect /result/content == []
  send y tools/call {"name":"slow__late"}
  call tools/list
  expect /result/tools/0/name == "fast__echo"
  expect /result/tools/1 absent
  expect /result/_meta/bascule~1unavailable/0/server == "slow"
  # From then on lists do not wait at all.
  call tools/list
  expect /result/tools/0/name == "fast__echo"
  tick 5s
  await y
  expect /error/data == {"kind":"unavailable","server":"slow"}
  expect /error/message ~ 'connect_timeout'
  call tools/list
  expect /result/_meta/bascule~1unavailable/0/reason ~ 'connect_timeout'
}
expect outcome unavailable == 1

story "a server that does not start is named, with its last words"
upstream one {
  on initialize -> stderr 'cannot read /etc/secret: no such file' then exit 3
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
  call tools/list
  expect /result/tools/0/name == "two__echo"
  expect /result/_meta/bascule~1unavailable/0/reason ~ 'exited with status 3'
  expect /result/_meta/bascule~1unavailable/0/reason ~ 'cannot read /etc/secret'
  call tools/call {"name":"one__anything"}
  expect /error/code == -32003
  expect /error/data/server == "one"
  expect /error/message ~ 'exited with status 3'
}

story "a command that cannot be run is not run a second time to find out what it speaks"
upstream one {
  on server/discover -> stderr 'sh: no-such-program: not found' then exit 127
}
upstream two {
  on server/discover -> exit 1
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call tools/list
  expect /result/tools/0/name == "two__echo"
  expect /result/_meta/bascule~1unavailable/0/reason ~ 'no-such-program: not found'
}
expect upstream one starts == 1
expect upstream two starts == 2

story "a server that dies in a call leaves its outcome unknown, and only that" real
upstream one {
  tool die
  tool slow
  on tools/call die -> exit 1
  on tools/call slow -> never
}
upstream two {
  tool slow
  on tools/call slow -> after 200ms then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  send other tools/call {"name":"two__slow"}
  send lost tools/call {"name":"one__slow"}
  expect upstream one requests tools/call == 1
  call tools/call {"name":"one__die"}
  expect /error/code == -32006
  expect /error/data/kind == "outcome_unknown"
  expect /error/data/server == "one"
  expect /error/data/call_id exists
  await lost
  expect /error/data/kind == "outcome_unknown"
  await other
  expect /result/content == []
  # It is started again at once, and goes on.
  call tools/call {"name":"one__none"}
  expect /error/code == -32602
}
expect upstream one starts == 2
# Neither was done twice.
expect upstream one requests tools/call == 2
expect outcome unknown == 2
expect log upstream_lost == 1

story "an HTTP server that ends its stream without an answer leaves the outcome unknown" real
upstream web -transport http {
  tool die
  tool echo
  on tools/call die -> close
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"die"}
  expect /error/data/kind == "outcome_unknown"
  expect /error/message ~ 'web'
  # One call only: the server itself is not lost.
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream web starts == 1

story "an HTTP server that has forgotten its session gets a new handshake" real
upstream web -transport http {
  tool echo
  on once tools/call echo -> status 404
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"echo"}
  # It was refused, so it surely was not done: it is sent again.
  expect /result/content == []
}
expect upstream web starts == 2
expect upstream web requests tools/call == 2

story "a read-only tool is repeated when its connection is lost" real
upstream one {
  tool look {"annotations":{"readOnlyHint":true}}
  on once tools/call look -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"look"}
  expect /result/content == []
}
expect upstream one starts == 2
expect upstream one requests tools/call == 2
expect outcome done == 2

story "any other tool is not"
upstream one {
  tool pay {"annotations":{"readOnlyHint":false}}
  on once tools/call pay -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"pay"}
  expect /error/data/kind == "outcome_unknown"
}
expect upstream one requests tools/call == 1

story "a repeated tool is repeated once"
upstream one {
  tool look {"annotations":{"readOnlyHint":true}}
  on tools/call look -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"look"}
  expect /error/data/kind == "outcome_unknown"
}
expect upstream one requests tools/call == 2

story "a server that stays away is tried less and less often, and is back when it is back"
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"echo"}
  listen
}
expect upstream one starts == 1
upstream one {
  refuse
}
tick 20s
tell one exit 1
# At once, then after about 1 s, 2 s, 4 s, 8 s, 16 s, and never more than 40 s.
expect upstream one starts == 2
client c {
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools == []
  expect /result/_meta/bascule~1unavailable/0/server == "one"
}
tick 2s
expect upstream one starts == 3
tick 3s
expect upstream one starts == 4
tick 5s
expect upstream one starts == 5
tick 10s
expect upstream one starts == 6
tick 4m
expect upstream one starts >= 12
upstream one {
  accept
}
tick 40s
client c {
  await notifications/tools/list_changed
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "a call brings a server back before its time" 
upstream one {
  tool echo
  refuse
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"echo"}
  expect /error/data/kind == "unavailable"
  # Too soon after the last attempt: told as it is.
  call tools/call {"name":"echo"}
  expect /error/data/kind == "unavailable"
}
tick 60s
upstream one {
  accept
}
client c {
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "a server that cannot be reached over HTTP is told as that" real
upstream web -transport http {
  tool echo
  refuse
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"echo"}
  expect /error/data == {"kind":"unavailable","server":"web"}
}
expect log upstream_down >= 1
