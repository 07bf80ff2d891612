story "a second answer, and one that nobody waits for, are dropped and said" real
upstream one {
  tool twice
  tool echo
  on tools/call twice -> result {"n":1} then result {"n":2}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"twice"}
  expect /result/n == 1
  tell one say '{"jsonrpc":"2.0","id":4711,"result":{}}'
  tell one say '{"jsonrpc":"2.0","id":"never asked","result":{}}'
  tell one say '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}'
  call tools/call {"name":"echo"}
  expect /result/content == []
  expect unread == 0
}
expect log upstream_answer_unexpected >= 2
expect upstream one starts == 1

story "rubbish on stdout harms nobody" real
upstream one {
  tool echo
  on tools/call echo -> say 'Listening on port 3000!' then say '{"no":' then say '' then say '[]' then say '{"jsonrpc":"2.0"}' then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"echo"}
  expect /result/content == []
  expect unread == 0
}
expect log upstream_unreadable >= 1
expect upstream one starts == 1

story "rubbish with the id of a call is told to that call" real
upstream one {
  tool bad
  tool late
  on tools/call bad -> say '{"jsonrpc":"2.0","id":$id,"result":{"a":1,"a":2}}'
  on tools/call late -> after 100ms then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  send y tools/call {"name":"late"}
  call tools/call {"name":"late"}
  await y
}
client d {
  send y tools/call {"name":"late"}
  send x tools/call {"name":"bad"}
  await y
  expect /result/content == []
}

story "lone surrogates of a server are mended and said" real
upstream one {
  tool odd
  on tools/call odd -> result {"content":[{"type":"text","text":"a\ud800b"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"odd"}
  expect message ~ '"text":"a\ufffdb"'
}
expect log upstream_mended == 1

story "a server that closes in the middle of an answer" 
upstream one {
  tool half
  on tools/call half -> part '{"jsonrpc":"2.0","id":$id,"result":{"content":[' then exit 0
}
upstream web -transport http {
  tool half
  on tools/call half -> part '{"jsonrpc":"2.0","id":$id,"result":{"content":[' then close
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: web, @web@}
}
client c {
  call tools/call {"name":"web__half"}
  expect /error/data == {"kind":"outcome_unknown","server":"web","call_id":"2"}
}
client d -transport http {
  call tools/call {"name":"one__half"}
  expect /error/data/server == "one"
}
expect outcome done == 2

story "a server that never answers is not waited for by others"
upstream one {
  tool silent
  tool echo
  on tools/call silent -> never
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 30s}
}
client c {
  send x tools/call {"name":"silent"}
  call tools/call {"name":"echo"}
  expect /result/content == []
  tick 31s
  await x
  expect /error/data/kind == "deadline"
}

story "a message over limits.message is told to its call, with the limit" real
upstream one {
  tool big
  tool echo
  on tools/call big -> result {"content":[{"type":"text","text":"$repeat(x,3MiB)"}]}
}
upstream web -transport http {
  tool big
  on tools/call big -> result {"content":[{"type":"text","text":"$repeat(x,3MiB)"}]}
}
gateway {
limits: {message: 1MiB}
upstreams:
  - {name: one, @one@}
  - {name: web, @web@}
}
client c {
  send x tools/call {"name":"one__big"}
  send y tools/call {"name":"one__echo"}
  await y
  expect /result/content == []
  await x
  expect /error/code == -32005
  expect /error/data == {"kind":"limit","server":"one"}
  expect /error/message ~ 'limits.message'
  call tools/call {"name":"web__big"}
  expect /error/data == {"kind":"limit","server":"web"}
  # A request that is too long is refused before it is read.
  raw {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"one__echo","arguments":{"x":"$repeat(y,2MiB)"}}}
  await nobody
  expect /error/code == -32005
  expect /error/message ~ 'limits.message'
  call ping
}
client h -transport http {
  http POST /mcp -session 'Accept: application/json' body {"x":"$repeat(y,2MiB)"}
  expect status == 413
  call ping
  expect /result == {}
}
expect upstream one starts == 1
expect upstream one requests tools/call == 2

story "a large result passes whole" real
upstream one {
  tool big
  on tools/call big -> result {"content":[{"type":"text","text":"$repeat(0123456789,2MiB)"}],"end":1.0}
}
upstream web -transport http {
  tool big
  on tools/call big -> stream then result {"content":[{"type":"text","text":"$repeat(0123456789,2MiB)"}],"end":1.0}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: web, @web@}
}
client h -transport http {
  send x tools/call {"name":"one__big"}
  send y tools/call {"name":"web__big"}
  call ping
  await x
  expect message ~ '"}],"end":1.0}}'
  await y
  expect message ~ '"}],"end":1.0}}'
}
client p {
  call tools/call {"name":"one__big","arguments":{"x":"$repeat(abc,400KiB)"}}
  expect message ~ '"}],"end":1.0}}'
}
expect outcome done == 5
