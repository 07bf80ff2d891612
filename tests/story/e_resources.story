story "resources of two servers are one list, and each is read where it is" real
upstream one {
  can {"resources":{}}
  on resources/list -> result {"resources":[{"uri":"file:///a","name":"a"},{"uri":"mem://same","name":"one's"}]}
  on resources/templates/list -> result {"resourceTemplates":[{"uriTemplate":"rows://{table}/{id}","name":"row"}]}
  on resources/read -> result {"contents":[{"uri":"$params","text":"one"}]}
  on resources/read file:///a -> result {"contents":[{"uri":"file:///a","text":"one has a"}]}
  on resources/read mem://same -> result {"contents":[{"uri":"mem://same","text":"one's same"}]}
  on resources/read rows://t/7 -> result {"contents":[{"uri":"rows://t/7","text":"row 7"}]}
  on resources/read file:///gone -> error {"code":-32002,"message":"Resource not found","data":{"uri":"file:///gone"}}
}
upstream two -transport http {
  can {"resources":{"subscribe":true,"listChanged":true}}
  on resources/list -> result {"resources":[{"uri":"file:///b","name":"b"},{"uri":"mem://same","name":"two's"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read file:///b -> result {"contents":[{"uri":"file:///b","blob":"AA=="}],"_meta":{"x":1.0}}
  on resources/read mem://same -> result {"contents":[{"uri":"mem://same","text":"two's same"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call resources/list
  expect /result/resources/0/uri == "file:///a"
  expect /result/resources/1/uri == "mem://same"
  expect /result/resources/2/uri == "file:///b"
  # The first configured wins; the other is named with its server.
  expect /result/resources/3/uri == "two+mem://same"
  expect /result/resources/4 absent
  call resources/templates/list
  expect /result/resourceTemplates/0/uriTemplate == "rows://{table}/{id}"
  expect /result/resourceTemplates/1 absent
  call resources/read {"uri":"file:///a"}
  expect /result/contents/0/text == "one has a"
  call resources/read {"uri":"file:///b","_meta":{"progressToken":"p","y":2.50}}
  expect /result/contents/0/blob == "AA=="
  expect message ~ '"_meta":{"x":1.0}'
  call resources/read {"uri":"mem://same"}
  expect /result/contents/0/text == "one's same"
  call resources/read {"uri":"two+mem://same"}
  expect /result/contents/0/text == "two's same"
  call resources/read {"uri":"rows://t/7"}
  expect /result/contents/0/text == "row 7"
  call resources/read {"uri":"nothing://at all"}
  expect /error/code == -32002
  expect /error/data/uri == "nothing://at all"
  call resources/read {"uri":7}
  expect /error/code == -32602
  call resources/read {}
  expect /error/code == -32602
  call resources/read {"uri":"$repeat(x,9KiB)"}
  expect /error/code == -32602
}
expect upstream two last resources/read /params/uri == "mem://same"
expect upstream one requests resources/read == 3
expect upstream two requests resources/read == 2

story "the refusal of a resource is its server's own" real
upstream one {
  can {"resources":{}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> error {"code":-32002,"message":"Resource not found","data":{"uri":"file:///gone","more":1.0}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  # The only server with resources is asked for any URI.
  call resources/read {"uri":"file:///gone"}
  expect message ~ '"error":{"code":-32002,"message":"Resource not found","data":{"uri":"file:///gone","more":1.0}'
}

story "a URI that a result mentioned is its server's" real
upstream one {
  tool none
  can {"resources":{}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> result {"contents":[{"uri":"mem://deeper","text":"one"}]}
}
upstream two {
  tool find
  can {"tools":{},"resources":{}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on tools/call find -> result {"content":[{"type":"resource_link","uri":"mem://link","name":"l"},{"type":"resource","resource":{"uri":"mem://embedded","text":""}}]}
  on resources/read -> result {"contents":[{"uri":"mem://inner","text":"two"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c -transport http {
  call resources/read {"uri":"mem://link"}
  expect /error/code == -32002
  call tools/call {"name":"two__find"}
  call resources/read {"uri":"mem://link"}
  expect /result/contents/0/text == "two"
  call resources/read {"uri":"mem://embedded"}
  expect /result/contents/0/text == "two"
  # And what was read mentions another.
  call resources/read {"uri":"mem://inner"}
  expect /result/contents/0/text == "two"
}
expect upstream one requests resources/read == 0

story "a changed resource is told to who subscribed to it, and to no other" real
upstream one {
  tool slow
  can {"tools":{},"resources":{"subscribe":true}}
  on tools/call slow -> never
  on resources/list -> result {"resources":[{"uri":"file:///a","name":"a"},{"uri":"file:///b","name":"b"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on resources/unsubscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  expect /result == {}
}
client b -transport http {
  listen
  call resources/subscribe {"uri":"file:///b"}
  expect /result == {}
  # A second subscriber of the same session is no second subscription.
  call resources/subscribe {"uri":"file:///a"}
  call resources/subscribe {"uri":"file:///a"}
  expect /result == {}
}
client idle -transport http {
  listen
}
expect upstream one requests resources/subscribe == 2
tell one notify notifications/resources/updated {"uri":"file:///a","title":"x"}
client a {
  await notifications/resources/updated
  expect /params/uri == "file:///a"
  expect /params/title == "x"
  expect /params/_meta/bascule~1server == "one"
}
client b {
  await notifications/resources/updated
  expect /params/uri == "file:///a"
}
tell one notify notifications/resources/updated {"uri":"file:///b"}
client b {
  await notifications/resources/updated
  expect /params/uri == "file:///b"
}
# Nor to whose call is in progress.
client idle {
  send x tools/call {"name":"slow"}
  expect upstream one requests tools/call == 1
}
tell one notify notifications/resources/updated {"uri":"file:///b"}
client b {
  await notifications/resources/updated
  expect /params/uri == "file:///b"
  call resources/unsubscribe {"uri":"file:///a"}
  expect /result == {}
}
expect upstream one requests resources/unsubscribe == 0
client a {
  call resources/unsubscribe {"uri":"file:///a"}
  expect /result == {}
  call resources/unsubscribe {"uri":"file:///a"}
  expect /result == {}
}
expect upstream one requests resources/unsubscribe == 1
tell one notify notifications/resources/updated {"uri":"file:///a"}
client a {
  expect received notifications/resources/updated == 1
}
client b {
  expect received notifications/resources/updated == 3
}
client idle {
  expect received notifications/resources/updated == 0
}

story "the last subscriber's end ends the subscription" real
upstream one {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on resources/unsubscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call resources/subscribe {"uri":"file:///\"a\""}
}
client b -transport http {
  call resources/subscribe {"uri":"file:///\"a\""}
}
client a {
  http DELETE /mcp -session
}
expect upstream one requests resources/unsubscribe == 0
client b {
  http DELETE /mcp -session
}
expect upstream one requests resources/unsubscribe == 1
expect upstream one last resources/unsubscribe /params/uri == "file:///\"a\""

story "a subscription that its server refuses is none" real
upstream one {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on once resources/subscribe -> error {"code":-32002,"message":"no such"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  expect /error/message == "no such"
}
tell one notify notifications/resources/updated {"uri":"file:///a"}
client a {
  expect received notifications/resources/updated == 0
}
upstream one {
  on resources/subscribe -> result {}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  expect /result == {}
}
expect upstream one requests resources/subscribe == 2

story "subscriptions are made again in a session that replaces a lost one" real
upstream one {
  tool die
  can {"tools":{},"resources":{"subscribe":true}}
  on tools/call die -> exit 1
  on resources/list -> result {"resources":[]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on resources/unsubscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call resources/subscribe {"uri":"file:///a"}
  call resources/subscribe {"uri":"file:///b"}
  call resources/subscribe {"uri":"file:///c"}
  call resources/unsubscribe {"uri":"file:///b"}
  call tools/call {"name":"die"}
  expect /error/data/kind == "outcome_unknown"
}
expect upstream one starts == 2
# Both that are left, and not the third.
expect upstream one requests resources/subscribe == 5
tell one notify notifications/resources/updated {"uri":"file:///c"}
client a {
  await notifications/resources/updated
  expect /params/uri == "file:///c"
}

story "a changed resource has the name that its client knows"
upstream one {
  can {"resources":{}}
  on resources/list -> result {"resources":[{"uri":"mem://same","name":"one's"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
}
upstream two {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[{"uri":"mem://same","name":"two's"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call resources/list
  call resources/subscribe {"uri":"two+mem://same"}
  expect /result == {}
}
expect upstream two last resources/subscribe /params/uri == "mem://same"
tell two notify notifications/resources/updated {"uri":"mem://same","title":"t"}
client c {
  await notifications/resources/updated
  expect /params/uri == "two+mem://same"
  expect /params/title == "t"
}

story "what no server offers is no method here, and nothing is announced" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}
  expect /result/capabilities == {"tools":{"listChanged":true}}
  expect /result/instructions absent
  notify notifications/initialized
  call resources/list
  expect /error/code == -32601
  call resources/templates/list
  expect /error/code == -32601
  call prompts/list
  expect /error/code == -32601
  call logging/setLevel {"level":"info"}
  expect /error/code == -32601
  call no/such {"a":1}
  expect /error/code == -32601
  call resources/read {"uri":"file:///a"}
  expect /error/code == -32002
  expect /error/data/uri == "file:///a"
  call prompts/get {"name":"p"}
  expect /error/code == -32602
}
