story "initialize is answered with the revision that was asked for, or the newest" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client old -transport http -bare {
  call initialize {"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"old","version":"1"}}
  expect /result/protocolVersion == "2025-06-18"
  expect /result/serverInfo/name == "bascule"
  expect /result/capabilities/tools/listChanged == true
}
client new -transport http -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"new","version":"1"}}
  expect /result/protocolVersion == "2025-11-25"
}
client odd -transport http -bare {
  call initialize {"protocolVersion":"2031-01-01","capabilities":{},"clientInfo":{"name":"odd","version":"1"}}
  expect /result/protocolVersion == "2025-11-25"
  call server/discover {}
  expect /error/code == -32601
}
client pipe -bare {
  call tools/list
  expect /error/code == -32600
  call initialize {"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"pipe","version":"1"}}
  expect /result/protocolVersion == "2025-06-18"
  call initialize {"protocolVersion":"2025-06-18","capabilities":{}}
  expect /error/code == -32600
  call tools/list
  expect /result/tools/0/name == "echo"
}
# The upstream is spoken to in the newest revision, whatever clients speak.
expect upstream one last initialize /params/protocolVersion == "2025-11-25"

story "the revisions are negotiated apart on both sides" real
upstream one {
  revision 2025-06-18
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -revision 2025-11-25 {
  call tools/call {"name":"echo","arguments":{}}
  expect /result/content == []
}
expect upstream one requests notifications/initialized == 1

story "the list joins the servers in their order, with prefixes" real
upstream one {
  tool echo {"title":"first"}
  tool sum
}
upstream web -transport http {
  tool echo
}
gateway {
upstreams:
  - {name: web, @web@}
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  expect /result/tools/0/name == "web__echo"
  expect /result/tools/1/name == "one__echo"
  expect /result/tools/1/title == "first"
  expect /result/tools/2/name == "one__sum"
  expect /result/tools/3 absent
  expect /result/_meta absent
}

story "a single server keeps its names" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, enabled: false, command: [nobody]}
}
client c {
  call tools/list
  expect /result/tools/0/name == "echo"
  call tools/call {"name":"echo"}
  expect /result/content == []
}

story "all pages of a server are drained, the joined list is one page"
upstream one {
  tool a
  page b
  tool c
  page d
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/list
  expect /result/tools/3/name == "d"
  expect /result/nextCursor absent
  call tools/list {"cursor":"b"}
  expect /error/code == -32602
}
expect upstream one requests tools/list == 3

story "a call is routed, and nothing in it is changed but what must be" real
upstream one {
  tool echo
  on tools/call echo -> result {"content":[],"structuredContent":{"got":$params},"big":12345678901234567890123456789,"one":1.0,"z":1,"a":2}
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
  call -id "é\u0041" tools/call {"name":"one__echo","arguments":{"n":98765432109876543210,"x":1.0,"e":1E+2,"z":0,"a":"\u0041"},"unknown":[1.50],"_meta":{"trace":"t-1","progressToken":7}}
  # The result comes byte for byte, with the id as it was written.
  expect message ~ '"id":"é\u0041","result":{"content":[],"structuredContent":{"got":'
  expect message ~ ',"big":12345678901234567890123456789,"one":1.0,"z":1,"a":2}}'
}
# The request too: only id, name and progress token are the gateway's.
expect upstream one last tools/call ~ '"arguments":{"n":98765432109876543210,"x":1.0,"e":1E+2,"z":0,"a":"\u0041"},"unknown":[1.50],"_meta":{"trace":"t-1","progressToken":'
expect upstream one last tools/call /params/name == "echo"
let id = upstream one last tools/call /id
expect upstream one last tools/call /params/_meta/progressToken == $id
expect upstream two requests tools/call == 0
expect outcome done == 2

story "ids are strings or integers, and equal ids of two clients do not meet" real
upstream one {
  tool slow
  on tools/call slow -> after 100ms then result {"who":$params}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x -id 5 tools/call {"name":"slow","arguments":{"who":"a"}}
}
client b -transport http {
  send x -id 5 tools/call {"name":"slow","arguments":{"who":"b"}}
}
client s {
  send x -id "5" tools/call {"name":"slow","arguments":{"who":"s"}}
  send y -id 5 tools/call {"name":"slow","arguments":{"who":"s5"}}
  await x
  expect /id == "5"
  expect /result/who/arguments/who == "s"
  await y
  expect /id == 5
  expect /result/who/arguments/who == "s5"
}
client a {
  await x
  expect /id == 5
  expect /result/who/arguments/who == "a"
}
client b {
  await x
  expect /result/who/arguments/who == "b"
}
client s {
  # Neither a fraction nor null nor an object.
  raw {"jsonrpc":"2.0","id":1.5,"method":"ping"}
  await nobody
  expect /error/code == -32600
  raw {"jsonrpc":"2.0","id":{},"method":"ping"}
  await nobody
  expect /error/code == -32600
}

story "errors and structured content of an upstream pass as they are" real
upstream one {
  tool bad
  tool structured {"outputSchema":{"type":"object","properties":{"n":{"type":"integer"}}}}
  on tools/call bad -> error {"code":-32050,"message":"no luck today","data":{"deep":[1,{"x":null}]}}
  on tools/call structured -> result {"content":[{"type":"text","text":"{\"n\":3}"}],"structuredContent":{"n":3},"isError":false}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/list
  expect /result/tools/1/outputSchema/properties/n/type == "integer"
  call tools/call {"name":"structured"}
  expect /result/structuredContent == {"n":3}
  expect /result/isError == false
  call tools/call {"name":"bad"}
  expect /error == {"code":-32050,"message":"no luck today","data":{"deep":[1,{"x":null}]}}
}
# An error that the server itself gave is a failed call, not a failed server.
expect outcome failed == 1

story "ping is answered on both sides" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client p {
  call ping
  expect /result == {}
}
client h -transport http {
  call ping
  expect /result == {}
  call tools/list
}
tell one ask ping
expect upstream one last response /result == {}
# A request that is not offered to servers is refused.
tell one ask sampling/createMessage {"messages":[]}
expect upstream one last response /error/code == -32601

story "a changed list is read again and told to those who are ready" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client h -transport http {
  call tools/list
  expect /result/tools/1 absent
  listen
}
client p {
  call ping
}
client bare -transport http -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bare","version":"1"}}
  listen
}
# Nothing has changed: read again, if not at once, and not told.
tell one notify notifications/tools/list_changed
tick 1s
expect upstream one requests tools/list == 2
client h {
  expect received notifications/tools/list_changed == 0
}
upstream one {
  tool another
}
tell one notify notifications/tools/list_changed
tick 1s
client h {
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/1/name == "another"
  expect received notifications/tools/list_changed == 1
}
client p {
  await notifications/tools/list_changed
}
client bare {
  expect received notifications/tools/list_changed == 0
}
