#!/usr/bin/env python3
"""auth: tenants in front of a sandbox: two tenants and three sites at once in one process.  Each request is its own
caller's; the operator's credential (linus) is there all the time, and nobody may see it used.

usage: cli_tenants.py BASCULE
"""
import concurrent.futures
import copy
import http.client
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
log = []
everything = []


def start(pattern, *args):
    process = subprocess.Popen([program, *args], stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=base,
                               cwd=folder.name)
    found = threading.Event()
    match = []

    def read(pipe):
        for line in pipe:
            log.append(line.decode())
            everything.append(log[-1])
            got = re.search(pattern, line.decode())
            if got and not match:
                match.append(got[1])
                found.set()

    for pipe in (process.stderr, process.stdout):
        threading.Thread(target=read, args=(pipe,), daemon=True).start()
    assert found.wait(LIMIT_S), log
    return process, match[0]


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0, log


class Client:
    """Streamable HTTP with the headers of one tenant on each request."""

    def __init__(self, port, **headers):
        self.port = port
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}
        self.session = None
        self.id = 0

    def post(self, method, params=None, extra=None, notice=False):
        self.id += 1
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        if not notice:
            message["id"] = self.id
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   **self.headers, **(extra or {})}
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.request("POST", "/mcp", json.dumps(message), headers)
        reply = connection.getresponse()
        body = reply.read().decode()
        self.fields = dict((k.lower(), v) for k, v in reply.getheaders())
        self.session = self.session or self.fields.get("mcp-session-id")
        connection.close()
        return reply.status, json.loads(body) if body else None

    def begin(self):
        status, got = self.post("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                               "clientInfo": {"name": "test", "version": "1"}})
        assert status == 200 and "result" in got, got
        self.post("notifications/initialized", notice=True)
        return self

    def call(self, tool, extra=None, **arguments):
        return self.post("tools/call", {"name": tool, "arguments": arguments}, extra)

    def author(self, tool, key, extra=None):
        """Who the site thinks one is: the author of a comment."""
        status, got = self.call(tool, extra, issue_key=key, body="hello")
        assert status == 200 and not got["result"].get("isError"), got
        return json.dumps(got["result"]["structuredContent"])


def write(name, config):
    path = os.path.join(folder.name, name)
    with open(path, "w") as file:
        json.dump(config, file)
    return path


def serve(config):
    return start(r"listening on http://127\.0\.0\.1:(\d+)", "serve", "-c", config)


def config_of(at, **tenants):
    pat = {"type": "pat", "token": "sandbox-linus"}
    return {"listen": {"http": "127.0.0.1:0"}, "auth": "tenants", "log": {"level": "debug"},
            "upstreams": [{"name": "demo", "command": [program, "demo"]}],
            "atlassian": {"sites": [
                {"name": "", "jira": at + "/jira", "confluence": at + "/confluence", "auth": pat},
                {"name": "staging", "jira": at + "/staging/jira", "auth": pat}],
                "tenants": dict({"allow": ["127.0.0.1", "*.atlassian.net"]}, **tenants)}}


def strangers(port):
    """Without a credential: the handshake and lists, and 401 for anything else."""
    nobody = Client(port).begin()
    status, got = nobody.post("tools/list")
    names = [tool["name"] for tool in got["result"]["tools"]]
    assert status == 200 and "jira_get_issue" in names and "jira_staging_get_issue" in names, names
    assert nobody.post("ping")[0] == 200
    for method, params in [("tools/call", {"name": "jira_get_issue", "arguments": {"issue_key": "DEMO-1"}}),
                           ("tools/call", {"name": "echo", "arguments": {"text": "x"}}),
                           ("resources/read", {"uri": "x:y"}), ("prompts/get", {"name": "x"}),
                           ("no/such", {})]:
        status, got = nobody.post(method, params)
        assert status == 401 and "error" in got and nobody.fields["www-authenticate"] == "Bearer", (method, got)
    for fields in [{"Authorization": "Digest x"}, {"Authorization": ""}, {"Authorization": "Bearer"},
                   {"X-Jira-Token": ""}, {"X-Atlassian-Cloud-Id": "../x"},
                   {"X-Jira-Token": "a", "X-Atlassian-Jira-Personal-Token": "b"}]:
        status, got = nobody.post("tools/list", extra=fields)
        assert status == 401 and "error" in got, (fields, got)
    # A token that its site does not take, or that no site was asked about: not one tool runs, ours or another's.
    for fields in [{"Authorization": "Bearer wrong"}, {"Authorization": "Token forbidden"}, {"X_Jira_Token": "wrong"}]:
        wrong = Client(port, **fields).begin()
        for tool, arguments in [("jira_get_issue", {"issue_key": "DEMO-1"}), ("echo", {"text": "x"})]:
            status, got = wrong.call(tool, **arguments)
            assert status == 401 and "error" in got and "result" not in got, (fields, tool, got)
            assert wrong.fields["www-authenticate"] == "Bearer"
    return names


def tenants(port, at, names):
    ada, grace = Client(port, X_Jira_Token="sandbox-ada").begin(), Client(port, Authorization="Token sandbox-grace").begin()
    assert [tool["name"] for tool in ada.post("tools/list")[1]["result"]["tools"]] == names
    status, got = ada.call("echo", text="x")
    assert status == 200 and got["result"]["content"][0]["text"] == "x", got
    staging = {"X-Jira-URL": at + "/staging/jira"}
    cloud = {"X-Jira-URL": at + "/cloud"}
    # The session is the principal's, and that is credential and address.
    ada_staging = Client(port, X_Jira_Token="sandbox-ada", **staging).begin()
    grace_staging = Client(port, Authorization="Bearer sandbox-grace", **staging).begin()
    ada_cloud = Client(port, X_Jira_Token="sandbox-ada", **cloud).begin()
    grace_cloud = Client(port, X_Atlassian_Jira_Personal_Token="sandbox-grace", **cloud).begin()
    work = [(ada, "jira_add_comment", "DEMO-1", "Ada"), (grace, "jira_add_comment", "DEMO-1", "Grace"),
            (ada_staging, "jira_staging_add_comment", "STG-1", "Ada"),
            (grace_staging, "jira_staging_add_comment", "STG-1", "Grace"),
            (ada_cloud, "jira_add_comment", "DEMO-1", "Ada"), (grace_cloud, "jira_add_comment", "DEMO-1", "Grace")] * 8
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda w: w[0].author(w[1], w[2]), work))
    for text, (_, tool, _, who) in zip(said, work):
        others = {"Ada", "Grace", "Linus"} - {who}
        assert who in text and not any(other in text for other in others), (tool, who, text)
    # Of another's session nothing is known.
    stolen = Client(port, X_Jira_Token="sandbox-grace")
    stolen.session = ada.session
    assert stolen.post("tools/list")[0] == 404
    refused(ada, ada_staging, grace)


def refused(ada, ada_staging, grace):
    """Credentials stay where they belong, and the operator's is not lent."""
    for client, tool in [(ada, "jira_staging_get_issue"), (ada_staging, "jira_get_issue"),
                         (ada, "confluence_search")]:
        arguments = {"query": "x"} if "search" in tool else {"issue_key": "DEMO-1"}
        status, got = client.call(tool, **arguments)
        assert status == 200 and got["result"]["isError"], (tool, got)
        assert "not lent" in got["result"]["content"][0]["text"], (tool, got)
    status, got = grace.call("confluence_search", query="adder")        # Authorization is for both products
    assert status == 200 and not got["result"].get("isError"), got


def named_hosts(port):
    """CVE-2026-27826: what a header names is no way to addresses inside."""
    for url, why in [("http://169.254.169.254/latest/meta-data", "not in atlassian.tenants.allow"),
                     ("https://metadata.google.internal", "not in atlassian.tenants.allow"),
                     ("http://localhost:1/", "not in atlassian.tenants.allow"),
                     ("http://[::1]:1/", "not in atlassian.tenants.allow"),
                     ("http://acme.atlassian.net", "https://"),
                     ("https://evil-atlassian.net", "not in atlassian.tenants.allow"),
                     ("https://acme.atlassian.net@10.0.0.1/", "no address"),
                     ("https://acme.atlassian.net/..%2f", "no address"),
                     ("ftp://acme.atlassian.net", "no address"), ("https://2130706433/", "not in")]:
        client = Client(port, X_Jira_Token="sandbox-ada", X_Jira_URL=url).begin()
        status, got = client.call("jira_get_issue", issue_key="DEMO-1")
        assert status == 200 and got["result"]["isError"], (url, got)
        assert why in got["result"]["content"][0]["text"], (url, got)


def health(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    assert "tenant:" not in text and "sandbox-" not in text
    connection.request("GET", "/health", headers={"X-Jira-Token": "wrong", "X-Forwarded-For": "192.0.2.1"})
    reply = connection.getresponse()
    body = reply.read().decode()
    assert "servers" not in body, body       # a credential that nobody confirmed earns no detail


def lent(at):
    """The operator may lend his: then only his sites are there for everyone."""
    process, port = serve(write("lent.yaml", config_of(at, operator_credential=True)))
    nobody = Client(int(port)).begin()
    assert "Linus" in nobody.author("jira_add_comment", "DEMO-1")
    status, got = nobody.call("echo", text="x")
    assert status == 401, got
    stop(process)


def ignored(at):
    process, port = serve(write("ignored.yaml", config_of(at, ignore_headers=True)))
    status, got = Client(int(port), X_Jira_Token="sandbox-ada").begin().call("jira_get_issue", issue_key="DEMO-1")
    assert status == 401, got
    stop(process)


def with_keys(at):
    """Keys: Authorization is ours, credentials come by X-...; without them the configured one is what it is for."""
    config = config_of(at)
    config["auth"] = {"keys": [{"name": "ci", "key": "0123456789abcdef"}]}
    process, port = serve(write("keys.yaml", config))
    key = {"Authorization": "Bearer 0123456789abcdef"}
    assert "Linus" in Client(int(port), **key).begin().author("jira_add_comment", "DEMO-1")
    assert "Ada" in Client(int(port), X_Jira_Token="sandbox-ada", **key).begin().author("jira_add_comment", "DEMO-1")
    both = Client(int(port), X_Bascule_Key="0123456789abcdef", Authorization="Token sandbox-grace").begin()
    assert "Grace" in both.author("jira_add_comment", "DEMO-1")
    status, got = Client(int(port), X_Jira_Token="wrong", **key).begin().call("jira_get_issue", issue_key="DEMO-1")
    assert status == 200 and "was not confirmed" in got["result"]["content"][0]["text"], got
    stop(process)


def once(at):
    """However many calls wait, a credential is confirmed once; a refusal is never kept; ttl 0 keeps nothing."""
    asked = []
    go = threading.Event()

    class Site(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            token = self.headers["Authorization"]
            status, body = 404, b"{}"
            if self.path.endswith("/myself"):
                asked.append(token)
                go.wait(LIMIT_S)
                status, body = (200, b'{"name":"x"}') if "good" in token else (401, b"{}")
            elif self.path.endswith("/serverInfo"):
                status, body = 200, b'{"deploymentType":"Server"}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/base" % site.server_address[1]
    for ttl, times in [("300s", 1), ("0s", 12)]:
        config = config_of(at)
        config["atlassian"]["validation"] = {"ttl": ttl}
        process, port = serve(write("once.yaml", config))
        client = Client(int(port), X_Jira_URL=url, X_Jira_Token="good").begin()
        del log[:], asked[:]
        go.clear()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            calls = []
            for n in range(12):
                each = copy.copy(client)
                each.id = 100 * (n + 1)
                calls.append(pool.submit(each.call, "jira_get_issue", issue_key="DEMO-1"))
            while sum("started: tools/call" in line for line in log) < 12:
                threading.Event().wait(0.01)
            go.set()
            for call in calls:
                status, got = call.result()
                assert status == 200 and got["result"]["isError"], got      # 404: there are no issues
        assert asked == ["Bearer good"] * times, asked
        bad = Client(int(port), X_Jira_URL=url, X_Jira_Token="bad").begin()
        del asked[:]
        assert [bad.call("jira_get_issue", issue_key="DEMO-1")[0] for _ in range(3)] == [401] * 3
        assert asked == ["Bearer bad"] * 3, asked
        stop(process)
    site.shutdown()


def passed(at):
    """`passthrough` names fields of a client's request that its call brings to the site, and to no other address; what
    is learnt by one is not used for another.  `no_proxy`: a dead proxy is in nobody's way."""
    heard = []

    class Site(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            heard.append((self.path.split("?")[0], {k.lower(): v for k, v in self.headers.items()}))
            who = self.headers.get("X-Who", "nobody")
            body = {"accountId": who, "name": who, "displayName": who, "emailAddress": who}
            body = json.dumps(body if "myself" in self.path else
                              {"key": "DEMO-1", "fields": {"summary": who}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/base" % site.server_address[1]
    config = config_of(at)
    config["auth"] = {"keys": [{"name": "ci", "key": "0123456789abcdef"}]}
    config["atlassian"]["sites"] = [
        {"name": "", "jira": url, "deployment": "data_center", "auth": {"type": "pat", "token": "sandbox-linus"},
         "passthrough": ["X-Who", "Cookie"], "proxy": "http://127.0.0.1:1", "no_proxy": ["127.0.0.0/8"]},
        {"name": "other", "jira": url, "deployment": "data_center", "auth": {"type": "pat", "token": "sandbox-linus"}}]
    process, port = serve(write("passed.yaml", config))
    client = Client(int(port), Authorization="Bearer 0123456789abcdef").begin()
    for tool, extra, want in [
            ("jira_get_issue", {"x-who": "ada", "Cookie": "a=b; c", "X-Else": "no"}, {"x-who": "ada", "cookie": "a=b; c"}),
            ("jira_get_issue", {}, {}), ("jira_get_issue", {"X-Who": "grace"}, {"x-who": "grace"}),
            ("jira_other_get_issue", {"X-Who": "ada", "Cookie": "a=b"}, {})]:
        del heard[:]
        status, got = client.call(tool, extra, issue_key="DEMO-1")
        assert status == 200 and not got["result"].get("isError"), got
        assert got["result"]["structuredContent"]["summary"] == want.get("x-who", "nobody"), got
        assert heard and all({k: v for k, v in h.items() if k in ("x-who", "cookie", "x-else")} == want
                             and h["authorization"] == "Bearer sandbox-linus" for _, h in heard), (want, heard)
    # Not to an address that only the request knows.
    del heard[:]
    client.call("jira_get_issue", {"X-Who": "ada", "X-Jira-Token": "t", "X-Jira-URL": url.replace("/base", "/mine")},
                issue_key="DEMO-1")
    assert heard and not any("x-who" in h for _, h in heard), heard
    stop(process)
    site.shutdown()


sandbox, at = start(r"JIRA_URL=(http://127\.0\.0\.1:\d+)/jira", "sandbox", "--port", "0")
process, port = serve(write("tenants.yaml", config_of(at)))
seen = strangers(int(port))
tenants(int(port), at, seen)
named_hosts(int(port))
health(int(port))
stop(process)
lent(at)
ignored(at)
with_keys(at)
once(at)
passed(at)
stop(sandbox)
secrets = [line for line in everything if re.search(r"sandbox-(ada|grace|linus)|Bearer s|0123456789abcdef", line)]
assert not secrets, secrets
