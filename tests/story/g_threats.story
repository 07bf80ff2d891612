story "what lets a client in goes to no server" real
upstream one -transport http {
  revision 2026-07-28
  tool echo
  on tools/call echo -> result {"resultType":"complete","content":[]}
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}]}
upstreams:
  - {name: one, @one@, headers: {X-Jira-Token: of-the-operator}}
}
client c -transport http -revision 2026-07-28 -key 0123456789abcdef-ci {
  header 'Cookie: session=of-the-client'
  header 'X-Forwarded-For: 192.0.2.1'
  header 'X-Jira-Token: of-the-client'
  header 'Origin: http://localhost:3000'
  call tools/call {"name":"echo"}
  expect /result/content == []
  call tools/list
  expect /result/tools/0/name == "echo"
}
expect upstream one last headers/tools/call /mcp-name == "echo"
expect upstream one last headers/tools/call /x-jira-token == "of-the-operator"
expect upstream one last headers/tools/call /authorization absent
expect upstream one last headers/tools/call /x-bascule-key absent
expect upstream one last headers/tools/call /cookie absent
expect upstream one last headers/tools/call /x-forwarded-for absent
expect upstream one last headers/tools/call /origin absent

story "two callers and one session id: the session is only whose it is, in every method" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ada, key: 0123456789abcdef-ada}, {name: eve, key: 0123456789abcdef-eve}]}
upstreams:
  - {name: one, @one@}
}
client ada -transport http -key 0123456789abcdef-ada {
  call tools/call {"name":"echo"}
  http POST /mcp -session 'X-Bascule-Key: 0123456789abcdef-eve' body {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo"}}
  expect status == 404
  http GET /mcp -session 'X-Bascule-Key: 0123456789abcdef-eve' 'Accept: text/event-stream'
  expect status == 404
  http GET /mcp -session 'X-Bascule-Key: 0123456789abcdef-eve' 'Accept: text/event-stream' 'Last-Event-ID: 1'
  expect status == 404
  http DELETE /mcp -session 'X-Bascule-Key: 0123456789abcdef-eve'
  expect status == 404
  http POST /mcp -session body {"jsonrpc":"2.0","id":9,"method":"ping"}
  expect status == 401
  # It lives on, and belongs to whom it did.
  call tools/call {"name":"echo"}
  expect /result/content == []
}
expect upstream one requests tools/call == 2

story "equal ids of many clients at the same time are answered each to its own" real
upstream one {
  tool echo
  on tools/call echo -> after 1s then result {"content":[],"structuredContent":$params}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client a -transport http {
  send x -id 7 tools/call {"name":"echo","arguments":{"who":"a"}}
}
client b -transport http {
  send x -id 7 tools/call {"name":"echo","arguments":{"who":"b"}}
}
client d -transport http -revision 2026-07-28 {
  send x -id 7 tools/call {"name":"echo","arguments":{"who":"d"}}
}
client e {
  send x -id 7 tools/call {"name":"echo","arguments":{"who":"e"}}
}
tick 2s
client e {
  await x
  expect /id == 7
  expect /result/structuredContent/arguments/who == "e"
}
client b {
  await x
  expect /result/structuredContent/arguments/who == "b"
}
client d {
  await x
  expect /result/structuredContent/arguments/who == "d"
}
client a {
  await x
  expect /result/structuredContent/arguments/who == "a"
}

story "no request names a command, an address or a file of the configuration" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, session: shared}
}
client c -transport http {
  http POST /config body {"upstreams":[{"name":"x","command":["touch","/tmp/x"]}]}
  expect status == 404
  http PUT /upstreams/one body {"command":["touch","/tmp/x"]}
  expect status == 404
  http POST /mcp-rest/test/connection body {"command":"touch","args":["/tmp/x"]}
  expect status == 404
  http POST /health body {"command":"touch"}
  expect status == 405
  http POST /metrics body {"command":"touch"}
  expect status == 405
  http POST /healthz?command=touch
  expect status == 405
  call servers/add {"name":"x","command":["touch","/tmp/x"]}
  expect /error/code == -32601
  call tools/call {"name":"echo","command":["touch","/tmp/x"],"env":{"A":"b"},"_meta":{"command":["touch"],"url":"http://127.0.0.1:1/"}}
  expect /result/content == []
  call tools/call {"name":"../echo"}
  expect /error exists
}
expect upstream one starts == 1

story "a browser's page of elsewhere is told nothing, not even that it may not ask" real
upstream one {
  tool echo
}
gateway {
listen: {http: 127.0.0.1:0, hosts: [gw.example.com]}
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  http OPTIONS /mcp 'Origin: https://evil.example' 'Access-Control-Request-Method: POST'
  expect status == 403
  http POST /mcp 'Host: rebound.evil.example:8080' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  http POST /mcp 'Host: localhost.evil.example' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  http POST /mcp 'Host: 127.0.0.1.evil.example' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  http POST /mcp 'Host: 0.0.0.0' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 421
  http POST /mcp 'Origin: http://gw.example.com.evil.example' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 403
  http POST /mcp 'Origin: file://' body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 403
  # What a form can send without asking: no JSON.
  http POST /mcp 'Content-Type: text/plain' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 415
  http POST /mcp 'Content-Type: application/x-www-form-urlencoded' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 415
  http GET /metrics 'Host: evil.example'
  expect status == 421
  http POST /mcp 'Host: gw.example.com' 'Origin: https://gw.example.com' -session body {"jsonrpc":"2.0","id":1,"method":"ping"}
  expect status == 200
}

story "a server's redirect is followed nowhere, with or without a body" real
upstream one -transport http {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@, headers: {Authorization: Bearer of-the-operator}}
}
client c -transport http {
  call tools/list
}
upstream one {
  on tools/call echo -> status 301
}
client c {
  call tools/call {"name":"echo"}
  expect /error exists
}
upstream one {
  on tools/call echo -> status 302
}
client c {
  call tools/call {"name":"echo"}
  expect /error exists
}
upstream one {
  on tools/call echo -> status 307
}
client c {
  call tools/call {"name":"echo"}
  expect /error exists
}
upstream one {
  on tools/call echo -> status 308
}
client c {
  call tools/call {"name":"echo"}
  expect /error exists
}
expect upstream one requests tools/call == 4
# The one that asked for a stream at the start.
expect upstream one requests GET == 1

# Where a path leads is told by the path alone: links of the server's machine are its own affair.
story "a rule asks of a path where it leads, and everything that is no plain path is outside" real
upstream one {
  tool write
  on tools/call write -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: inside, match: {tool: write, args: {/path: {under: /srv/files}}}, action: allow}
    - {id: outside, match: {tool: write}, action: deny, reason: only below /srv/files}
}
client c -transport http {
  call tools/call {"name":"write","arguments":{"path":"/srv/files/a"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/files"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/files/"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"//srv///files//a"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/./files/b/../a"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/files/a/.."}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/etc/../srv/files/x"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/../srv/files/x"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/files/..."}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/files/..a"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/f\u0069les/a"}}
  expect /result exists
  call tools/call {"name":"write","arguments":{"path":"/srv/../etc/passwd"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/../../etc/passwd"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/.."}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/./../x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/a/../../../etc"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/filesystem/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/file"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"//etc//passwd"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/./srv/./files/../passwd"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/proc/self/root/srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/proc/self/fd/3"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"./srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"../srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"~/srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":""}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":" /srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"file:///srv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/..\\..\\etc"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"\\srv\\files"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"C:\\srv\\files"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/a\u0000/../../../etc"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/\u0073rv/files/../x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"\u2215srv\u2215files"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"\uff0fsrv/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/SRV/files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv /files/x"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files\n/../../etc"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":"/srv/files/%2e%2e/../../etc"}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":["/srv/files/a"]}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":{"a":"/srv/files/a"}}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":null}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":7}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{"path":true}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write","arguments":{}}
  expect /error/data/rule == "outside"
  call tools/call {"name":"write"}
  expect /error/data/rule == "outside"
  # Names in escapes are the same names, and one that stands there twice is no call at all.
  call tools/call {"name":"write","arguments":{"\u0070ath":"/srv/files/../x"}}
  expect /error/data/rule == "outside"
  raw {"jsonrpc":"2.0","id":"twice","method":"tools/call","params":{"name":"write","arguments":{"path":"/srv/files/a","p\u0061th":"/etc/passwd"}}}
  expect /error exists
}
expect upstream one requests tools/call == 11

story "a folder that nobody may touch is not reached by another spelling of its path" real
upstream one {
  tool read
  on tools/call read -> result {"content":[]}
}
gateway {
upstreams:
  - {name: one, @one@}
guard:
  rules:
    - {id: private, match: {args: {/paths/*: {under: [/etc, /root]}}}, action: deny}
}
client c -transport http {
  call tools/call {"name":"read","arguments":{"paths":["/srv/a","/srv/../etc/passwd"]}}
  expect /error/data/rule == "private"
  call tools/call {"name":"read","arguments":{"paths":["/srv/a","etc/passwd"]}}
  expect /error/data/rule == "private"
  call tools/call {"name":"read","arguments":{"paths":"[\"/etc/passwd\"]"}}
  expect /error/data/rule == "private"
  call tools/call {"name":"read","arguments":{"paths":["/srv\\..\\etc"]}}
  expect /error/data/rule == "private"
  call tools/call {"name":"read","arguments":{"paths":["//etc"]}}
  expect /error/data/rule == "private"
  call tools/call {"name":"read","arguments":{"paths":["/srv/a","/etcetera"]}}
  expect /result exists
}
expect upstream one requests tools/call == 1

story "a command that executes whatever a registry has today is told, one that names a version is not"
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: latest, command: [npx, -y, acme-server], lazy: true}
  - {name: none, command: [uvx, acme-server], lazy: true}
  - {name: image, command: [docker, run, -i, --rm, acme/server], lazy: true}
  - {name: pinned, command: [uvx, acme-server==1.2.3], lazy: true}
  - {name: digest, command: [docker, run, -i, "acme/server:1.2.3"], lazy: true}
}
expect log command_unpinned ~ 'latest executes whatever'
expect log command_unpinned ~ 'none executes whatever'
expect log command_unpinned ~ 'image executes whatever'
expect log command_unpinned == 3
