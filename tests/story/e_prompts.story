story "prompts of two servers carry their names, and completion goes where they are" real
upstream one {
  can {"prompts":{},"completions":{},"resources":{}}
  on prompts/list -> result {"prompts":[{"name":"greet","arguments":[{"name":"who","required":true}]}]}
  on prompts/get greet -> result {"description":"d","messages":[{"role":"user","content":{"type":"text","text":"hello"}}],"_meta":{"n":1.0}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[{"uriTemplate":"rows://{id}","name":"row"}]}
  on completion/complete -> result {"completion":{"values":["one"],"total":1.0,"hasMore":false}}
}
upstream two -transport http {
  can {"prompts":{"listChanged":true},"completions":{}}
  on prompts/list -> result {"prompts":[{"name":"greet"},{"name":"bye"}]}
  on prompts/get bye -> error {"code":-32602,"message":"who leaves?"}
  on completion/complete -> result {"completion":{"values":["two"]}}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call prompts/list
  expect /result/prompts/0 == {"name":"one__greet","arguments":[{"name":"who","required":true}]}
  expect /result/prompts/1/name == "two__greet"
  expect /result/prompts/2/name == "two__bye"
  expect /result/prompts/3 absent
  call prompts/get {"name":"one__greet","arguments":{"who":"you"}}
  expect message ~ '"result":{"description":"d","messages":[{"role":"user","content":{"type":"text","text":"hello"}}],"_meta":{"n":1.0}}'
  call prompts/get {"name":"two__bye"}
  expect /error/message == "who leaves?"
  call prompts/get {"name":"two__nothing"}
  expect /error/code == -32602
  call prompts/get {"name":"three__greet"}
  expect /error/code == -32002
  call prompts/get {"name":["one__greet"]}
  expect /error/code == -32602
  call prompts/get {"name":"one__greet","arguments":[1]}
  expect /error/code == -32602
  call completion/complete {"ref":{"type":"ref/prompt","name":"one__greet"},"argument":{"name":"who","value":"y"},"context":{"arguments":{"a":"b"}}}
  expect message ~ '{"completion":{"values":["one"],"total":1.0,"hasMore":false}}'
  call completion/complete {"ref":{"type":"ref/prompt","name":"two__bye"},"argument":{"name":"who","value":"y"}}
  expect /result/completion/values/0 == "two"
  call completion/complete {"ref":{"type":"ref/resource","uri":"rows://{id}"},"argument":{"name":"id","value":"7"}}
  expect /result/completion/values/0 == "one"
  call completion/complete {"ref":{"type":"ref/other"},"argument":{"name":"id","value":"7"}}
  expect /error/code == -32602
  call completion/complete {"ref":7}
  expect /error/code == -32602
  call completion/complete {"ref":{"type":"ref/prompt"},"argument":{"name":"id","value":"7"}}
  expect /error/code == -32602
  call completion/complete {"ref":{"type":"ref/prompt","name":"two__none"},"argument":{"name":"id","value":"7"}}
  expect /error/code == -32602
}
expect upstream one last prompts/get /params == {"name":"greet","arguments":{"who":"you"}}
expect upstream one requests completion/complete == 2
expect upstream one last completion/complete /params/ref/uri == "rows://{id}"
expect upstream two last completion/complete /params/ref/name == "bye"
expect upstream two requests prompts/get == 1

story "who offers prompts only is a server like any other, and its changes are told once" real
upstream one {
  can {"prompts":{"listChanged":true}}
  on prompts/list -> result {"prompts":[{"name":"a"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client first -transport http {
  call prompts/list
}
client a {
  call prompts/list
  expect /result/prompts/0/name == "a"
}
client b -transport http {
  listen
  call prompts/list
}
upstream one {
  on prompts/list -> result {"prompts":[{"name":"a"},{"name":"b"}]}
}
tell one notify notifications/prompts/list_changed
tick 2s
client a {
  await notifications/prompts/list_changed
  call prompts/list
  expect /result/prompts/1/name == "b"
}
client b {
  await notifications/prompts/list_changed
}
expect upstream one requests prompts/list == 2
client a {
  expect received notifications/prompts/list_changed == 1
  expect received notifications/tools/list_changed == 0
  expect received notifications/resources/list_changed == 0
}
client b {
  expect received notifications/prompts/list_changed == 1
}
# What differs in nothing is not told to clients of a shared session.
tell one notify notifications/prompts/list_changed
tick 2s
expect upstream one requests prompts/list == 3
client a {
  expect received notifications/prompts/list_changed == 1
}

story "capabilities and instructions are the union of the servers'" real
upstream one {
  can {"tools":{},"completions":{},"logging":{}}
  says "Use one."
}
upstream two -transport http {
  can {"prompts":{"listChanged":true},"resources":{"subscribe":true},"experimental":{"x":{"y":1.0}}}
  says "Use \"two\"."
  on prompts/list -> result {"prompts":[]}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
}
upstream three {
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
  - {name: three, @three@}
}
client c -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  expect /result/capabilities/tools == {"listChanged":true}
  expect /result/capabilities/prompts == {"listChanged":true}
  expect /result/capabilities/resources == {"subscribe":true,"listChanged":true}
  expect /result/capabilities/completions == {}
  expect /result/capabilities/logging == {}
  expect /result/capabilities/experimental == {"x":{"y":1.0}}
  expect /result/instructions == "## one\n\nUse one.\n\n## two\n\nUse \"two\"."
}
client old -transport http -bare {
  # Completions became a capability in 2025-03-26.
  call initialize {"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  expect /result/capabilities/completions absent
  expect /result/capabilities/logging == {}
}
