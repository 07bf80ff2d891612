story "an HTTP+SSE server is found by itself" real
upstream old -transport sse {
  revision 2024-11-05
  tool echo
  tool book
  on tools/call book -> progress {"progress":1} then ask elicitation/create {"message":"seat?"} then result {"content":[],"said":$answer}
}
gateway {
upstreams:
  - {name: old, @old@}
}
client c -can elicitation {
  call tools/call {"name":"echo"}
  expect /result/content == []
  send x tools/call {"name":"book","_meta":{"progressToken":"p"}}
  await notifications/progress
  await elicitation/create
  answer {"action":"accept","content":{}}
  await x
  expect /result/said == {"action":"accept","content":{}}
}
expect upstream old starts == 1
expect upstream old requests tools/call == 2
expect log upstream_ready ~ '2024-11-05'

story "an HTTP+SSE server may be named as one" real
upstream old -transport sse {
  tool echo {"description":"$repeat(large ,400KiB)"}
  on tools/call echo -> result {"content":[{"type":"text","text":"$repeat(x,400KiB)"}]}
}
gateway {
upstreams:
  - {name: old, @old@, transport: sse}
}
client c {
  call tools/call {"name":"echo"}
  expect message ~ 'xxxxxx'
}
expect upstream old requests GET == 1

story "an endpoint of another origin is refused"
upstream old -transport sse {
  tool echo
  endpoint http://10.0.0.1:80/messages
}
gateway {
upstreams:
  - {name: old, @old@}
}
client c {
  call tools/call {"name":"echo"}
  expect /error/data == {"kind":"unavailable","server":"old"}
  expect /error/message ~ 'endpoint that is refused'
}

story "a server that speaks neither is told as that"
upstream old -transport sse {
  endpoint /nowhere
}
upstream web -transport http {
  on initialize -> status 404
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"web__echo"}
  expect /error/message ~ 'neither Streamable HTTP'
  expect /error/message ~ 'nor HTTP+SSE'
}

story "an HTTP+SSE stream that ends is a lost session, and its calls are unknown" real
upstream old -transport sse {
  tool pay
  tool look {"annotations":{"readOnlyHint":true}}
  on once tools/call pay -> close
  on once tools/call look -> close
}
gateway {
upstreams:
  - {name: old, @old@}
}
client c {
  call tools/call {"name":"pay"}
  expect /error/data/kind == "outcome_unknown"
  expect /error/data/call_id exists
  call tools/call {"name":"pay"}
  expect /result/content == []
}
expect upstream old starts == 2
expect upstream old requests tools/call == 2
# What worked is tried first: no second attempt with Streamable HTTP.
expect upstream old requests GET == 2

story "an HTTP+SSE server's read-only tool is called again"
upstream old -transport sse {
  tool look {"annotations":{"readOnlyHint":true}}
  on once tools/call look -> close
}
gateway {
upstreams:
  - {name: old, @old@}
}
client c {
  call tools/call {"name":"look"}
  expect /result/content == []
}
expect upstream old starts == 2
expect outcome unknown == 0

story "a stream that ends early is gone on with, after the time the server asked for" real
upstream web -transport http {
  tool slow
  on tools/call slow -> mark a1 then retry 500 then progress {"progress":1} then leave then progress {"progress":2} then result {"content":[]}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow","_meta":{"progressToken":"p"}}
  await notifications/progress
  expect /params/progress == 1
  tick 400ms
  tick 101ms
  await notifications/progress
  expect /params/progress == 2
  await x
  expect /result/content == []
}
expect upstream web last GET /after == "a1"
expect upstream web last GET /session == "s-1"
expect upstream web requests tools/call == 1
expect upstream web starts == 1
expect outcome unknown == 0

story "not before that time"
upstream web -transport http {
  tool slow
  on tools/call slow -> mark a1 then retry 5000 then leave then mark a2 then leave then result {"content":[]}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow"}
  tick 4800ms
}
# One is the stream that it does not have.
expect upstream web requests GET == 1
tick 300ms
expect upstream web requests GET == 2
expect upstream web last GET /after == "a1"
client c {
  tick 5100ms
  await x
  expect /result/content == []
}
expect upstream web last GET /after == "a2"

story "a stream that nobody goes on with leaves the outcome unknown"
upstream web -transport http {
  tool slow
  on tools/call slow -> mark a1 then close
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow"}
  tick 1100ms
  await x
  expect /error/data/kind == "outcome_unknown"
}
expect upstream web requests GET == 2
expect upstream web requests tools/call == 1

story "a server killed in a stream leaves the outcome unknown, with its id, and is back"
upstream web -transport http {
  tool slow
  tool echo
  on tools/call slow -> mark a1 then notify notifications/message {} then never
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow"}
  expect upstream web requests tools/call == 1
}
upstream web {
  refuse
}
# The rest of its stream is asked for five times.
tick 6s
client c {
  await x
  expect /error/data/kind == "outcome_unknown"
  expect /error/data/call_id exists
}
upstream web {
  accept
}
client c {
  tick 2s
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream web requests tools/call == 2

story "a server killed in a call of no stream"
upstream web -transport http {
  tool slow
  on tools/call slow -> never
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow"}
  expect upstream web requests tools/call == 1
}
upstream web {
  refuse
}
client c {
  await x
  expect /error/data/kind == "outcome_unknown"
}
expect upstream web requests tools/call == 1

story "a server killed in its list comes back with other tools"
upstream web -transport http {
  tool one
  tool two
  on once tools/list -> never
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/list
  expect upstream web requests tools/list == 1
}
upstream web {
  refuse
  tool none
  tool three
}
upstream web {
  accept
}
tick 3s
client c {
  await x
  call tools/list
  expect /result/tools/0/name == "three"
  expect /result/tools/1 absent
  call tools/call {"name":"three"}
  expect /result/content == []
}

story "a server that was started anew has other tools, and the session is made again" real
upstream web -transport http {
  stream
  tool one
  on once tools/call one -> status 404
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c -transport http {
  call tools/list
  expect /result/tools/0/name == "one"
  listen
}
upstream web {
  tool two
}
client c {
  call tools/call {"name":"one"}
  expect /result/content == []
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/1/name == "two"
}
expect upstream web starts == 2

story "400 and 410 are a lost session too, an error about the call is not"
upstream web -transport http {
  tool gone
  tool bad
  on once tools/call gone -> status 410
  on once tools/call bad -> status 400
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"gone"}
  expect /result/content == []
  expect upstream web starts == 2
  # One that does not last would not be hammered.
  tick 11s
  call tools/call {"name":"bad"}
  expect /result/content == []
  expect upstream web starts == 3
}

story "a call that is under way ends as it would have when another finds the session gone"
upstream web -transport http {
  tool slow
  tool gone
  on tools/call slow -> after 1s then result {"content":[]}
  on once tools/call gone -> status 404
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"slow"}
  send y tools/call {"name":"gone"}
  tick 1100ms
  await x
  expect /result/content == []
  await y
  expect /result/content == []
  expect upstream web starts == 2
}

story "a suspicion is followed once a minute"
upstream web -transport http {
  tool bad
  on tools/call bad -> status 400
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"bad"}
  expect /error/data/kind == "unavailable"
  call tools/call {"name":"bad"}
  expect /error/data/kind == "unavailable"
  call tools/call {"name":"bad"}
  expect /error/data/kind == "unavailable"
}
expect upstream web starts == 2

story "an empty success is no success" real
upstream web -transport http {
  tool write
  tool look {"annotations":{"readOnlyHint":true}}
  on once tools/call write -> status 202
  on tools/call look -> result {}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"write"}
  expect /error/data/kind == "outcome_unknown"
  expect /error/message ~ 'empty success'
  call tools/call {"name":"write"}
  expect /result/content == []
  # The session is new: it is this server's way.
  call tools/call {"name":"look"}
  expect /result == {}
}
expect upstream web starts == 2
expect upstream web requests tools/call == 3

story "a result with nothing in it is no success either"
upstream web -transport http {
  tool look {"annotations":{"readOnlyHint":true}}
  on once tools/call look -> result {"_meta":{"x":1}}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"look"}
  expect /result/content == []
}
expect upstream web starts == 2
expect upstream web requests tools/call == 2

story "the GET stream is gone on with, and silence on it is fine"
upstream web -transport http {
  stream
  tool echo
}
gateway {
upstreams:
  - {name: web, @web@}
}
client c {
  call tools/list
}
tick 24h
expect upstream web requests GET == 1
tell web mark e7 then retry 3000 then close
tick 2500ms
expect upstream web requests GET == 1
tick 600ms
expect upstream web requests GET == 2
expect upstream web last GET /after == "e7"
expect upstream web starts == 1

story "a half-open connection costs its call, and nothing else"
upstream web -transport http {
  tool echo
  on once tools/call echo -> never
}
gateway {
upstreams:
  - {name: web, @web@, timeout: 10s}
}
client c {
  send x tools/call {"name":"echo"}
  expect upstream web requests tools/call == 1
  call tools/call {"name":"echo"}
  expect /result/content == []
  tick 11s
  await x
  expect /error/data == {"kind":"deadline","server":"web"}
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream web last notifications/cancelled /method exists
expect upstream web starts == 1

story "a child that closes its stdout and lives on is lost"
upstream one {
  tool shut
  tool echo
  on tools/call shut -> stderr 'out of paper' then shut then never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"shut"}
  tick 1s
  await x
  expect /error/data/kind == "outcome_unknown"
  expect /error/message ~ 'closed its stdout'
  expect /error/message ~ 'out of paper'
  tick 10s
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one starts == 2
expect upstream one running == 1

story "a child that hangs at its start is named with its last words"
upstream one {
  tool echo
  on initialize -> stderr 'waiting for the lock of another' then never
}
gateway {
upstreams:
  - {name: one, @one@, connect_timeout: 2s}
}
tick 3s
client c -transport http {
  send x tools/call {"name":"echo"}
  tick 5s
  await x
  expect /error/message ~ 'connect_timeout'
  expect /error/message ~ 'waiting for the lock of another'
}

story "a list that was changed again within a second is read before it is told" real
upstream one {
  tool a
  can {"tools":{"listChanged":true}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  expect /result/tools/1 absent
}
tick 5s
upstream one {
  tool b
}
tell one notify notifications/tools/list_changed
tick 50ms
upstream one {
  tool c
}
tell one notify notifications/tools/list_changed
tick 50ms
client c {
  call tools/list
  expect /result/tools/1/name == "b"
  expect /result/tools/2/name == "c"
}

story "a server whose list changes with each look at it keeps no list waiting"
upstream one {
  tool a
  can {"tools":{"listChanged":true}}
  on tools/list -> notify notifications/tools/list_changed then result {"tools":[{"name":"a","inputSchema":{"type":"object"}}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  call tools/list
  call tools/list
  call tools/list
  expect /result/tools/0/name == "a"
}
# One for the connection and one for each of the client's.
expect upstream one requests tools/list >= 5

story "a list that does not come again is told as it was"
upstream one {
  tool a
  can {"tools":{"listChanged":true}}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 60s}
}
client c -transport http {
  call tools/list
}
tick 5s
upstream one {
  on tools/list -> never
}
tell one notify notifications/tools/list_changed
tick 50ms
client c {
  send x tools/list
  tick 4s
  expect unread == 0
  tick 2s
  await x
  expect /result/tools/0/name == "a"
}
