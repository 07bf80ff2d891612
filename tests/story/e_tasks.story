story "a task belongs to the client that began it" real
upstream one {
  tool long
  can {"tools":{},"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working","ttl":60000,"pollInterval":1.0}}
  on tasks/get -> result {"taskId":"t-1","status":"working","more":1.0}
  on tasks/result -> result {"content":[{"type":"text","text":"done"}],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t-1"}}}
  on tasks/cancel -> result {"taskId":"t-1","status":"cancelled"}
  on tasks/list -> result {"tasks":[{"taskId":"t-0","status":"working"},{"taskId":"t-1","status":"working"}]}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  listen
  call tools/call {"name":"long","task":{"ttl":60000}}
  expect message ~ '"result":{"task":{"taskId":"t-1","status":"working","ttl":60000,"pollInterval":1.0}}'
  call tasks/get {"taskId":"t-1"}
  expect message ~ '"more":1.0'
  call tasks/list
  expect /result/tasks/0/taskId == "t-1"
  expect /result/tasks/1 absent
  call tasks/list {"cursor":"x"}
  expect /error/code == -32602
}
client b {
  call tasks/get {"taskId":"t-1"}
  expect /error/code == -32602
  call tasks/result {"taskId":"t-1"}
  expect /error/code == -32602
  call tasks/cancel {"taskId":"t-1"}
  expect /error/code == -32602
  call tasks/get {"taskId":7}
  expect /error/code == -32602
  call tasks/list
  expect /result/tasks == []
}
expect upstream one requests tasks/cancel == 0
tell one notify notifications/tasks/status {"taskId":"t-1","status":"completed"}
client a {
  await notifications/tasks/status
  expect /params/status == "completed"
  call tasks/result {"taskId":"t-1"}
  expect message ~ 'io.modelcontextprotocol/related-task'
  call tasks/cancel {"taskId":"t-1"}
  expect /result/status == "cancelled"
}
tell one notify notifications/tasks/status {"taskId":"t-9","status":"completed"}
client a {
  expect received notifications/tasks/status == 1
}
client b {
  expect received notifications/tasks/status == 0
}

story "the result of a task may take longer than any timeout"
upstream one {
  tool long
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}}}}
  on tools/call long -> result {"task":{"taskId":"t-1","status":"working"}}
  on tasks/result -> after 5m then result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, timeout: 10s}
}
client a {
  call tools/call {"name":"long","task":{}}
  send x tasks/result {"taskId":"t-1"}
  tick 4m
  expect unread == 0
  tick 61s
  await x
  expect /result/content == []
}

story "tasks of two servers are one list of the client's own" real
upstream one {
  tool long
  can {"tools":{},"tasks":{"list":{},"requests":{"tools":{"call":{}}}}}
  on tools/call long -> result {"task":{"taskId":"same","status":"working"}}
  on tasks/list -> result {"tasks":[{"taskId":"same","status":"working"},{"taskId":"other"}]}
}
upstream two -transport http {
  tool long
  can {"tools":{},"tasks":{"list":{},"requests":{"tools":{"call":{}}}}}
  on tools/call long -> result {"task":{"taskId":"two's","status":"working"}}
  on tasks/get -> result {"taskId":"two's","status":"failed"}
  on tasks/list -> error {"code":-32603,"message":"forgot them"}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client a {
  call tools/call {"name":"one__long","task":{}}
  call tools/call {"name":"two__long","task":{}}
  call tasks/get {"taskId":"two's"}
  expect /result/status == "failed"
  # What one of them cannot list is missing.
  call tasks/list
  expect /result/tasks == [{"taskId":"same","status":"working"}]
}
expect upstream one requests tasks/get == 0

story "the progress of a task is told under the token of the call that began it" real
upstream one {
  tool long
  can {"tools":{},"tasks":{"requests":{"tools":{"call":{}}}}}
  on tools/call long -> progress {"progress":1} then result {"task":{"taskId":"t-1","status":"working"}} then progress {"progress":2} then after 50ms then progress {"progress":3}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @one@, lazy: true}
}
client b -transport http {
  listen
  call ping
}
client a -transport http {
  listen
  call tools/call {"name":"one__long","task":{},"_meta":{"progressToken":"mine"}}
  expect /result/task/taskId == "t-1"
  tick 100ms
  await notifications/progress
  expect /params/progress == 1
  await notifications/progress
  expect /params/progress == 2
  expect /params/progressToken == "mine"
  await notifications/progress
  expect /params/progress == 3
  expect /params/progressToken == "mine"
  expect /params/_meta/bascule~1server == "one"
  # Without a task there is nothing to report on when the answer has come.
  call tools/call {"name":"one__long","_meta":{"progressToken":"other"}}
  tick 100ms
  expect received notifications/progress == 4
}
client b {
  expect received notifications/progress == 0
}
