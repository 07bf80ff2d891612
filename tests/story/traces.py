#!/usr/bin/env python3
"""Traces in front of the program: whatever way a client says its trace, the spans of its request and of the call it
leads to hang together, and servers are told so by header or _meta; so do those of REST requests, whose sites are told
nothing; nothing of arguments is in them; a collector that is away, slow or refuses costs spans, counted, and never a call.  Where Python has opentelemetry-proto, what goes to
the collector is read by its definitions.

usage: traces.py BASCULE
"""
import base64
import glob
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

LIMIT_S = 120
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "argument-that-nobody-else-may-see"
program = os.path.abspath(sys.argv[1])
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += glob.glob(os.path.join(root, ".cache", "peers", "python", "lib", "python3*", "site-packages"))
base = {"PATH": "/usr/bin:/bin"}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)

# ---- servers: a tool that tells what came with its call ----------------------------------------

SERVER = '''
import json, sys

def answer(request, headers, modern):
    method, params = request.get("method"), request.get("params", {})
    if method == "server/discover" and modern:
        return {"result": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "resultType": "complete",
                           "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "new", "version": "1"}}}}
    if method == "initialize" and not modern:
        return {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                           "serverInfo": {"name": "old", "version": "1"}}}
    if method == "tools/list":
        return {"result": {"resultType": "complete", "ttlMs": 60000, "cacheScope": "private",
                           "tools": [{"name": "look", "inputSchema": {"type": "object"}}]}}
    if method == "tools/call" and params.get("arguments", {}).get("fails") == "error":
        return {"error": {"code": -32055, "message": "no"}}
    if method == "tools/call":
        told = {"headers": headers, "meta": params.get("_meta")}
        return {"result": {"resultType": "complete", "content": [{"type": "text", "text": json.dumps(told)}],
                           "isError": params.get("arguments", {}).get("fails") == "tool"}}
    return {"error": {"code": -32601, "message": "unknown"}}

if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer(request, None, False)}), flush=True)
'''
shared = {}
exec(SERVER.replace("__main__", "elsewhere"), shared)


class Web(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, handler, port=0, **facts):
        self.__dict__.update(facts)
        self.changed = threading.Condition()
        super().__init__(("127.0.0.1", port), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(Answering):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in request:
            return self.answer(202, b"")
        told = {k: self.headers.get_all(k) for k in ("traceparent", "tracestate")}
        self.answer(200, json.dumps({"jsonrpc": "2.0", "id": request["id"],
                                     **shared["answer"](request, told, self.server.modern)}).encode())

    def do_GET(self):
        self.answer(405, b"")


class Collecting(Answering):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json", self.path
        assert self.headers["X-Token"] == "s3cret"
        with self.server.changed:
            self.server.all.append(body)
            mode = self.server.modes.pop(0) if self.server.modes else self.server.mode
            if mode == 200:
                self.server.taken.append(body)
            self.server.changed.notify_all()
        if mode == "hang":
            self.server.release.wait(LIMIT_S)
            self.close_connection = True
        elif mode == "part":
            self.answer(200, b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too odd"}}')
        else:
            self.answer(mode, b"{}")


def collector(port=0, modes=(), mode=200):
    return Web(Collecting, port, all=[], taken=[], modes=list(modes), mode=mode, release=threading.Event())


# ---- what a batch must look like ---------------------------------------------------------------

SPAN_MEMBERS = {"traceId": r"[0-9a-f]{32}", "spanId": r"[0-9a-f]{16}", "parentSpanId": r"[0-9a-f]{16}",
                "traceState": r".+", "name": r".+",
                "startTimeUnixNano": r"1[0-9]{18}", "endTimeUnixNano": r"1[0-9]{18}"}


def by_definition(body):
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    except ImportError as error:
        print("skipped: the definitions of OTLP:", error)
        return

    # OTLP writes ids in hexadecimal where the JSON of protocol buffers has base64.
    def ids(value):
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in value:
                value[key] = base64.b64encode(bytes.fromhex(value[key])).decode()
        return value
    request = json_format.Parse(json.dumps(json.loads(body, object_hook=ids)),
                                trace_service_pb2.ExportTraceServiceRequest())
    for span in request.resource_spans[0].scope_spans[0].spans:
        assert len(span.trace_id) == 16 and len(span.span_id) == 8 and len(span.parent_span_id) in (0, 8)
        assert span.kind in (2, 3) and span.end_time_unix_nano >= span.start_time_unix_nano > 0


def spans_of(body):
    by_definition(body)
    (resource,) = json.loads(body)["resourceSpans"]
    assert set(resource) == {"resource", "scopeSpans"}, resource
    named = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
    assert named["service.name"] == "bascule" and named["service.version"], named
    (scope,) = resource["scopeSpans"]
    assert scope["scope"]["name"] == "bascule", scope
    for span in scope["spans"]:
        for key, value in span.items():
            if key in SPAN_MEMBERS:
                assert re.fullmatch(SPAN_MEMBERS[key], value), (key, value)
            elif key == "kind":
                assert value in (2, 3), span
            elif key == "flags":
                assert isinstance(value, int) and value & 0x100, span
            elif key == "status":
                assert value == {"code": 2}, span
            else:
                assert key == "attributes", span
        for attribute in span["attributes"]:
            assert set(attribute) == {"key", "value"} and len(attribute["value"]) == 1, attribute
            ((kind, value),) = attribute["value"].items()
            assert kind in ("stringValue", "intValue") and isinstance(value, str), attribute
        keys = [a["key"] for a in span["attributes"]]
        assert len(keys) == len(set(keys)) and set(span) >= {"traceId", "spanId", "name", "kind"}, span
        span["of"] = {a["key"]: list(a["value"].values())[0] for a in span["attributes"]}
    return scope["spans"]


def wait(web, enough):
    with web.changed:
        assert web.changed.wait_for(enough, LIMIT_S), (web.all, web.taken)


def all_spans(web):
    return [span for body in web.taken for span in spans_of(body)]


def wait_spans(web, n):
    wait(web, lambda: sum(body.count(b'"spanId"') for body in web.taken) >= n)
    spans = all_spans(web)
    assert len(spans) == n, [s["name"] for s in spans]
    return spans


# ---- the gateway -------------------------------------------------------------------------------

class Gateway:
    def __init__(self, folder, traces, servers=("pipe",), **more):
        self.folder, self.log, self.id = folder, [], 0
        script = os.path.join(folder, "server.py")
        with open(script, "w") as file:
            file.write(SERVER)
        self.webs = {name: Web(Server, modern=name == "new") for name in servers if name != "pipe"}
        upstreams = [{"name": name, "url": f"http://127.0.0.1:{web.server_port}/mcp",
                      "protocol": "modern" if name == "new" else "legacy"} for name, web in self.webs.items()]
        if "pipe" in servers:
            upstreams.append({"name": "pipe", "command": [sys.executable, script], "protocol": "legacy"})
        if traces is not None:
            traces = {"headers": {"X-Token": "s3cret"}, **traces}
            more["traces"] = traces
        config = os.path.join(folder, "bascule.yaml")
        with open(config, "w") as file:
            json.dump({"listen": {"http": "127.0.0.1:0", "stateless": True}, "upstreams": upstreams,
                       "namespace": {"prefix": "always"},
                       "guard": {"rules": [{"id": "no-way", "action": "deny",
                                            "match": {"tool": "look", "args": {"/deny": {"in": ["yes"]}}}}]},
                       **more}, file)
        env = dict(base, HOME=folder, XDG_STATE_HOME=os.path.join(folder, "state"),
                   XDG_CONFIG_HOME=os.path.join(folder, "config"))
        self.process = subprocess.Popen([program, "serve", "-c", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, cwd=folder)
        self.logged = threading.Condition()
        threading.Thread(target=self.read_log, daemon=True).start()
        self.port = int(self.wait_log(r"listening on http://127\.0\.0\.1:(\d+)").group(1))

    def read_log(self):
        for line in self.process.stderr:
            with self.logged:
                self.log.append(line.decode())
                self.logged.notify_all()

    def wait_log(self, pattern):
        def found():
            return next((m for m in (re.search(pattern, line) for line in self.log) if m), None)
        with self.logged:
            assert self.logged.wait_for(found, LIMIT_S), (pattern, self.log)
            return found()

    def call(self, tool, arguments=None, meta=None, headers=(), method="tools/call"):
        self.id += 1
        params = {"name": tool, "arguments": arguments or {}} if method == "tools/call" else {}
        if meta is not None:
            params["_meta"] = meta
        body = json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.putrequest("POST", "/mcp")
        for name, value in [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"),
                            ("MCP-Protocol-Version", "2025-06-18"), ("Content-Length", str(len(body))), *headers]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def told(self, *args, **more):
        return json.loads(self.call(*args, **more)["result"]["content"][0]["text"])

    def metric(self, line):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=LIMIT_S) as page:
            found = re.search("^" + re.escape(line) + r" (\S+)$", page.read().decode(), re.M)
        return float(found.group(1)) if found else None

    def wait_metric(self, line, least):
        pause = threading.Event()
        for _ in range(LIMIT_S * 10):
            if (self.metric(line) or 0) >= least:
                return
            pause.wait(0.1)
        raise AssertionError((line, least, self.metric(line)))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(LIMIT_S) == 0, self.log
        for web in self.webs.values():
            web.end()


def at(web):
    return f"http://127.0.0.1:{web.server_port}"


# ---- stories -----------------------------------------------------------------------------------

def linked(spans, tool, trace, parent, told, by_header):
    """The two spans of a call, and what its server was told."""
    (server,) = [s for s in spans if s["kind"] == 2]
    (client,) = [s for s in spans if s["kind"] == 3]
    assert server.get("parentSpanId") == parent and (trace is None or server["traceId"] == trace), server
    assert client["traceId"] == server["traceId"] and client["parentSpanId"] == server["spanId"], spans
    assert client["spanId"] not in (server["spanId"], parent), spans
    assert server["name"] == f"tools/call {tool}__look" and client["name"] == "tools/call look", spans
    assert server["flags"] == (0x301 if parent else 0x101) and client["flags"] == 0x101, spans
    begin, end = (int(server[k]) for k in ("startTimeUnixNano", "endTimeUnixNano"))
    assert begin <= int(client["startTimeUnixNano"]) <= int(client["endTimeUnixNano"]) <= end, spans
    for span in spans:
        of = span["of"]
        assert of["mcp.method.name"] == "tools/call" and of["gen_ai.operation.name"] == "execute_tool", of
        assert of["bascule.server"] == tool and "status" not in span and "error.type" not in of, span
    assert server["of"]["gen_ai.tool.name"] == f"{tool}__look" and client["of"]["gen_ai.tool.name"] == "look"
    assert server["of"]["bascule.request"] == client["of"]["bascule.request"], spans
    assert server["of"]["network.transport"] == "tcp", server
    assert client["of"]["network.transport"] == ("pipe" if tool == "pipe" else "tcp"), client
    wanted = f"00-{server['traceId']}-{client['spanId']}-01"
    if by_header:
        assert told["headers"]["traceparent"] == [wanted], (told, wanted)
    else:
        assert told["meta"]["traceparent"] == wanted, (told, wanted)
    assert (told["meta"] or {}).get("traceparent", wanted) == wanted, (told, wanted)


def all_is_linked():
    collecting = collector()
    ways = [
        ("header", None, [("traceparent", PARENT), ("tracestate", "a=1")], TRACE, SPAN, "a=1"),
        ("meta", {"traceparent": PARENT, "tracestate": "b=2", "x": 1}, [], TRACE, SPAN, "b=2"),
        ("both", {"traceparent": PARENT}, [("traceparent", OTHER), ("tracestate", "c=3")], TRACE, SPAN, None),
        ("faulty", {"traceparent": PARENT.upper(), "tracestate": "d=4"}, [], None, None, ""),
        ("faulty and header", {"traceparent": 5}, [("TraceParent", PARENT)], TRACE, SPAN, None),
        ("two headers", None, [("traceparent", PARENT), ("traceparent", PARENT)], None, None, None),
        ("none", None, [], None, None, None),
        ("empty", {}, [], None, None, None),
    ]
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting)}, ("pipe", "old", "new"))
        calls = [(tool, *way) for tool in ("pipe", "old", "new") for way in ways]
        answers = [gateway.told(f"{tool}__look", {"q": SECRET}, meta, headers) for tool, _, meta, headers, *_ in calls]
        n = 2 * len(calls)
        pairs = {}
        for span in wait_spans(collecting, n):
            pairs.setdefault(int(span["of"]["bascule.request"]), []).append(span)
        assert all(len(pair) == 2 for pair in pairs.values()) and len(pairs) == len(calls), pairs
        for call, told, (_, spans) in zip(calls, answers, sorted(pairs.items())):
            tool, name, meta, _, trace, parent, state = call
            linked(spans, tool, trace, parent, told, tool != "pipe")
            if tool != "pipe":
                assert told["headers"]["tracestate"] == ([state] if state else None), (name, told)
            if tool == "pipe" or (meta or {}).get("traceparent"):
                assert (told["meta"] or {}).get("tracestate", "") == (state or ""), (tool, name, told)
            assert all(s.get("traceState") == (state or None) for s in spans), (name, spans)
            assert meta is None or "x" not in meta or told["meta"]["x"] == 1, told
        # One that its client does not want recorded: told on, as such.
        off = PARENT[:-2] + "00"
        told = gateway.told("old__look", None, None, [("traceparent", off)])
        (said,) = told["headers"]["traceparent"]
        assert said[:36] == off[:36] and said[-3:] == "-00" and said[36:52] != SPAN, told
        assert "result" in gateway.call("", method="tools/list")
        assert wait_spans(collecting, n + 1)[-1]["name"] == "tools/list"
        assert SECRET.encode() not in b"".join(collecting.all)
        gateway.wait_metric('bascule_spans_total{outcome="sent"}', n + 1)
        assert gateway.metric('bascule_call_duration_seconds_count{server="pipe",tool="look"}') == len(ways)
        for peer in ("client", "server"):
            for direction in ("in", "out"):
                assert gateway.metric(f'bascule_bytes_total{{peer="{peer}",direction="{direction}"}}') > 1000
        assert gateway.metric('bascule_queue_length{queue="traces"}') == 0
        gateway.end()
    collecting.end()
    print("ok - linked")


def failures_are_said():
    collecting = collector()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting) + "/v1/traces"}, ("pipe",))
        gateway.call("pipe__look", {"fails": "tool"})
        gateway.call("pipe__look", {"fails": "error"})
        gateway.call("pipe__look", {"deny": "yes"})
        gateway.call("pipe__" + SECRET)
        gateway.call("", method="odd/" + SECRET)
        gateway.end()
    # What waits is sent at the end.
    spans = {}
    for span in wait_spans(collecting, 7):
        spans.setdefault((span["kind"], span["of"]["bascule.request"]), span)
    by = sorted(spans.items(), key=lambda item: (int(item[0][1]), item[0][0]))
    seen = [(kind, s["of"].get("error.type"), s["of"].get("rpc.response.status_code"), s["of"].get("bascule.outcome"),
             s["of"].get("bascule.rule")) for (kind, _), s in by]
    assert seen == [
        (2, "tool_error", None, "done", None), (3, "tool_error", None, None, None),
        (2, "-32055", "-32055", "failed", None),
        (3, "-32055", "-32055", None, None),
        (2, "refused", "-32001", "refused", "no-way"),
        (2, seen[5][1], "-32602", "failed", None), (2, seen[6][1], "-32601", "failed", None)], seen
    assert all(s["status"] == {"code": 2} for s in spans.values())
    assert SECRET.encode() not in b"".join(collecting.all)
    collecting.end()
    print("ok - failures")


class Jira(Answering):
    """Answers in turn with the statuses it was told."""

    def do_GET(self):
        if self.server.is_away:
            self.close_connection = True
            return
        self.server.asked.append((self.path, dict(self.headers)))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.answer(status, json.dumps({"id": "1", "key": "A-1", "fields": {"summary": SECRET}}).encode())


def rest_is_below():
    """Each request to a site is a span below that of the tool's call; the site hears nothing of traces."""
    collecting, jira = collector(), Web(Jira, asked=[], statuses=[], is_away=False)
    site = {"jira": at(jira), "deployment": "data_center", "auth": {"type": "pat", "token": SECRET},
            "retry": {"total": 1, "backoff": "1ms"}}
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting)}, atlassian={"sites": [site]})
        (tool,) = [t["name"] for t in gateway.call("", method="tools/list")["result"]["tools"]
                   if t["name"].endswith("jira_get_issue")]
        n = 1
        for statuses, failed, tries in ([], False, [None]), ([503], False, ["503", None]), ([404], True, ["404"]):
            jira.statuses, before = list(statuses), len(jira.asked)
            answer = gateway.call(tool, {"issue_key": "A-1"}, headers=[("traceparent", PARENT), ("tracestate", "a=1")])
            assert answer["result"].get("isError", False) == failed, answer
            spans = wait_spans(collecting, n + 1 + len(jira.asked) - before)[n:]
            n += len(spans)
            (server,) = [s for s in spans if s["kind"] == 2]
            rest = sorted((s for s in spans if s["kind"] == 3), key=lambda s: int(s["startTimeUnixNano"]))
            assert server["parentSpanId"] == SPAN and server["of"]["gen_ai.tool.name"] == tool, server
            assert [s["of"].get("error.type") for s in rest] == tries, spans
            for resends, (span, status) in enumerate(zip(rest, [*statuses, 200])):
                of = span["of"]
                assert (span["traceId"], span["parentSpanId"]) == (TRACE, server["spanId"]), (span, server)
                assert span["name"] == of["http.request.method"] == "GET" and of["server.address"] == "127.0.0.1", span
                assert of["server.port"] == str(jira.server_port), span
                assert of["http.response.status_code"] == str(status), (span, status)
                assert of.get("http.request.resend_count") == (str(resends) if resends else None), spans
                assert ("status" in span) == (status >= 400) and "mcp.method.name" not in of, span
                assert of["bascule.request"] == server["of"]["bascule.request"], (span, server)
                assert of["bascule.server"] == server["of"]["bascule.server"], (span, server)
        assert len(jira.asked) >= 4
        for path, headers in jira.asked:
            assert not {"traceparent", "tracestate"} & {h.lower() for h in headers}, (path, headers)
        jira.is_away = True
        gateway.call(tool, {"issue_key": "A-1"})
        spans = wait_spans(collecting, n + 3)[n:]
        gone = [s["of"] for s in spans if s["kind"] == 3]
        assert [of["error.type"] for of in gone] == ["unavailable"] * 2, spans
        assert not any("http.response.status_code" in of for of in gone), spans
        said = b"".join(collecting.all)
        assert SECRET.encode() not in said and b"A-1" not in said and b"/rest/" not in said
        gateway.end()
    jira.end()
    collecting.end()
    print("ok - rest")


def off_passes_on():
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, None, ("pipe", "old", "new"))
        for tool in ("pipe", "old", "new"):
            headers = [("traceparent", PARENT), ("tracestate", "a=1")]
            told = gateway.told(f"{tool}__look", None, None, headers)
            got = told["meta"] if tool == "pipe" else {k: v[0] for k, v in told["headers"].items()}
            assert got["traceparent"] == PARENT and got["tracestate"] == "a=1", (tool, told)
            told = gateway.told(f"{tool}__look", None, {"traceparent": PARENT, "baggage": "b=1"})
            assert told["meta"]["traceparent"] == PARENT and told["meta"]["baggage"] == "b=1", (tool, told)
            told = gateway.told(f"{tool}__look")
            assert "traceparent" not in (told["meta"] or {}), told
            assert tool == "pipe" or told["headers"]["traceparent"] is None, told
        gateway.end()
    print("ok - off")


def part_is_sampled():
    collecting = collector()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting), "sample": 0}, ("pipe",))
        for _ in range(20):
            assert gateway.told("pipe__look")["meta"]["traceparent"].endswith("-00")
        assert gateway.told("pipe__look", None, {"traceparent": PARENT})["meta"]["traceparent"].endswith("-01")
        assert {s["traceId"] for s in wait_spans(collecting, 2)} == {TRACE}
        gateway.end()
    collecting.end()
    print("ok - sampled")


def away_costs_no_call():
    first = collector()
    port = first.server_port
    first.end()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": f"http://127.0.0.1:{port}", "queue": 512, "timeout": "2s"})
        for _ in range(300):
            assert "result" in gateway.call("pipe__look")
        gateway.wait_log("traces_failing|traces: http")
        gateway.wait_metric('bascule_spans_total{outcome="dropped"}', 600 - 512)
        assert gateway.metric('bascule_queue_length{queue="traces"}') == 512
        back = collector(port)
        gateway.wait_log("traces are sent again")
        gateway.wait_metric('bascule_spans_total{outcome="sent"}', 512)
        wait_spans(back, 512)
        assert "result" in gateway.call("pipe__look")
        wait_spans(back, 514)
        back.end()
        gateway.end()
    print("ok - away")


def answers_are_heeded():
    collecting = collector(modes=[503, 429, 200, 400, "part"])
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting)}, ("pipe",))
        gateway.call("pipe__look")
        wait(collecting, lambda: len(collecting.taken) == 1)
        assert len(collecting.all) == 3 and len(set(collecting.all)) == 1, collecting.all
        gateway.call("pipe__look")
        gateway.wait_metric('bascule_spans_total{outcome="rejected"}', 2)
        gateway.call("pipe__look")
        gateway.wait_metric('bascule_spans_total{outcome="rejected"}', 3)
        gateway.call("pipe__look")
        wait(collecting, lambda: len(collecting.taken) == 2)
        gateway.wait_metric('bascule_spans_total{outcome="sent"}', 5)
        assert len(collecting.all) == len(set(collecting.all)) + 2 == 6, collecting.all
        gateway.end()
    collecting.end()
    print("ok - answers")


def slow_holds_up_nothing():
    collecting = collector(mode="hang")
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, {"otlp": at(collecting), "timeout": "10m"}, ("pipe",))
        gateway.call("pipe__look")
        wait(collecting, lambda: collecting.all)
        for _ in range(50):
            assert "result" in gateway.call("pipe__look")
        assert len(collecting.all) == 1 and not collecting.release.is_set()
        collecting.release.set()
        collecting.mode = 200
        gateway.end()
    collecting.end()
    print("ok - slow")


for story in (all_is_linked, failures_are_said, rest_is_below, off_passes_on, part_is_sampled, away_costs_no_call,
              answers_are_heeded, slow_holds_up_nothing):
    story()
