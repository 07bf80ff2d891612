story "a plugin refuses a call, changes another, answers a third and lets the rest pass" real
file rules.lua {
return {request = function(message)
    local args = message.arguments
    if message.tool == "delete" then return {deny = "nothing is deleted here"} end
    if message.tool == "write" and args.path:find("^/tmp/") then
      args.path = "/srv/scratch" .. args.path:sub(5)
      return {arguments = args, log = "moved"}
    end
    if message.tool == "time" then return {answer = "noon, for " .. message.caller.principal} end
  end}
}
upstream one {
  tool delete
  tool write
  tool time
  on tools/call -> result {"content":[{"type":"text","text":"done"}]}
}
gateway {
guard: {plugins: [{lua: "@rules.lua@"}]}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"delete","arguments":{"id":1}}
  expect /error/data/kind == "refused"
  expect /error/data/rule == "plugin.rules"
  expect /error/data/server == "one"
  expect message ~ 'nothing is deleted here'
  call tools/call {"name":"write","arguments":{ "size": 1.50, "path":"/tmp/a", "id":98765432109876543210 }}
  expect /result/content/0/text == "done"
  expect upstream one last tools/call /params/arguments == {"size":1.50,"path":"/srv/scratch/a","id":98765432109876543210}
  call tools/call {"name":"write","arguments":{"path":"/home/a"}}
  expect upstream one last tools/call /params/arguments == {"path":"/home/a"}
  call tools/call {"name":"time"}
  expect /result/content/0/text == "noon, for anonymous"
}
expect upstream one requests tools/call == 2
expect log plugin_says ~ 'plugin rules: moved' == 1
expect outcome refused == 1

story "a plugin sees results and errors, and may change or hold back what it saw" real
file rules.lua {
return {
    result = function(message)
      if message.error then
        return {deny = "the server failed with " .. tostring(message.error.code)}
      end
      local first = message.result.content and message.result.content[1]
      if first and first.text:find("secret") then
        first.text = first.text:gsub("secret=%w+", "secret=***")
        return {result = message.result}
      end
    end,
  }
}
upstream one {
  tool read
  tool fail
  on tools/call read -> result {"content":[{"type":"text","text":"a secret=abc b"}],"structuredContent":{"n":1.10}}
  on tools/call fail -> error {"code":-32050,"message":"boom"}
}
gateway {
guard: {plugins: [{lua: "@rules.lua@", name: cleaner}]}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"read"}
  expect /result/content/0/text == "a secret=*** b"
  expect message ~ '"structuredContent":{"n":1.10}'
  call tools/call {"name":"fail"}
  expect /error/data/rule == "plugin.cleaner"
  expect message ~ 'the server failed with -32050'
}

story "a plugin that fails closes the door for that call only, unless it is not critical" real
file bad.lua {
return {request = function(message)
    if message.arguments.loop then while true do pcall(function() while true do end end) end end
    if message.arguments.big then return {answer = ("x"):rep(5e6)} end
    if message.arguments.wrong then return {deyn = "x"} end
    if message.arguments.index then return message.nothing.there end
  end}
}
upstream one {
  tool echo
  on tools/call -> result {"content":[]}
}
upstream two {
  tool echo
  on tools/call -> result {"content":[]}
}
gateway {
guard:
  plugins:
    - {lua: "@bad.lua@", name: strict, server: one, memory: 4MiB}
    - {lua: "@bad.lua@", name: lax, server: [two], critical: false, memory: 4MiB}
upstreams:
  - {name: one, @one@}
  - {name: two, @two@}
}
client c {
  call tools/call {"name":"one__echo","arguments":{"loop":true}}
  expect /error/data/rule == "plugin.strict"
  call tools/call {"name":"one__echo","arguments":{"big":true}}
  expect /error/data/rule == "plugin.strict"
  call tools/call {"name":"one__echo","arguments":{"wrong":true}}
  expect /error/data/rule == "plugin.strict"
  call tools/call {"name":"one__echo","arguments":{"index":true}}
  expect /error/data/rule == "plugin.strict"
  expect message ~ 'the log says why'
  expect message !~ 'bad.lua'
  call tools/call {"name":"one__echo","arguments":{}}
  expect /result/content == []
  call tools/call {"name":"two__echo","arguments":{"loop":true}}
  expect /result/content == []
  call tools/call {"name":"two__echo","arguments":{"index":true}}
  expect /result/content == []
}
expect upstream one requests tools/call == 1
expect upstream two requests tools/call == 2
expect log plugin_failed ~ 'plugin strict: bad.lua: it took more than 500000 steps' == 1
expect log plugin_failed ~ 'KiB of memory' == 1
expect log plugin_failed ~ 'knows no' == 1
expect log plugin_failed ~ 'plugin lax: bad.lua:5: ' == 1
expect log plugin_failed == 6

story "plugins are asked by priority, and each sees what the one before has changed"
file mark.lua {
return {request = function(message)
    local args = message.arguments
    args.seen = (args.seen or "") .. config.mark
    return {arguments = args}
  end}
}
upstream one {
  tool echo
  on tools/call -> result {"content":[]}
}
gateway {
guard:
  plugins:
    - {lua: "@mark.lua@", name: last, priority: 90, config: {mark: c}}
    - {lua: "@mark.lua@", name: first, priority: 10, config: {mark: a}}
    - {lua: "@mark.lua@", name: middle, config: {mark: b}}
    - {lua: "@mark.lua@", name: elsewhere, server: "x*", config: {mark: x}}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"echo","arguments":{"k":1}}
  expect upstream one last tools/call /params/arguments == {"k":1,"seen":"abc"}
}

story "what a server tells on the way may be held back"
file quiet.lua {
return {notification = function(message)
    if message.method == "notifications/progress" and message.params.message == "noise" then
      return {deny = "noise"}
    end
  end}
}
upstream one {
  tool work
  on tools/call -> progress {"progress":1,"message":"noise"} then progress {"progress":2,"message":"news"} \
    then result {"content":[]}
}
gateway {
guard: {plugins: [{lua: "@quiet.lua@"}]}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"work","_meta":{"progressToken":"t"}}
  expect received notifications/progress == 1
}

story "a reload takes the script as it is now, with a state of its own; a bad one changes nothing" real
file rules.lua {
return {request = function(message)
    state.n = (state.n or 0) + 1
    return {answer = "old " .. state.n}
  end}
}
upstream one {
  tool echo
}
gateway {
guard: {plugins: [{lua: "@rules.lua@"}]}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"echo"}
  call tools/call {"name":"echo"}
  expect /result/content/0/text == "old 2"
}
file rules.lua {
return {request = function(message)
    state.n = (state.n or 0) + 1
    return {answer = "new " .. state.n}
  end}
}
reload {
guard: {plugins: [{lua: "@rules.lua@"}]}
upstreams:
  - {name: one, @one@}
}
client c {
  call tools/call {"name":"echo"}
  expect /result/content/0/text == "new 1"
}
expect upstream one starts == 1
