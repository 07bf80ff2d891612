# Tasks between the revisions: 2025-11-25, the extension of 2026-07-28, and clients with neither (docs/bridging.md).

story "a task of a modern server is a slow call for a client that knows none" real
upstream one {
  revision 2026-07-28
  can {"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z","ttlMs":60000,"pollIntervalMs":200}
  on once tools/call long -> error {"code":-32021,"message":"as a task only","data":{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:02Z","ttlMs":60000,"result":{"resultType":"complete","content":[{"type":"text","text":"done"}],"structuredContent":[1]}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"working","statusMessage":"half","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:01Z","ttlMs":60000,"pollIntervalMs":200}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2025-06-18 {
  send x tools/call {"name":"long","_meta":{"progressToken":"p"}}
  tick 2s
  await notifications/progress
  expect /params/progressToken == "p"
  expect /params/message == "half"
  expect /params/progress == 1
  await notifications/progress
  expect /params/progress == 2
  await x
  expect /result == {"content":[{"type":"text","text":"done"}]}
}
# It was asked to do without, at first.
expect upstream one requests tools/call == 2
expect upstream one requests tasks/get == 2
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities/extensions/io.modelcontextprotocol~1tasks == {}
expect upstream one last tasks/get /params/taskId == "t-1"
expect upstream one requests tasks/cancel == 0

story "a server that can do without tasks is not asked for one by a client that knows none" real
upstream one {
  revision 2026-07-28
  tool short
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2025-11-25 {
  call tools/call {"name":"short"}
  expect /result/content == []
}
client b -transport http -revision 2026-07-28 {
  call tools/call {"name":"short"}
  expect /result/resultType == "complete"
}
expect upstream one requests tools/call == 2
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities == {}

story "what a modern server's task asks is asked of the client of the call" real
upstream one {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"result":{"content":[],"n":1.0}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0,"inputRequests":{"who":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}},"more":{"method":"elicitation/create","params":{"message":"n","requestedSchema":{"type":"object","properties":{}}}}}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0,"inputRequests":{"who":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}}}}
  on tasks/update -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can elicitation {
  send x tools/call {"name":"long"}
  tick 2s
  await elicitation/create
  expect /params/message == "m"
  answer {"action":"accept","content":{"ok":true}}
  tick 2s
  # The other question alone: what was answered is not asked again.
  await elicitation/create
  expect /params/message == "n"
  answer {"action":"decline"}
  tick 2s
  await x
  expect /result == {"content":[],"n":1.0}
  expect received elicitation/create == 2
}
expect upstream one requests tasks/update == 2
expect upstream one last tasks/update /params/taskId == "t-1"
expect upstream one last tasks/update /params/inputResponses == {"more":{"action":"decline"}}

story "what a modern server's task asks parks the call of a modern client that takes no tasks" real
upstream one -transport http {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"result":{"content":[],"isError":true}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0,"inputRequests":{"who":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}}}}
  on tasks/update -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can elicitation {
  send x tools/call {"name":"long"}
  tick 2s
  await x
  expect /result/resultType == "input_required"
  expect /result/inputRequests/q1/params/message == "m"
  let s = /result/requestState
  send y tools/call {"name":"long","inputResponses":{"q1":{"action":"accept","content":{}}},"requestState":$s}
  tick 2s
  await y
  expect /result/resultType == "complete"
  expect /result/isError == true
}
expect upstream one requests tools/call == 1
expect upstream one last tasks/update /params/inputResponses == {"who":{"action":"accept","content":{}}}
expect upstream one last headers/tasks/update /mcp-name == "t-1"

story "who gives a slow call up gives its task up" real
upstream one {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":200}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":200}
  on tasks/cancel -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"long"}
  expect upstream one requests tasks/get >= 1
  cancel x
  expect upstream one requests tasks/cancel == 1
}
expect upstream one last tasks/cancel /params/taskId == "t-1"

story "a task may take longer than the timeout of a call, and not for ever"
upstream one {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":31536000000}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":1000000000000000000000}
  on tasks/cancel -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 10s}
}
client a {
  send x tools/call {"name":"long"}
  tick 1h
  expect unread == 0
  tick 24h
  await x
  expect /error/data/kind == "deadline"
}
expect upstream one requests tasks/cancel == 1

story "a server that answers no more, or badly, ends the slow call" real
upstream one {
  revision 2026-07-28
  tool forgets
  tool odd
  tool empty
  tool nameless
  tool fails
  tool stops
  on tools/call forgets -> result {"resultType":"task","taskId":"forgets","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":0}
  on tools/call odd -> result {"resultType":"task","taskId":"odd","status":"sleeping","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
  on tools/call empty -> result {"resultType":"task","taskId":"empty","status":"working","pollIntervalMs":-5}
  on tools/call nameless -> result {"resultType":"task","taskId":7,"status":"working"}
  on tools/call fails -> result {"resultType":"task","taskId":"fails","status":"working","pollIntervalMs":0}
  on tools/call stops -> result {"resultType":"task","taskId":"stops","status":"working","pollIntervalMs":0}
  on tasks/get -> result {"resultType":"complete","taskId":"stops","status":"cancelled","statusMessage":"no more"}
  on once tasks/get -> result {"resultType":"complete","taskId":"fails","status":"failed","error":{"code":-32000,"message":"broke","data":1.0}}
  on once tasks/get -> result {"resultType":"complete","taskId":"empty","status":"completed"}
  on once tasks/get -> error {"code":-32602,"message":"no such task"}
  on tasks/cancel -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x tools/call {"name":"forgets"}
  tick 2s
  await x
  expect /error/data/kind == "outcome_unknown"
  expect /error/message ~ 'no such task'
  call tools/call {"name":"odd"}
  expect /error/message ~ 'sleeping'
  send x tools/call {"name":"empty"}
  tick 2s
  await x
  expect /error/message ~ 'without a result'
  call tools/call {"name":"nameless"}
  expect /error/message ~ 'without an id'
  send x tools/call {"name":"fails"}
  tick 2s
  await x
  expect /error == {"code":-32000,"message":"broke","data":1.0}
  send x tools/call {"name":"stops"}
  tick 2s
  await x
  expect /error/message ~ 'no more'
}

story "a server that was lost is asked for its task again"
upstream one {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"pollIntervalMs":1000}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","result":{"content":[]}}
  on once tasks/get -> exit 1
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a {
  send x tools/call {"name":"long"}
  tick 2s
  tick 2s
  await x
  expect /result/content == []
}
expect upstream one starts == 2
expect upstream one requests tools/call == 1
