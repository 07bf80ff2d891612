#!/usr/bin/env python3
"""Calls of several requests tell how far they are, and stop where the client cancels them: the request that is on its
way is cut, and no other follows.

usage: cli_cancel.py BASCULE

The site is a Jira of this program, which answers what it is told to and holds the rest: nothing here waits for a time.
"""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 60
PROGRAM = os.path.abspath(sys.argv[1])
BASE = {"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k}}
CONCURRENT = 3


class Jira(http.server.ThreadingHTTPServer):
    """Answers the first `answers` requests; each other one is held until its connection is closed."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Visit)
        self.change, self.asked, self.cut, self.answers = threading.Condition(), [], 0, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def begin(self, answers):
        with self.change:
            self.asked, self.cut, self.answers = [], 0, answers

    def until(self, what):
        with self.change:
            assert self.change.wait_for(what, LIMIT_S), (self.asked, self.cut)


class Visit(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        site = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with site.change:
            site.asked.append(f"{self.command} {self.path}")
            place = len(site.asked)
            is_held = place > site.answers
            site.change.notify_all()
        if is_held:
            self.close_connection = True
            assert self.rfile.read(1) == b""
            with site.change:
                site.cut += 1
                site.change.notify_all()
            return
        issues = json.loads(body).get("issueUpdates", []) if body else []
        text = json.dumps({"id": str(place), "name": "v", "key": "A-1", "changelog": {"histories": []},
                           "issues": [{"key": f"A-{place}{i}"} for i in range(len(issues))]}).encode()
        self.send_response(200 if self.command == "GET" else 201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, folder, port):
        config = {"listen": {"stdio": True, "http": []}, "log": {"level": "error"}, "atlassian": {"sites": [
            {"jira": f"http://127.0.0.1:{port}", "deployment": "data_center", "auth": {"type": "pat", "token": "x"},
             "concurrent": CONCURRENT, "retry": {"total": 0}}]}}
        with open(os.path.join(folder, "serve.yaml"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.child = subprocess.Popen([PROGRAM, "serve", "-c", "serve.yaml"], cwd=folder, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1, env=dict(BASE, HOME=folder))
        self.timer = threading.Timer(LIMIT_S * 3, self.child.kill)
        self.timer.start()
        self.id, self.notices = 0, []
        self.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"})
        self.send({"method": "notifications/initialized"})

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.child.stdin.close()
        if kind:
            self.child.kill()
        status = self.child.wait(LIMIT_S)
        self.timer.cancel()
        self.child.stdout.close()
        assert kind or status == 0, status

    def send(self, message):
        self.child.stdin.write(json.dumps(dict(message, jsonrpc="2.0")) + "\n")
        self.child.stdin.flush()

    def begin(self, method, **params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        return self.id

    def ask(self, method, **params):
        number = self.begin(method, **params)
        while True:
            line = self.child.stdout.readline()
            assert line, "the gateway has ended"
            message = json.loads(line)
            if "method" in message:
                self.notices.append(message)
            elif message["id"] == number:
                return message
            else:
                raise AssertionError(f"an answer that nobody wants: {message}")

    def told(self, token):
        """(so much, of so much) of each report about that call."""
        notices, self.notices = self.notices, []
        assert all(one["params"]["progressToken"] == token for one in notices), notices
        return [(one["params"]["progress"], one["params"]["total"]) for one in notices]


def cancelled(gateway, jira, answers, held, tool, arguments):
    """Cancels a call while `held` requests are on their way; what was asked for, and what was told."""
    jira.begin(answers)
    number = gateway.begin("tools/call", name=tool, arguments=arguments, _meta={"progressToken": tool})
    jira.until(lambda: len(jira.asked) == answers + held)
    gateway.send({"method": "notifications/cancelled", "params": {"requestId": number, "reason": "enough"}})
    jira.until(lambda: jira.cut == held)
    # What it would still have asked for comes before this call's own request.
    jira.answers = answers + held + 1
    last = gateway.ask("tools/call", name="jira_delete_issue", arguments={"issue_key": "A-9"})
    assert not last["result"].get("isError"), last
    assert jira.asked[-1].startswith("DELETE ") and len(jira.asked) == answers + held + 1, jira.asked
    return jira.asked[:-1], gateway.told(tool)


def versions_stop(gateway, jira):
    asked, told = cancelled(gateway, jira, 2, 1, "jira_batch_create_versions",
                            {"project_key": "A", "versions": [{"name": str(i)} for i in range(10)]})
    assert asked == ["POST /rest/api/2/version"] * 3, asked
    assert told == [(1, 10), (2, 10)], told


def issues_stop(gateway, jira):
    issues = [{"project_key": "A", "summary": str(i), "issue_type": "Task"} for i in range(120)]
    asked, told = cancelled(gateway, jira, 1, 1, "jira_batch_create_issues", {"issues": issues})
    assert asked == ["POST /rest/api/2/issue/bulk"] * 2, asked
    assert told == [(50, 120)], told


def reads_side_by_side_stop(gateway, jira):
    """Eight at a time, of which the site takes three: those that wait for their turn are never sent."""
    asked, told = cancelled(gateway, jira, 8, CONCURRENT, "jira_batch_get_changelogs",
                            {"issue_ids_or_keys": [f"A-{i}" for i in range(1, 31)]})
    assert len(asked) == 8 + CONCURRENT and all(one.startswith("GET /rest/api/2/issue/A-") for one in asked), asked
    assert told == [(8, 30)], told


def all_is_told(gateway, jira):
    jira.begin(100)
    answer = gateway.ask("tools/call", name="jira_batch_create_versions", _meta={"progressToken": 7},
                         arguments={"project_key": "A", "versions": [{"name": "1"}, {"name": "2"}]})
    outcomes = answer["result"]["structuredContent"]["result"]
    assert [one["success"] for one in outcomes] == [True, True], answer
    assert gateway.told(7) == [(1, 2), (2, 2)]
    gateway.ask("tools/call", name="jira_batch_create_versions",
                arguments={"project_key": "A", "versions": [{"name": "1"}]})
    assert gateway.told(None) == []


def dry_runs_tell_nothing(gateway, jira):
    jira.begin(0)
    answer = gateway.ask("tools/call", name="jira_batch_create_versions", _meta={"progressToken": 8},
                         arguments={"project_key": "A", "versions": [{"name": "1"}, {"name": "2"}], "dry_run": True})
    assert len(answer["result"]["structuredContent"]["dry_run"]["requests"]) == 2, answer
    assert gateway.told(8) == [] and jira.asked == []


def main():
    with tempfile.TemporaryDirectory(prefix="bascule-cancel-") as folder:
        jira = Jira()
        with Gateway(folder, jira.server_port) as gateway:
            for story in (all_is_told, dry_runs_tell_nothing, versions_stop, issues_stop, reads_side_by_side_stop):
                story(gateway, jira)
                print("ok", story.__name__)
        jira.shutdown()


main()
