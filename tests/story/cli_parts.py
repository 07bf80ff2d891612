#!/usr/bin/env python3
"""atlassian.result_max: a result that is larger comes in parts, by handles that only its caller may use.

usage: cli_parts.py BASCULE
"""
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 60
MOST = 2048
KEYS = {"one": "0123456789abcdef-one", "two": "0123456789abcdef-two"}
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
base = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)


def start(pattern, *args):
    process = subprocess.Popen([program, *args], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, env=base,
                               cwd=folder.name)
    found, match, log = threading.Event(), [], []

    def read():
        for line in process.stdout:
            log.append(line.decode())
            got = re.search(pattern, log[-1])
            if got and not match:
                match.append(got[1])
                found.set()

    threading.Thread(target=read, daemon=True).start()
    assert found.wait(LIMIT_S), log
    return process, match[0]


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0


def gateway(name, at, **more):
    path = os.path.join(folder.name, name)
    with open(path, "w") as file:
        json.dump({"listen": {"http": "127.0.0.1:0"}, "log": {"level": "info"},
                   "auth": {"keys": [{"name": name, "key": key} for name, key in KEYS.items()]},
                   "atlassian": {"sites": [{"name": "", "jira": at + "/jira",
                                            "auth": {"type": "pat", "token": "sandbox"}}], **more}}, file)
    return start(r"listening on http://127\.0\.0\.1:(\d+)", "serve", "-c", path)


class Client:
    def __init__(self, port, key):
        self.port, self.session, self.id = int(port), None, 0
        self.headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                        "Authorization": "Bearer " + KEYS[key]}
        self.post("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                 "clientInfo": {"name": "test", "version": "1"}})
        self.post("notifications/initialized", None)

    def post(self, method, params):
        self.id += 1
        message = {"jsonrpc": "2.0", "method": method, **({} if params is None else {"id": self.id, "params": params})}
        headers = self.headers | ({"Mcp-Session-Id": self.session} if self.session else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.request("POST", "/mcp", json.dumps(message), headers)
        reply = connection.getresponse()
        body = reply.read()
        self.session = self.session or reply.getheader("mcp-session-id")
        connection.close()
        return json.loads(body) if body else None

    def call(self, tool, **arguments):
        return self.post("tools/call", {"name": tool, "arguments": arguments})["result"]


def refused(result, words):
    assert result.get("isError") and words in result["content"][0]["text"], result


def parts_of(client, first):
    """Every part of a result, each within the budget and whole in its characters."""
    parts, result = [], first
    while True:
        assert not result.get("isError"), result
        structured = result["structuredContent"]
        assert len(json.dumps(structured, separators=(",", ":"), ensure_ascii=False).encode()) <= MOST, structured
        part = structured["part"]
        assert part["from"] == (parts[-1]["to"] if parts else 0), part
        assert part["to"] - part["from"] == len(part["json"].encode()) > 0, part
        parts.append(part)
        if "rest" not in part:
            assert part["to"] == part["bytes"], part
            return parts
        assert part["rest"] in result["content"][0]["text"], result
        result = client.call("jira_search", rest=part["rest"])


def whole_again(whole, cut):
    want = whole.call("jira_search", jql="project = DEMO order by key", fields="*all", limit=20)["structuredContent"]
    first = cut.call("jira_search", jql="project = DEMO order by key", fields="*all", limit=20)
    parts = parts_of(cut, first)
    assert len(parts) > 2, parts
    assert json.loads("".join(part["json"] for part in parts)) == want
    again = cut.call("jira_search", rest=parts[0]["rest"])["structuredContent"]["part"]
    assert again == parts[1], (again, parts[1])
    small = cut.call("jira_search", jql="key = DEMO-1", fields="summary")["structuredContent"]
    assert "part" not in small and small["issues"][0]["key"] == "DEMO-1", small
    return parts[0]["rest"]


def handles(cut, other, rest):
    name, at = rest.split("-")
    refused(other.call("jira_search", rest=rest), "nothing is kept")
    refused(cut.call("jira_get_issue", rest=rest), "nothing is kept")
    refused(cut.call("jira_search", rest="0" * 32 + "-" + at), "nothing is kept")
    refused(cut.call("jira_search", rest=name), "part.rest")
    for wrong in ("-1", "99999999", "1e3", "", "18446744073709551616"):
        refused(cut.call("jira_search", rest=f"{name}-{wrong}"), "part.rest")
    refused(cut.call("jira_search", rest=7), "must be a string")
    for _ in range(16):
        cut.call("jira_search", jql="project = DEMO order by key", fields="*all", limit=20)
    refused(cut.call("jira_search", rest=rest), "nothing is kept")


sandbox, at = start(r"JIRA_URL=(http://127\.0\.0\.1:\d+)/jira", "sandbox", "--port", "0")
plain, plain_port = gateway("plain.yaml", at)
short, short_port = gateway("short.yaml", at, result_max="2KiB")
one = Client(short_port, "one")
handles(one, Client(short_port, "two"), whole_again(Client(plain_port, "one"), one))
for process in (plain, short, sandbox):
    stop(process)
