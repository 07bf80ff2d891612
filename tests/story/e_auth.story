story "where keys are configured, every request needs one, also on this machine" real
upstream one {
  tool echo
}
gateway {
auth:
  keys:
    - {name: ci, key: 0123456789abcdef-ci, tenant: acme}
    - {name: bob, key: 0123456789abcdef-bob}
upstreams:
  - {name: one, @one@}
}
client c -transport http -key 0123456789abcdef-ci {
  call tools/list
  expect /result/tools/0/name == "echo"
  call tools/call {"name":"echo"}
  expect /result/content == []
  http POST /mcp -session body {"jsonrpc":"2.0","id":9,"method":"ping"}
  expect status == 401
  expect header 'WWW-Authenticate: Bearer'
  expect /error/code == -32600
  expect /id == null
  http GET /mcp -session 'Accept: text/event-stream'
  expect status == 401
  http DELETE /mcp -session
  expect status == 401
  http POST /mcp -session 'X-Bascule-Key: 0123456789abcdef-ci' body {"jsonrpc":"2.0","id":9,"method":"ping"}
  expect status == 200
  expect /result == {}
  # The session of one caller is unknown to another.
  http POST /mcp -session 'X-Bascule-Key: 0123456789abcdef-bob' body {"jsonrpc":"2.0","id":9,"method":"ping"}
  expect status == 404
  http DELETE /mcp -session 'X-Bascule-Key: 0123456789abcdef-bob'
  expect status == 404
  call ping
  expect /result == {}
}
# Nobody asks a client at stdin.
client s {
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one requests tools/call == 2
expect log auth_refused

story "a credential that is not exactly one valid key is refused, and never says why" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}]}
upstreams:
  - {name: one, @one@}
}
client c -transport http -bare {
  http POST /mcp body {}
  expect status == 401
  expect message ~ 'a valid key is needed'
  http POST /mcp 'Authorization: Bearer 0123456789abcdef-cj' body {}
  expect status == 401
  expect message ~ 'a valid key is needed'
  http POST /mcp 'Authorization: Basic 0123456789abcdef-ci' body {}
  expect status == 401
  http POST /mcp 'Authorization: 0123456789abcdef-ci' body {}
  expect status == 401
  http POST /mcp 'Authorization: Bearer 0123456789abcdef-ci' 'Authorization: Bearer 0123456789abcdef-ci' body {}
  expect status == 401
  http POST /mcp 'X-Bascule-Key: 0123456789abcdef-ci' 'X-Bascule-Key: x' body {}
  expect status == 401
  http POST /mcp 'Authorization: Bearer 0123456789abcdef-ci' 'X-Bascule-Key: 0123456789abcdef-ci' body {}
  expect status == 401
  expect message ~ 'a valid key is needed'
  http POST /mcp 'Authorization: Bearer $repeat(k,8KiB)' body {}
  expect status == 401
  # Before the key comes who is spoken to, and from where.
  http POST /mcp 'Host: evil.example' body {}
  expect status == 421
  http POST /mcp 'Origin: http://evil.example' body {}
  expect status == 403
  http GET /nowhere
  expect status == 404
  # The key is good: now the rest is looked at.
  http PUT /mcp 'Authorization: Bearer 0123456789abcdef-ci' body {}
  expect status == 405
  http POST /mcp 'authorization: bearer 0123456789abcdef-ci' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 400
}

story "a body that is not let in is not read" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}]}
upstreams:
  - {name: one, @one@}
}
client c -transport http -bare {
  http POST /mcp body {"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"$repeat(x,1MiB)"}}
  expect status == 401
  expect header 'Connection: close'
}

story "without keys a credential means nothing" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http -key whatever-this-may-be {
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "large requests keep their caller" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}]}
upstreams:
  - {name: one, @one@}
}
client c -transport http -key 0123456789abcdef-ci {
  call tools/call {"name":"echo","arguments":{"x":"$repeat(x,1MiB)"}}
  expect /result/content == []
}

story "a reload changes keys, and sessions of callers that are no longer known end" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}, {name: bob, key: 0123456789abcdef-bob}]}
upstreams:
  - {name: one, @one@}
}
client ci -transport http -key 0123456789abcdef-ci {
  call ping
}
client bob -transport http -key 0123456789abcdef-bob {
  call ping
}
reload {
auth: {keys: [{name: bob, key: 0123456789abcdef-bob}, {name: ci, key: fedcba9876543210-ci, tenant: acme}]}
upstreams:
  - {name: one, @one@}
}
client ci {
  http POST /mcp -session 'X-Bascule-Key: 0123456789abcdef-ci' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 401
  http POST /mcp -session 'X-Bascule-Key: fedcba9876543210-ci' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 404
}
client bob {
  call ping
  expect /result == {}
}
