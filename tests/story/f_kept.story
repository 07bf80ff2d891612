# What servers of 2026-07-28 allow to be kept: for their ttlMs, within their cacheScope, until they tell otherwise.

story "a resource that may be kept is read once while it holds"
upstream one {
  revision 2026-07-28
  can {"resources":{}}
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"}],"ttlMs":600000,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":600000,"cacheScope":"public"}
  on resources/read -> result {"resultType":"complete","contents":[{"uri":"test://a","text":"A"}],"ttlMs":60000,"cacheScope":"public"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
  expect /result/ttlMs == 60000
  expect /result/cacheScope == "public"
  tick 20s
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
  expect /result/resultType == "complete"
  expect /result/ttlMs != 60000
  expect /result/cacheScope == "public"
}
expect upstream one requests resources/read == 1
# Another client of that revision; one of an earlier gets another form of it.
client b -transport http -revision 2026-07-28 -can elicitation {
  call resources/read {"uri":"test://a","_meta":{"k":1}}
  expect /result/contents/0/text == "A"
}
expect upstream one requests resources/read == 1
client c -transport http {
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
}
expect upstream one requests resources/read == 2
# What has other params may have another answer.
client a {
  call resources/read {"uri":"test://a","range":1}
}
expect upstream one requests resources/read == 3
tick 61s
client a {
  call resources/read {"uri":"test://a"}
  expect /result/ttlMs == 60000
}
expect upstream one requests resources/read == 4

story "a private resource is kept for its caller only" real
upstream one {
  revision 2026-07-28
  can {"resources":{}}
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"}],"ttlMs":600000,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":600000,"cacheScope":"public"}
  on resources/read -> result {"resultType":"complete","contents":[{"uri":"test://a","text":"A"}],"ttlMs":600000,"cacheScope":"private"}
}
gateway {
auth:
  keys:
    - {name: ann, key: 0123456789abcdef-ann}
    - {name: bob, key: 0123456789abcdef-bob}
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 -key 0123456789abcdef-ann {
  call resources/read {"uri":"test://a"}
  expect /result/cacheScope == "private"
}
client b -transport http -revision 2026-07-28 -key 0123456789abcdef-bob {
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
}
expect upstream one requests resources/read == 2
client a {
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
  expect /result/cacheScope == "private"
}
client b {
  call resources/read {"uri":"test://a"}
  expect /result/contents/0/text == "A"
}
expect upstream one requests resources/read == 2

story "what does not say for how long and for whom is not kept" real
upstream one {
  revision 2026-07-28
  can {"resources":{}}
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"}],"ttlMs":600000,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":600000,"cacheScope":"public"}
  on resources/read -> result {"resultType":"complete","contents":[],"ttlMs":600000}
  on once resources/read -> result {"resultType":"complete","contents":[],"cacheScope":"public"}
  on once resources/read -> result {"resultType":"complete","contents":[],"ttlMs":-1,"cacheScope":"public"}
  on once resources/read -> result {"resultType":"complete","contents":[],"ttlMs":600000,"cacheScope":"all"}
  on once resources/read -> error {"code":-32603,"message":"not now"}
}
upstream old {
  can {"resources":{}}
  on resources/list -> result {"resources":[{"uri":"old://a","name":"a"}]}
  on resources/templates/list -> result {"resourceTemplates":[]}
  on resources/read -> result {"contents":[],"ttlMs":600000,"cacheScope":"public"}
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: old, @old@}
}
client a -transport http -revision 2026-07-28 {
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"old://a"}
  call resources/read {"uri":"old://a"}
}
expect upstream one requests resources/read == 6
expect upstream old requests resources/read == 2

story "a resource is read again when it, its list or its server has changed"
upstream one {
  revision 2026-07-28
  can {"tools":{},"resources":{"subscribe":true,"listChanged":true}}
  tool die
  on tools/call die -> exit 1
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"},{"uri":"test://b","name":"b"}],"ttlMs":600000,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":600000,"cacheScope":"public"}
  on resources/read -> result {"resultType":"complete","contents":[],"ttlMs":600000,"cacheScope":"public"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call resources/read {"uri":"test://a"}
  call resources/read {"uri":"test://b"}
}
expect upstream one requests resources/read == 2
tell one notify notifications/resources/updated {"_meta":{"io.modelcontextprotocol/subscriptionId":$listen},"uri":"test://a"}
client a {
  call resources/read {"uri":"test://b"}
}
expect upstream one requests resources/read == 2
client a {
  call resources/read {"uri":"test://a"}
}
expect upstream one requests resources/read == 3
tell one notify notifications/resources/list_changed {"_meta":{"io.modelcontextprotocol/subscriptionId":$listen}}
client a {
  call resources/read {"uri":"test://b"}
  call resources/read {"uri":"test://b"}
}
expect upstream one requests resources/read == 4
client a {
  call tools/call {"name":"die"}
  tick 1s
  call resources/read {"uri":"test://b"}
}
expect upstream one starts == 2
expect upstream one requests resources/read == 5

story "what changes while it is read is not kept"
upstream one {
  revision 2026-07-28
  can {"resources":{"subscribe":true,"listChanged":true}}
  on resources/list -> result {"resultType":"complete","resources":[{"uri":"test://a","name":"a"}],"ttlMs":600000,"cacheScope":"public"}
  on resources/templates/list -> result {"resultType":"complete","resourceTemplates":[],"ttlMs":600000,"cacheScope":"public"}
  on resources/read -> after 2s then result {"resultType":"complete","contents":[],"ttlMs":600000,"cacheScope":"public"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  send x resources/read {"uri":"test://a"}
  expect upstream one requests resources/read == 1
  tell one notify notifications/resources/updated {"_meta":{"io.modelcontextprotocol/subscriptionId":$listen},"uri":"test://a"}
  tick 2s
  await x
  send y resources/read {"uri":"test://a"}
  tick 2s
  await y
}
expect upstream one requests resources/read == 2
client a {
  call resources/read {"uri":"test://a"}
}
expect upstream one requests resources/read == 2

story "what a server says of itself holds for its time, and is asked for again after it"
upstream one {
  revision 2026-07-28
  can {"tools":{}}
  ttl 30s
  says "first"
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call server/discover
  expect /result/instructions ~ 'first'
  tick 10s
  call server/discover
  expect /result/ttlMs != 60000
}
expect upstream one requests server/discover == 1
upstream one {
  says "second"
  can {"tools":{},"prompts":{"listChanged":true}}
  on prompts/list -> result {"resultType":"complete","prompts":[{"name":"poem"}],"ttlMs":0,"cacheScope":"public"}
}
tick 21s
expect upstream one requests server/discover == 1
client a {
  call server/discover
  expect /result/instructions ~ 'second'
  expect /result/capabilities/prompts exists
  call prompts/list
  expect /result/prompts/0/name == "poem"
}
expect upstream one requests server/discover == 2
expect upstream one last subscriptions/listen /params/notifications == {"promptsListChanged":true}
upstream one {
  on server/discover -> error {"code":-32603,"message":"not now"}
}
tick 31s
# A handshake asks too; what cannot be said now stays.
client b {
  call tools/list
  expect /result/tools/0/name == "echo"
}
client a {
  call server/discover
  expect /result/instructions ~ 'second'
}
expect upstream one requests server/discover >= 3

story "a list holds for its time, and is read again when somebody asks after it"
upstream one {
  revision 2026-07-28
  can {"tools":{}}
  ttl 30s private
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http -revision 2026-07-28 {
  call tools/list
  expect /result/cacheScope == "private"
  tick 10s
  call tools/list
  expect /result/tools/1 absent
}
expect upstream one requests tools/list == 1
upstream one {
  tool more
}
tick 60s
expect upstream one requests tools/list == 1
client a {
  call tools/list
  expect /result/tools/1/name == "more"
}
expect upstream one requests tools/list == 2
