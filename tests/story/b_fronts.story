# What clients can do over HTTP besides asking and waiting: the older transport, coming back to a stream, no sessions.

story "HTTP+SSE: everything comes on the stream" real
upstream one -transport stdio {
  tool echo
  tool slow
  on tools/call echo -> result {"content":[{"type":"text","text":"here"}]}
  on tools/call slow -> progress {"progress":1} then ask elicitation/create {"message":"?","requestedSchema":{"type":"object","properties":{}}} then result {"content":[],"_meta":{"got":$answer}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport sse -revision 2025-06-18 -can elicitation {
  call tools/call {"name":"echo"}
  expect /result/content/0/text == "here"
  send x tools/call {"name":"slow","_meta":{"progressToken":"t"}}
  await notifications/progress
  expect /params/progressToken == "t"
  await elicitation/create
  answer {"action":"decline"}
  await x
  expect /result/_meta/got/action == "decline"
}

story "a client leaves in the middle of a call, comes back, and has missed nothing" real
upstream one -transport http {
  tool slow
  on tools/call slow -> progress {"progress":1} then ask elicitation/create {"message":"?","requestedSchema":{"type":"object","properties":{}}} then progress {"progress":2} then result {"content":[{"type":"text","text":"late"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"slow","_meta":{"progressToken":"t"}}
  await notifications/progress
  expect /params/progress == 1
  await elicitation/create
  abandon x
  answer {"action":"decline"}
  resume x
  expect status == 200
  await notifications/progress
  expect /params/progress == 2
  await x
  expect /result/content/0/text == "late"
}
expect upstream one requests tools/call == 1
expect upstream one requests notifications/cancelled == 0

story "without sessions each request stands alone" real
upstream one -transport stdio {
  tool echo
  on tools/call echo -> result {"content":[{"type":"text","text":"here"}]}
}
gateway {
listen: {http: "127.0.0.1:0", stateless: true}
upstreams:
  - {name: one, @one@}
}
client c -transport http -bare {
  http POST /mcp 'Accept: application/json' body {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
  expect status == 200
  expect /result/protocolVersion == "2025-06-18"
  http POST /mcp 'Accept: application/json' body {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}
  expect /result/content/0/text == "here"
  http GET /mcp 'Accept: text/event-stream'
  expect status == 405
  http DELETE /mcp 'Mcp-Session-Id: old'
  expect status == 405
}
