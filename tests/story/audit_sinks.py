#!/usr/bin/env python3
"""audit.sinks in front of the program: each sink gets one record an exchange, refused ones too, all say the same; one
that is down, full or slow holds up neither calls nor other sinks, and tells of what it lost; `bascule audit` reads the
stores.  Where Python has opentelemetry-proto, what goes to a collector is read by its definitions.

usage: audit_sinks.py BASCULE
"""
import csv
import glob
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 120
NAMES = ("time", "instance", "caller", "tenant", "client", "server", "tool", "method", "verdict", "rule", "outcome",
         "error_code", "duration_ms")
program = os.path.abspath(sys.argv[1])
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += glob.glob(os.path.join(root, ".cache", "peers", "python", "lib", "python3*", "site-packages"))
base = {"PATH": "/usr/bin:/bin"}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)


class Gateway:
    """One on stdio, its upstream the demo; rule `no-time` refuses the tool `time`."""

    def __init__(self, folder, sinks, **audit):
        self.folder, self.id, self.log = folder, 0, []
        self.config = os.path.join(folder, "bascule.yaml")
        self.env = dict(base, HOME=folder, XDG_STATE_HOME=os.path.join(folder, "state"),
                        XDG_CONFIG_HOME=os.path.join(folder, "config"))
        with open(self.config, "w") as file:
            json.dump({"listen": {"stdio": True, "http": []}, "log": {"level": "info"},
                       "upstreams": [{"name": "demo", "command": [program, "demo"]}],
                       "guard": {"rules": [{"id": "no-time", "action": "deny",
                                      "match": {"tool": "time", "args": {"/zone": {"exists": False}}}}]},
                       "audit": {"sinks": sinks, **audit}}, file)
        self.process = subprocess.Popen([program, "serve", "-c", self.config], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, cwd=folder)
        self.logged = threading.Condition()
        threading.Thread(target=self.read_log, daemon=True).start()
        self.call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                 "clientInfo": {"name": 'evil\n{"time":1} caller=root', "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def read_log(self):
        for line in self.process.stderr:
            with self.logged:
                self.log.append(line.decode())
                self.logged.notify_all()

    def wait_log(self, pattern):
        with self.logged:
            found = self.logged.wait_for(lambda: any(re.search(pattern, l) for l in self.log), LIMIT_S)
        assert found, (pattern, self.log)

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def call(self, method, params):
        self.id += 1
        self.send({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        while True:
            line = self.process.stdout.readline()
            assert line, self.log
            message = json.loads(line)
            if message.get("id") == self.id:
                return message

    def tool(self, name, **arguments):
        return self.call("tools/call", {"name": name, "arguments": arguments})

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(LIMIT_S) == 0, self.log
        return self.log

    def audit(self, *args, status=0):
        done = subprocess.run([program, "audit", *args, "-c", self.config], capture_output=True, timeout=LIMIT_S,
                              env=self.env, cwd=self.folder)
        assert done.returncode == status, (args, done)
        return done.stdout.decode()


def some_calls(gateway, n=1):
    for _ in range(n):
        assert "result" in gateway.tool("echo", text="hello")
        refused = gateway.tool("time")["error"]
        assert refused["data"]["rule"] == "no-time", refused
        assert "error" in gateway.tool("nothing_like_it")


# ---- what listens -----------------------------------------------------------------------------

class Syslog:
    def __init__(self, kind):
        self.messages, self.socket = [], socket.socket(socket.AF_INET, kind)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        threading.Thread(target=self.stream if kind == socket.SOCK_STREAM else self.datagrams, daemon=True).start()

    def datagrams(self):
        while True:
            self.messages.append(self.socket.recv(65536).decode())

    def stream(self):
        while True:
            file = self.socket.accept()[0].makefile("rb")
            while True:
                length = b""
                while (byte := file.read(1)) not in (b" ", b""):
                    length += byte
                if not byte:
                    break
                self.messages.append(file.read(int(length)).decode())


class Collector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hangs=False):
        self.bodies, self.seen, self.hangs = [], threading.Event(), hangs
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.set()
        if self.server.hangs:
            self.server.release.wait(LIMIT_S)
            return
        assert self.path == "/v1/logs" and self.headers["Content-Type"] == "application/json"
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


# ---- each form, read as records ---------------------------------------------------------------

def key(record):
    """What every form says of an exchange."""
    return tuple(str(record.get(n) if record.get(n) is not None else "")
                 for n in ("time", "instance", "server", "tool", "method", "verdict", "rule", "outcome", "error_code"))


def of_jsonl(path):
    with open(path, newline="\n") as file:
        records = [json.loads(line) for line in file.read().splitlines()]
    for record in records:
        assert all(name in record for name in NAMES), record
    return [r for r in records if r["kind"] == "exchange"]


def of_csv(path):
    with open(path, newline="") as file:
        return [r for r in csv.DictReader(file, delimiter=";") if r["kind"] == "exchange"]


def of_syslog(messages):
    records = []
    for message in messages:
        data = re.match(r"<\d+>1 \S+ \S+ bascule \d+ audit \[bascule@32473((?: \w+=\"(?:[^\"\\\]]|\\.)*\")*)\] ", message)
        assert data and "\n" not in message, message
        record = {name: re.sub(r"\\(.)", r"\1", value)
                  for name, value in re.findall(r" (\w+)=\"((?:[^\"\\\]]|\\.)*)\"", data[1])}
        if record["kind"] == "exchange":
            records.append(record)
    return records


def of_cef(lines):
    records = []
    for line in lines:
        line = line[line.index("CEF:0|"):]
        fields = re.split(r"(?<!\\)\|", line, 7)
        assert fields[1:3] == ["bascule", "bascule"] and len(fields) == 8, line
        at = [(m.start(1), m.end(), m[1]) for m in re.finditer(r"(?:^| )(\w+)=", fields[7])]
        values = {name: fields[7][end:at[i + 1][0] - 1 if i + 1 < len(at) else None]
                  for i, (_, end, name) in enumerate(at)}
        names = {"suser": "caller", "destinationServiceName": "server", "requestMethod": "method", "act": "verdict",
                 "deviceExternalId": "instance"}
        names.update((name[:-5], value) for name, value in values.items() if name.endswith("Label"))
        record = {names.get(name, name): value for name, value in values.items()}
        if record["cat"] == "exchange":
            records.append(record)
    return records


def of_otlp(bodies):
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
        for body in bodies:
            request = json_format.Parse(body, logs_service_pb2.ExportLogsServiceRequest())
            assert len(request.resource_logs) == 1
    except ImportError as error:
        print("skipped: the definitions of OTLP:", error)
    records = []
    for body in bodies:
        (resource,) = json.loads(body)["resourceLogs"]
        named = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
        assert named["service.name"] == "bascule", named
        (scope,) = resource["scopeLogs"]
        for entry in scope["logRecords"]:
            assert entry["timeUnixNano"].isdigit() and entry["severityNumber"] in (9, 10, 13, 17)
            record = {a["key"]: a["value"].get("stringValue", a["value"].get("intValue")) for a in entry["attributes"]}
            if record["kind"] == "exchange":
                records.append(record)
    return records


# ---- stories ----------------------------------------------------------------------------------

def all_say_the_same():
    udp, tcp, collector = Syslog(socket.SOCK_DGRAM), Syslog(socket.SOCK_STREAM), Collector()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [
            {"sqlite": "audit.db"}, {"jsonl": "a.jsonl"}, {"csv": "a.csv", "delimiter": ";", "quoting": "all"},
            {"text": "a.txt"}, {"syslog": f"udp://127.0.0.1:{udp.port}"}, {"syslog": f"tcp://127.0.0.1:{tcp.port}"},
            {"cef": "a.cef"}, {"otlp": f"http://127.0.0.1:{collector.server_port}"}])
        some_calls(gateway, 3)
        gateway.end()
        jsonl = of_jsonl(os.path.join(folder, "a.jsonl"))
        calls = [r for r in jsonl if r["method"] == "tools/call"]
        assert [r["outcome"] for r in calls] == ["done", "refused", "failed"] * 3, calls
        assert [r["rule"] for r in calls if r["outcome"] == "refused"] == ["no-time"] * 3
        assert all(r["client"] == 'evil\n{"time":1} caller=root' for r in calls), calls[0]
        wanted = sorted(map(key, jsonl))
        assert sorted(map(key, of_csv(os.path.join(folder, "a.csv")))) == wanted
        assert sorted(map(key, of_syslog(udp.messages))) == wanted
        assert sorted(map(key, of_syslog(tcp.messages))) == wanted
        assert sorted(map(key, of_otlp(collector.bodies))) == wanted
        with open(os.path.join(folder, "a.cef")) as file:
            cef = of_cef(file.read().splitlines())
        assert sorted(key(r)[1:] for r in cef) == sorted(w[1:] for w in wanted)
        with open(os.path.join(folder, "a.txt")) as file:
            lines = file.read().splitlines()
        assert sum(" number=" in line for line in lines) == len(jsonl), lines
        for name in ("a.jsonl", "a.csv", "a.txt", "a.cef"):
            assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o600, name
        look(gateway, jsonl)


def look(gateway, jsonl):
    """bascule audit, on the store that the gateway left."""
    def query(*args):
        return [json.loads(line) for line in gateway.audit("query", "--json", *args).splitlines()]

    wanted = sorted(map(key, jsonl))
    assert sorted(key(r) for r in query() if r["kind"] == "exchange") == wanted
    refused = query("--outcome", "refused")
    assert len(refused) == 3 and all(r["rule"] == "no-time" for r in refused), refused
    assert query("--rule", "no-*", "--verdict", "deny", "--server", "demo", "--tool", "t?me") == refused
    assert query("--outcome", "refused", "--limit", "1") == refused[-1:]
    assert query("--outcome", "refused", "--since", "1h") == refused
    assert query("--since", "2100-01-01") == [] and query("--until", "2001-01-01T00:00:00Z") == []
    assert query("--tenant", "nobody") == []
    table = gateway.audit("query", "--outcome", "refused")
    assert table.splitlines()[0].split()[:3] == ["TIME", "CALLER", "TENANT"] and table.count("no-time") == 3, table
    assert gateway.audit("tail", "--outcome", "refused").count(" refused tools/call demo/time ") == 3
    exported = os.path.join(gateway.folder, "export.csv")
    gateway.audit("export", "csv", "-o", exported)
    with open(exported, newline="") as file:
        assert sorted(key(r) for r in csv.DictReader(file) if r["kind"] == "exchange") == wanted
    gateway.audit("export", "csv", "-o", exported, status=2)
    assert len(of_cef(gateway.audit("export", "cef").splitlines())) == len(jsonl)
    gateway.audit("export", "xml", status=2)
    gateway.audit("query", "--outcome", "refusd", status=2)


def tail_follows():
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [{"sqlite": "audit.db"}])
        some_calls(gateway)
        follower = subprocess.Popen([program, "audit", "tail", "-f", "--json", "--outcome", "refused", "-c",
                                     gateway.config], stdout=subprocess.PIPE, env=gateway.env, cwd=folder)
        for _ in range(2):
            assert json.loads(follower.stdout.readline())["rule"] == "no-time"
            some_calls(gateway)
        follower.kill()
        follower.wait()
        gateway.end()


def one_that_is_down_holds_nothing_up():
    """The collector answers nothing, nobody listens for syslog, the device is full: all calls are answered and the
    file has them before the collector has said a word."""
    collector = Collector(hangs=True)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [
            {"otlp": f"http://127.0.0.1:{collector.server_port}", "timeout": "100s"},
            {"syslog": f"tcp://127.0.0.1:{closed.getsockname()[1]}"}, {"jsonl": "/dev/full"}, {"text": "no/where.txt"},
            {"jsonl": "a.jsonl"}])
        some_calls(gateway, 50)
        assert collector.seen.wait(LIMIT_S)
        gateway.wait_log(r"/dev/full.*No space left")
        gateway.wait_log(r"no/where\.txt")
        gateway.wait_log(r"tcp://127.*refused")
        collector.hangs = False
        collector.release.set()
        log = gateway.end()
        assert len([r for r in of_jsonl(os.path.join(folder, "a.jsonl")) if r["method"] == "tools/call"]) == 150
        # Said once, not once a record.
        for pattern in ("cannot write it", "cannot open it", "cannot connect"):
            assert sum(pattern in line and "tried again" in line for line in log) == 1, (pattern, log)


def what_is_lost_is_told():
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [{"jsonl": "later/a.jsonl", "queue": 10}])
        some_calls(gateway, 20)
        gateway.wait_log(r"later/a\.jsonl")
        os.mkdir(os.path.join(folder, "later"))
        gateway.wait_log(r"written again")
        some_calls(gateway, 1)
        gateway.end()
        path = os.path.join(folder, "later", "a.jsonl")
        with open(path) as file:
            records = [json.loads(line) for line in file]
        lost = sum(r["count"] for r in records if r["kind"] == "dropped")
        kept = [r for r in records if r["kind"] == "exchange"]
        assert lost > 0 and lost + len(records) - sum(r["kind"] == "dropped" for r in records) >= 64, records
        numbers = [r["number"] for r in kept]
        assert numbers == sorted(set(numbers)), numbers


def files_rotate():
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [{"jsonl": "r.jsonl", "rotate": "4KiB", "keep": 100}])
        some_calls(gateway, 20)
        gateway.end()
        names = [n for n in os.listdir(folder) if n.startswith("r.jsonl")]
        assert len(names) > 3, names
        records = []
        for name in names:
            path = os.path.join(folder, name)
            assert os.stat(path).st_size <= 4096 or len(open(path).read().splitlines()) == 1
            records += of_jsonl(path)
        assert len([r for r in records if r["method"] == "tools/call"]) == 60


def moved_files_are_made_anew():
    """SIGHUP, and logrotate without it."""
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, [{"jsonl": "m.jsonl"}])
        path = os.path.join(folder, "m.jsonl")
        some_calls(gateway)
        while not os.path.exists(path):
            some_calls(gateway)
        os.rename(path, path + ".old")
        gateway.process.send_signal(signal.SIGHUP)
        some_calls(gateway)
        gateway.end()
        numbers = [r["number"] for r in of_jsonl(path + ".old") + of_jsonl(path)]
        assert numbers == sorted(set(numbers)) and of_jsonl(path), numbers


for story in (all_say_the_same, tail_follows, one_that_is_down_holds_nothing_up, what_is_lost_is_told, files_rotate,
              moved_files_are_made_anew):
    story()
    print("ok", story.__name__, flush=True)
