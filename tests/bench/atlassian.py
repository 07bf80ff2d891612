"""Jira inside bascule beside `mcp-atlassian`, both against a `bascule sandbox`: start, memory, CPU for each
jira_get_issue, REST calls for it, and calls a second at 64 clients.

The sandbox's processor time is nobody's: CPU is that of the server's processes alone.  For calls a second the server
has one core to itself and client and sandbox the other, where there are two; a server of one call after another is
measured as it is.  mcp-atlassian is where tests/interop/install puts it; without it only bascule is measured.
"""
import contextlib
import http.client
import http.server
import json
import os
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("BASCULE_PEERS") or os.path.join(ROOT, ".cache", "peers")
THEIRS = os.path.join(PEERS, "mcp-atlassian", "bin", "mcp-atlassian")
CALL = {"name": "jira_get_issue", "arguments": {"issue_key": "DEMO-4"}}
ANSWER = "DEMO-4: A moth in relay 70 stops the adder"     # its text
CALLS = {"bascule": 2000, "mcp-atlassian": 200}         # timed, after WARM others
WARM = 20
STARTS = {"bascule": 20, "mcp-atlassian": 3}
CLIENTS = 64


def commands(bench):
    out = {"bascule": [bench.bascule, "serve", "--transport", "stdio"]}
    if os.access(THEIRS, os.X_OK):
        out["mcp-atlassian"] = [THEIRS]
    return out


def environment(bench, url, **more):
    return {"PATH": os.environ["PATH"], "HOME": bench.folder, "JIRA_URL": url, "JIRA_PERSONAL_TOKEN": "sandbox",
            "MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE": "false", **more}


@contextlib.contextmanager
def sandbox(bench, free_port, wait_port):
    port = free_port()
    with bench.process([bench.bascule, "sandbox", "--port", str(port)], "sandbox", stdout=subprocess.DEVNULL) as p:
        wait_port(p, port)
        yield p, f"http://127.0.0.1:{port}/jira"


class Session:
    """MCP over a child's pipes, one call after another."""

    def __init__(self, p):
        self.p, self.id = p, 0
        self.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                    "clientInfo": {"name": "bench", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.p.stdin.write(json.dumps(message) + "\n")
        self.p.stdin.flush()

    def request(self, method, params):
        self.id += 1
        self.send({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        for line in self.p.stdout:
            message = json.loads(line)
            if message.get("id") == self.id:
                return message["result"]
        raise OSError("the server has ended")

    def call(self):
        result = self.request("tools/call", CALL)
        if result.get("isError") or "DEMO-4" not in json.dumps(result):
            raise OSError(f"a wrong answer: {str(result)[:200]}")


@contextlib.contextmanager
def session(bench, command, env):
    with bench.process(command, "server", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as p:
        yield Session(p), p


class Counter:
    """Passes requests on to the sandbox and counts them."""

    def __init__(self, url):
        outer, (host, self.path) = self, url.removeprefix("http://").split("/", 1)
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.count += 1
                there = http.client.HTTPConnection(host, timeout=30)
                there.request("GET", self.path, headers={"Authorization": self.headers.get("Authorization", "")})
                answer = there.getresponse()
                body = answer.read()
                there.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/{self.path}"


def start_ms(bench, command, env, runs):
    with bench.process([bench.program("start"), "--runs", str(runs), "--tool", "jira_get_issue", "--", *command], "start",
                       stdout=subprocess.PIPE, text=True, env=env) as p:
        line = p.stdout.readline()
        p.wait(120)
    if not line:
        raise OSError("the start program said nothing")
    return json.loads(line)["median_ms"]


def one(bench, name, command, url, tools):
    out = {"start_ms": start_ms(bench, command, environment(bench, url), STARTS[name])}
    n = CALLS[name] // (5 if bench.options.quick else 1)
    with session(bench, command, environment(bench, url)) as (client, p):
        pids = tools.tree(p.pid)
        client.request("tools/list", {})
        out["before_kib"] = tools.rss_anon_kib(pids)
        for _ in range(WARM):
            client.call()
        cpu, begin = tools.cpu_ns(tools.tree(p.pid)), time.monotonic()
        for _ in range(n):
            client.call()
        out["cpu_us"] = (tools.cpu_ns(tools.tree(p.pid)) - cpu) / 1000 / n
        out["calls_per_s"] = n / (time.monotonic() - begin)
        out["after_kib"] = tools.rss_anon_kib(tools.tree(p.pid))
    counter = Counter(url)
    with session(bench, command, environment(bench, counter.url)) as (client, _):
        client.call()
        out["rest_first"] = counter.count
        for _ in range(10):
            client.call()
        out["rest_next"] = (counter.count - out["rest_first"]) / 10
    counter.server.shutdown()
    return out


def pin(p, cores):
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{p.pid}/task"):
            os.sched_setaffinity(int(thread), cores)


def throughput(bench, tools, place, url):
    """64 clients over HTTP, the server on a core of its own."""
    port = tools.free_port()
    cores = sorted(os.sched_getaffinity(0))
    env = environment(bench, url, TRANSPORT="streamable-http", PORT=str(port), SSE_LOG_LEVEL="warning",
                      ALLOW_GLOBAL_CRED_FALLBACK="true")
    with bench.process([bench.bascule, "serve"], "bascule", stdout=subprocess.DEVNULL, env=env) as p:
        tools.wait_port(p, port)
        if len(cores) > 1:
            pin(p, {cores[0]})
            pin(place, {cores[1]})
            os.sched_setaffinity(0, {cores[1]})         # the load client inherits it
        try:
            got = bench.load(tools.Target("bascule", f"http://127.0.0.1:{port}/mcp", p.pid), "--tool", CALL["name"],
                             "--arguments", json.dumps(CALL["arguments"]), "--answer", json.dumps(ANSWER), "--sessions", CLIENTS,
                             "--seconds", bench.options.seconds, "--warm-ms", 500)
        finally:
            os.sched_setaffinity(0, set(cores))
    return got


def measure(bench, tools):
    out = {"load_average": os.getloadavg()[0]}
    with sandbox(bench, tools.free_port, tools.wait_port) as (place, url):
        for name, command in commands(bench).items():
            tools.say(f"atlassian: {name}")
            out[name] = one(bench, name, command, url, tools)
        tools.say(f"atlassian: {CLIENTS} clients")
        out["clients"] = throughput(bench, tools, place, url)
    return out


def rows(got):
    """(what, bascule, the other or None, limit, unit): smaller is better but in the last."""
    ours, theirs = got["bascule"], got.get("mcp-atlassian", {})
    yield "start to tools/list", ours["start_ms"], theirs.get("start_ms"), 20, "ms"
    for key, what, limit in (("before_kib", "RssAnon before the first REST call", 8), ("after_kib", "RssAnon after", 14)):
        yield what, ours[key] / 1024, theirs.get(key) and theirs[key] / 1024, limit, "MiB"
    yield ("CPU per jira_get_issue", ours["cpu_us"], theirs.get("cpu_us"),
           theirs.get("cpu_us") and theirs["cpu_us"] / 20, "us")
    yield "REST calls, the first", ours["rest_first"], theirs.get("rest_first"), None, ""
    yield "REST calls, each later", ours["rest_next"], theirs.get("rest_next"), 1, ""
    yield "calls/s, one after another", ours["calls_per_s"], theirs.get("calls_per_s"), None, ""


def show(got, table, figure):
    lines = []
    for what, ours, theirs, limit, unit in rows(got):
        lines.append([what, f"{ours:,.1f} {unit}".strip(), figure(theirs, "{:,.1f} " + unit).strip(),
                      figure(theirs / ours if theirs and ours else None, "{:,.1f}"),
                      figure(limit, "{:,.0f} " + unit).strip(),
                      "-" if limit is None else "within" if ours <= limit else "OVER"])
    table(f"Jira, beside mcp-atlassian (load average {got['load_average']:.1f})",
          ["", "bascule", "mcp-atlassian", "ratio", "limit", ""], lines)
    f = got["clients"]
    print(f"  {CLIENTS} clients over HTTP, one core: {f['calls_per_s']:,.0f} calls/s (goal 5,000), CPU "
          f"{f['cpu_us']:,.0f} us a call, so at most {1e6 / max(f['cpu_us'], 1):,.0f} on a whole core; "
          f"p50 {f['p50_us'] / 1000:,.1f} ms, errors {f['errors']:.0f}")
    if "mcp-atlassian" not in got:
        print("  mcp-atlassian was not measured: not installed (tests/interop/install)")
