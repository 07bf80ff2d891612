story "a call made while everything starts waits for its own server only"
upstream slow {
  on initialize -> never
}
upstream fast {
  tool echo
}
gateway {
start_wait: 1ms
upstreams:
  - {name: slow, @slow@}
  - {name: fast, @fast@}
}
client c {
  call tools/call {"name":"fast__echo"}
  expect /result/content == []
  # What that server surely does not have is told at once too.
  call tools/call {"name":"fast__none"}
  expect /error/code == -32602
}

story "the answer to initialize waits for what servers offer, as long as start_wait"
upstream slow {
  tool late
  on initialize -> never
}
upstream fast {
  tool echo
}
gateway {
start_wait: 5s
namespace: {prefix: never}
upstreams:
  - {name: slow, @slow@}
  - {name: fast, @fast@}
}
client c -bare {
  send i initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  tick 4s
  expect unread == 0
  tick 1s
  await i
  expect /result/capabilities/resources/listChanged == true
  notify notifications/initialized
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/call {"name":"late"}
  expect /error/code == -32602
  expect /error/message ~ 'late'
}

story "a call that waited for an attempt is told its end, not made to wait for another"
upstream one {
  on initialize -> never
}
upstream two {
  tool echo
}
gateway {
start_wait: 1ms
upstreams:
  - {name: one, @one@, connect_timeout: 10s, timeout: 60s}
  - {name: two, @two@}
}
client c {
  call ping
  tick 3s
  send x tools/call {"name":"one__any"}
  tick 8s
  await x
  expect /error/data/kind == "unavailable"
}

story "a call that came while its server was starting is repeated as any other"
upstream one {
  tool look {"annotations":{"readOnlyHint":true}}
  on initialize -> after 2s then result {"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"one","version":"1"}}
  on once tools/call look -> exit 1
}
gateway {
start_wait: 1ms
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"look"}
  tick 5s
  await x
  expect /result/content == []
}
expect upstream one starts == 2

story "last words that come after the exit was told are waited for"
upstream one {
  on initialize -> stderr '$repeat(words ,4KiB)and the reason' then exit 3
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"any"}
  expect /error/message ~ 'exited with status 3'
  expect /error/message ~ 'and the reason'
}
