#!/usr/bin/env python3
"""Sites that misbehave and arguments that attack, through `bascule serve` over stdio: each ends in an error that names
the site and what to do, nothing else is harmed, and a filter of projects and spaces has no hole.

usage: cli_site_faults.py BASCULE
"""
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
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_port

LIMIT_S = 60
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(sys.argv[1])
BASE = {"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k}}
PAT = {"type": "pat", "token": "sandbox"}


class Process:
    """With an end, whatever happens."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.child.kill()
        self.child.wait(LIMIT_S)

    def watch(self):
        self.timer = threading.Timer(LIMIT_S, self.child.kill)
        self.timer.start()


class Sandbox(Process):
    def __init__(self, *faults):
        args = [word for fault in faults for word in ("--fault", fault)]
        self.child = subprocess.Popen([PROGRAM, "sandbox", "--port", "0", *args], stderr=subprocess.PIPE, text=True,
                                      env=BASE)
        self.watch()
        said = ""
        while "CONFLUENCE_URL" not in said:
            line = self.child.stderr.readline()
            assert line, said
            said += line
        self.url = re.search(r"http://127\.0\.0\.1:\d+", said).group(0)


class Gateway(Process):
    """As a client has it; `sites` as atlassian.sites, `limits` as limits."""

    def __init__(self, sites, toolsets=("all",), **limits):
        self.folder = tempfile.TemporaryDirectory(prefix="bascule-sites-")
        self.port = free_port()
        path = os.path.join(self.folder.name, "serve.yaml")
        with open(path, "w") as file:
            json.dump({"listen": {"stdio": True, "http": f"127.0.0.1:{self.port}"}, "limits": limits,
                       "atlassian": {"sites": sites, "toolsets": list(toolsets)}}, file)
        self.child = subprocess.Popen([PROGRAM, "serve", "-c", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=open(os.path.join(self.folder.name, "log"), "w"),
                                      env=dict(BASE, HOME=self.folder.name))
        self.watch()
        self.id = 0
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.child.stdin.write(json.dumps(dict(message, jsonrpc="2.0")).encode() + b"\n")
        self.child.stdin.flush()

    def ask(self, method, **params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        while True:
            line = self.child.stdout.readline()
            assert line, "the gateway has ended: " + open(os.path.join(self.folder.name, "log")).read()[-2000:]
            message = json.loads(line)
            if "method" not in message:
                assert message["id"] == self.id, message
                return message

    def call(self, tool, **arguments):
        """(is it an error, all that it says)"""
        answer = self.ask("tools/call", name=tool, arguments=arguments)
        result = answer.get("result", {})
        return "error" in answer or result.get("isError", False), json.dumps(answer)

    def done(self, tool, **arguments):
        is_error, said = self.call(tool, **arguments)
        assert not is_error, (tool, arguments, said)
        return json.loads(said)["result"]["structuredContent"]

    def fails(self, tool, *words, **arguments):
        is_error, said = self.call(tool, **arguments)
        assert is_error, (tool, arguments, said[:2000])
        for word in words:
            assert word.lower() in said.lower(), (tool, arguments, word, said[:2000])
        assert len(said) < 4000, said[:4000]
        return said

    def page(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def resident_mib(self):
        with open(f"/proc/{self.child.pid}/status") as file:
            return int(re.search(r"^VmRSS:\s+(\d+)", file.read(), re.M)[1]) / 1024

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(LIMIT_S) == 0


class Site:
    """A Jira that answers as it is told: a list of (status, headers, body), the last one for ever."""

    def __init__(self, *answers):
        site, self.seen, self.answers = self, [], list(answers)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.seen.append((self.command, self.path))
                status, headers, body = site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)),
                                    **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True        # the gateway had enough

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def site(url, product="jira", **more):
    return {product: url, "deployment": "data_center", "auth": PAT, "retry": {"backoff": "10ms"}, **more}


def error(*texts):
    return json.dumps({"errorMessages": texts, "errors": {}}).encode()


def statuses():
    """What Atlassian said is passed on, with the site's name; reads are repeated, writes are not."""
    rows = ((400, "no such field"), (401, "who are you"), (403, "not for you"), (404, "has no issue"),
            (409, "conflict of edits"),
            (500, "broken inside"))
    for status, text in rows:
        with Site((status, {}, error(text))) as s, Gateway([site(s.url)]) as g:
            g.fails("jira_get_issue", text if status not in (401,) else "401", "jira", issue_key="DEMO-1")
            before = len(s.seen)
            assert before == 1, (status, s.seen)
            g.fails("jira_delete_issue", "jira", issue_key="DEMO-1")
            assert [seen[0] for seen in s.seen[before:]].count("DELETE") == 1, (status, s.seen)
            g.end()
    issue = json.dumps({"id": "1", "key": "DEMO-1", "fields": {"summary": "S"}}).encode()
    for status in (429, 502, 503, 504):
        busy = (status, {"Retry-After": "0"}, error("busy"))
        with Site(busy, busy, (200, {}, issue)) as s, Gateway([site(s.url)]) as g:
            assert g.done("jira_get_issue", issue_key="DEMO-1", fields="summary")["summary"] == "S"
            assert len(s.seen) == 3, (status, s.seen)
            g.end()
        with Site(busy) as s, Gateway([site(s.url)]) as g:
            g.fails("jira_get_issue", "jira", str(status), issue_key="DEMO-1")
            assert len(s.seen) == 3, (status, s.seen)
            g.fails("jira_add_comment", "jira", str(status), issue_key="DEMO-1", body="x")
            assert [seen[0] for seen in s.seen].count("POST") == 1, (status, s.seen)
            g.end()
    with Site((429, {"Retry-After": "1"}, error("busy")), (200, {}, issue)) as s, Gateway([site(s.url)]) as g:
        started = time.monotonic()
        g.done("jira_get_issue", issue_key="DEMO-1", fields="summary")
        assert time.monotonic() - started >= 0.9 and len(s.seen) == 2
        g.end()


def bodies():
    """Nothing that stands in place of JSON is taken for an answer."""
    deep = b'{"key":"DEMO-1","fields":{"summary":' + b"[" * 100000 + b"]" * 100000 + b"}}"
    html = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><title>Log in</title></html>")
    for body in (html, (200, {}, b""), (200, {}, b'{"key":"DEMO-1","fie'), (200, {}, b"null"), (200, {}, b"[]"),
                 (200, {}, b'"text"'), (200, {}, b'{"key":"\xff\xfe","fields":{}}'),
                 (204, {"Content-Length": "0"}, b"")):
        with Site(body) as s, Gateway([site(s.url)]) as g:
            g.fails("jira_get_issue", "jira", issue_key="DEMO-1")
            if body[2] != b"[]":                        # a list without issues
                g.fails("jira_search", "jira", jql="project = DEMO")
            g.end()
    with Site((200, {}, deep)) as s, Gateway([site(s.url)]) as g:
        assert "summary" not in g.done("jira_get_issue", issue_key="DEMO-1")
        g.end()
    # What is absent is left out, what has another kind is no reason to fail or to die.
    for fields in ({}, {"summary": None, "status": None, "assignee": None, "comment": None},
                   {"summary": 1, "status": "x", "assignee": [], "comment": 5, "labels": {}, "description": {"a": 1}}):
        with Site((200, {}, json.dumps({"id": "1", "key": "DEMO-1", "fields": fields}).encode())) as s, \
                Gateway([site(s.url)]) as g:
            assert g.done("jira_get_issue", issue_key="DEMO-1")["key"] == "DEMO-1"
            g.end()
    large = b'{"key":"DEMO-1","fields":{"summary":"' + b"x" * (50 << 20) + b'"}}'
    with Site((200, {}, large)) as s, Gateway([site(s.url)], message="1MiB") as g:
        g.fails("jira_get_issue", "jira", issue_key="DEMO-1")
        # Sanitizers keep what was freed.
        if b"__asan_init" not in open(sys.argv[1], "rb").read():
            assert g.resident_mib() < 80, g.resident_mib()
        g.end()


def beside():
    """One is down, slow or hangs; the other is as ever, and pages for those who watch tell them apart."""
    gone = f"http://127.0.0.1:{free_port()}/jira"
    with Sandbox() as well, Sandbox("hang=1") as dumb, Gateway([
            site(well.url + "/jira"), site(gone, name="gone", retry={"total": 0}, breaker={"threshold": 2, "cooldown": "1s"}),
            site(dumb.url + "/jira", name="dumb", timeout="1s", retry={"total": 0})]) as g:
        names = [tool["name"] for tool in g.ask("tools/list")["result"]["tools"]]
        assert "jira_get_issue" in names and "jira_gone_get_issue" in names and "jira_dumb_get_issue" in names
        g.fails("jira_gone_get_issue", "jira_gone", issue_key="DEMO-1")
        started = time.monotonic()
        g.fails("jira_dumb_get_issue", "jira_dumb", issue_key="DEMO-1")
        assert 0.9 <= time.monotonic() - started < 15
        g.fails("jira_dumb_add_comment", "jira_dumb", "outcome_unknown", issue_key="DEMO-1", body="x")
        assert g.done("jira_get_issue", issue_key="DEMO-1")["key"] == "DEMO-1"
        g.fails("jira_gone_get_issue", "jira_gone", issue_key="DEMO-1")
        g.fails("jira_gone_get_issue", "not asked after", "jira_gone", issue_key="DEMO-1")      # the breaker is open
        health, metrics = g.page("/health"), g.page("/metrics")
        assert "jira_gone" in health and "jira_gone" in metrics, (health, metrics)
        time.sleep(1.1)
        said = g.fails("jira_gone_get_issue", "jira_gone", issue_key="DEMO-1")                  # one to try
        assert "not asked" not in said, said
        g.end()
    issue = json.dumps({"id": "1", "key": "DEMO-1", "fields": {"summary": "S"}}).encode()
    busy = (503, {}, error("busy"))
    with Site(busy, busy, (200, {}, issue)) as s, Gateway([
            site(s.url, retry={"total": 0}, breaker={"threshold": 2, "cooldown": "1s"})]) as g:
        for _ in range(2):
            g.fails("jira_get_issue", "503", issue_key="DEMO-1")
        g.fails("jira_get_issue", "not asked after", issue_key="DEMO-1")
        assert len(s.seen) == 2
        time.sleep(1.1)
        for _ in range(3):
            g.done("jira_get_issue", issue_key="DEMO-1", fields="summary")                      # closed again
        g.end()
    for fault in ("truncate=1", "html", "fail=1", "rate=1"):
        with Sandbox(fault) as s, Gateway([site(s.url + "/jira", retry={"total": 1, "backoff": "1ms"})]) as g:
            g.fails("jira_get_issue", "jira", issue_key="DEMO-1")
            g.end()
    with Sandbox("slow=200") as s, Gateway([site(s.url + "/jira")]) as g:
        assert g.done("jira_get_issue", issue_key="DEMO-1")["key"] == "DEMO-1"
        g.end()


JQL = ("project = OPS", "project = OPS) OR (project = DEMO", "project = OPS OR project = DEMO", ") OR project = OPS OR (",
       "project in (OPS, DEMO)", "key = OPS-1", "key in (OPS-1, DEMO-1)", "project = 10001", "project != DEMO",
       'project = "OPS"', "project = 'OPS'", 'project = "DEMO" OR project = "OPS" ORDER BY key',
       "ORDER BY key) OR (project = OPS", "order by key", "ORDER BY created", "text ~ a OR project=OPS",
       'summary ~ "x\\" OR project = OPS OR summary ~ \\"y"', 'summary ~ "x\\') + tuple(
       f"project = DEMO {word} project = OPS" for word in ("OR", "or", "||", "|", "\nOR\n", "/* */ OR", "-- \nOR", "\x00OR"))
CQL = ("space = DOCS", "space = DEMO) OR (space = DOCS", "space in (DOCS)", 'space = "DOCS" OR type = page', "type = page",
       "type = page ORDER BY title) OR (space = DOCS", "id = 98401", 'text ~ "a" or space=DOCS', ") or space = DOCS or (",
       'title ~ "x\\" OR space = DOCS OR title ~ \\"y"')


def filters():
    """With projects: [DEMO] and spaces: [DEMO] nothing of OPS and DOCS is seen or changed, whatever is asked."""
    foreign = re.compile(r"OPS-\d|\"key\": ?\\?\"(OPS|DOCS)\b|/DOCS/|space=DOCS")
    for base, deployment in (("", "data_center"), ("/cloud", "cloud")):
        with Sandbox() as s, Gateway([{
                "jira": s.url + (base or "/jira"), "confluence": s.url + (base + "/wiki" if base else "/confluence"),
                "deployment": deployment, "auth": {"type": "basic", "user": "ada", "token": "sandbox"},
                "projects": ["DEMO"], "spaces": ["DEMO"], "name": ""}]) as g, Gateway([{
                    "jira": s.url + (base or "/jira"), "confluence": s.url + (base + "/wiki" if base else "/confluence"),
                    "deployment": deployment, "auth": {"type": "basic", "user": "ada", "token": "sandbox"}}]) as free:
            assert "OPS-1" in free.call("jira_search", jql="project = OPS")[1]
            pages = free.done("confluence_search", query="space = DOCS AND type = page")
            ids = sorted(set(re.findall(r'"id": ?"(\d+)"', json.dumps(pages))))
            assert ids, pages
            probes = [("jira_search", {"jql": jql}) for jql in JQL]
            probes += [("jira_get_board_issues", {"board_id": board, "jql": jql}) for board in ("1", "2", "3") for jql in JQL[:12]]
            probes += [("jira_get_sprint_issues", {"sprint_id": str(n)}) for n in (1, 2, 3)]
            probes += [("confluence_search", {"query": cql}) for cql in CQL]
            probes += [("confluence_get_page", {"page_id": page}) for page in ids]
            probes += [("confluence_get_page_children", {"parent_id": page}) for page in ids]
            probes += [("confluence_get_comments", {"page_id": page}) for page in ids]
            for tool, arguments in probes:
                said = g.call(tool, **arguments)[1]
                # What was asked may be repeated in the error; data of it may not.
                for shown in {v for v in arguments.values()}:
                    said = said.replace(json.dumps(shown)[1:-1], "").replace(json.dumps(json.dumps(shown))[3:-3], "")
                is_error = '"isError": true' in said or '"error":' in said
                assert is_error or not foreign.search(said), (tool, arguments, said[:1500])
                assert "A customer" not in said
            refused = (("jira_get_issue", {}), ("jira_add_comment", {"body": "x"}), ("jira_update_issue", {"fields": {"summary": "x"}}),
                       ("jira_delete_issue", {}), ("jira_get_transitions", {}), ("jira_assign_issue", {"assignee": "ada"}),
                       ("jira_transition_issue", {"transition_id": "11"}))
            before = free.call("jira_get_issue", issue_key="OPS-1")[1].split('"result"')[1]
            for key in ("OPS-1", "ops-1", " OPS-1", "OPS-1 ", "DEMO-1/../OPS-1", "OPS-1?x=DEMO-1", "OPS-1#DEMO-1", "OPS%2D1", "DEMO-1,OPS-1"):
                for tool, more in refused:
                    g.fails(tool, issue_key=key, **more)
            g.fails("jira_create_issue", project_key="OPS", summary="x", issue_type="Task")
            g.fails("jira_get_project_issues", project_key="OPS")
            for page in ids:
                g.fails("confluence_get_page", page_id=page)
                g.fails("confluence_delete_page", page_id=page)
                g.fails("confluence_add_comment", page_id=page, body="x")
            g.fails("confluence_create_page", space_key="DOCS", title="x", content="x")
            assert free.call("jira_get_issue", issue_key="OPS-1")[1].split('"result"')[1] == before
            assert g.done("jira_get_issue", issue_key="DEMO-1")["key"] == "DEMO-1"
            g.end()
            free.end()


def arguments():
    with Sandbox() as s, Gateway([site(s.url + "/jira")]) as g:
        for key in ("", "DEMO", "DEMO-", "-1", "DEMO-1-1", "../DEMO-1", "DEMO-1\n", "x" * 10000):
            g.fails("jira_get_issue", issue_key=key)
        g.fails("jira_get_issue", "issue_key")
        g.fails("jira_get_issue", "nosuch", issue_key="DEMO-1", nosuch=1)
        g.fails("jira_get_issue", issue_key=["DEMO-1"])
        g.fails("jira_search", jql="project = DEMO", limit="many")
        g.fails("jira_search", jql="project = (")
        g.fails("jira_update_issue", issue_key="DEMO-1", fields="{not json")
        nested = {"a": 1}
        for _ in range(150):
            nested = {"a": nested}
        g.fails("jira_update_issue", "more levels than", issue_key="DEMO-1", fields=nested)
        for n, fields in enumerate(({"summary": "as object"}, json.dumps({"summary": "as text"}))):
            g.done("jira_update_issue", issue_key="DEMO-1", fields=fields)
            assert g.done("jira_get_issue", issue_key="DEMO-1")["summary"] == ("as object", "as text")[n]
        g.end()


EXTRAS = ("jira_extra", "confluence_extra")


def offered(*toolsets, **sites):
    with Gateway([site(**sites)], ("all", *toolsets)) as g:
        tools = g.ask("tools/list")["result"]["tools"]
        g.end()
    return {tool["name"]: "reads" if tool["annotations"]["readOnlyHint"] else "writes" for tool in tools}


def page():
    """docs/atlassian.md lists the tools that are offered, and says which of them write; BASCULE_GOLDEN=write makes it so."""
    path = os.path.join(ROOT, "docs", "atlassian.md")
    with Sandbox() as s:
        here = offered(*EXTRAS, url=s.url + "/jira", confluence=s.url + "/confluence")
        there = {"url": s.url + "/cloud", "confluence": s.url + "/cloud/wiki", "deployment": "cloud",
                 "auth": {"type": "basic", "user": "ada@sandbox.example", "token": "sandbox"}}
        cloud, usual = offered(*EXTRAS, **there), offered(**there)
    everywhere = dict(sorted({**cloud, **here}.items(), key=lambda tool: tool[0].startswith("confluence_")))
    rows = ["| tool | |", "|---|---|"] + [
        f"| `{name}` | {access}{'; Cloud only' if name not in here else '; Data Center only' if name not in cloud else ''}"
        f"{'' if name in usual else '; extra'} |"
        for name, access in everywhere.items()]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    new = re.sub(r"(?<=<!-- tools -->\n).*?(?=\n\n)", "\n".join(rows), text, flags=re.S)
    if os.environ.get("BASCULE_GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(new)
    assert new == text, "docs/atlassian.md lists other tools than there are"


def main():
    only = sys.argv[2:]
    for story in (statuses, bodies, beside, filters, arguments, page):
        if not only or story.__name__ in only:
            story()
            print("ok", story.__name__, flush=True)


main()
