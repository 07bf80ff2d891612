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

story "between two of 2026-07-28 a task passes, under an id of its own" real
upstream one -transport http {
  revision 2026-07-28
  can {"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{},"org.example/other":{}}}
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":1.0,"pollIntervalMs":5,"own":[1.0]}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"result":{"content":[],"isError":true}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttlMs":null,"inputRequests":{"who":{"method":"roots/list","params":{}}}}
  on tasks/update -> result {"resultType":"complete"}
  on tasks/cancel -> result {"resultType":"complete"}
}
upstream two -transport http {
  tool other
}
gateway {
auth:
  keys:
    - {name: ada, key: "0123456789abcdef0123456789abcdef"}
    - {name: bob, key: "fedcba9876543210fedcba9876543210"}
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}},"roots":{}} -key 0123456789abcdef0123456789abcdef {
  call server/discover
  expect /result/capabilities/extensions == {"io.modelcontextprotocol/tasks":{}}
  call tools/call {"name":"one__long"}
  expect /result/resultType == "task"
  expect /result/taskId != "t-1"
  expect /result/own == [1.0]
  expect /result/ttlMs == 1.0
  let id = /result/taskId
  call tasks/get {"taskId":$id}
  expect /result/status == "input_required"
  expect /result/taskId == $id
  expect /result/inputRequests/who/method == "roots/list"
  call tasks/update {"taskId":$id,"inputResponses":{"who":{"roots":[]}}}
  expect /result/resultType == "complete"
  call tasks/get {"taskId":$id}
  expect /result/status == "completed"
  expect /result/result/isError == true
  call tasks/cancel {"taskId":$id}
  expect /result/resultType == "complete"
  call tasks/get {"taskId":"t-1"}
  expect /error/code == -32602
}
# The same caller, who can do something else now; and another caller.
client b -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} -key 0123456789abcdef0123456789abcdef {
  call tasks/get {"taskId":$id}
  expect /result/status == "completed"
}
client c -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} -key fedcba9876543210fedcba9876543210 {
  call tasks/get {"taskId":$id}
  expect /error/code == -32602
  call tasks/cancel {"taskId":$id}
  expect /error/code == -32602
}
expect upstream one requests tasks/get == 3
expect upstream one requests tasks/cancel == 1
expect upstream one last tasks/update /params/taskId == "t-1"
expect upstream one last tasks/update /params/inputResponses == {"who":{"roots":[]}}
expect upstream one last headers/tasks/get /mcp-name == "t-1"
expect upstream one last tools/call /params/_meta/io.modelcontextprotocol~1clientCapabilities/extensions == {"io.modelcontextprotocol/tasks":{}}

story "who listens for a task of a modern server is told of it" real
upstream one {
  revision 2026-07-28
  can {"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} {
  call tools/call {"name":"long"}
  let id = /result/taskId
  send l subscriptions/listen {"notifications":{"taskIds":["t-1",$id,"t-9"]}}
  await notifications/subscriptions/acknowledged
  expect /params/notifications == {"taskIds":[$id]}
}
expect upstream one last subscriptions/listen /params/notifications/taskIds == ["t-1"]
tell one notify notifications/tasks {"taskId":"t-1","status":"completed","result":{"content":[]},"_meta":{"io.modelcontextprotocol/subscriptionId":$listen}}
tell one notify notifications/tasks {"taskId":"t-9","status":"completed","_meta":{"io.modelcontextprotocol/subscriptionId":$listen}}
client a {
  await notifications/tasks
  expect /params/taskId == $id
  expect /params/result/content == []
  expect /params/_meta/io.modelcontextprotocol~1subscriptionId exists
  expect received notifications/tasks == 1
  abandon l
}
client b -transport http -revision 2026-07-28 {
  call subscriptions/listen {"notifications":{"taskIds":[$id]}}
  expect /error/code == -32021
  expect /error/data/requiredCapabilities/extensions/io.modelcontextprotocol~1tasks exists
}

story "a legacy server's tool is a task for a modern client that takes tasks" real
upstream one {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}},"cancel":{}}}
  tool long {"execution":{"taskSupport":"optional"}}
  tool short
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z","ttl":60000,"pollInterval":300}}
  on tasks/get -> result {"taskId":"t-1","status":"failed","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:02Z","ttl":60000}
  on once tasks/get -> result {"taskId":"t-1","status":"working","statusMessage":"half","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:01Z","ttl":60000,"pollInterval":300}
  on tasks/result -> result {"content":[{"type":"text","text":"no"}],"isError":true}
  on tasks/cancel -> error {"code":-32602,"message":"it is over"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} {
  call server/discover
  expect /result/capabilities/extensions/io.modelcontextprotocol~1tasks == {}
  expect /result/capabilities/tasks absent
  call tools/call {"name":"long","arguments":{"n":1.0}}
  expect /result/resultType == "task"
  expect /result/status == "working"
  expect /result/ttlMs == 60000
  expect /result/pollIntervalMs == 300
  let id = /result/taskId
  call tasks/get {"taskId":$id}
  expect /result/resultType == "complete"
  expect /result/taskId == $id
  expect /result/status == "working"
  expect /result/statusMessage == "half"
  # What went wrong with a tool is its result.
  call tasks/get {"taskId":$id}
  expect /result/status == "completed"
  expect /result/result/isError == true
  call tasks/cancel {"taskId":$id}
  expect /result/resultType == "complete"
  call tools/call {"name":"short"}
  expect /result/resultType == "complete"
}
expect upstream one requests tasks/result == 1
expect upstream one last tasks/get /params == {"taskId":"t-1"}

story "what a legacy server's task asks is shown by tasks/get and answered by tasks/update" real
upstream one {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}},"cancel":{}}}
  tool long {"execution":{"taskSupport":"required"}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttl":null}}
  on tasks/get -> result {"taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttl":null}
  on once tasks/get -> result {"taskId":"t-1","status":"input_required","createdAt":"x","lastUpdatedAt":"x","ttl":null}
  on tasks/result -> result {"content":[],"late":true}
  on once tasks/result -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t-1"}}} then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}},"elicitation":{}} {
  call tools/call {"name":"long"}
  let id = /result/taskId
  call tasks/get {"taskId":$id}
  expect /result/status == "input_required"
  expect /result/inputRequests/q1/method == "elicitation/create"
  expect /result/inputRequests/q1/params/message == "m"
  call tasks/update {"taskId":$id,"inputResponses":{"other":{},"q1":{"action":"accept","content":{"ok":true}}}}
  expect /result/resultType == "complete"
}
expect upstream one last response /result == {"action":"accept","content":{"ok":true}}
client a {
  call tasks/get {"taskId":$id}
  expect /result/status == "completed"
  expect /result/result/late == true
}

story "a legacy server that tells of a task is heard by a modern client that listens" real
upstream one {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}}}}
  tool long {"execution":{"taskSupport":"optional"}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttl":null}}
  on tasks/get -> result {"taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttl":null}
  on tasks/result -> result {"content":[{"type":"text","text":"done"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} {
  call tools/call {"name":"long"}
  let id = /result/taskId
  send l subscriptions/listen {"notifications":{"taskIds":[$id]}}
  await notifications/subscriptions/acknowledged
  expect /params/notifications/taskIds == [$id]
}
tell one notify notifications/tasks/status {"taskId":"t-1","status":"completed","createdAt":"x","lastUpdatedAt":"x","ttl":null}
client a {
  await notifications/tasks
  expect /params/taskId == $id
  expect /params/status == "completed"
  expect /params/result/content/0/text == "done"
  abandon l
  call tools/list
}

story "a modern server's task is one of 2025-11-25 for a client that asks for one" real
upstream one {
  revision 2026-07-28
  can {"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z","ttlMs":60000,"pollIntervalMs":200}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"completed","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:03Z","ttlMs":60000,"result":{"content":[{"type":"text","text":"done"}]}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"input_required","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:02Z","ttlMs":60000,"pollIntervalMs":200,"inputRequests":{"who":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}}}}
  on once tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"working","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:01Z","ttlMs":60000,"pollIntervalMs":200}
  on tasks/update -> result {"resultType":"complete"}
  on tasks/cancel -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -can elicitation -bare {
  call initialize {"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"a","version":"1"}}
  expect /result/capabilities/tasks == {"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}
  notify notifications/initialized
  call tools/call {"name":"long","task":{"ttl":60000}}
  expect /result/task/status == "working"
  expect /result/task/ttl == 60000
  expect /result/task/pollInterval == 200
  expect /result/resultType absent
  let id = /result/task/taskId
  call tasks/get {"taskId":$id}
  expect /result == {"taskId":$id,"status":"working","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:01Z","ttl":60000,"pollInterval":200}
  call tasks/list
  expect /result/tasks/0/taskId == $id
  expect /result/tasks/1 absent
  send x tasks/result {"taskId":$id}
  tick 2s
  await notifications/tasks/status
  expect /params/taskId == $id
  expect /params/status == "input_required"
  await elicitation/create
  expect /params/message == "m"
  expect /params/_meta/io.modelcontextprotocol~1related-task/taskId == $id
  answer {"action":"accept","content":{}}
  tick 2s
  await x
  expect /result/content/0/text == "done"
  expect /result/_meta/io.modelcontextprotocol~1related-task/taskId == $id
  call tasks/cancel {"taskId":$id}
  expect /error/code == -32602
}
client b -transport http {
  call tasks/get {"taskId":$id}
  expect /error/code == -32602
  call tasks/list
  expect /result/tasks == []
}
expect upstream one last tasks/update /params/inputResponses/who/action == "accept"
expect upstream one requests tasks/cancel == 0

story "a modern server's task is cancelled by a client of 2025-11-25" real
upstream one {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
  on tasks/get -> result {"resultType":"complete","taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
  on tasks/cancel -> result {"resultType":"complete"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/call {"name":"long","task":{}}
  let id = /result/task/taskId
  call tasks/cancel {"taskId":$id}
  expect /result/taskId == $id
  expect /result/status == "cancelled"
}
expect upstream one last tasks/cancel /params/taskId == "t-1"

story "what a modern server did at once is a task that is over for who wants a task" real
upstream one {
  revision 2026-07-28
  tool short
  tool wrong
  on tools/call short -> result {"resultType":"complete","content":[{"type":"text","text":"1"}],"_meta":{"k":1.0}}
  on tools/call wrong -> result {"resultType":"complete","content":[],"isError":true}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  call tools/call {"name":"short","task":{"ttl":1}}
  expect /result/task/status == "completed"
  expect /result/task/createdAt exists
  let id = /result/task/taskId
  call tasks/get {"taskId":$id}
  expect /result/status == "completed"
  call tasks/result {"taskId":$id}
  expect /result == {"content":[{"type":"text","text":"1"}],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":$id},"k":1.0}}
  call tasks/result {"taskId":$id}
  expect /result/content/0/text == "1"
  call tasks/cancel {"taskId":$id}
  expect /error/code == -32602
  call tools/call {"name":"wrong","task":{}}
  expect /result/task/status == "failed"
  let id = /result/task/taskId
  call tasks/result {"taskId":$id}
  expect /result/isError == true
  expect /result/_meta/io.modelcontextprotocol~1related-task/taskId == $id
  call tasks/list
  expect /result/tasks/1/taskId == $id
}

story "two servers that call their tasks the same do not get each other's" real
upstream one -transport http {
  revision 2026-07-28
  tool long
  on tools/call long -> result {"resultType":"task","taskId":"same","status":"working","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
  on tasks/get -> result {"resultType":"complete","taskId":"same","status":"working","statusMessage":"one","createdAt":"x","lastUpdatedAt":"x","ttlMs":null}
}
upstream two {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}}}}
  tool long {"execution":{"taskSupport":"optional"}}
  on tools/call long -> result {"task":{"taskId":"same","status":"working","createdAt":"x","lastUpdatedAt":"x","ttl":null}}
  on tasks/get -> result {"taskId":"same","status":"working","statusMessage":"two","createdAt":"x","lastUpdatedAt":"x","ttl":null}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} {
  call tools/call {"name":"one__long"}
  let first = /result/taskId
  call tools/call {"name":"two__long"}
  let second = /result/taskId
  call tasks/get {"taskId":$first}
  expect /result/statusMessage == "one"
  call tasks/get {"taskId":$second}
  expect /result/statusMessage == "two"
}

story "a task of a server that ends is not known any more" real
upstream one {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}},"cancel":{}}}
  tool long {"execution":{"taskSupport":"optional"}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttl":null}}
  on tasks/get -> error {"code":-32602,"message":"no such task"}
  on tasks/cancel -> error {"code":-32602,"message":"no such task"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -can {"extensions":{"io.modelcontextprotocol/tasks":{}}} {
  call tools/call {"name":"long"}
  let id = /result/taskId
  call tasks/get {"taskId":$id}
  expect /error/code == -32602
  expect /error/message == "no such task"
  call tasks/cancel {"taskId":$id}
  expect /error/code == -32602
  call tasks/update {"taskId":$id,"inputResponses":7}
  expect /error/code == -32602
  call tasks/update {"taskId":$id,"inputResponses":{"q9":{}}}
  expect /result/resultType == "complete"
}

story "a tool that is to be had as a task only is a slow call for who takes none, in both eras" real
upstream one {
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}},"cancel":{}}}
  tool long {"execution":{"taskSupport":"required"}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","createdAt":"x","lastUpdatedAt":"x","ttl":null}}
  on tasks/result -> ask elicitation/create {"message":"m","requestedSchema":{"type":"object","properties":{}},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t-1"}}} then result {"content":[],"said":$answer}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2025-06-18 -can elicitation {
  send x tools/call {"name":"long"}
  await elicitation/create
  answer {"action":"accept","content":{}}
  await x
  expect /result/said/action == "accept"
}
client b -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"long"}
  expect /result/resultType == "input_required"
  let s = /result/requestState
  call tools/call {"name":"long","inputResponses":{"q1":{"action":"decline"}},"requestState":$s}
  expect /result/said/action == "decline"
}
expect upstream one requests tasks/get == 0
