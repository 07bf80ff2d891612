#!/usr/bin/env python3
"""bascule connect: a client on stdin and stdout, and a bascule that serves the demo over HTTP at the other end.

usage: cli_connect.py BASCULE
"""
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 60
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
base = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)


class Client:
    def __init__(self, *args, **variables):
        self.process = subprocess.Popen([program, "connect", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=dict(base, **variables), cwd=folder.name)
        self.id = 0
        self.timer = threading.Timer(LIMIT_S, self.process.kill)
        self.timer.start()

    def send(self, message):
        self.process.stdin.write(json.dumps(dict(message, jsonrpc="2.0")).encode() + b"\n")
        self.process.stdin.flush()

    def request(self, method, **params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        while True:
            message = json.loads(self.process.stdout.readline())
            if message.get("id") == self.id:
                return message

    def initialize(self):
        got = self.request("initialize", protocolVersion="2025-06-18", capabilities={},
                           clientInfo={"name": "test", "version": "1"})
        self.send({"method": "notifications/initialized"})
        return got

    def end(self):
        out, err = self.process.communicate(timeout=LIMIT_S)
        self.timer.cancel()
        assert self.process.returncode == 0, (self.process.returncode, err)
        return err.decode()


def serve(upstreams, port=0):
    path = os.path.join(folder.name, "serve.yaml")
    with open(path, "w") as file:
        json.dump({"listen": {"http": "127.0.0.1:%d" % port}, "upstreams": upstreams}, file)
    process = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, env=base, cwd=folder.name)
    for line in process.stderr:
        found = re.search(rb"listening on (http://[^ \n]+)", line)
        if found:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, found[1].decode()
    raise AssertionError("serve did not start")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(LIMIT_S)


def through():
    server, url = serve([{"name": "one", "command": [program, "demo"]}])
    for client in (Client(url), Client(url, "--transport", "http", "--timeout", "30s"), Client(SSE_SERVER_URL=url)):
        client.initialize()
        tools = client.request("tools/list")["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["echo", "time", "sleep", "count", "ask"], tools
        got = client.request("tools/call", name="echo", arguments={"text": "\u00e4\u2028"})
        assert got["result"]["structuredContent"] == {"text": "\u00e4\u2028"}, got
        client.end()
    stop(server)


def comes_back():
    """Nobody there: every call gets an error that says so; then there is, and calls work."""
    server, url = serve([{"name": "one", "command": [program, "demo"]}])
    stop(server)
    client = Client(url)
    client.initialize()
    got = client.request("tools/call", name="echo", arguments={"text": "x"})
    assert got["error"]["data"]["kind"] == "unavailable" and "refused" in got["error"]["message"], got
    server, again = serve([{"name": "one", "command": [program, "demo"]}], int(re.search(r":(\d+)/", url)[1]))
    assert again == url
    for _ in range(600):        # each answer is one attempt, or the remark that the next one is not due
        got = client.request("tools/call", name="echo", arguments={"text": "x"})
        if "result" in got:
            break
        threading.Event().wait(0.05)
    assert got["result"]["content"][0]["text"] == "x", got
    client.end()
    stop(server)


def headers():
    """What arrives at the server, and that no secret is in the log."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(dict(self.headers))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/mcp" % server.server_address[1]
    tokens = {"API_ACCESS_TOKEN": "tok-1", "JIRA_PERSONAL_TOKEN": "tok-2", "OTHER": "tok-3"}
    for args, variables, wanted, absent in [
            ([url], tokens, {"Authorization": "Bearer tok-1"}, ["X-Jira-Token"]),
            ([], dict(tokens, SSE_SERVER_URL=url), {"Authorization": "Bearer tok-1", "X-Jira-Token": "tok-2"}, []),
            ([url, "-H", "authorization: ${OTHER}", "--header=X-A:b: c"], tokens,
             {"Authorization": "tok-3", "X-A": "b: c"}, [])]:
        seen.clear()
        client = Client(*args, **variables)
        client.initialize()
        got = client.request("tools/call", name="x", arguments={})
        assert "error" in got and "tok-" not in json.dumps(got), got
        err = client.end()
        assert "tok-" not in err, err
        lower = {k.lower(): v for k, v in seen[0].items()}
        for name, value in wanted.items():
            assert lower.get(name.lower()) == value, (args, name, seen[0].keys())
        for name in absent:
            assert name.lower() not in lower, (args, name)
    server.shutdown()


def usage():
    for args, status, why in [
            ([], 2, "SSE_SERVER_URL"), (["ftp://x"], 2, "http://"), (["http://x", "y"], 2, "unexpected"),
            (["http://x", "-H", "Host: y"], 2, "Host"), (["http://x", "-H", "nothing"], 2, "NAME: VALUE"),
            (["http://x", "-H", "A: ${NOT_SET}"], 2, "NOT_SET"), (["http://x", "-H", "a: b", "-H", "A: c"], 2, "twice"),
            (["http://x", "--timeout", "5"], 2, "unit"), (["http://x", "--transport", "stdio"], 2, "auto, http or sse"),
            (["http://x"] + ["-H", "A: b"] * 65, 2, "more than"), (["http://x", "-H", "A: " + "y" * 100000], 2, "64 KiB")]:
        done = subprocess.run([program, "connect", *args], stdin=subprocess.DEVNULL, capture_output=True, env=base,
                              timeout=LIMIT_S)
        assert done.returncode == status and why in done.stderr.decode(), (args, done)
        assert done.stdout == b"", done


for test in (through, comes_back, headers, usage):
    test()
    print("ok", test.__name__)
