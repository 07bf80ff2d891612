#!/usr/bin/env python3
"""Resources, prompts, completions and subscriptions of Jira and Confluence, over stdio in front of a sandbox: what is
listed costs no request, what is read goes through filters, what is subscribed to is told when it changes.

usage: cli_resources.py BASCULE
"""
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 90
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
base = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
PLAN, GLOSSARY = "98306", "98313"
CONFIG = """listen: {{stdio: true, http: []}}
log: {{level: error}}
atlassian:
  watch: {watch}
{more}
  sites:
    - jira: http://127.0.0.1:{port}/jira
      confluence: http://127.0.0.1:{port}/confluence
      auth: {{type: pat, token: sandbox}}
      projects: [DEMO]
      spaces: [DEMO]
"""


class Sandbox:
    def __init__(self):
        self.process = subprocess.Popen([program, "sandbox", "--port", "0"], stderr=subprocess.PIPE, text=True, env=base)
        said = ""
        while "CONFLUENCE_URL" not in said:
            line = self.process.stderr.readline()
            assert line, said
            said += line
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/jira", said)[1])
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def send(self, method, path, body):
        site = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        site.request(method, path, json.dumps(body), {"Authorization": "Bearer sandbox", "Content-Type": "application/json"})
        answer = site.getresponse()
        answer.read()
        site.close()
        assert answer.status < 300, (method, path, answer.status)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(LIMIT_S) == 0


class Gateway:
    def __init__(self, port, watch="1s", more="", env=None):
        path = os.path.join(folder.name, "bascule.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=port, watch=watch, more=more))
        self.process = subprocess.Popen([program, "serve", "-c", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, env={**base, **(env or {})})
        self.said, self.n = queue.Queue(), 0
        threading.Thread(target=self.read, daemon=True).start()
        self.about = self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                             "clientInfo": {"name": "story", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.told = []

    def read(self):
        for line in self.process.stdout:
            self.said.put(json.loads(line))

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")

    def answer(self, method, params=None):
        self.n += 1
        self.send({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params or {}})
        while True:
            message = self.said.get(timeout=LIMIT_S)
            if message.get("id") == self.n:
                return message
            self.told.append(message)

    def ask(self, method, params=None):
        message = self.answer(method, params)
        assert "result" in message, (method, params, message)
        return message["result"]

    def refused(self, method, params, code, *words):
        message = self.answer(method, params)
        error = message.get("error")
        assert error and error["code"] == code, (method, params, message)
        for word in words:
            assert word in error["message"], (word, error)

    def text(self, uri):
        contents = self.ask("resources/read", {"uri": uri})["contents"]
        assert [c["uri"] for c in contents] == [uri] and contents[0]["mimeType"] == "text/markdown", contents
        return contents[0]["text"]

    def updated(self, uri):
        """Waits until it is told."""
        while True:
            message = self.told.pop(0) if self.told else self.said.get(timeout=LIMIT_S)
            if message.get("method") == "notifications/resources/updated":
                assert message["params"]["uri"] == uri, message
                return

    def complete(self, ref, name, value):
        return self.ask("completion/complete", {"ref": ref, "argument": {"name": name, "value": value}})["completion"]["values"]

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(LIMIT_S) == 0


def names(result, key="name"):
    return {one[key] for one in result}


def lists(gate):
    assert gate.about["capabilities"]["resources"]["subscribe"] is True, gate.about
    assert {"prompts", "completions", "tools"} <= set(gate.about["capabilities"]), gate.about
    assert names(gate.ask("resources/list")["resources"], "uri") == {
        "jira://projects", "jira://issues/recent", "jira://my-assigned-issues", "confluence://pages/recent"}
    assert names(gate.ask("resources/templates/list")["resourceTemplates"], "uriTemplate") == {
        "jira://issue/{key}", "jira://project/{key}", "confluence://page/{id}",
        "confluence://space/{space}/page/{id}", "confluence://space/{space}"}
    assert names(gate.ask("prompts/list")["prompts"]) == {
        "jira_summarize_issue", "jira_describe_issue", "confluence_summarize_page", "confluence_write_page",
        "confluence_answer_question"}


def reads(gate):
    text = gate.text("jira://issue/DEMO-1")
    assert text.startswith("# DEMO-1: Analytical engine") and "**Status:** In Progress" in text and "## Comments" in text
    assert "- [DEMO-2](jira://issue/DEMO-2) " in gate.text("jira://project/DEMO")
    assert "[DEMO](jira://project/DEMO)" in gate.text("jira://projects") and "OPS" not in gate.text("jira://projects")
    assert "[DEMO-7](jira://issue/DEMO-7)" in gate.text("jira://my-assigned-issues")
    assert gate.text("jira://issues/recent").startswith("# Issues updated")
    text = gate.text(f"confluence://page/{PLAN}")
    assert text.startswith("# Plan\n") and "**Version:** 2" in text and "runs a **program**" in text
    assert gate.text(f"confluence://space/DEMO/page/{PLAN}") == text.replace("confluence://page/", "confluence://space/")
    assert f"[Plan](confluence://page/{PLAN})" in gate.text("confluence://space/DEMO")
    assert gate.text("confluence://pages/recent").startswith("# Pages changed")


def bounds(gate):
    read = "resources/read"
    gate.refused(read, {"uri": "jira://issue/OPS-1"}, -32001, "OPS")
    gate.refused(read, {"uri": "jira://project/OPS"}, -32001, "OPS")
    gate.refused(read, {"uri": "confluence://space/DOCS"}, -32001, "DOCS")
    gate.refused(read, {"uri": f"confluence://page/{GLOSSARY}"}, -32001)
    gate.refused(read, {"uri": f"confluence://space/OTHER/page/{PLAN}"}, -32002)
    gate.refused(read, {"uri": "jira://issue/DEMO-999"}, -32002, "DEMO-999")
    for uri in ("jira://issue/", "jira://issue/DEMO-1/x", "jira://else", "confluence://page/1/2", "jira://"):
        gate.refused(read, {"uri": uri}, -32002)
    for key in ("DEMO", "DEMO-", "%2E%2E%2F", "DEMO-1%00", "DEMO-1%20OR%201", "x" * 300):
        assert gate.answer(read, {"uri": "jira://issue/" + key}).get("error"), key
    gate.refused("resources/subscribe", {"uri": "jira://issue/OPS-1"}, -32001, "OPS")
    gate.refused("resources/subscribe", {"uri": "jira://projects"}, -32600, "issues and pages")
    gate.refused("prompts/get", {"name": "jira_summarize_issue", "arguments": {"issue_key": "OPS-1"}}, -32001, "OPS")
    gate.refused("prompts/get", {"name": "jira_summarize_issue", "arguments": {}}, -32602, "issue_key")
    gate.refused("prompts/get", {"name": "jira_summarise"}, -32602)


def prompts(gate):
    def text(name, **arguments):
        got = gate.ask("prompts/get", {"name": name, "arguments": arguments})
        assert got["description"] and [m["role"] for m in got["messages"]] == ["user"], got
        return got["messages"][0]["content"]["text"]

    assert "Issue Key: DEMO-1\n" in text("jira_summarize_issue", issue_key="DEMO-1")
    assert "extensive" in text("jira_summarize_issue", issue_key="DEMO-1", style="detailed")
    assert "Steps to Reproduce" in text("jira_describe_issue", summary="It burns", issue_type="Bug")
    assert "runs a **program**" in text("confluence_summarize_page", page_id=PLAN)
    assert "the topic: 'cards'" in text("confluence_write_page", title="Cards", topic="cards")
    assert "**Question:** When?" in text("confluence_answer_question", title="Plan", space_key="DEMO", question="When?")
    gate.refused("prompts/get", {"name": "confluence_answer_question", "arguments": {"question": "?"}}, -32602, "page_id")


def completions(gate):
    issue, project = ({"type": "ref/resource", "uri": f"jira://{one}/{{key}}"} for one in ("issue", "project"))
    assert gate.complete(project, "key", "d") == ["DEMO"] and gate.complete(project, "key", "O") == []
    found = gate.complete(issue, "key", "demo-1")
    assert "DEMO-1" in found and all(key.startswith("DEMO-1") for key in found), found
    assert gate.complete({"type": "ref/prompt", "name": "jira_summarize_issue"}, "issue_key", "DEMO-2") == ["DEMO-2"]
    assert gate.complete({"type": "ref/resource", "uri": "confluence://space/{space}"}, "space", "") == ["DEMO"]
    assert gate.complete({"type": "ref/resource", "uri": "confluence://page/{id}"}, "id", "9") == []


def subscriptions(sandbox, gate):
    issue, page = "jira://issue/DEMO-3", f"confluence://page/{PLAN}"
    for uri in (issue, issue, page):
        gate.ask("resources/subscribe", {"uri": uri})
    sandbox.send("PUT", "/jira/rest/api/2/issue/DEMO-3", {"fields": {"summary": "It prints"}})
    gate.updated(issue)
    assert "It prints" in gate.text(issue)
    sandbox.send("PUT", f"/confluence/rest/api/content/{PLAN}", {
        "type": "page", "title": "Plan", "version": {"number": 3}, "body": {"storage": {"value": "<p>New</p>",
                                                                                      "representation": "storage"}}})
    gate.updated(page)
    gate.ask("resources/unsubscribe", {"uri": issue})
    gate.ask("resources/unsubscribe", {"uri": issue})
    # A change of what is not subscribed to any more is not told; one of what is comes behind it.
    sandbox.send("PUT", "/jira/rest/api/2/issue/DEMO-3", {"fields": {"summary": "It sings"}})
    sandbox.send("DELETE", f"/confluence/rest/api/content/{PLAN}", None)
    gate.updated(page)
    gate.refused("resources/read", {"uri": page}, -32002)


def classic(port):
    gate = Gateway(port, watch="0s", more="  compat: mcp-jira-confluence\n  toolsets: classic")
    assert "subscribe" not in gate.about["capabilities"]["resources"], gate.about
    assert len(gate.ask("tools/list")["tools"]) == 19
    assert names(gate.ask("prompts/list")["prompts"]) == {
        "summarize-jira-issue", "create-jira-description", "summarize-confluence-page", "create-confluence-content",
        "answer-confluence-question"}
    made = gate.ask("tools/call", {"name": "create-jira-issue", "arguments": {
        "project_key": "DEMO", "summary": "Oil the mill", "issue_type": "Task"}})
    resource = made["content"][1]["resource"]
    assert made["content"][0]["text"] == "Created Jira issue " + resource["uri"].rsplit("/", 1)[1], made
    assert "Oil the mill" in gate.text(resource["uri"])
    assert "structuredContent" not in made and not made.get("isError"), made
    assert resource["uri"] in gate.text("jira://issues/recent")
    gate.refused("resources/subscribe", {"uri": resource["uri"]}, -32600, "atlassian.watch")
    gate.stop()


def few(port):
    """What an operator has taken away is not to be had as a resource either."""
    gate = Gateway(port, more="  enabled_tools: [confluence_search]")
    assert names(gate.ask("resources/list")["resources"], "uri") == {"confluence://pages/recent"}
    assert gate.ask("resources/templates/list")["resourceTemplates"] == []
    assert gate.ask("prompts/list")["prompts"] == []
    for uri in (f"confluence://page/{PLAN}", "jira://issue/DEMO-1"):
        assert gate.answer("resources/read", {"uri": uri}).get("error"), uri
    gate.stop()


def main():
    sandbox = Sandbox()
    few(sandbox.port)
    gate = Gateway(sandbox.port)
    lists(gate)
    reads(gate)
    bounds(gate)
    prompts(gate)
    completions(gate)
    subscriptions(sandbox, gate)
    gate.stop()
    classic(sandbox.port)
    sandbox.stop()


main()
