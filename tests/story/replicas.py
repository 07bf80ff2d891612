#!/usr/bin/env python3
"""Three replicas behind a balancer that gives each connection to the next one.  TAP.

usage: replicas.py BASCULE

Clients with sessions (2025-11-25), of HTTP+SSE (2024-11-05) and without sessions (2026-07-28), with keys: no request is lost,
whichever replica it comes to; what a replica that was killed had is told to be gone, and nothing else; nobody can pretend
to be a replica; over TLS, with an authority of their own, and wrong ones.  The balancer is one of a few lines here, and nginx where there is one.
"""
import base64
import contextlib
import http.client
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_port

FAR = 60
NAMES = ("a", "b", "c")
KEYS = {"ann": "key-of-ann-0123456789", "bob": "key-of-bob-0123456789"}
program = os.path.abspath(sys.argv[1])
base = {"PATH": "/usr/bin:/bin"}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
contexts = {}       # of ports that speak TLS

SERVER = r'''
import json, sys, threading
lock, tools, answers = threading.Lock(), ["echo", "ask", "grow", "slow"], {}

def send(**message):
    with lock:
        sys.stdout.write(json.dumps(dict(message, jsonrpc="2.0")) + "\n")
        sys.stdout.flush()

def text(id, said):
    send(id=id, result={"content": [{"type": "text", "text": said}]})

for line in sys.stdin:
    m = json.loads(line)
    id, method, params = m.get("id"), m.get("method"), m.get("params") or {}
    if method == "initialize":
        send(id=id, result={"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": True}},
                            "serverInfo": {"name": "s", "version": "1"}})
    elif method == "ping":
        send(id=id, result={})
    elif method == "tools/list":
        send(id=id, result={"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in tools]})
    elif method == "tools/call":
        name, arguments = params["name"], params.get("arguments", {})
        if name == "echo":
            text(id, arguments.get("text", ""))
        elif name == "slow":
            token = params.get("_meta", {}).get("progressToken")
            for i in range(3):
                if token is not None:
                    send(method="notifications/progress", params={"progressToken": token, "progress": i + 1})
            text(id, "slow")
        elif name == "grow":
            tools.append("more%d" % len(tools))
            send(method="notifications/tools/list_changed")
            text(id, "grown")
        elif name == "ask":
            answers["q%s" % id] = id
            send(id="q%s" % id, method="elicitation/create", params={"message": "who?", "requestedSchema": {
                "type": "object", "properties": {"answer": {"type": "string"}}}})
    elif method is None and id in answers:
        text(answers.pop(id), json.dumps(m.get("result")))
'''


class Skip(Exception):
    pass


def until(condition):
    end = time.monotonic() + FAR
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


class Relay:
    """Connection by connection to the next replica that answers."""

    def __init__(self, ports):
        self.turn, self.lock = itertools.cycle(ports), threading.Lock()
        self.count = len(ports)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        for _ in range(self.count):
            with self.lock:
                port = next(self.turn)
            try:
                server = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                continue
        else:
            client.close()
            return
        other = {client: server, server: client}
        with client, server:
            try:
                while True:
                    for one in select.select([client, server], [], [])[0]:
                        data = one.recv(65536)
                        if not data:
                            return
                        other[one].sendall(data)
            except OSError:
                pass

    def close(self):
        self.socket.close()


class Nginx:
    def __init__(self, ports, folder):
        binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin:/usr/local/sbin")
        if binary is None:
            raise Skip("nginx is not installed")
        self.port = free_port()
        os.chmod(folder, 0o755)
        temp = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
        with open(folder + "/nginx.conf", "w") as file:
            file.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 16m; {temp}
  upstream bascule {{ {servers} keepalive 16; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      proxy_pass http://bascule; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_buffering off; proxy_read_timeout 1h;
    }}
  }}
}}
""")
        self.process = subprocess.Popen([binary, "-p", folder, "-c", folder + "/nginx.conf"], stderr=subprocess.DEVNULL)
        until(self.is_open)

    def is_open(self):
        assert self.process.poll() is None, "nginx did not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def close(self):
        self.process.terminate()
        self.process.wait(FAR)


class Cluster:
    def __init__(self, folder, balancer=Relay, **more):
        self.folder, self.processes, self.logs = folder, {}, {}
        self.ports = {name: free_port() for name in NAMES}
        self.more = more
        with open(os.path.join(folder, "server.py"), "w") as file:
            file.write(SERVER)
        for name in NAMES:
            self.start(name)
        for name in NAMES:
            self.wait(name)
        ports = [self.ports[name] for name in NAMES]
        self.balancer = balancer(ports) if balancer is Relay else balancer(ports, folder)
        self.port = self.balancer.port

    def start(self, name, **more):
        config = {"listen": {"http": "127.0.0.1:%d" % self.ports[name]}, "state": os.path.join(self.folder, "state-" + name),
                  "auth": {"keys": [{"name": n, "key": k} for n, k in KEYS.items()]},
                  "seal_key": "0123456789abcdef0123456789abcdef",
                  "replicas": {"self": name, "peers": {n: "http://127.0.0.1:%d" % p for n, p in self.ports.items()}},
                  "upstreams": [{"name": "s", "command": [sys.executable, os.path.join(self.folder, "server.py")],
                                 "protocol": "legacy"}],
                  "limits": {"message": "8MiB"}, **self.more, **more}
        path = os.path.join(self.folder, name + ".yaml")
        with open(path, "w") as file:
            json.dump(config, file)
        self.logs[name] = open(os.path.join(self.folder, name + ".log"), "wb")
        self.processes[name] = subprocess.Popen([program, "serve", "-c", path], stderr=self.logs[name],
                                                env=dict(base, HOME=self.folder), cwd=self.folder)

    def log(self, name):
        with open(os.path.join(self.folder, name + ".log"), encoding="utf-8") as file:
            return file.read()

    def wait(self, name):
        until(lambda: "listening on" in self.log(name) or self.processes[name].poll() is not None)
        assert self.processes[name].poll() is None, self.log(name)

    def kill(self, name):
        self.processes[name].kill()
        self.processes.pop(name).wait(FAR)

    def metric(self, outcome):
        total = 0
        for name in self.processes:
            status, _, body = http_once(self.ports[name], "GET", "/metrics", headers={"Authorization": "Bearer " + KEYS["ann"]})
            assert status == 200, body
            found = re.search(r'^bascule_replica_forwards_total\{outcome="%s"\} (\d+)' % outcome, body, re.M)
            total += int(found[1]) if found else 0
        return total

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.balancer.close()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        statuses = {name: process.wait(FAR) for name, process in self.processes.items()}
        for log in self.logs.values():
            log.close()
        if kind is not None:
            for name in self.logs:
                print("# %s: %s" % (name, self.log(name)[-3000:].replace("\n", "\n# ")))
        else:
            assert not any(statuses.values()), statuses
            for name in self.logs:
                assert "ERROR: " not in self.log(name) and "runtime error" not in self.log(name), self.log(name)


def open_http(port, host="127.0.0.1"):
    if port in contexts:
        return http.client.HTTPSConnection(host, port, timeout=FAR, context=contexts[port])
    return http.client.HTTPConnection(host, port, timeout=FAR)


def http_once(port, method, path, body=None, headers={}, host="127.0.0.1"):
    connection = open_http(port, host)
    connection.request(method, path, body, dict({"Connection": "close"}, **headers))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text


def events(text):
    return [json.loads("\n".join(line[5:].strip() for line in event.split("\n") if line.startswith("data:")))
            for event in text.split("\n\n") if "data: {" in event]


class Client:
    """With a session; each request on a connection of its own."""

    def __init__(self, port, who="ann", can=None):
        self.port, self.id, self.can = port, 0, can or {}
        self.headers = {"Authorization": "Bearer " + KEYS[who], "Content-Type": "application/json",
                        "Accept": "application/json, text/event-stream"}
        self.heard, self.reader = [], None
        self.initialize()

    def initialize(self):
        self.headers.pop("Mcp-Session-Id", None)
        status, fields, body = self.post({"method": "initialize", "id": 0, "params": {
            "protocolVersion": "2025-11-25", "capabilities": self.can, "clientInfo": {"name": "t", "version": "1"}}})
        assert status == 200, body
        self.session = self.headers["Mcp-Session-Id"] = fields["mcp-session-id"]
        self.headers["MCP-Protocol-Version"] = "2025-11-25"
        status, _, body = self.post({"method": "notifications/initialized"})
        assert status == 202, body

    @property
    def home(self):
        return self.session.split(".")[0]

    def post(self, message, **headers):
        return http_once(self.port, "POST", "/mcp", json.dumps(dict(message, jsonrpc="2.0")), dict(self.headers, **headers))

    def request(self, method, **params):
        self.id += 1
        status, fields, body = self.post({"id": self.id, "method": method, "params": params})
        assert status == 200, (status, body)
        if "event-stream" in fields["content-type"]:
            return events(body)
        return [json.loads(body)]

    def echo(self, text):
        got = self.request("tools/call", name="echo", arguments={"text": text})[-1]
        assert got["id"] == self.id and got["result"]["content"][0]["text"] == text, got

    def listen(self):
        """The GET stream, read to its end by a thread."""
        connection = open_http(self.port)
        connection.request("GET", "/mcp", headers=self.headers)
        answer = connection.getresponse()
        assert answer.status == 200, (answer.status, answer.read())

        def read():
            with contextlib.suppress(Exception):
                for line in iter(answer.readline, b""):
                    if line.startswith(b"data: {"):
                        self.heard.append(json.loads(line[6:]))
            self.heard.append(None)

        self.connection = connection
        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()


def legacy(balancer):
    with tempfile.TemporaryDirectory() as folder, Cluster(folder, balancer) as cluster:
        clients = [Client(cluster.port, who) for who in ("ann", "bob") for _ in range(6)]
        assert {client.home for client in clients} == set(NAMES), [client.session for client in clients]
        for client in clients:
            client.listen()
        # Some hundred calls; large ones too, both ways, and progress.
        for i in range(20):
            for client in clients:
                client.echo("%d" % i)
        large = "x" * 3000000
        clients[0].echo(large)
        clients[1].echo(large)
        for client in clients:
            got = client.request("tools/call", name="slow", arguments={}, _meta={"progressToken": "p"})
            assert got[-1]["result"]["content"][0]["text"] == "slow", got
            assert [m["params"]["progress"] for m in got[:-1]] == [1, 2, 3], got
        # What belongs to no call comes on the stream, by way of another replica or not.
        for name in NAMES:
            next(client for client in clients if client.home == name).request("tools/call", name="grow", arguments={})
        for client in clients:
            until(lambda: any(m and m.get("method") == "notifications/tools/list_changed" for m in client.heard))
        # Sessions are bound to who began them.
        thief = dict(clients[0].headers, Authorization="Bearer " + KEYS["bob"])
        for _ in NAMES:
            status, _, body = http_once(cluster.port, "POST", "/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', thief)
            assert status == 404, body
        # DELETE ends it, wherever it comes to.
        for client in clients[:6]:
            status, _, body = http_once(cluster.port, "DELETE", "/mcp", headers=client.headers)
            assert status == 204, (status, body)
            until(lambda: client.heard and client.heard[-1] is None)
            assert client.post({"id": 1, "method": "ping"})[0] == 404
        for client in clients[6:]:
            client.echo("still")
        assert cluster.metric("done") > 100, cluster.metric("done")
        assert cluster.metric("unknown") == cluster.metric("gone") == 0
        # The trail and the log know which replica it was.
        assert re.search(r"\[a-[0-9a-f]{8}\]", cluster.log("a")), cluster.log("a")


def asking():
    """A question on a stream that one replica relays, answered by a POST to another."""
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        for _ in range(6):
            client = Client(cluster.port, can={"elicitation": {}})
            connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=FAR)
            connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
                                                           "params": {"name": "ask", "arguments": {}}}), client.headers)
            answer = connection.getresponse()
            got = []
            for line in iter(answer.readline, b""):
                if not line.startswith(b"data: {"):
                    continue
                got.append(json.loads(line[6:]))
                if got[-1].get("method") == "elicitation/create":
                    status, _, body = client.post({"id": got[-1]["id"], "result": {"action": "accept",
                                                                                    "content": {"answer": "me"}}})
                    assert status == 202, body
            connection.close()
            assert "me" in got[-1]["result"]["content"][0]["text"], got


def sse():
    """HTTP+SSE: the stream at one replica, messages to the others."""
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        headers = {"Authorization": "Bearer " + KEYS["ann"], "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=FAR)
        connection.request("GET", "/sse", headers=dict(headers, Accept="text/event-stream"))
        answer = connection.getresponse()
        place = None
        while not place:
            found = re.match(rb"data: (/messages\S+)", answer.readline())
            place = found and found[1].decode()

        def send(message):
            status, _, body = http_once(cluster.port, "POST", place, json.dumps(dict(message, jsonrpc="2.0")), headers)
            assert status == 202, (status, body)

        def read():
            for line in iter(answer.readline, b""):
                if line.startswith(b"data: {"):
                    return json.loads(line[6:])

        send({"id": 0, "method": "initialize", "params": {"protocolVersion": "2024-11-05", "capabilities": {},
                                                          "clientInfo": {"name": "t", "version": "1"}}})
        assert read()["id"] == 0
        send({"method": "notifications/initialized"})
        for i in range(1, 10):
            send({"id": i, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": str(i)}}})
            got = read()
            while "id" not in got:      # the list of tools is there now
                got = read()
            assert got["result"]["content"][0]["text"] == str(i), got
        connection.close()


def modern(port, method, who="ann", can=None, **params):
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "story", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": can or {}}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Mcp-Method": method,
               "MCP-Protocol-Version": "2026-07-28", "Authorization": "Bearer " + KEYS[who]}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    status, fields, body = http_once(port, "POST", "/mcp", json.dumps({
        "jsonrpc": "2.0", "id": "x", "method": method, "params": dict(params, _meta=meta)}), headers)
    got = events(body)[-1] if "event-stream" in fields["content-type"] else json.loads(body)
    assert got["id"] == "x", got
    return got


def without_sessions(balancer):
    """Modern clients, some with calls that wait in one replica and are answered through another."""
    can = {"elicitation": {"form": {}}}
    asks = {"name": "ask", "arguments": {"n": 1}}
    with tempfile.TemporaryDirectory() as folder, Cluster(folder, balancer) as cluster:
        for i in range(60):
            got = modern(cluster.port, "tools/call", name="echo", arguments={"text": str(i)})
            assert got["result"]["content"][0]["text"] == str(i), got
        answer = {"action": "accept", "content": {"answer": "me"}}
        for i in range(12):
            got = modern(cluster.port, "tools/call", can=can, **asks)["result"]
            assert got["resultType"] == "input_required", got
            state, (key,) = got["requestState"], got["inputRequests"]
            # Nobody else's, and of no other call.
            stolen = modern(cluster.ports[NAMES[i % 3]], "tools/call", "bob", can, **asks, requestState=state, inputResponses={key: answer})
            assert stolen["error"]["code"] == -32602, stolen
            done = modern(cluster.ports[NAMES[i % 3]], "tools/call", can=can, **asks, requestState=state, inputResponses={key: answer})
            assert "me" in done["result"]["content"][0]["text"], done
            again = modern(cluster.ports[NAMES[(i + 1) % 3]], "tools/call", can=can, **asks, requestState=state, inputResponses={key: answer})
            assert again["error"]["code"] == -32602, again
        # The one where it waits is killed: the others say so.
        waiting = modern(cluster.ports["c"], "tools/call", can=can, **asks)["result"]
        cluster.kill("c")
        (key,) = waiting["inputRequests"]
        for name in ("a", "b"):
            lost = modern(cluster.ports[name], "tools/call", can=can, **asks, requestState=waiting["requestState"], inputResponses={key: answer})
            assert lost["error"]["code"] == -32602 and 'replica "c"' in lost["error"]["message"], lost


def killed():
    """One is killed: its sessions are told to begin again, and nobody else notices; a new one of its name does not know them."""
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        clients = [Client(cluster.port) for _ in range(9)]
        for client in clients:
            client.listen()
            client.echo("before")
        cluster.kill("b")
        lost = [client for client in clients if client.home == "b"]
        kept = [client for client in clients if client.home != "b"]
        assert len(lost) == 3 and len(kept) == 6
        for _ in range(5):
            for client in kept:
                client.echo("meanwhile")
        for client in lost:
            until(lambda: client.heard and client.heard[-1] is None)
            for _ in NAMES:
                status, _, body = client.post({"id": 1, "method": "ping"})
                assert status == 404 and "initialize again" in body, (status, body)
            old = dict(client.headers)
            client.initialize()
            assert client.home != "b"
            client.echo("anew")
            client.old = old
        assert cluster.metric("gone") > 0
        assert 'replica "b"' in cluster.log("a") + cluster.log("c")
        cluster.start("b")
        cluster.wait("b")
        for client in lost:
            for _ in NAMES:
                assert http_once(cluster.port, "POST", "/mcp", '{"jsonrpc":"2.0","id":1,"method":"ping"}', client.old)[0] == 404
        for client in clients:
            client.echo("after")


def moved():
    """Behind the address of one there is another by now: who is not the one that was meant does nothing."""
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        client = Client(cluster.ports["b"])
        client.port = cluster.ports["a"]
        client.echo("before")
        cluster.kill("b")
        cluster.ports["d"] = cluster.ports["b"]
        peers = {"d": "http://127.0.0.1:%d" % cluster.ports["d"], "a": "http://127.0.0.1:%d" % cluster.ports["a"]}
        cluster.start("d", replicas={"self": "d", "peers": peers})
        cluster.wait("d")
        status, _, body = client.post({"id": 1, "method": "ping"})
        assert status == 403 and "seal_key" in body, (status, body)
        Client(cluster.ports["d"]).echo("unharmed")


def forged():
    """Names and marks that no replica made."""
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        client = Client(cluster.ports["a"])
        assert client.home == "a"
        ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
        before = cluster.metric("done")
        digits = client.session.split(".")[1]
        for session in ("b." + digits, "a." + digits[:-1] + ("0" if digits[-1] != "0" else "1"), "d." + digits, "x" * 5000,
                        "b." + "0" * 48, "b.", ".", "127.0.0.1:1." + digits, "b\t." + digits, "B." + digits, "." + digits):
            for name in NAMES:
                status, _, body = http_once(cluster.ports[name], "POST", "/mcp", ping, dict(client.headers, **{"Mcp-Session-Id": session}))
                assert status == 404, (session, status, body)
        assert cluster.metric("done") == before
        # A mark: of no use to who has no key either.
        stranger = {k: v for k, v in client.headers.items() if k != "Authorization"}
        for mark in ("", "x", "a", base64.urlsafe_b64encode(os.urandom(120)).decode().rstrip("="), "1" * 8000):
            for headers in (client.headers, stranger):
                for name in NAMES:
                    status, _, body = http_once(cluster.ports[name], "POST", "/mcp", ping, dict(headers, **{"Bascule-Forwarded": mark}))
                    assert status == 403, (mark, status, body)
        # One that is real, read by who has taken the address of a replica: good for that replica and that request alone.
        other, lost = Client(cluster.ports["b"]), Client(cluster.ports["c"])
        cluster.kill("c")
        seen = []
        with socket.create_server(("127.0.0.1", cluster.ports["c"])) as trap:
            def catch():
                one, _ = trap.accept()
                seen.append(one.recv(65536))
                one.close()

            thread = threading.Thread(target=catch, daemon=True)
            thread.start()
            status, _, body = http_once(cluster.ports["b"], "POST", "/mcp", ping, lost.headers)
            assert status == 502 and "not known" in body, (status, body)
            thread.join(FAR)
        mark = re.search(rb"Bascule-Forwarded: (\S+)\r\n", seen[0])[1].decode()
        for name, session in (("a", client.session), ("b", other.session), ("a", lost.session), ("b", lost.session)):
            for method in ("POST", "DELETE"):
                status, _, body = http_once(cluster.ports[name], method, "/mcp", ping, dict(
                    client.headers, **{"Bascule-Forwarded": mark, "Mcp-Session-Id": session}))
                assert status == 403, (name, status, body)
        client.echo("unharmed")
        other.echo("unharmed")


def leaving():
    """A client that leaves takes its request with it, at the replica too; and a slow one holds nothing up."""
    can = {"elicitation": {}}
    with tempfile.TemporaryDirectory() as folder, Cluster(folder) as cluster:
        client = Client(cluster.ports["a"], can=can)
        for i in range(5):
            one = socket.create_connection(("127.0.0.1", cluster.ports["b"]))
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {}}})
            head = "".join("%s: %s\r\n" % pair for pair in client.headers.items())
            one.sendall(("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), head, body)).encode())
            assert b"200" in one.recv(100)
            one.close()
            # A call that ends before that is seen is done, not left.
            until(lambda: cluster.metric("left") == i + 1)
            client.request("tools/list")
            client.post({"method": "notifications/cancelled", "params": {"requestId": 1}})
        # Answers of some MiB that nobody reads for a while.
        text = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "echo", "arguments": {"text": "y" * 7000000}}})
        one = socket.create_connection(("127.0.0.1", cluster.ports["b"]))
        one.sendall(("POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n" % (len(text), head)).encode())
        one.sendall(text.encode())
        for i in range(20):
            client.port = cluster.ports["b"]
            client.echo(str(i))
        got = b""
        while True:
            data = one.recv(65536)
            if not data:
                break
            got += data
        assert got.count(b"y") >= 7000000, len(got)


def template():
    """replicas.address: names of a StatefulSet."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.yaml")

        def check(replicas, **more):
            with open(path, "w") as file:
                json.dump({"upstreams": [{"name": "s", "command": [program, "demo"]}], "state": folder,
                           "seal_key": "0123456789abcdef", "replicas": replicas, **more}, file)
            done = subprocess.run([program, "check", "-c", path], env=dict(base, HOME=folder), capture_output=True, text=True, timeout=FAR)
            return done.returncode, done.stderr

        good = {"self": "bascule-0", "address": "http://{name}.bascule-pods:8080"}
        assert check(good)[0] == 0, check(good)
        for wrong, said in ((dict(good, peers={"a": "http://h:1"}), "either"), (dict(good, address="http://h:1"), "{name}"),
                            (dict(good, self="bascule"), "number"), (dict(good, self="A"), "no name"),
                            ({"self": "a", "peers": {"b": "http://h:1"}}, "missing"), ({"peers": {"a": "http://h"}}, "port"),
                            ({"peers": {"a": "http://h:1/x"}}, "no more"), ({"peers": {"a": "http://h:1", "b": "http://h:1"}}, "one url"),
                            ({"peers": {"a_": "http://h:1"}}, "no name"), ({"peers": {"a": "ftp://h:1"}}, "begin")):
            status, err = check(wrong)
            assert status == 3 and said in err, (wrong, status, err)
        status, err = check(good, seal_key=None)
        assert status == 3 and "seal_key" in err, err
    # And served: 127.0.0.1 and so on are "1" and so on.
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster.__new__(Cluster)
        port = free_port()
        cluster.__dict__.update(folder=folder, processes={}, logs={}, more={}, ports={n: port for n in "12"}, balancer=Relay([port]))
        with open(os.path.join(folder, "server.py"), "w") as file:
            file.write(SERVER)
        with cluster:
            for name in "12":
                cluster.start(name, listen={"http": "127.0.0.%s:%d" % (name, port), "hosts": ["127.0.0.2"]},
                              replicas={"self": name, "address": "http://127.0.0.{name}:%d" % port})
                cluster.wait(name)
            client = Client(port)
            assert client.home == "1"
            for i in range(5):
                client.echo(str(i))
                status, _, body = http_once(port, "POST", "/mcp", '{"jsonrpc":"2.0","id":1,"method":"ping"}', client.headers, "127.0.0.2")
                assert status == 200 and json.loads(body)["result"] == {}, (status, body)


def openssl(*args):
    subprocess.run(["openssl", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def authority(folder, name):
    path = os.path.join(folder, name)
    openssl("req", "-x509", *CURVE, "-days", "30", "-keyout", path + ".key", "-out", path + ".pem", "-subj", "/CN=" + name,
            "-addext", "basicConstraints=critical,CA:TRUE")
    return path + ".pem"


def certificate(folder, name, ca, days=30, address="127.0.0.1"):
    """What listen.tls has of it."""
    path = os.path.join(folder, name)
    openssl("req", *CURVE, "-keyout", path + ".key", "-out", path + ".csr", "-subj", "/CN=" + name)
    with open(path + ".ext", "w") as file:
        file.write("subjectAltName=IP:%s\n" % address)
    openssl("x509", "-req", "-in", path + ".csr", "-CA", ca, "-CAkey", ca[:-3] + "key", "-set_serial", "7", "-days", str(days),
            "-extfile", path + ".ext", "-out", path + ".pem")
    return {"cert": path + ".pem", "key": path + ".key"}


class TlsCluster(Cluster):
    """Each with a certificate by one authority that is theirs; `tls` and `trusts` have what is otherwise, by name."""

    def __init__(self, folder, tls=None, trusts=None, scheme=None, client_ca=None):
        self.right, self.wrong = authority(folder, "right"), authority(folder, "wrong")
        self.tls, self.trusts, self.scheme, self.client_ca = tls or {}, trusts or {}, scheme or {}, client_ca
        super().__init__(folder)
        contexts[self.port] = self.context

    def start(self, name, **more):
        if not hasattr(self, "context"):
            self.context = ssl.create_default_context(cafile=self.right)
            self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
            own = certificate(self.folder, "client", self.right)
            self.context.load_cert_chain(own["cert"], own["key"])
            contexts.update((port, self.context) for port in self.ports.values())
        files = certificate(self.folder, name, getattr(self, self.tls.get(name, {}).get("ca", "right")),
                            **{k: v for k, v in self.tls.get(name, {}).items() if k != "ca"})
        if self.client_ca:
            files["client_ca"] = self.right
        peers = {n: "%s://127.0.0.1:%d" % (self.scheme.get(name, "https"), p) for n, p in self.ports.items()}
        super().start(name, **dict({"listen": {"http": "127.0.0.1:%d" % self.ports[name], "tls": files}, "replicas": {
            "self": name, "peers": peers, "ca": getattr(self, self.trusts.get(name, "right"))}}, **more))


def over_tls(client_ca):
    """Everything goes as it does without, also where clients need certificates."""
    can = {"elicitation": {"form": {}}}
    with tempfile.TemporaryDirectory() as folder, TlsCluster(folder, client_ca=client_ca) as cluster:
        clients = [Client(cluster.port) for _ in range(6)]
        assert {client.home for client in clients} == set(NAMES), [client.session for client in clients]
        for client in clients:
            client.listen()
        for i in range(6):
            for client in clients:
                client.echo("%d" % i)
        clients[0].echo("x" * 3000000)
        for name in NAMES:
            next(client for client in clients if client.home == name).request("tools/call", name="grow", arguments={})
        for client in clients:
            until(lambda: any(m and m.get("method") == "notifications/tools/list_changed" for m in client.heard))
        asks = {"name": "ask", "arguments": {"n": 1}}
        for name in ("b", "c"):
            got = modern(cluster.ports["a"], "tools/call", can=can, **asks)["result"]
            (key,) = got["inputRequests"]
            done = modern(cluster.ports[name], "tools/call", can=can, **asks, requestState=got["requestState"],
                          inputResponses={key: {"action": "accept", "content": {"answer": "me"}}})
            assert "me" in done["result"]["content"][0]["text"], done
        assert cluster.metric("done") > 20 and cluster.metric("unknown") == cluster.metric("gone") == 0
        # One is gone, and comes again.
        cluster.kill("b")
        for client in clients:
            if client.home == "b":
                status, _, body = client.post({"id": 1, "method": "ping"})
                assert status == 404 and "initialize again" in body, (status, body)
            else:
                client.echo("after")
        cluster.start("b")
        cluster.wait("b")
        client = Client(cluster.ports["b"])
        for name in ("a", "c"):
            client.port = cluster.ports[name]
            client.echo("anew")


def lost(cluster, via, home, said, parked=True):
    """What lives in one replica cannot be reached through the other, whose log says why; and nobody waits for long."""
    can = {"elicitation": {"form": {}}}
    asks = {"name": "ask", "arguments": {"n": 1}}
    client = Client(cluster.ports[home])
    waiting = modern(cluster.ports[home], "tools/call", can=can, **asks)["result"]
    (key,) = waiting["inputRequests"]
    client.port = cluster.ports[via]
    began = time.monotonic()
    for method, body in (("POST", '{"jsonrpc":"2.0","id":1,"method":"ping"}'), ("GET", None), ("DELETE", None)):
        status, _, text = http_once(client.port, method, "/mcp", body, client.headers)
        assert status == 404 and "initialize again" in text and not re.search("certificate|TLS|authority", text), (method, status, text)
    answer = modern(client.port, "tools/call", can=can, **asks, requestState=waiting["requestState"],
                    inputResponses={key: {"action": "accept", "content": {"answer": "me"}}})
    assert answer["error"]["code"] == -32602 and 'replica "%s"' % home in answer["error"]["message"], answer
    assert time.monotonic() - began < FAR
    told = [line for line in cluster.log(via).split("\n") if 'replica "%s": ' % home in line]
    assert told and any(re.search(said, line) for line in told), (said, told)
    # Nothing is lost there.
    client.port = cluster.ports[home]
    client.echo("still")


def wrong_tls():
    """A wrong authority, an old certificate, one of another address, an authority nobody knows."""
    with tempfile.TemporaryDirectory() as folder, TlsCluster(folder, trusts={"b": "wrong"}, tls={
            "c": {"days": -1}}) as cluster:
        lost(cluster, "b", "a", "certificate")
        lost(cluster, "a", "c", "expired")
        client = Client(cluster.ports["b"])
        client.port = cluster.ports["a"]
        client.echo("the other way it goes")
        # It is mended where it is wrong, in the files that were named, and nothing has to start again.
        shutil.copy(cluster.right, cluster.wrong)
        certificate(folder, "c", cluster.right)
        for name in ("b", "c"):
            cluster.processes[name].send_signal(signal.SIGHUP)
            until(lambda: "was read again" in cluster.log(name))
        client = Client(cluster.ports["c"])
        for name in ("a", "b"):
            client.port = cluster.ports[name]
            client.echo("renewed")
        client = Client(cluster.ports["a"])
        client.port = cluster.ports["b"]
        client.echo("mended")
    with tempfile.TemporaryDirectory() as folder, TlsCluster(folder, tls={
            "b": {"address": "127.0.0.9"}, "c": {"ca": "wrong"}}) as cluster:
        lost(cluster, "a", "b", "certificate")
        lost(cluster, "a", "c", "certificate")
        assert cluster.metric("gone") > 0 and cluster.metric("unknown") == 0


def renewed():
    """The certificate that a replica shows to the others is the one of its last SIGHUP, and so is what it believes."""
    with tempfile.TemporaryDirectory() as folder, TlsCluster(folder, client_ca=True) as cluster:
        client = Client(cluster.ports["b"])
        client.port = cluster.ports["a"]
        client.echo("before")
        # All change to another authority.
        shutil.copy(cluster.wrong, cluster.right)
        shutil.copy(cluster.wrong[:-3] + "key", cluster.right[:-3] + "key")
        own = certificate(folder, "client", cluster.right)
        cluster.context.load_cert_chain(own["cert"], own["key"])
        for name in NAMES:
            certificate(folder, name, cluster.right)
            cluster.processes[name].send_signal(signal.SIGHUP)
            until(lambda: "was read again" in cluster.log(name))
        for i in range(3):
            client.echo("after")
        # Nor does anything of before help: a connection that is kept, a session of TLS.
        cluster.kill("b")
        cluster.start("b")
        cluster.wait("b")
        client = Client(cluster.ports["b"])
        for name in ("a", "c"):
            client.port = cluster.ports[name]
            client.echo("anew")
        assert cluster.metric("unknown") == cluster.metric("gone") == 0


def not_tls():
    """Plain addresses of replicas that speak TLS, and replicas whose certificate the others do not take from a client."""
    ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for more in ({"scheme": {"a": "http"}}, {"client_ca": True, "tls": {"a": {"ca": "wrong"}}}):
        with tempfile.TemporaryDirectory() as folder, TlsCluster(folder, **more) as cluster:
            client = Client(cluster.ports["b"])
            client.port = cluster.ports["a"]
            for _ in range(3):
                status, _, body = http_once(client.port, "POST", "/mcp", ping, client.headers)
                assert (status, "not known" in body) in ((404, False), (502, True)), (status, body)
            told = [line for line in cluster.log("a").split("\n") if 'replica "b": ' in line]
            assert re.search("closed by the server|certificate", told[0]), told
            client.port = cluster.ports["b"]
            client.echo("unharmed")


tests = [(f.__name__ + suffix, lambda f=f, a=a: f(*a)) for f, suffix, a in (
    (legacy, "", (Relay,)), (legacy, " behind nginx", (Nginx,)), (asking, "", ()), (sse, "", ()), (without_sessions, "", (Relay,)),
    (without_sessions, " behind nginx", (Nginx,)), (killed, "", ()), (moved, "", ()), (forged, "", ()), (leaving, "", ()), (template, "", ()),
    (over_tls, "", (False,)), (over_tls, " with certificates of clients", (True,)), (wrong_tls, "", ()), (renewed, "", ()), (not_tls, "", ()))]
wanted = sys.argv[2:]
print("1..%d" % len(tests))
failed = 0
for number, (name, test) in enumerate(tests, 1):
    if wanted and name not in wanted:
        print("ok %d - %s # SKIP not asked for" % (number, name))
        continue
    try:
        test()
        print("ok %d - %s" % (number, name))
    except Skip as why:
        print("ok %d - %s # SKIP %s" % (number, name, why))
    except Exception:
        import traceback
        failed += 1
        print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="")
        print("not ok %d - %s" % (number, name))
    sys.stdout.flush()
sys.exit(failed > 0)
