story "unknown tools, servers and methods are told apart" real
upstream one {
  tool echo
}
upstream two {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call tools/call {"name":"one__none"}
  expect /error/code == -32602
  expect /error/message ~ 'one has no tool'
  call tools/call {"name":"three__echo"}
  expect /error/code == -32002
  expect /error/data/kind == "unknown_server"
  call tools/call {"name":"echo"}
  expect /error/code == -32602
  call tools/call {"name":"__echo"}
  expect /error/data/kind == "unknown_server"
  call tools/call {"name":""}
  expect /error/code == -32602
  call tools/call {"name":7}
  expect /error/code == -32602
  call tools/call {"name":"one__echo","arguments":[1]}
  expect /error/code == -32602
  call tools/call {}
  expect /error/code == -32602
  call tools/call
  expect /error/code == -32602
  call resources/list
  expect /error/code == -32601
  expect /error/message ~ 'resources/list'
  # What servers send is no method of clients.
  call elicitation/create {}
  expect /error/code == -32601
  call notifications/initialized
  expect /error/code == -32601
}
expect upstream one requests tools/call == 0
expect upstream two requests tools/call == 0

story "what is no message is refused, and the next one is read" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  raw {"jsonrpc":"2.0","id":1,
  await nobody
  expect /error/code == -32700
  raw nonsense
  await nobody
  expect /error/code == -32700
  raw [{"jsonrpc":"2.0","id":1,"method":"ping"}]
  await nobody
  expect /error/code == -32600
  expect /error/message ~ 'batches'
  raw 42
  await nobody
  expect /error/code == -32600
  raw {"jsonrpc":"2.0","id":1,"method":"ping"} trailing
  await nobody
  expect /error/code == -32700
  raw {"id":1,"method":"ping"}
  expect unread == 1
  raw
  raw {"jsonrpc":"2.0","method":"notifications/of/tomorrow"}
  raw {"jsonrpc":"2.0","id":77,"result":{}}
  call ping
  expect /result == {}
}
client h -transport http {
  raw {"jsonrpc":"2.0","id":1,
  expect status == 400
  expect /error/code == -32700
  raw [{"jsonrpc":"2.0","id":1,"method":"ping"}]
  expect status == 400
  expect /error/code == -32600
  raw {"jsonrpc":"1.0","id":"x","method":"ping"}
  expect /id == "x"
  expect /error/code == -32600
  raw {"jsonrpc":"2.0","id":5,"method":"tools/call","params":[1]}
  expect status == 200
  expect /id == 5
  expect /error/code == -32602
  call ping
  expect /result == {}
}

story "depth is bounded" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":$repeat([,200B)$repeat(],200B)}}}
  await -id 1
  expect /error/code == -32005
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":$repeat([,200KiB)
  await -id 1
  expect /error/code == -32005
  call tools/call {"name":"echo","arguments":{"x":$repeat([,100B)$repeat(],100B)}}
  expect /result/content == []
}
expect upstream one requests tools/call == 1

story "members that two readers could see differently are refused" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  raw {"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}
  expect /error/code == -32700
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"\u0061":2}}}
  expect /error/code == -32700
  expect /error/message ~ 'occurs twice'
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"other"}}
  expect /error/code == -32600
  expect /error/message ~ 'only in case'
  raw {"jsonrpc":"2.0","id":1,"Method":"ping","method":"ping"}
  expect /error/code == -32600
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n\u0061me":"echo"}}
  expect /error/code == -32600
  expect /error/message ~ 'escapes'
  # Below the protocol's own members names are the tool's business.
  call tools/call {"name":"echo","arguments":{"a":1,"A":2,"Name":3,"name":4}}
  expect /result/content == []
}
expect upstream one requests tools/call == 1

story "a lone surrogate of a client is refused" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  raw {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"\ud800"}}}
  await nobody
  expect /error/code == -32700
}

story "what HTTP refuses before the body is read" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  http POST /mcp 'Host: evil.example.com' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  expect /error/message ~ 'listen.hosts'
  http POST /mcp 'Host: 10.0.0.1:8080' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  http POST /mcp 'Origin: https://evil.example.com' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 403
  http POST /mcp 'Origin: null' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 403
  http POST /mcp 'Origin: http://localhost:3000' 'Host: [::1]:8080' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 200
  http PUT /mcp -session
  expect status == 405
  expect header 'Allow: POST, GET, DELETE'
  http POST /other -session body {}
  expect status == 404
  http POST /mcp -session 'Content-Length: 0'
  expect status == 415
  http POST /mcp 'Accept: text/html' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 406
  http GET /mcp 'Accept: application/json' -session
  expect status == 406
  http POST /mcp 'MCP-Protocol-Version: 1999-12-31' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 400
  http POST /mcp 'Accept: */*' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 200
  expect header 'Content-Type: application/json'
}

story "sessions: missing, unknown, ended" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  http POST /mcp body {"jsonrpc":"2.0","id":1,"method":"tools/list"}
  expect status == 400
  expect /error/code == -32600
  http POST /mcp 'Mcp-Session-Id: 0123456789abcdef0123456789abcdef' body {"jsonrpc":"2.0","id":1,"method":"tools/list"}
  expect status == 404
  http GET /mcp 'Accept: text/event-stream'
  expect status == 400
  http DELETE /mcp 'Mcp-Session-Id: '
  expect status >= 400
  listen
  http DELETE /mcp -session
  expect status == 204
  http DELETE /mcp -session
  expect status == 404
  call ping
  expect status == 404
}

story "an idle session ends, the longest idle one gives way to a new one"
upstream one {
  tool echo
}
gateway {
limits: {sessions: 3, session_idle: 10m}
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/list
}
client b -transport http {
  call tools/list
}
tick 1m
client a {
  call ping
}
# stdio is a session too: with a, b and c there are four.
client c -transport http {
  call ping
}
client b {
  call ping
  expect status == 404
}
client a {
  call ping
  expect /result == {}
  tick 11m
  call ping
  expect status == 404
}
expect log session_evicted == 1

story "more requests than limits.in_flight are refused, not queued"
upstream one {
  tool slow
  on tools/call slow -> after 5s then result {"content":[]}
}
gateway {
limits: {in_flight: 2}
upstreams:
  - {name: one, @one@}
}
client c {
  send x tools/call {"name":"slow"}
  send y tools/call {"name":"slow"}
  call tools/call {"name":"slow"}
  expect /error/data/kind == "limit"
  expect /error/message ~ 'in_flight'
  call ping
  tick 5s
  await x
  await y
  call tools/list
  expect /result/tools/0/name == "slow"
}
expect upstream one requests tools/call == 2
