#!/usr/bin/env python3
"""Measures bascule beside nginx and beside no proxy at all, in the same run; and its Jira beside mcp-atlassian.

    tests/bench/run.py [--build DIR] [--quick] [--json] [--only NAME,...] [--reps N] [--seconds S]
    tests/bench/run.py --only soak [--minutes N] [--calls N] [--seed N]

Every repetition starts fresh processes and measures direct, nginx and bascule right after each other at each
number of clients; ratios are taken inside a repetition, then the median over repetitions is shown with its range.
CPU per call is user+system time of all processes of the target (upstreams not counted) over exactly the measured
calls.  The machine is shared by client, target and upstream: trust CPU per call first, ratios second, calls per
second last.  The exit status tells whether all replies were right, never whether something was fast.
"""
import argparse
import contextlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_port

import agents
import atlassian
import bridge
import guarded
import parts
import peers
import secured
import soak
import traced

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLIENTS = (1, 16, 64)
UPSTREAMS = ("bench_upstream", "demo")          # processes that belong to no target


class Missing(Exception):
    """Something that is measured cannot be had; the text is the reason."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


# --- processes -----------------------------------------------------------------------------------------------

def proc_file(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as f:
            return f.read()
    except OSError:
        return b""


def is_upstream(pid):
    words = proc_file(pid, "cmdline").split(b"\0")
    names = {os.path.basename(w).decode(errors="replace") for w in words[:2]}
    return not names.isdisjoint(UPSTREAMS)


def tree(root):
    """The process and its descendants, without upstreams and what is below them (unless it is one itself)."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = proc_file(name, "stat")
            if stat:
                children.setdefault(int(stat.rsplit(b")", 1)[1].split()[1]), []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        if pid != root and is_upstream(pid):
            continue
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_ns(pids):
    """User+system time. schedstat is the clock behind /proc/PID/stat without its ticks of 10 ms."""
    total = 0
    for pid in pids:
        threads = []
        with contextlib.suppress(OSError):
            threads = os.listdir(f"/proc/{pid}/task")
        times = [proc_file(pid, f"task/{t}/schedstat").split() for t in threads]
        if times and all(times):
            total += sum(int(t[0]) for t in times)
            continue
        stat = proc_file(pid, "stat")
        if stat:
            fields = stat.rsplit(b")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) * 1000000000 // os.sysconf("SC_CLK_TCK")
    return total


def rss_anon_kib(pids):
    total = 0
    for pid in pids:
        for line in proc_file(pid, "status").splitlines():
            if line.startswith(b"RssAnon:"):
                total += int(line.split()[1])
    return total


class Bench:
    """Paths, options, and every process that was started."""

    def __init__(self, options):
        self.options = options
        self.bascule = os.path.abspath(options.bascule or os.path.join(options.build, "bascule"))
        self.programs = parts.programs(options.build)
        for path in self.programs.values():
            if not os.access(path, os.X_OK):
                sys.exit(f"bench: {path} is missing: build the project first, or name its folder with --build")
        self.nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin:/usr/local/sbin")
        self.folder = tempfile.mkdtemp(prefix="bascule-bench-")
        os.chmod(self.folder, 0o755)            # nginx's worker may be another user
        self.running = []
        self.count = 0
        self.errors = 0

    def program(self, name):
        return self.programs[name]

    def path(self, name):
        self.count += 1
        return os.path.join(self.folder, f"{self.count}-{name}")

    @contextlib.contextmanager
    def process(self, command, name, **more):
        log = self.path(name + ".log")
        with open(log, "wb") as out:
            p = subprocess.Popen(command, stderr=out, stdin=more.pop("stdin", subprocess.DEVNULL), **more)
        p.log = log
        self.running.append(p)
        try:
            yield p
        finally:
            self.stop(p)

    def stop(self, p):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        for pipe in (p.stdin, p.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.running.remove(p)

    def close(self):
        for p in list(self.running):
            self.stop(p)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def upstream(self, era="legacy"):
        command = [self.program("upstream"), *(["--modern"] if era == "modern" else [])]
        with self.process(command, "upstream", stdout=subprocess.PIPE, text=True) as p:
            yield p.stdout.readline().split()[-1]

    @contextlib.contextmanager
    def nginx_before(self, url, tls=None):
        """tls: (certificate, key) of the listener."""
        if self.nginx is None:
            raise Missing("nginx is not installed")
        port, folder = free_port(), self.path("nginx")
        os.mkdir(folder, 0o755)
        secure = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};" if tls else ""
        temp = "\n".join(f"  {kind}_temp_path {folder}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(folder + "/nginx.conf", "w") as f:
            f.write(f"""daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
{temp}
  upstream bench {{ server {url.split("/")[2]}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port}{" ssl" if tls else ""};
    {secure}
    keepalive_requests 1000000000;
    location / {{
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
""")
        with self.process([self.nginx, "-p", folder, "-c", folder + "/nginx.conf"], "nginx") as p:
            wait_port(p, port)
            yield Target("nginx", f"http{'s' if tls else ''}://127.0.0.1:{port}/mcp", p.pid)

    def config(self, upstream, port=None, more="", tls=None):
        """Without the audit, unless more says how.  tls: (certificate, key) of the listener."""
        if "audit:" not in more:
            more += "audit: {sinks: []}\n"
        path = self.path("bascule.yaml")
        listen = "stdio: true" if port is None else f'http: "127.0.0.1:{port}"'
        if tls is not None:
            listen += f', tls: {{cert: "{tls[0]}", key: "{tls[1]}"}}'
        with open(path, "w") as f:
            f.write(f"listen: {{{listen}}}\nlog: {{level: warn}}\nstate: {json.dumps(self.path('state'))}\n"
                    f"upstreams:\n  - {json.dumps(dict(name='up', **upstream))}\n{more}")
        return path

    def serve(self, upstream):
        """The command of a gateway on stdio."""
        if not os.access(self.bascule, os.X_OK):
            raise Missing(f"{self.bascule} is not built")
        return [self.bascule, "serve", "--transport", "stdio", "-c", self.config(upstream)]

    @contextlib.contextmanager
    def gateway(self, upstream, more="", tls=None):
        """more: the rest of its configuration."""
        if not os.access(self.bascule, os.X_OK):
            raise Missing(f"{self.bascule} is not built")
        port = free_port()
        with self.process([self.bascule, "serve", "-c", self.config(upstream, port, more, tls)], "bascule",
                          stdout=subprocess.DEVNULL) as p:
            wait_port(p, port)
            yield Target("bascule", f"http{'s' if tls else ''}://127.0.0.1:{port}/mcp", p.pid)

    def load(self, target, *arguments, command=None, meanwhile=None):
        """One run of the load client; CPU of the target's processes over its measured calls."""
        where = ["--url", target.url] if command is None else []
        tail = [] if command is None else ["--", *command]
        with self.process([self.program("load"), *where, "--wait", *map(str, arguments), *tail], "load",
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            words = p.stdout.readline().split()
            if len(words) != 2 or words[0] != "ready":
                raise Missing("the load client did not get ready: " + last_line(p))
            pids = tree(int(words[1]) or target.pid)   # a stdio target is the load client's child
            before = cpu_ns(pids)
            p.stdin.write("g")
            p.stdin.flush()
            extra = meanwhile() if meanwhile else None
            line = p.stdout.readline()
            after = cpu_ns(pids)
            if not line:
                raise Missing("the load client broke off: " + last_line(p))
            p.stdin.close()
            p.wait(30)
            got = json.loads(line)
            if got["errors"]:
                say(f"{got['errors']} wrong replies: {last_line(p)}")
                self.errors += got["errors"]
        got["cpu_us"] = (after - before) / 1000 / max(got["calls"], 1)
        if extra is not None:
            got["meanwhile"] = extra
        return got


class Target:
    def __init__(self, name, url, pid):
        self.name, self.url, self.pid = name, url, pid


def last_line(p):
    with open(p.log, errors="replace") as f:
        lines = [line for line in f.read().splitlines() if line.strip()]
    return lines[-1] if lines else "(it said nothing)"


def wait_port(p, port):
    """The bench runs targets at log level warn, so nothing announces the port: ask until it answers."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if p.poll() is not None:
            raise Missing(f"it ended at once: {last_line(p)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise Missing("it does not listen after 30 s")


# --- a small MCP client ---------------------------------------------------------------------------------------

MODERN = "2026-07-28"
STATS_MESSAGES = {"legacy": 3, "modern": 1}     # what upstream_stats itself sends


class Client:
    """One session on one connection; blocking, for everything that is not timed."""

    def __init__(self, url):
        self.connect(url)
        self.request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                    "clientInfo": {"name": "bench", "version": "1"}})
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def connect(self, url):
        host, port = url.split("/")[2].split(":")
        self.path = "/" + url.split("/", 3)[3]
        self.http = http.client.HTTPConnection(host, int(port), timeout=30)
        self.session = None
        self.id = 0

    def headers(self, accept, message=None):
        headers = {"Accept": accept, "Content-Type": "application/json"}
        if self.session:
            headers |= {"Mcp-Session-Id": self.session, "MCP-Protocol-Version": "2025-11-25"}
        return headers

    def post(self, message):
        headers = self.headers("application/json, text/event-stream", message)
        self.http.request("POST", self.path, json.dumps(message), headers)
        answer = self.http.getresponse()
        body = answer.read().decode()
        self.session = answer.getheader("Mcp-Session-Id") or self.session
        if answer.status >= 300:
            raise Missing(f"HTTP {answer.status}: {body[:200]}")
        if "event-stream" in (answer.getheader("Content-Type") or ""):
            data = [line[6:] for line in body.splitlines() if line.startswith("data: {")]
            return next(m for m in map(json.loads, data) if "method" not in m)
        return json.loads(body) if body else None

    def request(self, method, params):
        self.id += 1
        answer = self.post({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        if "result" not in answer:
            raise Missing(f"{method}: {answer.get('error')}")
        return answer["result"]

    def call(self, tool, **arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})["content"][0]["text"]

    def stream_open(self):
        """Turns the connection into the session's GET stream; its status."""
        head = "".join(f"{k}: {v}\r\n" for k, v in self.headers("text/event-stream").items() if k != "Content-Type")
        host = f"{self.http.host}:{self.http.port}"
        self.http.sock.sendall(f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.http.sock.recv(4096)
            if not more:
                raise Missing("the GET stream was closed")
            got += more
        return int(got.split()[1])

    def close(self):
        self.http.close()


class ModernClient(Client):
    """The same without a session: each request says everything itself."""

    def __init__(self, url):
        self.connect(url)

    def headers(self, accept, message=None):
        headers = super().headers(accept) | {"MCP-Protocol-Version": MODERN, "Mcp-Method": message["method"]}
        if "name" in message["params"]:
            headers["Mcp-Name"] = message["params"]["name"]
        return headers

    def request(self, method, params):
        key = "io.modelcontextprotocol/"
        return super().request(method, params | {"_meta": {key + "protocolVersion": MODERN,
                                                           key + "clientCapabilities": {}}})


def upstream_stats(url, era="legacy"):
    client = {"legacy": Client, "modern": ModernClient}[era](url)
    words = dict(word.split("=") for word in client.call("stats").split())
    client.close()
    return int(words["messages"]), int(words["calls"])


# --- what is measured -----------------------------------------------------------------------------------------

def http_repetition(bench, seconds):
    """{clients: {target: figures}} for one fresh set of processes."""
    result, missing = {}, {}
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(bench.upstream())
        targets = [Target("direct", url, bench.running[-1].pid)]
        for open_target in (lambda: bench.nginx_before(url), lambda: bench.gateway({"url": url})):
            try:
                targets.append(stack.enter_context(open_target()))
            except Missing as e:
                missing["nginx" if len(targets) == 1 and "nginx" not in missing else "bascule"] = str(e)
        for clients in CLIENTS:
            row = result[clients] = {}
            for target in targets:
                before = upstream_stats(url)
                try:
                    got = bench.load(target, "--sessions", clients, "--seconds", seconds, "--warm-ms", 300,
                                     "--text", 1)
                except Missing as e:
                    missing[target.name] = str(e)
                    continue
                after = upstream_stats(url)
                got["upstream_messages"] = (after[0] - before[0] - STATS_MESSAGES["legacy"]) / max(after[1] - before[1], 1)
                row[target.name] = got
    return result, missing


def ratios(row):
    out = {}
    direct, nginx, bascule = (row.get(name) for name in ("direct", "nginx", "bascule"))
    if bascule and nginx:
        out["cpu / nginx"] = bascule["cpu_us"] / nginx["cpu_us"]
        out["calls/s / nginx"] = bascule["calls_per_s"] / nginx["calls_per_s"]
        added = nginx["p50_us"] - direct["p50_us"]
        if added > 0:
            out["added p50 / nginx"] = (bascule["p50_us"] - direct["p50_us"]) / added
    return out


def measure_http(bench):
    repetitions, missing = [], {}
    for n in range(bench.options.reps):
        say(f"HTTP to HTTP, repetition {n + 1} of {bench.options.reps}")
        got, lost = http_repetition(bench, bench.options.seconds)
        missing |= lost
        repetitions.append(got)
    out = {"missing": missing, "clients": {}}
    for clients in CLIENTS:
        rows = [r[clients] for r in repetitions]
        figures = {}
        for name in ("direct", "nginx", "bascule"):
            runs = [row[name] for row in rows if name in row]
            if runs:
                figures[name] = {key: median([run[key] for run in runs]) for key in runs[0]}
        paired = [ratios(row) for row in rows]
        out["clients"][clients] = {"figures": figures, "ratios": {
            key: spread([p[key] for p in paired if key in p]) for key in sorted({k for p in paired for k in p})}}
    return out


def measure_soak(bench):
    say(f"soak, {bench.options.minutes:g} minutes, seed {bench.options.seed}")
    got = soak.measure(bench, free_port)
    bench.errors += sum(n for name, n in got["outcomes"].items() if name.startswith("FAULT"))
    if not bench.options.quick:
        soak.page_write(got, os.path.join(ROOT, "docs", "soak.md"))
    return got


def median(values):
    values = [v for v in values if isinstance(v, (int, float))]
    return statistics.median(values) if values else None


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def measure_http_stdio(bench):
    say("HTTP to stdio")
    out = {}
    with bench.gateway({"command": [bench.program("upstream"), "--stdio"]}) as target:
        for clients in CLIENTS:
            out[clients] = bench.load(target, "--sessions", clients, "--seconds", bench.options.seconds,
                                      "--warm-ms", 300, "--text", 1)
    return out


def measure_stdio(bench):
    say("stdio to stdio")
    out = {}
    upstream = [bench.program("upstream"), "--stdio"]
    gateway = bench.serve({"command": upstream})
    for depth in (1, 16):
        out[depth] = {
            "direct": bench.load(None, "--depth", depth, "--seconds", bench.options.seconds, "--warm-ms", 300,
                                 "--text", 1, command=upstream),
            "bascule": bench.load(None, "--depth", depth, "--seconds", bench.options.seconds, "--warm-ms", 300,
                                  "--text", 1, command=gateway),
        }
    return out


def measure_memory(bench):
    say("memory after one tools/list")
    with bench.gateway({"command": [bench.bascule, "demo"]}) as target:
        client = Client(target.url)
        tools = client.request("tools/list", {})["tools"]
        pids = tree(target.pid)
        out = {"rss_anon_kib": rss_anon_kib(pids), "processes": len(pids), "tools": len(tools)}
        client.close()
    return out


def measure_start(bench):
    say("start to first tools/list")
    command = bench.serve({"command": [bench.bascule, "demo"]})
    with bench.process([bench.program("start"), "--runs", "5" if bench.options.quick else "20", "--tool", "echo", "--",
                        *command], "start", stdout=subprocess.PIPE, text=True) as p:
        line = p.stdout.readline()
        p.wait(60)
        if not line:
            raise Missing(last_line(p))
    return json.loads(line)


def measure_isolate(bench):
    """A trivial program by the keeper, with a sandbox and without."""
    say("starting children apart")
    done = subprocess.run([bench.program("isolate")], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Missing(done.stderr.strip())
    return json.loads(done.stdout)


def measure_detection(bench):
    """What is found in labelled texts, beside gatekit: docs/detection.md anew."""
    say("detection")
    data = os.environ.get("BASCULE_DETECTION") or os.path.join(ROOT, "..", "shared", "data", "detection")
    if not os.path.isdir(data):
        raise Missing("no labelled texts: $BASCULE_DETECTION names their folder")
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "bench", "detection.py"), data, bench.bascule],
                          capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise Missing(done.stderr.strip()[-200:])
    with open(os.path.join(ROOT, "docs", "detection.md"), "w", encoding="utf-8") as page:
        page.write(done.stdout)
    return {"page": "docs/detection.md", "lines": [line for line in done.stdout.splitlines() if line.startswith(("Recall", "| Secrets", "| Personal", "| Injected"))]}


def measure_sessions(bench):
    n = 1000 if bench.options.quick else 10000  # as many connections as one address takes
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft < n + 100:
        raise Missing(f"{n} streams need {n + 100} descriptors, and {soft} are allowed (ulimit -n)")
    say(f"{n} idle sessions, each with its stream")
    clients, statuses = [], {}
    with bench.upstream() as url, bench.gateway({"url": url}, f"limits: {{sessions: {n + 100}}}\n") as target:
        def open_sessions(many):
            for _ in range(many):
                client = Client(target.url)
                clients.append(client)
                client.request("tools/list", {})
                status = client.stream_open()
                statuses[status] = statuses.get(status, 0) + 1
        try:
            open_sessions(20)                   # pools and pages that the first sessions need once
            while clients:
                clients.pop().close()
            statuses.clear()
            time.sleep(0.5)
            pids = tree(target.pid)
            before = rss_anon_kib(pids)
            open_sessions(n)
            after = rss_anon_kib(pids)
        finally:
            for client in clients:
                client.close()
    return {"sessions": n, "kib_each": (after - before) / n, "rss_anon_kib": after, "stream_status": statuses}


def measure_parallel(bench):
    """150 one-second calls at once, with a ping in a loop beside them, over both kinds of upstream."""
    say("150 parallel calls of one second")
    out = {}
    with bench.upstream() as url:
        for name, upstream in (("http", {"url": url}), ("stdio", {"command": [bench.program("upstream"), "--stdio"]})):
            with bench.gateway(upstream) as target:
                def ping():
                    return bench.load(target, "--tool", "ping", "--seconds", 1, "--warm-ms", 0)
                out[name] = bench.load(target, "--tool", "sleep", "--ms", 1000, "--sessions", 150, "--calls", 1,
                                       "--warm-ms", 0, meanwhile=ping)
    return out


def of_module(what):
    """What has measure() for a section of its own."""
    return lambda bench: what.measure(bench, sys.modules[__name__])


SECTIONS = {
    "http": measure_http, "guarded": of_module(guarded), "traced": of_module(traced), "secured": of_module(secured), "bridge": of_module(bridge),
    "http-stdio": measure_http_stdio, "stdio": measure_stdio, "memory": measure_memory, "start": measure_start,
    "sessions": measure_sessions, "parallel": measure_parallel, "peers": of_module(peers),
    "atlassian": of_module(atlassian),
    **{part.name: of_module(part) for part in parts.PARTS},
    "isolate": measure_isolate, "agents": of_module(agents), "detection": measure_detection, "soak": measure_soak}
ASKED_FOR = ("soak",)                           # not part of a run that names nothing


# --- what is shown --------------------------------------------------------------------------------------------

def table(title, head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in [head, ["-" * w for w in widths], *rows]:
        print("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))).rstrip())


def figure(value, form="{:,.1f}"):
    return "-" if value is None else form.format(value)


def ratio_text(r):
    return "-" if r is None else f"{r['median']:.2f} ({r['low']:.2f}-{r['high']:.2f})"


def show_http(got):
    rows = []
    for clients, one in got["clients"].items():
        for name in ("direct", "nginx", "bascule"):
            f = one["figures"].get(name)
            if f:
                rows.append([f"{name}, {clients} client{'s' if clients > 1 else ''}", figure(f["calls_per_s"], "{:,.0f}"),
                             figure(f["min_us"]), figure(f["p50_us"]), figure(f["p99_us"]), figure(f["cpu_us"]),
                             figure(f["upstream_messages"], "{:.3f}"), figure(f["errors"], "{:.0f}")])
    table("HTTP to HTTP echo (medians)", ["target", "calls/s", "min us", "p50 us", "p99 us", "CPU us/call",
                                          "messages/call", "errors"], rows)
    rows = [[f"{clients} client{'s' if clients > 1 else ''}"] + [ratio_text(one["ratios"].get(key)) for key in
            ("cpu / nginx", "calls/s / nginx", "added p50 / nginx")] for clients, one in got["clients"].items()]
    table("bascule against nginx, paired in a repetition: median (low-high)",
          ["", "CPU per call", "calls/s", "added p50"], rows)
    for name, why in got["missing"].items():
        print(f"  {name} was not measured: {why}")


def load_row(name, f):
    return [name, figure(f["calls_per_s"], "{:,.0f}"), figure(f["min_us"]), figure(f["p50_us"]), figure(f["p99_us"]),
            figure(f["cpu_us"]), figure(f["errors"], "{:.0f}")]


LOAD_HEAD = ["", "calls/s", "min us", "p50 us", "p99 us", "CPU us/call", "errors"]


def show_soak(got):
    outcomes, state = soak.rows(got)
    table(f"Soak: {got['calls']:,} calls in {got['minutes']:g} minutes, seed {got['seed']}", ["outcome", "calls"],
          outcomes)
    table("The gateway", ["", "fresh", "before", "most", "after"], state)
    for name in ("kinds", "chaos", "told", "reloads", "sessions_lost"):
        print(f"  {name}: " + ", ".join(f"{key} {n}" for key, n in got[name].items()))
    for fault in got["faults"]:
        print("  FAULT " + fault)


def show(results):
    def have(name):
        return name in results and "reason" not in results[name]
    if have("soak"):
        show_soak(results["soak"])
    if have("http"):
        show_http(results["http"])
    if have("guarded"):
        guarded.show(results["guarded"], table, figure, ratio_text)
    if have("traced"):
        traced.show(results["traced"], table, figure)
    if have("secured"):
        secured.show(results["secured"], table, figure, ratio_text)
    if have("peers"):
        peers.show(results["peers"], table)
    if have("bridge"):
        bridge.show(results["bridge"], table, figure, ratio_text)
    if have("http-stdio"):
        table("HTTP to stdio echo", LOAD_HEAD, [load_row(f"{c} client{'s' if c > 1 else ''}", f)
                                                for c, f in results["http-stdio"].items()])
    if have("stdio"):
        table("stdio to stdio echo", LOAD_HEAD, [load_row(f"{name}, {depth} at a time", f)
              for depth, both in results["stdio"].items() for name, f in both.items()])
    if have("parallel"):
        table("150 calls of one second at once", ["upstream", "total s", "ping p50 us", "ping p99 us", "ping max us"],
              [[name, figure(f["seconds"], "{:.3f}")] + [figure(f["meanwhile"][k]) for k in
                                                         ("p50_us", "p99_us", "max_us")]
               for name, f in results["parallel"].items()])
    if have("detection"):
        print("\nDetection (docs/detection.md)\n" + "\n".join("  " + line for line in results["detection"]["lines"]))
    for part in parts.PARTS:
        if have(part.name):
            part.show(results[part.name], table, figure)
    if have("isolate"):
        got = results["isolate"]
        table("A trivial child, from request to exit (" + got["effective"] + ")", ["sandbox", "p50 ms", "p90 ms"],
              [["none", figure(got["plain_ms"], "{:.2f}"), ""],
               ["all of it", figure(got["isolated_ms"], "{:.2f}"), figure(got["isolated_p90_ms"], "{:.2f}")],
               ["the first", figure(got["first_ms"], "{:.2f}"), ""]])
    if have("agents"):
        agents.show(results["agents"], table, figure)
    if have("atlassian"):
        atlassian.show(results["atlassian"], table, figure)
    if set(results) - set(ASKED_FOR) - {"atlassian", "peers"}:
        show_budget(results)
    for name, got in results.items():
        if "reason" in got:
            print(f"  {name} was not measured: {got['reason']}")


def budget_rows(results):
    """(what, measured, limit, unit): smaller is better throughout."""
    http_results = results.get("http", {}).get("clients", {})

    def paired(clients, key):
        return http_results.get(clients, {}).get("ratios", {}).get(key, {}).get("median")

    def member(section, *path):
        got = results.get(section, {})
        for key in path:
            got = got.get(key) if isinstance(got, dict) else None
        return got
    memory = member("memory", "rss_anon_kib")
    pings = [f["meanwhile"]["p99_us"] / 1000 for f in results.get("parallel", {}).values() if isinstance(f, dict)]
    totals = [f["seconds"] for f in results.get("parallel", {}).values() if isinstance(f, dict)]
    yield "CPU per call, 16 clients, against nginx", paired(16, "cpu / nginx"), 1.0, "x"
    yield "added p50, 1 client, against nginx", paired(1, "added p50 / nginx"), 1.5, "x"
    yield "messages upstream per call", member("http", "clients", 16, "figures", "bascule", "upstream_messages"), 1.01, ""
    yield "RssAnon idle, gateway and keeper", memory and memory / 1024, 5, "MiB"
    yield "start to first tools/list", member("start", "median_ms"), 15, "ms"
    yield "start and end of an isolated child", member("isolate", "isolated_ms"), 30, "ms"
    yield "RssAnon per idle session", member("sessions", "kib_each"), 6, "KiB"
    yield "150 calls of 1 s at once, in all", max(totals, default=None), 1.2, "s"
    for part in parts.PARTS:
        yield from part.budget({} if member(part.name, "reason") else results.get(part.name))
    yield "ping meanwhile, p99", max(pings, default=None), 10, "ms"
    if "rows" in results.get("guarded", {}):
        yield from guarded.budget(results["guarded"])
    if "rows" in results.get("traced", {}):
        yield from traced.budget(results["traced"])
    if "rows" in results.get("secured", {}):
        yield from secured.budget(results["secured"])
    if "runs" in results.get("agents", {}):
        yield from agents.budget(results["agents"])
    if "pairs" in results.get("bridge", {}):
        yield from bridge.budget(results["bridge"])


def show_budget(results):
    rows = []
    for what, measured, limit, unit in budget_rows(results):
        if measured is None:
            rows.append([what, "-", f"{limit:g} {unit}".strip(), "-", "not measured"])
        else:
            rows.append([what, f"{measured:.2f} {unit}".strip(), f"{limit:g} {unit}".strip(),
                         f"{measured / limit:.2f}", "within" if measured <= limit else "OVER"])
    table("Against the budget", ["what", "measured", "limit", "measured/limit", ""], rows)


def options_read():
    p = argparse.ArgumentParser(description="measure bascule beside nginx")
    p.add_argument("--build", default=os.path.join(ROOT, "build"), help="folder of the build (default: build)")
    p.add_argument("--bascule", help="another bascule binary")
    p.add_argument("--quick", action="store_true", help="short windows, one repetition")
    p.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    p.add_argument("--only", default="", help="comma-separated: " + ", ".join(SECTIONS))
    p.add_argument("--reps", type=int, help="repetitions of HTTP to HTTP and of bridge (default 5, quick 1)")
    p.add_argument("--seconds", type=int, help="of each measured window (default 2, quick 1)")
    p.add_argument("--minutes", type=float, default=20, help="of the soak (default 20)")
    p.add_argument("--calls", type=int, default=100000, help="of the soak, at most (default 100000)")
    p.add_argument("--seed", type=int, default=1, help="of the soak's faults (default 1)")
    p.add_argument("--write", default=None, metavar="PAGE", help="what peers found, as a page (default "
                   "docs/performance.md, unless quick; \"\": none)")
    options = p.parse_args()
    if options.write is None:
        options.write = "" if options.quick else os.path.join(ROOT, "docs", "performance.md")
    options.reps = options.reps or (1 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 2)
    options.only = [name for name in options.only.split(",") if name] or \
        [name for name in SECTIONS if name not in ASKED_FOR]
    for name in options.only:
        if name not in SECTIONS:
            p.error(f"--only: {name} is none of {', '.join(SECTIONS)}")
    return options


def main():
    options = options_read()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    bench = Bench(options)
    results = {}
    try:
        for name in options.only:
            try:
                results[name] = SECTIONS[name](bench)
            except (Missing, OSError, subprocess.TimeoutExpired, http.client.HTTPException) as e:
                results[name] = {"reason": str(e) or type(e).__name__}
                say(f"{name}: {results[name]['reason']}")
    finally:
        bench.close()
    if "rows" in results.get("peers", {}) and options.write:
        peers.page_write(results["peers"], results.get("atlassian"), options.write)
    if options.json:
        print(json.dumps({"machine": {"cpus": os.cpu_count(), "load": os.getloadavg()}, "errors": bench.errors,
                          "results": results}, indent=1))
    else:
        show(results)
    return 1 if bench.errors else 0


if __name__ == "__main__":
    sys.exit(main())
