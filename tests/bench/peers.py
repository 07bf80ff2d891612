"""Gateways and bridges side by side, in one run: docs/performance.md.

Each target is started afresh, with the same small server behind it: over HTTP where it can, else over stdio.  Right
before and right after it nginx is measured before the server over HTTP, and the ratio is taken to their mean.  Peers are where
`tests/interop/install --bench` puts them; one that is not there is named with its reason.  Figures are of one
repetition, and of everything that takes part on the same processors: CPU per call first, ratios second.
"""
import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import time

import guarded

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("BASCULE_PEERS") or os.path.join(ROOT, ".cache", "peers")
CLIENTS = 16
WARM_SESSIONS = 20                      # for pools and pages that the first ones need once
SESSIONS, SESSIONS_S = 200, 8           # so many idle sessions, or as many as can be opened in that time; 10 at least
STARTS = 3
CALLS = 20                              # for the messages of one call
SCAN = guarded.SCAN + "audit: {mode: async, key: not a secret of anybody}\n"
GUARD = guarded.rules(guarded.RULES) + "audit: {mode: async, key: not a secret of anybody}\n"


class Peer:
    """name: of the row; where: its files below PEERS; over: "HTTP" or "stdio", to the server; command(bench, port, url)
    starts it; path and tool: of its endpoint and of echo; stamp: under which install has its version."""

    def __init__(self, name, what, over, where, command, path="/mcp", tool="echo", stamp=None):
        self.name, self.what, self.over, self.command = name, what, over, command
        self.program, self.path, self.tool = os.path.join(PEERS, where), path, tool
        self.stamp = stamp or name


def node(peer, *arguments):
    return [os.path.join(PEERS, "bin", "node"), peer.program, *arguments]


def server(bench):
    return [bench.program("upstream"), "--stdio"]


def rust_command(peer, bench, port, url):
    path = bench.path("proxy.toml")
    with open(path, "w") as f:
        f.write(f'[proxy]\nname = "bench"\nseparator = "/"\n[proxy.listen]\nhost = "127.0.0.1"\nport = {port}\n'
                f'[[backends]]\nname = "up"\ntransport = "http"\nurl = "{url}"\n')
    return [peer.program, "--config", path]


PEERS_HTTP = (
    Peer("mcp-proxy (Rust)", "gateway", "HTTP", "mcp-proxy-rs/bin/mcp-proxy", rust_command, "/", "up/echo",
         "mcp-proxy-rs"),
    Peer("fastmcp", "proxy", "HTTP", "fastmcp/bin/fastmcp", lambda peer, bench, port, url: [
        peer.program, "run", url, "--transport", "http", "--port", str(port), "--no-banner", "-l", "ERROR"]),
    Peer("mcp-proxy (TypeScript)", "bridge", "stdio", "npm/mcp-proxy-ts/node_modules/.bin/mcp-proxy",
         lambda peer, bench, port, url: node(peer, "--host", "127.0.0.1", "--port", str(port), "--", *server(bench)),
         stamp="mcp-proxy-ts"),
    Peer("supergateway", "bridge", "stdio", "npm/supergateway/node_modules/.bin/supergateway",
         lambda peer, bench, port, url: node(peer, "--stdio", " ".join(server(bench)), "--outputTransport", "streamableHttp",
                                             "--stateful", "--port", str(port), "--logLevel", "none")),
    Peer("mcp-proxy (Python)", "bridge", "stdio", "mcp-proxy-py/bin/mcp-proxy", lambda peer, bench, port, url: [
        peer.program, "--port", str(port), "--log-level", "ERROR", "--", *server(bench)], stamp="mcp-proxy-py"),
)
GATEKIT = Peer("gatekit", "gateway", "stdio", "gatekit/bin/gatekit-gateway", None, tool="up__echo")


def read(path):
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        return file.read()
    return ""


def version(peer):
    return read(os.path.join(PEERS, "stamps", peer.stamp)).strip()


def why_not(peer, tools):
    """Raises the reason why a peer is not there."""
    if os.access(peer.program, os.X_OK):
        return
    reasons = dict(line.split("\t", 1) for line in read(os.path.join(PEERS, "missing")).splitlines())
    raise tools.Missing(reasons.get(peer.stamp, "not installed (tests/interop/install --bench)"))


def environment(bench):
    return {"PATH": os.path.join(PEERS, "bin") + ":" + os.environ["PATH"], "HOME": bench.folder, "LANG": "C.UTF-8"}


# --- one target ------------------------------------------------------------------------------------------------

def first_list(p, url, tool, tools):
    """Asks every 5 ms until the tool is in the list."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if p.poll() is not None:
            raise tools.Missing("it ended at once: " + tools.last_line(p))
        with contextlib.suppress(OSError, tools.Missing, http.client.HTTPException, ValueError, StopIteration):
            client = tools.Client(url)
            try:
                if any(t["name"] == tool for t in client.request("tools/list", {})["tools"]):
                    return
            finally:
                client.close()
        time.sleep(0.005)
    raise tools.Missing("it lists no echo after 60 s: " + tools.last_line(p))


@contextlib.contextmanager
def started(bench, tools, command, path, tool, env):
    """(target, ms from its start to the list)"""
    port = tools.free_port()
    words = command(port)
    begin = time.monotonic()
    with bench.process(words, "peer", stdout=subprocess.DEVNULL, env=env) as p:
        target = tools.Target(words[0], f"http://127.0.0.1:{port}{path}", p.pid)
        first_list(p, target.url, tool, tools)
        yield target, (time.monotonic() - begin) * 1000


def sessions_kib(target, tools):
    """RssAnon of each idle session, with its stream where there is one."""
    clients, end = [], time.monotonic() + SESSIONS_S

    def open_sessions(many):
        for _ in range(many):
            if time.monotonic() > end:
                return
            client = tools.Client(target.url)
            clients.append(client)
            client.request("tools/list", {})
            client.stream_open()
    try:
        open_sessions(WARM_SESSIONS)
        before, first = tools.rss_anon_kib(tools.tree(target.pid)), len(clients)
        open_sessions(SESSIONS)
        grown = tools.rss_anon_kib(tools.tree(target.pid)) - before
        return grown / (len(clients) - first) if len(clients) >= first + 10 else None
    finally:
        for client in clients:
            client.close()


def messages(target, tool, tools):
    """To the server, for one call of a session that lasts."""
    client = tools.Client(target.url)

    def seen():
        return int(dict(word.split("=") for word in client.call(tool[:-len("echo")] + "stats").split())["messages"])
    before = seen()
    for _ in range(CALLS):
        client.call(tool, text="x")
    after = seen()
    client.close()
    return (after - before) / (CALLS + 1)


def figures(bench, tools, target, tool):
    out = {"idle_mib": tools.rss_anon_kib(tools.tree(target.pid)) / 1024, "messages": messages(target, tool, tools)}
    for clients in (1, CLIENTS):
        got = bench.load(target, "--tool", tool, "--sessions", clients, "--seconds", bench.options.seconds,
                         "--warm-ms", 500, "--text", 1)
        out |= {f"{key}_{clients}": got[key] for key in ("calls_per_s", "p50_us", "p99_us", "cpu_us", "errors")}
    return out


def nginx_cpu(bench, nginx):
    return bench.load(nginx, "--sessions", CLIENTS, "--seconds", 1, "--warm-ms", 200, "--text", 1)["cpu_us"]


def one(bench, tools, nginx, command, path="/mcp", tool="echo", env=None):
    beside = [nginx_cpu(bench, nginx)]
    starts = []
    for n in range(STARTS):
        with started(bench, tools, command, path, tool, env) as (target, ms):
            starts.append(ms)
            if n == 0:
                session_kib = sessions_kib(target, tools)
            elif n == STARTS - 1:
                out = figures(bench, tools, target, tool)
    beside.append(nginx_cpu(bench, nginx))
    return out | {"start_ms": statistics.median(starts), "ratio": out[f"cpu_us_{CLIENTS}"] / statistics.mean(beside),
                  "session_kib": session_kib}


def gatekit(bench, tools):
    """Its client is at stdin; bascule and no gateway at all beside it."""
    why_not(GATEKIT, tools)
    path = bench.path("gatekit.yaml")
    with open(path, "w") as f:
        f.write(f"proxy:\n  transport: stdio\n  upstreams:\n    - {{name: up, command: {json.dumps(server(bench))}}}\n")
    rows = {}
    for name, command, tool in (
            ("no gateway", server(bench), "echo"),
            ("bascule", bench.serve({"command": server(bench)}), "echo"),
            ("gatekit", [GATEKIT.program, "--config", path], GATEKIT.tool)):
        tools.say("peers over stdio: " + name)
        rows[name] = {"start_ms": start_stdio(bench, command, tool)} if name != "no gateway" else {}
        for depth in (1, CLIENTS):
            got = bench.load(None, "--tool", tool, "--depth", depth, "--seconds", bench.options.seconds, "--warm-ms", 300,
                             "--text", 1, command=command)
            rows[name] |= {f"{key}_{depth}": got[key] for key in ("calls_per_s", "p50_us", "cpu_us", "errors")}
    return rows


def start_stdio(bench, command, tool):
    with bench.process([bench.program("start"), "--runs", str(STARTS), "--tool", tool, "--", *command], "start",
                       stdout=subprocess.PIPE, text=True) as p:
        line = p.stdout.readline()
        p.wait(120)
    return json.loads(line)["median_ms"] if line else None


def measure(bench, tools):
    out = {"rows": {}, "missing": {}, "load": [os.getloadavg()[0]], "seconds": bench.options.seconds}

    def take(name, over, what, run):
        tools.say("peers: " + name)
        try:
            out["rows"][name] = {"over": over, "what": what} | run()
        except (tools.Missing, OSError, subprocess.TimeoutExpired, http.client.HTTPException) as e:
            out["missing"][name] = str(e) or type(e).__name__
            tools.say(f"{name}: {out['missing'][name]}")
    with bench.upstream() as url, bench.nginx_before(url) as nginx:
        upstream = bench.running[0]
        take("no gateway", "HTTP", "", lambda: figures(bench, tools, tools.Target("direct", url, upstream.pid), "echo"))
        take("nginx", "HTTP", "forwards bytes", lambda: figures(bench, tools, nginx, "echo") | {"ratio": 1})
        for name, over, more in (("bascule", "HTTP", ""), ("bascule, 20 rules and audit", "HTTP", GUARD),
                                 ("bascule, all scanners and audit", "HTTP", SCAN), ("bascule over stdio", "stdio", "")):
            behind = {"url": url} if over == "HTTP" else {"command": server(bench)}
            take(name, over, "gateway", lambda b=behind, m=more: one(
                bench, tools, nginx, lambda port: [bench.bascule, "serve", "-c", bench.config(b, port, m)]))
        for peer in PEERS_HTTP:
            def run(peer=peer):
                why_not(peer, tools)
                return one(bench, tools, nginx, lambda port: peer.command(peer, bench, port, url), peer.path, peer.tool,
                           environment(bench)) | {"version": version(peer)}
            take(peer.name, peer.over, peer.what, run)
    try:
        out["stdio"] = gatekit(bench, tools)
    except (tools.Missing, OSError) as e:
        out["missing"]["gatekit"] = str(e)
    out["load"].append(os.getloadavg()[0])
    return out


# --- what is shown ----------------------------------------------------------------------------------------------

def cell(value, digits=None):
    """Three figures at most, where digits does not say how many behind the point."""
    if value is None:
        return "–"
    if digits is None:
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


HEAD = ["", "version", "to the server by", "CPU µs a call", "× nginx", "calls/s", "median µs, 1 client", "99th, 1 client",
        "KiB a session", "MiB idle", "start ms", "messages a call"]


def rows(got):
    for name, f in got["rows"].items():
        yield [name, f.get("version", "–"), f["over"], cell(f[f"cpu_us_{CLIENTS}"]) if name != "no gateway" else "–",
               cell(f.get("ratio")), cell(f[f"calls_per_s_{CLIENTS}"]), cell(f["p50_us_1"], 0), cell(f["p99_us_1"], 0),
               cell(f.get("session_kib")), cell(f["idle_mib"]) if name != "no gateway" else "–",
               cell(f.get("start_ms")), cell(f["messages"], 2)]


STDIO_HEAD = ["", "CPU µs a call", "calls/s, 16 at once", "median µs, one at a time", "start ms"]


def stdio_rows(got):
    for name, f in got.get("stdio", {}).items():
        yield [name, cell(f[f"cpu_us_{CLIENTS}"]) if name != "no gateway" else "–", cell(f[f"calls_per_s_{CLIENTS}"]),
               cell(f["p50_us_1"], 1), cell(f.get("start_ms"))]


def show(got, table):
    table(f"Side by side, {CLIENTS} clients (load average {got['load'][0]:.1f})", HEAD, list(rows(got)))
    table("Side by side, from stdio to stdio", STDIO_HEAD, list(stdio_rows(got)))
    for name, why in got["missing"].items():
        print(f"  {name} was not measured: {why}")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = int(next(line for line in read("/proc/meminfo").splitlines() if line.startswith("MemTotal")).split()[1])
    system = next((line.split("=", 1)[1].strip('"') for line in read("/etc/os-release").splitlines()
                   if line.startswith("PRETTY_NAME")), "Linux")
    return (f"{os.cpu_count()} processors ({model}), {memory / 1024 / 1024:.0f} GiB, {system}, "
            f"Linux {platform.release().split('-')[0]}")


def markdown(head, lines):
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    yield from ("| " + " | ".join(line) + " |" for line in lines)


def page_lines(got, jira):
    errors = sum(f.get(f"errors_{n}", 0) for f in got["rows"].values() for n in (1, CLIENTS))
    yield from f"""# Performance, side by side

Made by `make bench ARGS="--only peers,atlassian"` (`tests/bench/peers.py`), in one run, with the same small server behind
everything and the same client in front: `echo` with a short text, each reply checked. {errors:,.0f} replies were wrong.

Machine: {machine()}.
Client, target and server share it, with whatever else ran: load average {got['load'][0]:.1f} at the beginning, {got['load'][1]:.1f} at the end.
So trust CPU per call and the ratios; latency and calls a second suffer from what else runs. Windows of {got['seconds']} s, one
repetition: ratios near 1 move by a third from run to run.

## From HTTP

""".splitlines()
    yield from markdown(HEAD, rows(got))
    yield from f"""
- **CPU** is user and system time of all processes of the target, without the server, with {CLIENTS} clients; **× nginx** is against
  nginx measured right before and after it. nginx forwards bytes of HTTP and reads no MCP. What is reached by stdio has the cheaper
  way to its server: compare it with `bascule over stdio`.
- **A session** is RssAnon of the target for each idle one that has listed the tools and holds its stream open
  ({SESSIONS} of them, or as many as could be opened in {SESSIONS_S} s). Where – stands, fewer than {WARM_SESSIONS + 10} could
  be opened, or it was not tried (nginx). The servers that a bridge starts for each session are not counted.
- **Start** is from exec to a list over HTTP that has the tool, asked for every 5 ms, the median of {STARTS}.
- **Messages a call**: what the server saw for each call of a session that goes on; 1 is what it takes.
- **Rules and audit**: {guarded.RULES} rules, and every call in the store with its intent before and its outcome after it. **All scanners**:
  secrets and personal data redacted, injections blocked, in both directions, and the audit.
""".splitlines()
    if got.get("stdio"):
        yield from ["", "## From stdio to stdio", "", f"gatekit {version(GATEKIT)} has no HTTP in front.", ""]
        yield from markdown(STDIO_HEAD, stdio_rows(got))
    if jira and "mcp-atlassian" in jira:
        yield from ["", "## Jira", "", f"`jira_get_issue`, one after another over stdio, of `bascule sandbox` (load average "
                    f"{jira['load_average']:.1f}); mcp-atlassian {read(os.path.join(PEERS, 'stamps', 'mcp-atlassian')).strip()}.", ""]
        yield from markdown(["", "bascule", "mcp-atlassian", "bascule is better by"], jira_rows(jira))
    if got["missing"]:
        yield from ["", "## Not measured", ""]
        yield from (f"- {name}: {why}" for name, why in got["missing"].items())


def jira_rows(jira):
    import atlassian
    for what, ours, theirs, _, unit in atlassian.rows(jira):
        few, many = (theirs, ours) if what.startswith("calls/s") else (ours, theirs)
        yield [what, f"{cell(ours)} {unit}".strip(), f"{cell(theirs)} {unit}".strip(),
               cell(many / few if ours and theirs else None)]


def page_write(got, jira, path):
    with open(path, "w", encoding="utf-8") as page:
        page.write("\n".join(page_lines(got, jira)) + "\n")
