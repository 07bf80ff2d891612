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

story "a client of an earlier revision hears of what it does not know as text, in shared sessions only" real
upstream one -transport http {
  can {"tools":{},"prompts":{}}
  tool play
  tool count
  tool choose
  on tools/call choose -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{"x":{"type":"string","oneOf":[{"const":"a","title":"A"}]}}}} then result {"content":[]}
  on tools/call play -> result {"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"},{"type":"resource_link","uri":"a://b","name":"n"}]}
  on tools/call count -> result {"content":[],"structuredContent":{"n":1.0}}
  on prompts/list -> result {"prompts":[{"name":"p"}]}
  on prompts/get p -> result {"messages":[{"role":"user","content":{"type":"audio","data":"AAAA","mimeType":"audio/wav"}}]}
}
upstream own {
  tool play
  on tools/call play -> result {"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]}
}
gateway {
upstreams:
  - {name: one, @one@, session: shared}
  - {name: own, @own@, session: per_client}
}
client oldest -transport http -revision 2024-11-05 {
  call tools/call {"name":"one__play"}
  expect /result/content/0 == {"type":"text","text":"[audio: audio/wav, 3 bytes]"}
  expect /result/content/1 == {"type":"text","text":"[resource: n] a://b"}
  call tools/call {"name":"one__count"}
  expect /result/content/0/text == "{\"n\":1.0}"
  expect /result/structuredContent == {"n":1.0}
  call prompts/get {"name":"one__p"}
  expect /result/messages/0/content/type == "text"
  # Its own session speaks its revision: what comes there was meant for it.
  call tools/call {"name":"own__play"}
  expect /result/content/0/type == "audio"
}
client old -transport http -revision 2025-03-26 {
  call tools/call {"name":"one__play"}
  expect /result/content/0/type == "audio"
  expect /result/content/1/type == "text"
}
client new -transport http -revision 2025-06-18 -can elicitation {
  send x tools/call {"name":"one__choose"}
  await elicitation/create
  expect /params/requestedSchema/properties/x == {"type":"string","enum":["a"],"enumNames":["A"]}
  answer {"action":"accept","content":{"x":"a"}}
  await x
  call tools/call {"name":"one__play"}
  expect message ~ '{"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"},{"type":"resource_link","uri":"a://b","name":"n"}]}'
  call tools/call {"name":"one__count"}
  expect message ~ '{"content":[],"structuredContent":{"n":1.0}}'
}
