"""Rough weather: a gateway, what it holds of the machine, and a healthy client beside whatever happens to it.

For the stories rough_*.py.
"""
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

FAR = 120  # seconds; nothing waits for so long but what hangs
program = os.path.abspath(sys.argv[1])
base = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
REVISION = "2025-11-25"
INITIALIZE = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
    "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
DEMO = {"name": "demo", "command": [program, "demo"]}


def is_sanitized():
    with open(program, "rb") as file:
        return b"__asan_init" in file.read()


class Skip(Exception):
    """What a case needs is not there; the text says what."""


def until(condition, what="it did not come to that", far=FAR):
    end = time.monotonic() + far
    while not (got := condition()):
        assert time.monotonic() < end, what()[-1500:] if callable(what) else what
        time.sleep(0.02)
    return got


def children_of(pid):
    """All descendants."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += [int(child), *children_of(int(child))]
    return found


class Gateway:
    """`bascule serve` on a port of its own; more: options of its configuration."""

    def __init__(self, folder=None, start=None, env=None, log=None, **more):
        self.own = None
        if folder is None:
            self.own = folder = tempfile.mkdtemp(prefix="bascule-rough-")
        self.folder = folder
        self.config = {"listen": {"http": "127.0.0.1:0"}, "state": os.path.join(folder, "state"), "audit": {"sinks": []},
                       "upstreams": [DEMO], **more}
        self.path = os.path.join(folder, "bascule.yaml")
        self.write()
        self.log_path = log or os.path.join(folder, "log")
        with open(self.log_path, "ab") as log_file:
            self.process = subprocess.Popen([program, "serve", "-c", self.path], stdin=subprocess.DEVNULL, stderr=log_file,
                                            stdout=subprocess.DEVNULL, cwd=folder, preexec_fn=start,
                                            env=dict(base, HOME=folder, **(env or {})))
        self.pid = self.process.pid
        try:
            self.port = int(until(lambda: self.started("listening on http://[^ ]*?:(\\d+)/mcp"), self.log)[1])
            until(lambda: self.page("/readyz")[0] == 200, self.log)
        except BaseException:
            self.process.kill()
            raise

    def started(self, pattern):
        assert self.process.poll() is None, self.log()
        return re.search(pattern, self.log())

    def write(self):
        with open(self.path, "w") as file:
            json.dump(self.config, file)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, pattern):
        return [line for line in self.log().split("\n") if re.search(pattern, line)]

    def page(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FAR)
        connection.request("GET", path, headers=dict({"Connection": "close"}, **headers))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def metric(self, name, **headers):
        status, text = self.page("/metrics", **headers)
        assert status == 200, text
        found = re.findall(r"^%s(?:\{[^}]*\})? (\S+)$" % name, text, re.M)
        return sum(float(one) for one in found)

    # What it holds of the machine.

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def children(self):
        return children_of(self.pid)

    def anon_kib(self):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def busy(self, seconds):
        """The part of that time in which it used a processor."""
        before, began = self.cpu_s(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu_s() - before) / (time.monotonic() - began)

    def files_limit(self, soft):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (soft, resource.prlimit(self.pid, resource.RLIMIT_NOFILE)[1]))

    def alive(self):
        assert self.process.poll() is None, (self.process.returncode, self.log()[-6000:])

    def end(self):
        self.alive()
        kept = self.children()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(FAR) == 0, self.log()[-6000:]
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in kept), "children are left")
        log = self.log()
        assert "ERROR: " not in log and "runtime error" not in log, log[-8000:]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.end()
            else:
                print("# " + self.log()[-1500:].replace("\n", "\n# "), flush=True)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(FAR)
            if self.own:
                shutil.rmtree(self.own, ignore_errors=True)


class Client:
    """One session on one kept connection."""

    def __init__(self, port, source=None, **headers):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=FAR, source_address=source)
        self.headers, self.id = dict(HEADERS, **headers), 0
        status, fields, answer = self.post(INITIALIZE)
        assert status == 200, (status, answer)
        self.headers["Mcp-Session-Id"] = fields["Mcp-Session-Id"]
        self.headers["MCP-Protocol-Version"] = REVISION
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def post(self, message):
        self.http.request("POST", "/mcp", json.dumps(message), self.headers)
        answer = self.http.getresponse()
        text = answer.read().decode()
        if "event-stream" in (answer.getheader("Content-Type") or ""):
            text = [line[6:] for line in text.split("\n") if line.startswith("data: {")][-1]
        return answer.status, answer.headers, json.loads(text) if text else None

    def ask(self, method, **params):
        """The whole answer, be it an error."""
        self.id += 1
        status, _, answer = self.post({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        assert answer is not None and answer["id"] == self.id, (status, answer)
        return answer

    def call(self, name, **arguments):
        return self.ask("tools/call", name=name, arguments=arguments)

    def echo(self, text="hello", tool="echo"):
        answer = self.call(tool, text=text)
        assert answer.get("result", {}).get("content", [{}])[0].get("text") == text, answer

    def stream(self):
        """Makes of the connection the session's stream; it is nothing else from then on."""
        fields = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items() if k != "Content-Type")
        self.http.sock.sendall(f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.http.sock.recv(4096)
            assert more, got
            got += more
        assert got.split()[1] == b"200", got

    def close(self):
        self.http.close()


class Beside:
    """A healthy client that calls all the time: every one of its calls is answered, and rightly."""

    def __init__(self, gateway, tool="echo", **headers):
        self.gateway, self.tool, self.n, self.worst, self.fault, self.over = gateway, tool, 0, 0.0, None, False
        self.client = Client(gateway.port, **headers)
        self.client.echo("first", tool)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.over:
                began = time.monotonic()
                self.client.echo(f"beside {self.n}", self.tool)
                self.worst = max(self.worst, time.monotonic() - began)
                self.n += 1
                time.sleep(0.02)
        except BaseException as e:
            self.fault = e

    def served(self, n=5):
        """So many more of its calls are answered."""
        least = self.n + n
        until(lambda: self.n >= least or self.fault is not None, "the client beside is not served")
        assert self.fault is None, repr(self.fault)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.served()
        self.over = True
        self.thread.join(FAR)
        self.client.close()


def before_and_after(gateway, before, kib=2048, descriptors=2):
    """What was held is given back; memory a while later, in a quiet moment."""
    until(lambda: gateway.descriptors() <= before[0] + descriptors, lambda: f"descriptors {gateway.descriptors()}, {before}")
    until(lambda: len(gateway.children()) <= before[1], lambda: f"children {gateway.children()}, {before}")
    if not is_sanitized():  # it keeps what was freed
        until(lambda: gateway.anon_kib() <= before[2] + kib, lambda: f"RssAnon {gateway.anon_kib()} KiB, {before}")


def held(gateway):
    return gateway.descriptors(), len(gateway.children()), gateway.anon_kib()


def raw(port, data=b"", source=None):
    """A connection that has sent so much and waits."""
    s = socket.create_connection(("127.0.0.1", port), FAR, source_address=source)
    if data:
        s.sendall(data)
    return s


def play(case):
    """One line of TAP, and whether it failed."""
    what, began = case.__doc__.split("\n")[0], time.monotonic()
    try:
        said = case() or ""
        return f"ok - {what}{': ' + said if said else ''} ({time.monotonic() - began:.1f} s)", False
    except Skip as why:
        return f"ok - {what} # SKIP {why}", False
    except BaseException:
        return f"not ok - {what}\n# " + traceback.format_exc().replace("\n", "\n# "), True


def run(cases, beside=()):
    """Each case is a function whose first line of documentation is what holds.  Those of beside mostly wait: each in a process
    of its own, while the others go one after the other."""
    names, failed = sys.argv[2:], 0
    if names:
        cases, beside = [case for case in (*cases, *beside) if case.__name__ in names], ()
    print(f"1..{len(cases) + len(beside)}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(max(len(beside), 1)) as pool:
        waiting = [pool.submit(play, case) for case in beside]
        for got in itertools.chain(map(play, cases), (one.result() for one in waiting)):
            print(got[0], flush=True)
            failed += got[1]
    sys.exit(1 if failed else 0)
