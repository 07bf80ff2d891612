#!/usr/bin/env python3
"""bascule probe: programs and addresses of every kind, what is printed, and the exit status.

usage: cli_probe.py BASCULE
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

LIMIT_S = 120
REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
base = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)


def probe(status, *args, **variables):
    got = subprocess.run([program, "probe", *args], capture_output=True, text=True, timeout=LIMIT_S,
                         env=dict(base, **variables), cwd=folder.name)
    assert got.returncode == status, (args, got.returncode, got.stdout, got.stderr)
    return got


def spoken(found):
    return [row["revision"] for row in found["revisions"] if row["spoken"]]


def a_program():
    found = json.loads(probe(0, "--json", "--command", program, "demo").stdout)
    assert found["transport"] == "stdio" and found["era"] == "both", found
    assert found["server"]["name"] == "bascule-demo", found
    assert spoken(found) == REVISIONS, found
    assert all(row["tools"] == 5 and row["ms"] >= 0 and row["tools_ms"] >= 0 for row in found["revisions"]), found
    assert all("tools" in row["capabilities"] for row in found["revisions"]), found
    text = probe(0, "--command", program, "demo").stdout
    assert re.search(r"^era +both$", text, re.M) and "bascule-demo" in text, text
    assert re.search(r"^2026-07-28 +yes +\d+ +5 +\d+", text, re.M), text


def nothing_is_spoken():
    for words, says in ((["false"], "status 1"), (["sh", "-c", "echo boom >&2; exit 3"], "boom"),
                        (["/no/such/program"], "")):
        got = probe(4, "--json", "--command", *words)
        found = json.loads(got.stdout)
        assert found["era"] == "none" and found["server"] is None and spoken(found) == [], found
        assert all(says in row["error"] for row in found["revisions"]), found
    got = probe(4, "--timeout", "1s", "http://127.0.0.1:9/mcp")
    assert "refused" in got.stdout, got.stdout


def one_era():
    """A server that answers the one or the other, and a revision of its own choice."""
    class Handler(http.server.BaseHTTPRequestHandler):
        modern = legacy = True

        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            result, status = None, 200
            if "id" not in message:
                status = 202
            elif message["method"] == "server/discover" and self.modern:
                result = {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
            elif message["method"] == "initialize" and self.legacy:
                result = {"protocolVersion": "2025-06-18", "capabilities": {"prompts": {}},
                          "serverInfo": {"name": "s\u001b[31m", "version": "1"}}
            elif message["method"] == "tools/list" and self.headers["Mcp-Method"] == "tools/list":
                pages = {None: {"tools": [{"name": "a"}, {"name": "b"}], "nextCursor": "2"},
                         "2": {"tools": [{"name": "c"}]}}
                result = pages[message["params"].get("cursor")]
            else:
                status = 400
            body = b"" if result is None else json.dumps(
                {"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.send_error(405)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/" % server.server_port
    Handler.legacy = False
    found = json.loads(probe(0, "--json", url).stdout)
    assert found["era"] == "modern" and spoken(found) == ["2026-07-28"], found
    assert found["transport"] == "Streamable HTTP" and found["revisions"][4]["tools"] == 3, found
    Handler.legacy, Handler.modern = True, False
    found = json.loads(probe(0, "--json", url).stdout)
    assert found["era"] == "legacy" and spoken(found) == ["2025-06-18"], found
    assert [row.get("answered") for row in found["revisions"]] == ["2025-06-18"] * 4 + [None], found
    text = probe(0, url).stdout
    assert "\u001b" not in text and "answers 2025-06-18" in text and re.search("^capabilities +prompts$", text, re.M), text
    server.shutdown()


def a_gateway():
    path = os.path.join(folder.name, "serve.yaml")
    with open(path, "w") as file:
        json.dump({"listen": {"http": "127.0.0.1:0"}, "upstreams": [{"name": "one", "command": [program, "demo"]}]}, file)
    process = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, env=base, cwd=folder.name)
    for line in process.stderr:
        found = re.search(rb"listening on (http://[^ \n]+)", line)
        if found:
            break
    threading.Thread(target=process.stderr.read, daemon=True).start()
    url = found[1].decode()
    found = json.loads(probe(0, "--json", url).stdout)
    assert found["era"] == "both" and spoken(found) == REVISIONS, found
    # HTTP+SSE is of the legacy era alone, but what serves it here takes the other there too.
    assert json.loads(probe(0, "--json", "-H", "X-Any: 1", url).stdout)["era"] == "both"
    process.send_signal(signal.SIGTERM)
    process.wait(LIMIT_S)


def usage():
    for args, says in (([], "one URL"), (["--command"], "needs a program"), (["http://a/", "http://b/"], "one URL"),
                       (["ftp://a/"], "url"), (["-H", "x", "http://a/"], "colon"), (["--timeout", "no", "http://a/"], "no")):
        got = probe(2, *args)
        assert says in got.stderr and got.stderr.startswith("bascule: probe"), (args, got.stderr)


def main():
    for story in (a_program, nothing_is_spoken, one_era, a_gateway, usage):
        story()
        print("ok", story.__name__)


main()
