#!/usr/bin/env python3
"""upstreams[].sandbox through the whole program: a server that tries what it may not, limits, what is required, a reload.

usage: cli_isolation.py BASCULE
"""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
home = os.path.join(folder.name, "home")
server = os.path.join(folder.name, "server")
data = os.path.join(folder.name, "data")
SERVER = r"""
import json, os, socket, sys
def do(name, args):
    if name == "read":
        return open(args["path"]).read()
    if name == "write":
        return str(open(args["path"], "w").write("x"))
    if name == "connect":
        return str(socket.create_connection(("127.0.0.1", args["port"]), 5))
    if name == "egress":
        host, port = os.environ["HTTPS_PROXY"].split("//")[1].split(":")
        proxy = socket.create_connection((host, int(port)), 5)
        proxy.settimeout(60)
        proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % args["to"]).encode())
        answer = proxy.recv(4096).decode()
        if " 200 " not in answer:
            return answer
        proxy.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return answer.split("\r\n")[0] + " " + proxy.makefile().read()
    if name == "hog":
        kept = []
        while True:
            kept.append(b"x" * (1 << 20))
    return " ".join(sorted(os.listdir("/")))
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, result = message["method"], {}
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("read", "write", "connect", "egress", "hog", "list")]}
    elif method == "tools/call":
        try:
            text, bad = do(message["params"]["name"], message["params"].get("arguments", {})), False
        except OSError as error:
            text, bad = type(error).__name__ + " " + str(error), True
        result = {"content": [{"type": "text", "text": text}], "isError": bad}
    answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
    if method == "server/discover":
        answer = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}}
    print(json.dumps(answer), flush=True)
"""


def run(*args):
    environ = {"PATH": "/usr/bin:/bin", "HOME": home}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    done = subprocess.run([program, *args], capture_output=True, timeout=120, env=environ, cwd=folder.name)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def config(sandbox):
    path = os.path.join(folder.name, "bascule.yaml")
    with open(path, "w") as file:
        json.dump({"listen": {"http": []}, "upstreams": [
            {"name": "s", "protocol": "legacy", "command": ["/usr/bin/python3", server + "/main.py"],
             "sandbox": sandbox}]}, file)
    return path


def call(file, tool, **arguments):
    return run("call", "-c", file, tool, json.dumps(arguments))


def effective(path):
    status, out, err = run("check", "-c", path, "--connect", "--json")
    assert status == 0, (out, err)
    return json.loads(out)["upstreams"][0]["isolation"]["effective"]


def files(path, words):
    """What is listed is there, what is not is not."""
    for tool, arguments, want in (("read", {"path": server + "/main.py"}, 0),
                                  ("write", {"path": data + "/new"}, 0),
                                  ("read", {"path": home + "/notes"}, 1),
                                  ("read", {"path": home + "/.ssh/id"}, 1),
                                  ("write", {"path": server + "/main.py"}, 1),
                                  ("write", {"path": "/usr/evil"}, 1)):
        status, out, err = call(path, tool, **arguments)
        assert status == want, (tool, arguments, out, err)
        assert "SECRET" not in out, (tool, arguments, out)
    if "mountns" in words:
        status, out, err = call(path, "list")
        assert status == 0 and "home" not in out.split() and "proc" in out.split(), (out, err)
    assert os.path.exists(data + "/new")


def network(path):
    listener = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    port = listener.server_address[1]
    status, out, err = call(path, "connect", port=port)
    assert status == 1, (out, err)
    status, out, err = call(config(dict(SANDBOX, network="host")), "connect", port=port)
    assert status == 0, (out, err)
    listener.shutdown()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a page")

    def log_message(self, *words):
        pass


def egress(words):
    """Through the proxy to what is listed, and to nothing else; past it nothing."""
    listener = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    port = listener.server_address[1]
    path = config(dict(SANDBOX, network=[f"127.0.0.1:{port}", f"localhost:{port}", "*.example.com:443"]))
    if "netns" not in words:
        status, out, err = run("check", "-c", path, "--connect")
        assert status == 4 and 'requires "network"' in out + err, (out, err)
        print("egress: skipped because there are no network namespaces; its start was refused")
        return
    for to in (f"127.0.0.1:{port}", f"localhost:{port}"):
        status, out, err = call(path, "egress", to=to)
        assert status == 0 and " 200 " in out and "a page" in out, (to, out, err)
    for to, word in ((f"127.0.0.2:{port}", "not listed"), ("example.com:443", "not listed"), ("x", "no destination")):
        status, out, err = call(path, "egress", to=to)
        assert status == 0 and word in out and "egress_refused" not in out, (to, out, err)
    status, out, err = call(path, "connect", port=port)
    assert status == 1, (out, err)
    path = config(dict(SANDBOX, network=[f"localhost:{port}"]))
    status, out, err = call(path, "egress", to=f"localhost:{port}")
    assert status == 0 and "not public" in out, (out, err)
    listener.shutdown()


def limits():
    status, out, err = call(config(dict(SANDBOX, memory="96MiB")), "hog")
    assert status == 4, (status, out, err)
    assert "used more memory than its sandbox allows" in out + err, (out, err)


def refused():
    status, out, err = run("check", "-c", config({"require": ["watchdog:memory"]}), "--connect")
    assert status == 4 and 'requires "watchdog:memory"' in out + err, (out, err)
    missing = folder.name + "/no-such-place"
    status, out, err = run("check", "-c", config({"read": ["system", missing]}), "--connect")
    assert status == 4 and missing + ": No such file" in out + err, (out, err)


for place in (home, home + "/.ssh", server, data):
    os.mkdir(place)
for name, text in ((home + "/notes", "SECRET"), (home + "/.ssh/id", "SECRET"), (server + "/main.py", SERVER)):
    with open(name, "w") as file:
        file.write(text)
SANDBOX = {"read": ["system", server], "write": [data]}
words = effective(config(SANDBOX))
if "mountns" not in words:
    print("mount namespaces: skipped because they are refused here; the rest is played with " + " ".join(words))
files(config(SANDBOX), words)
print("ok files")
network(config(SANDBOX))
print("ok network")
egress(words)
print("ok egress")
limits()
print("ok limits")
refused()
print("ok refused")
