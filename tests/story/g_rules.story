# Rules on calls (docs/rules.md): every dimension, what is asked first, what a caller sees.

story "a refusal names the rule, the server, and why" real
upstream one {
  tool delete
  on tools/call delete -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: no-prod, match: {tool: 'del*', args: {/project: {in: [PROD, LIVE]}}}, action: deny, reason: production is read-only}
}
client c -transport http {
  call tools/call {"name":"delete","arguments":{"project":"PROD"}}
  expect /error/code == -32001
  expect /error/data/kind == "refused"
  expect /error/data/rule == "no-prod"
  expect /error/data/server == "one"
  expect /error/message ~ 'production is read-only'
  call tools/call {"name":"delete","arguments":{"project":["LIVE"]}}
  expect /error/data/rule == "no-prod"
  call tools/call {"name":"delete","arguments":{"project":"TEST"}}
  expect /result exists
}
client m -transport http -revision 2026-07-28 {
  call tools/call {"name":"delete","arguments":{"project":"PROD"}}
  expect /error/code == -31001
  expect /error/data/rule == "no-prod"
}
expect upstream one requests tools/call == 1
expect outcome refused == 3

story "server, prompt, resource, method and revision are matched"
upstream one {
  can {"tools":{},"prompts":{},"resources":{}}
  tool echo
  on tools/call echo -> result {"content":[]}
  on prompts/list -> result {"prompts":[{"name":"greet"}]}
  on prompts/get greet -> result {"messages":[]}
  on resources/list -> result {"resources":[{"uri":"db://users","name":"u"},{"uri":"db://jobs","name":"j"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> result {"contents":[]}
}
upstream two {
  tool echo
  on tools/call echo -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
guard:
  rules:
    - {id: seen, match: {server: '*'}, action: log}
    - {id: not-two, match: {server: two, args: {/x: {exists: true}}}, action: deny}
    - {id: no-greet, match: {prompt: greet, args: {/to: {glob: '*'}}}, action: deny}
    - {id: no-users, match: {resource: 'db://users*', time: {days: [mon, tue, wed, thu, fri, sat, sun]}}, action: deny}
    - {id: old, match: {revision: '2024-*', args: {/y: 1}}, action: deny}
}
client c -transport http {
  call tools/call {"name":"two__echo","arguments":{"x":1}}
  expect /error/data/rule == "not-two"
  call tools/call {"name":"one__echo","arguments":{"x":1}}
  expect /result exists
  call prompts/get {"name":"one__greet","arguments":{"to":"me"}}
  expect /error/data/rule == "no-greet"
  call prompts/get {"name":"one__greet"}
  expect /result exists
  call resources/read {"uri":"db://users"}
  expect /error/data/rule == "no-users"
  call resources/read {"uri":"db://jobs"}
  expect /result exists
  call tools/call {"name":"one__echo","arguments":{"y":1}}
  expect /result exists
}
client old -transport http -revision 2024-11-05 {
  call tools/call {"name":"one__echo","arguments":{"y":1}}
  expect /error/data/rule == "old"
}

story "caller, tenant, client and annotations are matched"
upstream one {
  tool read {"annotations":{"readOnlyHint":true}}
  tool write
  on tools/call read -> result {"content":[]}
  on tools/call write -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
auth:
  keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef, tenant: acme}
    - {name: dev, key: fedcba9876543210fedcba9876543210}
guard:
  rules:
    - {id: ci-looks, match: {caller: ci, annotations: {readOnlyHint: false}, args: {/a: 1}}, action: deny}
    - {id: acme, match: {tenant: acme, args: {/a: 2}}, action: deny}
    - {id: named, match: {client: 'nobody*', args: {/a: 3}}, action: deny}
}
client ci -transport http -key 0123456789abcdef0123456789abcdef {
  call tools/call {"name":"write","arguments":{"a":1}}
  expect /error/data/rule == "ci-looks"
  call tools/call {"name":"read","arguments":{"a":1}}
  expect /result exists
  call tools/call {"name":"read","arguments":{"a":2}}
  expect /error/data/rule == "acme"
  call tools/call {"name":"read","arguments":{"a":3}}
  expect /result exists
}
client dev -transport http -key fedcba9876543210fedcba9876543210 {
  call tools/call {"name":"write","arguments":{"a":1}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"a":2}}
  expect /result exists
}

story "a call that a rule asks for waits for the user, who sees what would be sent" real
upstream one {
  tool rm
  on tools/call rm -> result {"content":[],"structuredContent":{"did":true}}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: careful, match: {tool: rm}, action: ask, reason: it cannot be undone}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"rm","arguments":{"path":"\u002fsrv","note":"\u202egone"}}
  await elicitation/create
  expect /params/message ~ 'Server: one'
  expect /params/message ~ 'Tool: rm'
  expect /params/message ~ 'Rule: careful'
  expect /params/message ~ 'Reason: it cannot be undone'
  expect /params/message ~ '/srv'
  expect /params/message ~ 'u202e'
  expect /params/requestedSchema/properties/decision/enum == ["once","same","any","no"]
  expect upstream one requests tools/call == 0
  answer {"action":"accept","content":{"decision":"once"}}
  await x
  expect /result/structuredContent/did == true
  send y tools/call {"name":"rm","arguments":{"path":"/srv"}}
  await elicitation/create
  answer {"action":"accept","content":{"decision":"no"}}
  await y
  expect /error/data/kind == "refused"
  expect /error/data/rule == "careful"
  expect /error/data/server == "one"
  expect /error/message ~ 'the user said no'
  send z tools/call {"name":"rm","arguments":{"path":"/srv"}}
  await elicitation/create
  answer {"action":"decline"}
  await z
  expect /error/data/rule == "careful"
  send v tools/call {"name":"rm","arguments":{"path":"/srv"}}
  await elicitation/create
  answer {"action":"accept","content":{}}
  await v
  expect /error/message ~ 'no decision'
  expect unread == 0
}
expect upstream one requests tools/call == 1
expect upstream one last tools/call /params/arguments/path == "/srv"
expect log approval_asked == 4
expect log approval_given == 1
expect log approval_refused == 3
expect outcome refused == 3

story "a consent may be remembered, for these arguments or for any, and not for others" real
upstream one {
  tool rm
  tool mv
  on tools/call rm -> result {"content":[]}
  on tools/call mv -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: careful, match: {server: one}, action: ask}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"rm","arguments":{"path":"/a","deep":true}}
  await elicitation/create
  answer {"action":"accept","content":{"decision":"same"}}
  await x
  expect /result exists
  call tools/call {"name":"rm","arguments":{ "deep":true, "path":"\u002fa"}}
  expect /result exists
  send y tools/call {"name":"rm","arguments":{"path":"/b"}}
  await elicitation/create
  answer {"action":"accept","content":{"decision":"any"}}
  await y
  expect /result exists
  call tools/call {"name":"rm","arguments":{"path":"/c"}}
  expect /result exists
  send z tools/call {"name":"mv","arguments":{"path":"/c"}}
  await elicitation/create
  answer {"action":"cancel"}
  await z
  expect /error/data/rule == "careful"
}
client d -transport http -can elicitation {
  send x tools/call {"name":"rm","arguments":{"path":"/a","deep":true}}
  await elicitation/create
  answer {"action":"decline"}
  await x
  expect /error/data/rule == "careful"
}
expect upstream one requests tools/call == 4

story "what is remembered ends with its time, and with the rule"
upstream one {
  tool rm
  on tools/call rm -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  remember: 5m
  rules:
    - {id: careful, match: {tool: rm}, action: ask}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"rm"}
  await elicitation/create
  expect /params/requestedSchema/properties/decision/enumNames/1 ~ '5m'
  answer {"action":"accept","content":{"decision":"any"}}
  await x
  expect /result exists
  tick 299s
  call tools/call {"name":"rm"}
  expect /result exists
  tick 2s
  send y tools/call {"name":"rm"}
  await elicitation/create
  answer {"action":"accept","content":{"decision":"any"}}
  await y
  expect /result exists
}
reload {
upstreams:
  - {name: one, @one@}
guard:
  remember: 5m
  rules:
    - {id: other, match: {tool: mv}, action: deny}
    - {id: careful, match: {tool: rm}, action: ask}
}
client c {
  call tools/call {"name":"rm"}
  expect /result exists
}
reload {
upstreams:
  - {name: one, @one@}
guard:
  remember: 0s
  rules:
    - {id: careful, match: {tool: 'r*'}, action: ask}
}
client c {
  send z tools/call {"name":"rm"}
  await elicitation/create
  expect /params/requestedSchema/properties/decision/enum == ["once","no"]
  answer {"action":"accept","content":{"decision":"any"}}
  await z
  expect /error/data/rule == "careful"
}

story "a client that cannot be asked is refused at once" real
upstream one {
  tool rm
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: careful, match: {tool: rm}, action: ask}
}
client c -transport http {
  call tools/call {"name":"rm"}
  expect /error/data/rule == "careful"
  expect /error/message ~ 'does not offer elicitation'
}
client m -transport http -revision 2026-07-28 {
  call tools/call {"name":"rm"}
  expect /error/code == -31001
  expect /error/data/rule == "careful"
}
expect upstream one requests tools/call == 0
expect outcome refused == 2

story "nobody answers: refused after limits.ask"
upstream one {
  tool rm
}
gateway {
upstreams:
  - {name: one, @one@}
limits: {ask: 30s}
guard:
  rules:
    - {id: careful, match: {tool: rm}, action: ask}
}
client c -transport http -can elicitation {
  send x tools/call {"name":"rm"}
  await elicitation/create
  tick 31s
  await x
  expect /error/data/rule == "careful"
  expect /error/message ~ 'nobody has answered'
}
expect upstream one requests tools/call == 0

story "a modern client is asked by input_required, and comes again" real
upstream one {
  tool rm
  on tools/call rm -> result {"content":[],"structuredContent":{"did":true}}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: careful, match: {tool: rm}, action: ask}
}
client c -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"rm","arguments":{"path":"/a"}}
  expect /result/resultType == "input_required"
  expect /result/inputRequests/q1/method == "elicitation/create"
  expect /result/inputRequests/q1/params/message ~ 'Tool: rm'
  let s = /result/requestState
  call tools/call {"name":"rm","arguments":{"path":"/b"},"inputResponses":{"q1":{"action":"accept","content":{"decision":"same"}}},"requestState":$s}
  expect /error exists
  call tools/call {"name":"rm","arguments":{"path":"/a"},"inputResponses":{"q1":{"action":"accept","content":{"decision":"same"}}},"requestState":$s}
  expect /result/structuredContent/did == true
  call tools/call {"name":"rm","arguments":{"path":"/a"}}
  expect /result/structuredContent/did == true
  call tools/call {"name":"rm","arguments":{"path":"/b"}}
  expect /result/resultType == "input_required"
  let t = /result/requestState
  call tools/call {"name":"rm","arguments":{"path":"/b"},"inputResponses":{"q1":{"action":"accept","content":{"decision":"no"}}},"requestState":$t}
  expect /error/code == -31001
  expect /error/data/rule == "careful"
}
expect upstream one requests tools/call == 2

story "one consent is for all rounds of a call between modern sides, and for no other"
upstream one {
  revision 2026-07-28
  tool rm
  on tools/call rm -> result {"resultType":"input_required","inputRequests":{"sure":{"method":"elicitation/create","params":{"message":"Sure?","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"own"}
}
gateway {
upstreams:
  - {name: one, @one@, protocol: modern}
guard:
  rules:
    - {id: careful, match: {tool: rm}, action: ask}
}
client c -transport http -revision 2026-07-28 -can elicitation {
  call tools/call {"name":"rm"}
  expect /result/resultType == "input_required"
  expect /result/inputRequests/q1/params/message ~ 'Tool: rm'
  let s = /result/requestState
  call tools/call {"name":"rm","inputResponses":{"q1":{"action":"accept","content":{"decision":"once"}}},"requestState":$s}
  expect /result/resultType == "input_required"
  expect /result/inputRequests/sure/params/message == "Sure?"
  let t = /result/requestState
  call tools/call {"name":"rm","inputResponses":{"sure":{"action":"accept","content":{}}},"requestState":$t}
  expect /result/inputRequests/sure/params/message == "Sure?"
  call tools/call {"name":"rm","inputResponses":{"sure":{"action":"accept","content":{}}},"requestState":$t}
  expect /result/inputRequests/sure absent
  call tools/call {"name":"rm"}
  expect /result/inputRequests/q1/params/message ~ 'Tool: rm'
}

story "what a caller may not call it does not see, nor find" real
upstream one {
  can {"tools":{},"prompts":{},"resources":{}}
  tool read
  tool write
  tool odd
  on tools/call -> result {"content":[]}
  on prompts/list -> result {"prompts":[{"name":"greet"},{"name":"secret"}]}
  on resources/list -> result {"resources":[{"uri":"db://users","name":"u"},{"uri":"db://jobs","name":"j"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> result {"contents":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
auth:
  keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef}
    - {name: dev, key: fedcba9876543210fedcba9876543210}
guard:
  rules:
    - {id: ci-reads, match: {caller: ci, tool: [write, odd]}, action: deny}
    - {id: no-secret, match: {prompt: secret}, action: deny}
    - {id: no-users, match: {resource: 'db://users'}, action: deny}
    - {id: not-now, match: {tool: read, args: {/x: 1}}, action: deny}
}
client ci -transport http -key 0123456789abcdef0123456789abcdef {
  call tools/list
  expect /result/tools/0/name == "read"
  expect /result/tools/1 absent
  call prompts/list
  expect /result/prompts/1 absent
  call resources/list
  expect /result/resources/0/uri == "db://jobs"
  expect /result/resources/1 absent
  call tools/call {"name":"write"}
  expect /error/code == -32602
  call tools/call {"name":"nothing"}
  expect /error/code == -32602
  call prompts/get {"name":"secret"}
  expect /error/code == -32602
  call resources/read {"uri":"db://users"}
  expect /error/code == -32002
  call tools/call {"name":"read"}
  expect /result exists
  call tools/call {"name":"read","arguments":{"x":1}}
  expect /error/data/rule == "not-now"
}
client dev -transport http -key fedcba9876543210fedcba9876543210 {
  call tools/list
  expect /result/tools/2/name == "odd"
  call tools/call {"name":"write"}
  expect /result exists
}
client modern -transport http -revision 2026-07-28 -key 0123456789abcdef0123456789abcdef {
  call tools/list
  expect /result/tools/1 absent
  expect /result/cacheScope == "private"
  call tools/call {"name":"write"}
  expect /error/code == -32602
}
expect upstream one requests tools/call == 2
expect upstream one requests resources/read == 0

story "a client with a session of its own sees its view, and nothing goes through beside it" real
upstream one {
  tool read
  tool write
  on tools/call -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@, session: per_client}
guard:
  default: deny
  rules:
    - {id: reads, match: {tool: read}, action: allow}
}
client c -transport http {
  call tools/list
  expect /result/tools/0/name == "read"
  expect /result/tools/1 absent
  call tools/call {"name":"write"}
  expect /error/code == -32602
  call tools/call {"name":"hidden"}
  expect /error exists
  call tools/call {"name":"read"}
  expect /result exists
}
client m -transport http -revision 2026-07-28 {
  call tools/list
  expect /result/tools/1 absent
  call tools/call {"name":"write"}
  expect /error/code == -32602
}
expect upstream one requests tools/call == 1

story "pages of a view are whole, and its cursors go on in it" real
upstream one {
  tools 1500 even
  tools 1500 odd
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: no-odd, match: {tool: 'odd*'}, action: deny}
    - {id: few, match: {tool: 'even*9'}, action: deny}
}
client c -transport http {
  call tools/list
  expect /result/tools/0/name == "even0"
  expect /result/tools/9/name == "even10"
  expect /result/nextCursor exists
  let next = /result/nextCursor
  call tools/list {"cursor":$next}
  expect /result/tools/349/name == "even1498"
  expect /result/tools/350 absent
  expect /result/nextCursor absent
}

story "a reload that changes a view is told to those whose view it is"
upstream one {
  can {"tools":{"listChanged":true}}
  tool read
  tool write
}
gateway {
upstreams:
  - {name: one, @one@}
auth:
  keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef}
    - {name: dev, key: fedcba9876543210fedcba9876543210}
}
client ci -transport http -key 0123456789abcdef0123456789abcdef {
  listen
  call tools/list
  expect /result/tools/1/name == "write"
}
client dev -transport http -key fedcba9876543210fedcba9876543210 {
  listen
  call tools/list
  expect /result/tools/1/name == "write"
}
reload {
upstreams:
  - {name: one, @one@}
auth:
  keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef}
    - {name: dev, key: fedcba9876543210fedcba9876543210}
guard:
  rules:
    - {id: ci-reads, match: {caller: ci, tool: write}, action: deny}
}
client ci {
  await notifications/tools/list_changed
  expect received notifications/tools/list_changed == 1
  call tools/list
  expect /result/tools/1 absent
}
client dev {
  call tools/list
  expect /result/tools/1/name == "write"
  expect received notifications/tools/list_changed == 0
}
reload {
upstreams:
  - {name: one, @one@}
auth:
  keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef}
    - {name: dev, key: fedcba9876543210fedcba9876543210}
}
client ci {
  await notifications/tools/list_changed
  call tools/list
  expect /result/tools/1/name == "write"
}
client dev {
  call tools/list
  expect received notifications/tools/list_changed == 0
}

story "what was said of calls stands in the metrics, by rule and action" real
upstream one {
  tool rm
  tool ls
  on tools/call -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  scan: {secrets: block}
  rules:
    - {id: no-prod, match: {args: {/project: PROD}}, action: deny}
    - {id: careful, match: {tool: rm}, action: ask}
    - {id: seen, match: {server: one}, action: log}
}
client c -transport http -can elicitation {
  http GET /metrics
  expect message !~ 'bascule_verdicts_total{'
  call tools/call {"name":"ls","arguments":{"project":"PROD"}}
  call tools/call {"name":"rm","arguments":{"project":"PROD"}}
  call tools/call {"name":"ls"}
  call tools/call {"name":"ls"}
  call tools/call {"name":"ls"}
  send x tools/call {"name":"rm"}
  await elicitation/create
  answer {"action":"decline"}
  await x
  expect /error/data/rule == "careful"
  call tools/call {"name":"ls","arguments":{"token":"ghp_Zq3xW8vLk2Rt9YbNc5HsJd7Fm1Pg6T2eCvKA"}}
  expect /error/data/rule == "scan.secrets"
  http GET /metrics
  expect message ~ 'bascule_verdicts_total{rule="no-prod",action="deny"} 2'
  expect message ~ 'bascule_verdicts_total{rule="default",action="allow"} 3'
  expect message ~ 'bascule_verdicts_total{rule="careful",action="ask"} 1'
  expect message ~ 'bascule_verdicts_total{rule="seen",action="log"} 4'
  expect message ~ 'bascule_verdicts_total{rule="scan.secrets",action="deny"} 1'
}
