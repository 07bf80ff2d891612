story "so many calls in that time; the next is refused, says which limit and when to come again" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: {calls: 2/10h, per: caller}
}
client c {
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /error/code == -32005
  expect /error/data/kind == "limit"
  expect /error/data/rule == "rate"
  expect /error/data/server == "one"
  expect /error/data/retry_after_ms exists
  expect message ~ 'the limit rate is reached (calls: 2/10h, per caller): try again in '
  # Lists and the rest of the protocol go to no server, and cost nothing.
  call tools/list
  expect /result/tools/0/name == "echo"
  call ping
  expect /result == {}
}
expect upstream one requests tools/call == 2
expect outcome refused == 1

story "a bucket fills as time passes"
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: [{id: slow, calls: 1/10s}]
}
client c {
  call tools/call {"name":"echo"}
  call tools/call {"name":"echo"}
  expect /error/data/rule == "rate.slow"
  tick 5s
  call tools/call {"name":"echo"}
  expect /error/data/rule == "rate.slow"
  tick 6s
  call tools/call {"name":"echo"}
  expect /result/content == []
  tick 1h
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /error/data/kind == "limit"
}

story "each caller has a limit of its own, whatever the others do" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}, {name: bob, key: 0123456789abcdef-bob}]}
upstreams:
  - {name: one, @one@}
guard:
  rate: {calls: 1/10h}
}
client ci -transport http -key 0123456789abcdef-ci {
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /error/data/kind == "limit"
}
client bob -transport http -key 0123456789abcdef-bob {
  call tools/call {"name":"echo"}
  expect /result/content == []
}
# Another session of the same caller is the same caller.
client again -transport http -key 0123456789abcdef-ci {
  call tools/call {"name":"echo"}
  expect /error/data/kind == "limit"
}
# And so is a modern client.
client modern -transport http -revision 2026-07-28 -key 0123456789abcdef-ci {
  call tools/call {"name":"echo"}
  expect /error/code == -31005
  expect /error/data/kind == "limit"
  expect /error/data/rule == "rate"
}
expect upstream one requests tools/call == 2

story "limits of some tools leave the others alone"
upstream one {
  tool echo
  tool delete
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate:
    - {id: deletes, calls: 1/d, match: {tool: "del*", server: one}}
}
client c {
  call tools/call {"name":"delete"}
  expect /result/content == []
  call tools/call {"name":"delete"}
  expect /error/data/rule == "rate.deletes"
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "concurrent: a place is free again when the call is answered, cancelled or over its time"
upstream one {
  tool slow
  tool echo
  on tools/call slow -> after 90s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 60s}
guard:
  rate: {concurrent: 1, match: {tool: slow}}
}
client c {
  send a tools/call {"name":"slow"}
  call tools/call {"name":"slow"}
  expect /error/data/kind == "limit"
  expect /error/data/retry_after_ms absent
  expect message ~ 'concurrent: 1, per caller'
  expect message ~ 'when one of them is answered'
  call tools/call {"name":"echo"}
  expect /result/content == []
  cancel a
  tick 1s
  # Its time is over.
  send b tools/call {"name":"slow"}
  tick 61s
  await b
  expect /error/data/kind == "deadline"
  send d tools/call {"name":"slow"}
  call tools/call {"name":"slow"}
  expect /error/data/kind == "limit"
}

story "concurrent: a place of a client that has gone, and of a server that has, is free again"
upstream one {
  tool slow
  on tools/call slow -> after 30s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 5m}
guard:
  rate: {concurrent: 1}
}
client gone -transport http {
  send a tools/call {"name":"slow"}
}
client c -transport http {
  call tools/call {"name":"slow"}
  expect /error/data/kind == "limit"
}
client gone {
  http DELETE /mcp -session
}
tick 1s
client c {
  send b tools/call {"name":"slow"}
}
upstream one {
  on tools/call slow -> result {"content":[]}
}
tell one exit 1
client c {
  await b
  expect /error/data/kind == "outcome_unknown"
  call tools/call {"name":"slow"}
  expect /result/content == []
}

story "concurrent: who listens for changes has a place as long as it listens"
upstream one -transport http {
  revision 2026-07-28
  can {"tools":{},"resources":{"subscribe":true}}
  tool echo
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"file:///a","name":"a"}]}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[]}
  on tools/call echo -> result {"resultType":"complete","content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: {concurrent: 1}
}
client m -transport http -revision 2026-07-28 {
  send l subscriptions/listen {"notifications":{"resourceSubscriptions":["file:///a"]}}
  await notifications/subscriptions/acknowledged
  call tools/call {"name":"echo"}
  expect /error/data/kind == "limit"
  abandon l
  tick 1s
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "bytes: what came back is paid for by who comes next"
upstream one {
  tool big
  tool small
  on tools/call big -> result {"content":[{"type":"text","text":"$repeat(x,64KiB)"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: {bytes: 64KiB/64s}
}
client c {
  call tools/call {"name":"small"}
  expect /result/content == []
  # A result is never refused: the work is done.
  call tools/call {"name":"big"}
  expect /result/content/0/type == "text"
  call tools/call {"name":"small"}
  expect /error/data/kind == "limit"
  expect message ~ 'bytes: 64KiB/64s'
  tick 2s
  call tools/call {"name":"small"}
  expect /result/content == []
}

story "a day's budget ends at midnight, and a reload does not give it anew"
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: [{id: day, budget: {calls: 2/d}}]
}
client c {
  call tools/call {"name":"echo"}
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /error/data/rule == "rate.day"
  expect message ~ 'budget.calls: 2/d'
}
reload {
upstreams:
  - {name: one, @one@}
guard:
  rate: [{id: day, budget: {calls: 3/d}}]
}
client c {
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"echo"}
  expect /error/data/rule == "rate.day"
  tick 24h
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "a reload takes a limit away, and a call that was in progress gives its place back"
upstream one {
  tool slow
  on tools/call slow -> after 10s then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rate: {concurrent: 1}
}
client c {
  send a tools/call {"name":"slow"}
}
reload {
upstreams:
  - {name: one, @one@}
guard:
  rate: [{id: none, calls: 100/s}]
}
client c {
  send b tools/call {"name":"slow"}
  tick 11s
  await a
  expect /result/content == []
  await b
  expect /result/content == []
}
reload {
upstreams:
  - {name: one, @one@}
guard:
  rate: {concurrent: 1}
}
client c {
  send e tools/call {"name":"slow"}
  call tools/call {"name":"slow"}
  expect /error/data/kind == "limit"
  tick 11s
  await e
  expect /result/content == []
}
