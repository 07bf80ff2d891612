story "health tells how the gateway is, and which server is not" real
upstream one {
  tool echo
}
gateway {
upstreams:
  - {name: one, @one@}
  - {name: gone, url: "http://127.0.0.1:1/mcp"}
}
client c -transport http {
  call tools/list
  listen
  http GET /health
  expect status == 200
  expect header 'Content-Type: application/json'
  expect /status == "degraded"
  expect /instance_id exists
  expect /uptime exists
  expect /servers/0/name == "one"
  expect /servers/0/state == "ready"
  expect /servers/0/in_flight == 0
  expect /servers/0/restarts == 0
  expect /servers/0/revision exists
  expect /servers/0/reason absent
  expect /servers/1/name == "gone"
  expect /servers/1/state == "down"
  expect /servers/1/reason ~ '127.0.0.1:1'
  expect /sites == []
  expect /sse_clients == 1
  # The client at stdin counts too.
  expect /sessions == 2
  # A proxy on this machine speaks for strangers.
  http GET /health 'X-Forwarded-For: 192.0.2.1'
  expect status == 200
  expect /status == "degraded"
  expect /servers absent
  expect /instance_id absent
  http GET /health 'Forwarded: for=192.0.2.1'
  expect /servers absent
  http GET /healthz
  expect status == 200
  expect message ~ 'ok'
  http GET /readyz
  expect status == 200
  http POST /health body {}
  expect status == 405
  expect header 'Allow: GET, HEAD'
  http DELETE /metrics
  expect status == 405
  http HEAD /health
  expect status == 200
  http GET /health 'Host: evil.example'
  expect status == 421
  http GET /metrics 'Origin: http://evil.example'
  expect status == 403
  http GET /health/
  expect status == 404
}

story "ready is who has waited for its servers" 
upstream one {
  tool echo
  on initialize -> after 3s then result {"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http -bare {
  http GET /readyz
  expect status == 503
  expect message ~ 'starting'
  http GET /healthz
  expect status == 200
  http GET /health
  expect /status == "healthy"
  expect /servers/0/state == "connecting"
  tick 4s
  http GET /readyz
  expect status == 200
  expect message ~ 'ready'
}

story "with keys, only detail and metrics need one, and not on this machine" real
upstream one {
  tool echo
}
gateway {
auth: {keys: [{name: ci, key: 0123456789abcdef-ci}]}
upstreams:
  - {name: one, @one@}
}
client c -transport http -bare {
  http GET /healthz 'X-Forwarded-For: 192.0.2.1'
  expect status == 200
  http GET /readyz 'X-Forwarded-For: 192.0.2.1'
  expect message !~ 'key'
  http GET /health 'X-Forwarded-For: 192.0.2.1'
  expect status == 200
  expect /servers absent
  http GET /health 'X-Forwarded-For: 192.0.2.1' 'Authorization: Bearer 0123456789abcdef-cj'
  expect status == 200
  expect /servers absent
  http GET /health 'X-Forwarded-For: 192.0.2.1' 'Authorization: Bearer 0123456789abcdef-ci'
  expect /servers/0/name == "one"
  http GET /metrics 'X-Forwarded-For: 192.0.2.1'
  expect status == 401
  http GET /metrics 'X-Forwarded-For: 192.0.2.1' 'X-Bascule-Key: 0123456789abcdef-ci'
  expect status == 200
  http GET /metrics
  expect status == 200
}

story "requests are counted by what became of them" real
upstream one {
  tool echo
  tool bad
  on tools/call bad -> error {"code":-32000,"message":"no"}
}
gateway {
upstreams:
  - {name: one, @one@}
}
client c -transport http {
  call tools/call {"name":"echo"}
  call tools/call {"name":"echo"}
  call tools/call {"name":"bad"}
  call tools/call {"name":"none"}
  call ping
  call no/such
  http GET /metrics
  expect status == 200
  expect header 'Content-Type: text/plain; version=0.0.4; charset=utf-8'
  expect message ~ 'bascule_requests_total{method="tools/call",status="done"} 2'
  expect message ~ 'bascule_requests_total{method="tools/call",status="failed"} 2'
  expect message ~ 'bascule_requests_total{method="ping",status="done"} 1'
  expect message ~ 'bascule_requests_total{method="initialize",status="done"} 1'
  expect message ~ 'bascule_requests_total{method="unknown",status="failed"} 1'
  expect message ~ 'bascule_request_duration_seconds_count 6'
  expect message ~ 'bascule_sessions 2'
  expect message ~ 'bascule_sse_connections 0'
  expect message ~ 'bascule_upstream_up{server="one"} 1'
  expect message ~ 'bascule_upstream_restarts_total{server="one"} 0'
  expect message ~ 'bascule_loop_lag_seconds'
  expect message ~ 'process_cpu_seconds_total'
  expect message ~ 'process_open_fds'
}
