# Clients of earlier revisions in front of servers of 2026-07-28 (docs/bridging.md, first table).

story "a handshake in front of a modern server is answered from server/discover" real
upstream one {
  revision 2026-07-28
  can {"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{}}
  says "It counts."
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}
  expect /result/protocolVersion == "2025-11-25"
  expect /result/capabilities/tools/listChanged == true
  expect /result/capabilities/resources/subscribe == true
  expect /result/instructions ~ 'It counts.'
}
expect upstream one requests server/discover >= 1
expect upstream one requests initialize == 0

story "each request to a modern server says revision, client and capabilities" real
upstream one -transport http {
  revision 2026-07-28
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -can {"roots":{"listChanged":true},"elicitation":{},"tasks":{"list":{}}} {
  call tools/call {"name":"echo","arguments":{"x":1.0},"_meta":{"progressToken":"p"}}
}
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1protocolVersion == "2026-07-28"
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities == {"roots":{},"elicitation":{}}
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientInfo/name == "a"
expect upstream one last tools/call /params/_meta/progressToken exists
expect upstream one last tools/call /params/arguments/x == 1.0
expect upstream one last headers/tools/call /mcp-protocol-version == "2026-07-28"
expect upstream one last headers/tools/call /mcp-method == "tools/call"
expect upstream one last headers/tools/call /mcp-name == "echo"
expect upstream one last headers/tools/call /mcp-session-id absent

story "arguments that a schema mirrors are sent as headers" real
upstream one -transport http {
  revision 2026-07-28
  tool where {"inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"count":{"type":"integer","x-mcp-header":"Count"}}}}
  tool broken {"inputSchema":{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
  expect /result/tools/0/name == "where"
  expect /result/tools/1 absent
  call tools/call {"name":"where","arguments":{"region":"Zürich","count":7}}
}
expect upstream one last headers/tools/call /mcp-param-region == "=?base64?WsO8cmljaA==?="
expect upstream one last headers/tools/call /mcp-param-count == "7"

story "results of a modern server lose what only 2026-07-28 has" real
upstream one {
  revision 2026-07-28
  ttl 60s
  tool echo
  on tools/call echo -> result {"resultType":"complete","content":[{"type":"text","text":"t","_meta":{"k":1}}],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"one","version":"1"},"own/key":true},"unknown":{"a":1.0}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/call {"name":"echo"}
  expect /result/resultType absent
  expect /result/_meta/io.modelcontextprotocol~1serverInfo absent
  expect /result/_meta/own~1key == true
  expect /result/unknown == {"a":1.0}
  expect /result/content/0/_meta == {"k":1}
  call tools/list
  expect /result/resultType absent
  expect /result/ttlMs absent
  expect /result/cacheScope absent
}

story "what a modern server wants to know becomes requests on the call's stream" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"complete","content":[],"got":$params}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"who":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}},"what":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":5}},"where":{"method":"roots/list","params":{}}},"requestState":"s1"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can sampling,roots,elicitation {
  send x tools/call {"name":"ask","arguments":{"n":7}}
  await elicitation/create
  expect /params/message == "m"
  answer {"action":"accept","content":{"name":"Ada"}}
  await sampling/createMessage
  expect /params/maxTokens == 5
  answer {"role":"assistant","content":{"type":"text","text":"t"},"model":"m"}
  await roots/list
  answer {"roots":[{"uri":"file:///r"}]}
  await x
  expect stream
  expect /result/got/inputResponses/who == {"action":"accept","content":{"name":"Ada"}}
  expect /result/got/inputResponses/what/model == "m"
  expect /result/got/inputResponses/where/roots/0/uri == "file:///r"
  expect /result/got/requestState == "s1"
  expect /result/got/arguments == {"n":7}
  expect unread == 0
}
expect upstream one requests tools/call == 2

story "a modern server that dies while its question is being answered ends that call, and nothing else" real
upstream one {
  revision 2026-07-28
  tool ask
  tool die
  on tools/call ask -> result {"resultType":"complete","content":[]}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"one","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s1"}
  on once tools/call die -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -can elicitation {
  send x tools/call {"name":"ask"}
  await elicitation/create
  send y tools/call {"name":"die"}
  tick 5s
  answer {"action":"accept","content":{}}
  await x
  expect /error/data/kind == "unavailable"
  call tools/call {"name":"ask"}
  expect /result/content == []
}

story "several rounds of questions are one call" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"complete","content":[],"state":"last"}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"b":{"method":"elicitation/create","params":{"message":"two","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s2"}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"one","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s1"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -can elicitation {
  send x tools/call {"name":"ask"}
  await elicitation/create
  expect /params/message == "one"
  answer {"action":"accept","content":{}}
  await elicitation/create
  expect /params/message == "two"
  answer {"action":"decline"}
  await x
  expect /result/state == "last"
}
expect upstream one last tools/call /params/requestState == "s2"
expect upstream one last tools/call /params/inputResponses == {"b":{"action":"decline"}}

story "a modern server that never stops asking is stopped" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"input_required","inputRequests":{"a":{"method":"roots/list","params":{}}},"requestState":"s"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -can elicitation {
  call tools/call {"name":"ask"}
  expect /error/code exists
}

story "a page of a modern server is sent to its client with an id, and is told to be done" real
upstream one {
  revision 2026-07-28
  tool go
  on tools/call go -> result {"resultType":"complete","content":[]}
  on once tools/call go -> result {"resultType":"input_required","inputRequests":{"u":{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://example.com/"}}},"requestState":"s"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -can {"elicitation":{"form":{},"url":{}}} {
  send x tools/call {"name":"go"}
  await elicitation/create
  expect /params/mode == "url"
  expect /params/elicitationId exists
  answer {"action":"accept"}
  await x
  expect /result/content == []
  await notifications/elicitation/complete
  expect /params/elicitationId exists
}

story "an older client's capabilities reach a modern server without what it does not know" real
upstream one -transport http {
  revision 2026-07-28
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -transport http -revision 2025-06-18 -can {"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}}} {
  call tools/call {"name":"echo"}
}
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities/elicitation/url absent
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities/sampling/tools absent

story "titled choices become enumNames for a client of 2025-06-18" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"complete","content":[]}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{"c":{"type":"string","oneOf":[{"const":"x","title":"The X"},{"const":"y","title":"The Y"}]}}}}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -revision 2025-06-18 -can elicitation {
  send x tools/call {"name":"ask"}
  await elicitation/create
  expect /params/requestedSchema/properties/c/enum == ["x","y"]
  expect /params/requestedSchema/properties/c/enumNames == ["The X","The Y"]
  answer {"action":"accept","content":{"c":"y"}}
  await x
}

story "a subscription is kept by one stream that listens, and its set changes with its clients" real
upstream one {
  revision 2026-07-28
  can {"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true}}
  tool echo
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"},{"uri":"test://b","name":"b"}],"ttlMs":0,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":0,"cacheScope":"public"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  listen
  call resources/list
  call resources/subscribe {"uri":"test://a"}
  expect /result == {}
}
client b {
  call resources/subscribe {"uri":"test://b"}
  expect /result == {}
}
expect upstream one last subscriptions/listen /params/notifications/resourceSubscriptions/1 exists
expect upstream one last subscriptions/listen /params/notifications/toolsListChanged == true
tell one notify notifications/resources/updated {"_meta":{"io.modelcontextprotocol/subscriptionId":$listen},"uri":"test://a"}
client a {
  await notifications/resources/updated
  expect /params/uri == "test://a"
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId absent
  call resources/unsubscribe {"uri":"test://a"}
}
expect upstream one last subscriptions/listen /params/notifications/resourceSubscriptions == ["test://b"]
client b {
  expect received notifications/resources/updated == 0
}

story "a modern server's changed list reaches its clients" real
upstream one {
  revision 2026-07-28
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
}
expect upstream one requests subscriptions/listen >= 1
upstream one {
  tool more
}
tell one notify notifications/tools/list_changed {"_meta":{"io.modelcontextprotocol/subscriptionId":$listen}}
client a {
  tick 2s
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/1/name == "more"
}

story "a log level goes with each request to a modern server" real
upstream one {
  revision 2026-07-28
  can {"tools":{},"logging":{}}
  tool say
  on tools/call say -> notify notifications/message {"level":"warning","data":"w"} then result {"resultType":"complete","content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a {
  call logging/setLevel {"level":"warning"}
  expect /result == {}
  call tools/call {"name":"say"}
  await notifications/message
  expect /params/data == "w"
}
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1logLevel == "warning"
expect upstream one requests logging/setLevel == 0

story "progress of a modern server comes with the client's own token" real
upstream one {
  revision 2026-07-28
  tool work
  on tools/call work -> progress {"progress":0.5,"total":1} then result {"resultType":"complete","content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"work","_meta":{"progressToken":"p-1"}}
  await notifications/progress
  expect /params/progressToken == "p-1"
  expect /params/progress == 0.5
  await x
}

story "a cancelled call closes the modern server's stream; a client that leaves does not" real
upstream one -transport http {
  revision 2026-07-28
  tool wait {"annotations":{"readOnlyHint":true}}
  on tools/call wait -> stream then never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"wait"}
  send y tools/call {"name":"wait"}
}
expect upstream one requests tools/call == 2
client a {
  abandon y
}
expect upstream one requests gone == 0
client a {
  cancel x
}
expect upstream one requests gone == 1
expect upstream one requests notifications/cancelled == 0

story "a cancelled call is cancelled by a notification at a modern server over stdio" real
upstream one {
  revision 2026-07-28
  tool wait
  on tools/call wait -> never
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  send x tools/call {"name":"wait"}
  expect upstream one requests tools/call == 1
  cancel x
}
expect upstream one requests notifications/cancelled == 1

story "a client resumes the stream of a call at a modern server" real
upstream one -transport http {
  revision 2026-07-28
  tool work
  on tools/call work -> progress {"progress":1} then after 2s then result {"resultType":"complete","content":[],"late":true}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"work","_meta":{"progressToken":1}}
  await notifications/progress
  abandon x
  tick 3s
  resume x
  await x
  expect /result/late == true
}
expect upstream one requests tools/call == 1

story "a ping ends at the gateway in front of a modern server" real
upstream one {
  revision 2026-07-28
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a {
  call ping
  expect /result == {}
}
expect upstream one requests ping == 0

story "errors of a modern server are those of the client's revision" real
upstream one -transport http {
  revision 2026-07-28
  can {"resources":{},"tools":{}}
  tool needs
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"}],"ttlMs":0,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":0,"cacheScope":"public"}
  on resources/read -> error {"code":-32602,"message":"gone","data":{"uri":"test://a"}}
  on tools/call needs -> error {"code":-32021,"message":"sampling is needed","data":{"requiredCapabilities":{"sampling":{}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call resources/list
  call resources/read {"uri":"test://a"}
  expect /error/code == -32002
  expect /error/data/uri == "test://a"
  call tools/call {"name":"needs"}
  expect /error/code != -32021
  expect /error/message ~ 'sampling'
}

story "a modern server that misses a header gets it after its tools were read again" real
upstream one -transport http {
  revision 2026-07-28
  tool where
  on tools/call where -> result {"resultType":"complete","content":[]}
  on once tools/call where -> error {"code":-32020,"message":"Mcp-Param-Region is missing"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
}
upstream one {
  tool none
  tool where {"inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}
}
client a {
  call tools/call {"name":"where","arguments":{"region":"eu"}}
  expect /result/content == []
}
expect upstream one requests tools/call == 2
expect upstream one last headers/tools/call /mcp-param-region == "eu"

story "structured content that is no object goes, and its text stays" real
upstream one {
  revision 2026-07-28
  tool list
  on tools/call list -> result {"resultType":"complete","content":[{"type":"text","text":"[1,2]"}],"structuredContent":[1,2]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/call {"name":"list"}
  expect /result/structuredContent absent
  expect /result/content/0/text == "[1,2]"
}
client b -transport http -revision 2026-07-28 {
  call tools/call {"name":"list"}
  expect /result/structuredContent == [1,2]
}

story "an outputSchema that describes no object goes, for clients that know only objects" real
upstream one {
  revision 2026-07-28
  tool list {"outputSchema":{"type":"array","items":{"type":"integer"}},"title":"L"}
  tool sum {"outputSchema":{"type":"object","properties":{"sum":{"type":"integer"}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  call tools/list
  expect /result/tools/0/name == "list"
  expect /result/tools/0/title == "L"
  expect /result/tools/0/outputSchema absent
  expect /result/tools/1/outputSchema/type == "object"
}
client b -transport http -revision 2026-07-28 {
  call tools/list
  expect /result/tools/0/outputSchema == {"type":"array","items":{"type":"integer"}}
  expect /result/tools/1/outputSchema/type == "object"
}

story "a batch in front of a modern server goes to it one by one" real
upstream one {
  revision 2026-07-28
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2025-03-26 {
  raw [{"jsonrpc":"2.0","id":"m1","method":"tools/call","params":{"name":"echo"}},{"jsonrpc":"2.0","id":"m2","method":"ping"}]
  expect status == 200
}
expect upstream one requests tools/call == 1

story "sampling in one block reaches an older client, in several it is refused for it" real
upstream one {
  revision 2026-07-28
  tool ask
  tool many
  tool tools
  on tools/call ask -> result {"resultType":"complete","content":[]}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":[{"type":"text","text":"t"}]}],"maxTokens":5}}}}
  on tools/call many -> result {"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"text","text":"u"}]}],"maxTokens":5}}}}
  on tools/call tools -> result {"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{"messages":[],"tools":[],"maxTokens":5}}}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -revision 2025-06-18 -can {"sampling":{"tools":{}}} {
  send x tools/call {"name":"ask"}
  await sampling/createMessage
  expect /params/messages/0/content == {"type":"text","text":"t"}
  answer {"role":"assistant","content":{"type":"text","text":"t"},"model":"m"}
  await x
  expect /result/content == []
  call tools/call {"name":"many"}
  expect /error/message ~ 'sampling'
  call tools/call {"name":"tools"}
  expect /error/message ~ 'sampling'
  expect received sampling/createMessage == 1
}
client b -transport http -can {"sampling":{"tools":{}}} {
  send x tools/call {"name":"many"}
  await sampling/createMessage
  expect /params/messages/0/content/1/text == "u"
  answer error {"code":-1,"message":"no"}
  await x
  send y tools/call {"name":"tools"}
  await sampling/createMessage
  expect /params/tools == []
  answer error {"code":-1,"message":"no"}
  await y
}

story "changed roots are for a modern server to ask about" real
upstream one {
  revision 2026-07-28
  tool ask
  on tools/call ask -> result {"resultType":"complete","content":[],"got":$params}
  on once tools/call ask -> result {"resultType":"input_required","inputRequests":{"r":{"method":"roots/list","params":{}}}}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
}
client a -can {"roots":{"listChanged":true}} {
  call tools/list
  notify notifications/roots/list_changed
  send x tools/call {"name":"ask"}
  await roots/list
  answer {"roots":[{"uri":"file:///new"}]}
  await x
  expect /result/got/inputResponses/r/roots/0/uri == "file:///new"
}
expect upstream one requests notifications/roots/list_changed == 0
