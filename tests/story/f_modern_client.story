# Clients of 2026-07-28 in front of servers of earlier revisions (docs/bridging.md, second table).

story "each set of capabilities has a session of its own with a legacy server" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  expect /result/resultType == "input_required"
}
expect upstream one last initialize /params/capabilities == {"elicitation":{}}
client b -transport http -revision 2026-07-28 {
  call tools/call {"name":"ask"}
  expect /result/said/action == "decline"
  expect /result/resultType == "complete"
}
expect upstream one last initialize /params/capabilities == {}
expect upstream one starts == 2
client c -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  expect /result/resultType == "input_required"
}
expect upstream one starts == 2

story "server/discover says what a legacy server said in its handshake" real
upstream one {
  can {"tools":{"listChanged":true},"prompts":{}}
  says "It counts."
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call server/discover
  expect status == 200
  expect /result/resultType == "complete"
  expect /result/supportedVersions ~ '2026-07-28'
  expect /result/capabilities/tools/listChanged == true
  expect /result/capabilities/prompts exists
  expect /result/instructions ~ 'It counts.'
  expect /result/cacheScope exists
  expect /result/ttlMs exists
  expect /result/_meta/io.modelcontextprotocol~1serverInfo/name == "bascule"
}

story "results of a legacy server get what 2026-07-28 must have" real
upstream one {
  tool echo
  on tools/call echo -> result {"content":[{"type":"text","text":"t"}],"_meta":{"k":1.0},"unknown":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/call {"name":"echo"}
  expect /result/resultType == "complete"
  expect /result/content/0/text == "t"
  expect /result/_meta/k == 1.0
  expect /result/unknown == []
  expect /result/_meta/io.modelcontextprotocol~1serverInfo exists
  call tools/list
  expect /result/resultType == "complete"
  expect /result/ttlMs exists
  expect /result/cacheScope exists
}
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1protocolVersion absent

story "a legacy server's question is answered in another request, and its call goes on" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask","arguments":{"k":"A"}}
  expect document
  expect /result/resultType == "input_required"
  expect /result/inputRequests/q1/method == "elicitation/create"
  expect /result/inputRequests/q1/params/message == "m"
  let s = /result/requestState
  call tools/call {"name":"ask","arguments":{ "k" : "A" },"inputResponses":{"q1":{"action":"accept","content":{"ok":true}}},"requestState":$s}
  expect /result/resultType == "complete"
  expect /result/said == {"action":"accept","content":{"ok":true}}
  expect received elicitation/create == 0
}
expect upstream one requests tools/call == 1

story "questions of one moment are asked together, and each gets its answer" real
upstream one {
  tool ask
  on tools/call ask -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -revision 2026-07-28 -can elicitation,sampling,roots {
  send x tools/call {"name":"ask"}
  expect upstream one requests tools/call == 1
  tell one say '{"jsonrpc":"2.0","id":"a","method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}},"_meta":{"bascule/inputKey":"who"}}}' then say '{"jsonrpc":"2.0","id":"b","method":"sampling/createMessage","params":{"messages":[],"maxTokens":5}}' then say '{"jsonrpc":"2.0","id":"c","method":"roots/list"}'
  await x
  expect /result/inputRequests/who/method == "elicitation/create"
  expect /result/inputRequests ~ 'sampling/createMessage'
  expect /result/inputRequests ~ 'roots/list'
}

story "several rounds, by a sealed state that is good once" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then ask elicitation/create {"message":"two","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  let s = /result/requestState
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept","content":{}}},"requestState":$s}
  expect /result/resultType == "input_required"
  expect message ~ 'two'
  let t = /result/requestState
  call tools/call {"name":"ask","inputResponses":{},"requestState":$s}
  expect /error/code == -32602
  call tools/call {"name":"ask","inputResponses":{},"requestState":$t}
  expect /result/resultType == "input_required"
  expect message ~ 'two'
  let t = /result/requestState
  call tools/call {"name":"ask","inputResponses":{"q2":{"action":"decline"},"other":{"action":"accept"}},"requestState":$t}
  expect /result/said/action == "decline"
}

story "a state that is forged or of another request is refused" real
upstream one {
  tool ask
  tool other
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask","arguments":{"k":1}}
  let s = /result/requestState
  call tools/call {"name":"ask","arguments":{"k":2},"inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /error/code == -32602
  call tools/call {"name":"other","arguments":{"k":1},"inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /error/code == -32602
  call tools/call {"name":"ask","arguments":{"k":1},"inputResponses":{"q1":{"action":"accept"}},"requestState":"p1.AAAA"}
  expect /error/code == -32602
  call tools/call {"name":"ask","arguments":{"k":1},"inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /result/said/action == "accept"
}

story "who does not come back has given the call up"
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
limits: {ask: 60s}
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  let s = /result/requestState
  tick 61s
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /error/code == -32602
}
expect upstream one requests notifications/cancelled == 1
expect log park_expired == 1

story "more parked calls than the limit are refused" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
limits: {parked: 2}
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask"}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask"}
  expect /error/code == -31005
}

story "a question outside of calls has nobody to answer it" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"echo"}
}
tell one ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}}}
expect upstream one last response /result/action == "cancel"

story "a question goes to the call whose client waits, not to one that is parked" real
upstream one {
  tool ask
  tool again
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
  on tools/call again -> ask elicitation/create {"message":"two","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  expect message ~ 'one'
  call tools/call {"name":"again"}
  expect message ~ 'two'
}

story "progress goes on with the token of each request" real
upstream one {
  tool ask
  on tools/call ask -> progress {"progress":1} then ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then progress {"progress":2} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  send x tools/call {"name":"ask","_meta":{"progressToken":"p1"}}
  await notifications/progress
  expect /params/progressToken == "p1"
  await x
  expect stream
  let s = /result/requestState
  send y tools/call {"name":"ask","_meta":{"progressToken":2},"inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  await notifications/progress
  expect /params/progressToken == 2
  await y
  expect /result/said/action == "accept"
}

story "a page of a legacy server is asked for without its id" real
upstream one {
  tool go
  on tools/call go -> ask elicitation/create {"mode":"url","message":"m","url":"https://example.com/","elicitationId":"e-1"} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"elicitation":{"form":{},"url":{}}} {
  call tools/call {"name":"go"}
  expect /result/inputRequests/q1/params/url == "https://example.com/"
  expect /result/inputRequests/q1/params/elicitationId absent
  let s = /result/requestState
  tell one notify notifications/elicitation/complete {"elicitationId":"e-1"}
  call tools/call {"name":"go","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /result/said/action == "accept"
  expect received notifications/elicitation/complete == 0
}

story "a refusal until a page was visited becomes a question, and the call is made again" real
upstream one {
  tool go
  on tools/call go -> result {"content":[],"again":true}
  on once tools/call go -> error {"code":-32042,"message":"first go there","data":{"elicitations":[{"mode":"url","message":"m","url":"https://example.com/","elicitationId":"e-2"}]}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"elicitation":{"form":{},"url":{}}} {
  call tools/call {"name":"go"}
  expect /result/resultType == "input_required"
  expect message ~ 'https://example.com/'
  expect message !~ 'e-2'
  let s = /result/requestState
  tell one notify notifications/elicitation/complete {"elicitationId":"e-2"}
  call tools/call {"name":"go","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /result/again == true
}
expect upstream one requests tools/call == 2

story "streams that listen share one subscription at a legacy server" real
upstream one {
  can {"tools":{"listChanged":true},"resources":{"subscribe":true}}
  tool echo
  on resources/list -> result {"resources":[{"uri":"test://a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on resources/unsubscribe -> result {}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  send l -id "listen-a" subscriptions/listen {"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["test://a"]}}
  await notifications/subscriptions/acknowledged
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId == "listen-a"
  expect /params/notifications/resourceSubscriptions == ["test://a"]
  expect /params/notifications/toolsListChanged == true
}
client b -transport http -revision 2026-07-28 {
  send l -id 7 subscriptions/listen {"notifications":{"resourceSubscriptions":["test://a"]}}
  await notifications/subscriptions/acknowledged
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId == 7
}
expect upstream one requests resources/subscribe == 1
tell one notify notifications/resources/updated {"uri":"test://a"}
client a {
  await notifications/resources/updated
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId == "listen-a"
}
client b {
  await notifications/resources/updated
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId == 7
  abandon l
}
expect upstream one requests resources/unsubscribe == 0
client a {
  abandon l
}
expect upstream one requests resources/unsubscribe == 1

story "a stream that listens hears of a legacy server's changed list" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -revision 2026-07-28 {
  call tools/list
  send l subscriptions/listen {"notifications":{"toolsListChanged":true}}
  await notifications/subscriptions/acknowledged
}
upstream one {
  tool more
}
tell one notify notifications/tools/list_changed
client a {
  tick 2s
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/1/name == "more"
  cancel l
  expect unread == 0
}

story "a client hears the logs that its request asked for, at a server that has one level" real
upstream one {
  can {"tools":{},"logging":{}}
  tool say
  on logging/setLevel -> result {}
  on tools/call say -> notify notifications/message {"level":"info","data":"i"} then notify notifications/message {"level":"error","data":"e"} then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  send x tools/call {"name":"say","_meta":{"io.modelcontextprotocol/logLevel":"error"}}
  await notifications/message
  expect /params/data == "e"
  await x
  expect received notifications/message == 1
  call tools/call {"name":"say"}
  expect received notifications/message == 1
}
expect upstream one requests logging/setLevel >= 1

story "closing the stream cancels a call at a legacy server" real
upstream one {
  tool wait
  on tools/call wait -> progress {"progress":1} then never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  send x tools/call {"name":"wait","_meta":{"progressToken":1}}
  await notifications/progress
  abandon x
}
expect upstream one requests notifications/cancelled == 1

story "leaving after a question is no cancellation" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask"}
  let s = /result/requestState
}
expect upstream one requests notifications/cancelled == 0
client b -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /result/said/action == "accept"
}

story "a legacy server's broken stream is gone on with, unseen by a modern client" real
upstream one -transport http {
  tool work
  on tools/call work -> mark e1 then retry 100 then leave then result {"content":[],"late":true}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  send x tools/call {"name":"work"}
  tick 1s
  await x
  expect /result/late == true
}
expect upstream one last GET /after == "e1"

story "headers of a client must say what its body says" real
upstream one {
  tool where {"inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"count":{"type":"integer","x-mcp-header":"Count"}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/list
  expect message ~ 'x-mcp-header'
  header 'Mcp-Param-Region: eu'
  call tools/call {"name":"where","arguments":{"region":"eu"}}
  expect status == 200
  call tools/call {"name":"where","arguments":{"region":"us"}}
  expect status == 400
  expect /error/code == -32020
  header none
  call tools/call {"name":"where","arguments":{"region":"eu"}}
  expect status == 400
  expect /error/code == -32020
  call tools/call {"name":"where","arguments":{"region":null}}
  expect status == 200
  header 'Mcp-Param-Count: 42.0'
  call tools/call {"name":"where","arguments":{"count":42}}
  expect status == 200
}
expect upstream one requests tools/call == 3

story "a request that is not whole is told what it lacks" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  http POST /mcp 'Accept: application/json, text/event-stream' 'MCP-Protocol-Version: 2026-07-28' 'Mcp-Method: tools/list' body {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}
  expect status == 400
  expect /error/code == -32602
  http POST /mcp 'Accept: application/json, text/event-stream' 'MCP-Protocol-Version: 2026-07-28' 'Mcp-Method: tools/call' body {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}
  expect status == 400
  expect /error/code == -32020
  http POST /mcp 'Accept: application/json, text/event-stream' 'MCP-Protocol-Version: 2027-01-01' 'Mcp-Method: tools/list' body {"jsonrpc":"2.0","id":"v","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}
  expect status == 400
  expect /error/code == -32022
  expect /error/data/supported ~ '2026-07-28'
  expect /error/data/requested == "2027-01-01"
  expect /id == "v"
  call ping
  expect status == 404
  expect /error/code == -32601
}

story "a ping of a legacy server ends at the gateway" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -revision 2026-07-28 {
  call tools/call {"name":"echo"}
}
tell one ask ping {}
expect upstream one last response /result == {}
client a {
  expect received ping == 0
}

story "a cursor that was not made here is refused" real
upstream one {
  tools 1500 t
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/list
  expect /result/tools/0/name == "t0"
  let c = /result/nextCursor
  call tools/list {"cursor":$c}
  expect /result/tools/0/name == "t1000"
  call tools/list {"cursor":"t1000"}
  expect /error/code == -32602
}

story "errors of a legacy server are those of 2026-07-28" real
upstream one {
  can {"tools":{},"resources":{}}
  tool echo
  on resources/list -> result {"resources":[{"uri":"test://a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> error {"code":-32002,"message":"Resource not found","data":{"uri":"test://a"}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call resources/list
  call resources/read {"uri":"test://a"}
  expect /error/code == -32602
  expect /error/data/uri == "test://a"
  call tools/call {"name":"nobody"}
  expect /error/code == -32602
}

story "schemas of a legacy server pass as they are" real
upstream one {
  tool echo {"inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"a":{"$anchor":"x"}},"allOf":[{"required":["p"]}],"if":{},"then":{},"additionalProperties":false},"execution":{"taskSupport":"optional"}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/list
  expect /result/tools/0/inputSchema == {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"a":{"$anchor":"x"}},"allOf":[{"required":["p"]}],"if":{},"then":{},"additionalProperties":false}
}

story "both eras come over one pipe" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
  expect /result/resultType absent
  call server/discover {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}
  expect /result/resultType == "complete"
  call tools/list
  expect /result/resultType absent
}

story "between two of 2026-07-28 a question passes, and its state comes back to its server only" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"complete","content":[],"got":$params}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"own":{"method":"roots/list","params":{}}},"requestState":"s1"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can roots {
  call tools/call {"name":"ask"}
  expect /result/inputRequests/own/method == "roots/list"
  expect /result/requestState != "s1"
  let s = /result/requestState
  call tools/call {"name":"ask","inputResponses":{"own":{"roots":[]}},"requestState":$s}
  expect /result/got/requestState == "s1"
  expect /result/got/inputResponses == {"own":{"roots":[]}}
  call tools/call {"name":"ask","inputResponses":{"own":{"roots":[]}},"requestState":"s1"}
  expect /error/code == -32602
}

story "sampling with tools and in several blocks reaches a modern client as it was asked" real
upstream one {
  tool many
  on tools/call many -> ask sampling/createMessage {"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"text","text":"u"}]}],"tools":[{"name":"f","inputSchema":{"type":"object"}}],"maxTokens":5} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2026-07-28 -can {"sampling":{"tools":{}}} {
  call tools/call {"name":"many"}
  expect /result/inputRequests/q1/params/messages/0/content/1/text == "u"
  expect /result/inputRequests/q1/params/tools/0/name == "f"
}
client b -transport http -revision 2026-07-28 -can sampling {
  call tools/call {"name":"many"}
  expect /result/resultType == "complete"
  expect /result/said/code == -32601
}

story "what a completion depends on is told to servers that know it" real
upstream old {
  revision 2025-03-26
  can {"completions":{},"prompts":{}}
  on prompts/list -> result {"prompts":[{"name":"poem"}]}
  on completion/complete -> result {"completion":{"values":["v"]}}
}
upstream new {
  revision 2025-06-18
  can {"completions":{},"prompts":{}}
  on prompts/list -> result {"prompts":[{"name":"poem"}]}
  on completion/complete -> result {"completion":{"values":["v"]}}
}
gateway {
upstreams:
  - {name: old, @old@}
  - {name: new, @new@}
}
client a -transport http -revision 2026-07-28 {
  call completion/complete {"ref":{"type":"ref/prompt","name":"old__poem"},"argument":{"name":"a","value":"1"},"context":{"arguments":{"b":"2"}}}
  expect /result/completion/values == ["v"]
  call completion/complete {"ref":{"type":"ref/prompt","name":"new__poem"},"argument":{"name":"a","value":"1"},"context":{"arguments":{"b":"2"}}}
  expect /result/completion/values == ["v"]
}
expect upstream old last completion/complete /params/ref/name == "poem"
expect upstream old last completion/complete /params/argument/value == "1"
expect upstream old last completion/complete /params/context absent
expect upstream new last completion/complete /params/context == {"arguments":{"b":"2"}}

story "a session that an HTTP server forgot is made again for a modern client, with what it held"
upstream web -transport http {
  tool read {"annotations":{"readOnlyHint":true}}
  tool write
  can {"tools":{},"resources":{"subscribe":true},"logging":{}}
  on resources/list -> result {"resources":[{"uri":"file:///a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on logging/setLevel -> result {}
}
gateway {
upstreams:
  - {name: web, @web@}
}
client l -transport http -revision 2026-07-28 {
  send l -id 7 subscriptions/listen {"notifications":{"resourceSubscriptions":["file:///a"]}}
  await notifications/subscriptions/acknowledged
  call tools/call {"name":"read","_meta":{"io.modelcontextprotocol/logLevel":"error"}}
}
upstream web {
  on once tools/call read -> status 404
}
client l {
  call tools/call {"name":"read"}
  expect /result/content == []
}
client l {
  abandon l
}
expect upstream web requests initialize == 2
expect upstream web requests resources/subscribe == 2
expect upstream web last resources/subscribe /params/uri == "file:///a"
expect upstream web requests logging/setLevel == 2
expect upstream web last logging/setLevel /params/level == "error"
expect upstream web requests tools/call == 3

story "a call that may have been made is not made again when its session is lost"
upstream one {
  tool write
  on once tools/call write -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/call {"name":"write"}
  expect /error/data/kind == "outcome_unknown"
  expect /error/data/call_id exists
}
expect upstream one requests tools/call == 1

story "a question on the GET stream is put to the modern client whose call waits" real
upstream one -transport http {
  stream
  tool wait
  on tools/call wait -> stream then never
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  send x tools/call {"name":"wait"}
  expect upstream one requests tools/call == 1
  tell one ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}}}
  await x
  expect /result/inputRequests/q1/params/message == "m"
  let s = /result/requestState
  send y tools/call {"name":"wait","inputResponses":{"q1":{"action":"accept","content":{"k":1}}},"requestState":$s}
  expect upstream one last response /result/content == {"k":1}
  abandon y
}

story "a state is of no use to another caller" real
upstream one {
  tool ask
  on tools/call ask -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}}} then result {"said":$answer}
}
gateway {
auth:
  keys:
    - {name: ann, key: 0123456789abcdef-ann}
    - {name: bob, key: 0123456789abcdef-bob}
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation -key 0123456789abcdef-ann {
  call tools/call {"name":"ask"}
  let s = /result/requestState
}
client b -transport http -revision 2026-07-28 -can elicitation -key 0123456789abcdef-bob {
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /error/code == -32602
}
client a {
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept"}},"requestState":$s}
  expect /result/said/action == "accept"
}
expect upstream one requests tools/call == 1

story "a legacy server asks a modern client for its roots whenever it wants to know them" real
upstream one {
  tool ask
  on tools/call ask -> ask roots/list {} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2026-07-28 -can {"roots":{"listChanged":true}} {
  call tools/call {"name":"ask"}
  let s = /result/requestState
  call tools/call {"name":"ask","inputResponses":{"q1":{"roots":[{"uri":"file:///old"}]}},"requestState":$s}
  expect /result/said/roots/0/uri == "file:///old"
  call tools/call {"name":"ask"}
  let s = /result/requestState
  call tools/call {"name":"ask","inputResponses":{"q1":{"roots":[{"uri":"file:///new"}]}},"requestState":$s}
  expect /result/said/roots/0/uri == "file:///new"
}
expect upstream one requests notifications/roots/list_changed == 0

story "an answer that was brought along is used once, if it is one" real
upstream one {
  tool ask
  tool twice
  on tools/call ask -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}},"_meta":{"bascule/inputKey":"who"}} then result {"said":$answer}
  on tools/call twice -> ask elicitation/create {"message":"one","requestedSchema":{"type":"object","properties":{}},"_meta":{"bascule/inputKey":"who"}} then ask elicitation/create {"message":"two","requestedSchema":{"type":"object","properties":{}},"_meta":{"bascule/inputKey":"who"}} then result {"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"ask","inputResponses":{"who":{"action":"accept","content":{"k":1.0}},"other":7}}
  expect /result/resultType == "complete"
  expect /result/said == {"action":"accept","content":{"k":1.0}}
  call tools/call {"name":"ask","inputResponses":{"who":12345}}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask","inputResponses":{"who":{"action":"perhaps"}}}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask","inputResponses":{"who":{"action":"accept","content":[]}}}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask","inputResponses":{"q1":{"action":"accept"}}}
  expect /result/resultType == "input_required"
  call tools/call {"name":"ask","inputResponses":null}
  expect /result/resultType == "input_required"
  call tools/call {"name":"twice","inputResponses":{"who":{"action":"accept","content":{}}}}
  expect /result/resultType == "input_required"
  expect /result/inputRequests/who/params/message == "two"
}
# What the client cannot be asked is not answered either.
client b -transport http -revision 2026-07-28 {
  call tools/call {"name":"ask","inputResponses":{"who":{"action":"accept","content":{"k":1}}}}
  expect /result/said/action == "decline"
}

story "streams that listen at many servers wait for the slowest, not for all in turn"
upstream one {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[{"uri":"one://a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> after 10s then result {}
}
upstream two {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[{"uri":"two://a","name":"a"},{"uri":"two://b","name":"b"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> result {}
  on once resources/subscribe -> error {"code":-32602,"message":"not this one"}
}
upstream three {
  can {"resources":{"subscribe":true}}
  on resources/list -> result {"resources":[{"uri":"three://a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/subscribe -> after 10s then result {}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
  - {name: three, @three@}
}
client a -transport http -revision 2026-07-28 {
  send l subscriptions/listen {"notifications":{"resourceSubscriptions":["one://a","two://a","nobody://a","two://b","three://a"]}}
  expect upstream one requests resources/subscribe == 1
  expect upstream two requests resources/subscribe == 2
  expect upstream three requests resources/subscribe == 1
  tick 11s
  await notifications/subscriptions/acknowledged
  expect /params/notifications/resourceSubscriptions == ["one://a","two://b","three://a"]
  abandon l
}
expect upstream one requests resources/unsubscribe == 1
expect upstream two requests resources/unsubscribe == 1
