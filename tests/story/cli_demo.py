#!/usr/bin/env python3
"""The demo server over its stdin and stdout: every tool, cancellation, questions, faulty input, its end.

usage: cli_demo.py BASCULE
Behaviour is asserted by order and counts; the only clock is a limit after which a hang is a failure.
"""
import json
import subprocess
import sys

LIMIT_S = 60


class Demo:
    def __init__(self, program, capabilities=None, revision="2025-11-25"):
        self.child = subprocess.Popen([program, "demo"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.next_id = 0
        if capabilities is not None:
            self.initialized = self.ask("initialize", {
                "protocolVersion": revision, "capabilities": capabilities,
                "clientInfo": {"name": "story", "version": "1"}})["result"]

    def raw(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def send(self, method, params=None, id=None):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if id is not None:
            message["id"] = id
        self.raw(json.dumps(message).encode() + b"\n")

    def answer(self, id, result):
        self.raw(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode() + b"\n")

    def call(self, tool, arguments, id, token=None):
        params = {"name": tool, "arguments": arguments}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        self.send("tools/call", params, id)

    def read(self):
        line = self.child.stdout.readline()
        assert line, "the demo has ended: " + self.child.stderr.read().decode()
        return json.loads(line)

    def ask(self, method, params=None):
        self.next_id += 1
        self.send(method, params, self.next_id)
        got = self.read()
        assert got["id"] == self.next_id, got
        return got

    def end(self):
        self.child.stdin.close()
        rest = self.child.stdout.read()
        errors = self.child.stderr.read().decode()
        status = self.child.wait(LIMIT_S)
        assert status == 0, (status, errors)
        return [json.loads(line) for line in rest.splitlines()], errors


def text_of(message):
    return message["result"]["content"][0]["text"]


def revisions(program):
    for asked, got in (("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"),
                       ("2024-11-05", "2024-11-05"), ("x", "2025-11-25")):
        demo = Demo(program, {}, asked)
        assert demo.initialized["protocolVersion"] == got
        demo.end()


def before_initialize(program):
    demo = Demo(program)
    assert demo.ask("server/discover")["error"]["code"] == -32601
    assert demo.ask("ping")["result"] == {}
    assert demo.ask("tools/list")["error"]["code"] == -32600
    assert demo.ask("initialize", {})["error"]["code"] == -32602
    demo.end()


def tools(program):
    demo = Demo(program, {})
    names = [tool["name"] for tool in demo.ask("tools/list")["result"]["tools"]]
    assert names == ["echo", "time", "sleep", "count", "ask"], names
    demo.call("echo", {"text": "a\u00e4\U0001f3f0\n\"\\"}, "e")
    got = demo.read()
    assert text_of(got) == got["result"]["structuredContent"]["text"] == "a\u00e4\U0001f3f0\n\"\\"
    demo.call("time", {}, "t")
    assert text_of(demo.read()).endswith("Z")
    demo.call("sleep", {"seconds": -1}, "s")
    assert demo.read()["result"]["isError"] is True
    demo.call("nosuch", {}, "n")
    assert demo.read()["error"]["code"] == -32602
    assert demo.ask("resources/list")["error"]["code"] == -32601
    assert demo.ask("tools/list", {"cursor": "x"})["error"]["code"] == -32602
    demo.end()


def order(program):
    """A hundred calls at once: the shorter answer first, and none is lost."""
    demo = Demo(program, {})
    demo.call("sleep", {"seconds": 1}, "long")
    for i in range(100):
        demo.call("sleep", {"seconds": 0.05}, i)
    demo.call("echo", {"text": "now"}, "echo")
    assert demo.read()["id"] == "echo"
    got = [demo.read()["id"] for _ in range(101)]
    assert sorted(got[:-1]) == list(range(100)) and got[-1] == "long", got
    demo.end()


def cancellation(program):
    demo = Demo(program, {})
    demo.call("sleep", {"seconds": 600}, "gone")
    demo.call("sleep", {"seconds": 600}, "gone")
    assert demo.read()["error"]["code"] == -32600     # the id is in use
    demo.send("notifications/cancelled", {"requestId": "gone"})
    demo.send("notifications/cancelled", {"requestId": "never"})
    demo.call("sleep", {"seconds": 0.01}, "gone")     # the id is free again, or soon is
    got = demo.read()
    assert got["id"] == "gone", got
    demo.call("sleep", {"seconds": 600}, "left")
    rest, _ = demo.end()                              # the end of stdin cuts it
    assert rest == [], rest


def progress(program):
    demo = Demo(program, {})
    demo.call("count", {"to": 3}, "c", token="tok")
    steps = [demo.read()["params"] for _ in range(3)]
    assert [step["progress"] for step in steps] == [1, 2, 3], steps
    assert all(step["progressToken"] == "tok" and step["total"] == 3 for step in steps)
    assert text_of(demo.read()) == "counted to 3"
    demo.call("count", {"to": 1}, "quiet")
    assert demo.read()["id"] == "quiet"
    demo.end()


VERSION = "io.modelcontextprotocol/protocolVersion"
CAN = "io.modelcontextprotocol/clientCapabilities"
SERVER = "io.modelcontextprotocol/serverInfo"


def modern(program):
    """Requests that stand alone, beside a session on the same pipe."""
    demo = Demo(program)

    def ask(method, params=None, can=None, version="2026-07-28"):
        meta = {VERSION: version, CAN: can if can is not None else {}}
        return demo.ask(method, {**(params or {}), "_meta": meta})

    got = ask("server/discover")["result"]
    assert "2026-07-28" in got["supportedVersions"] and got["resultType"] == "complete", got
    assert got["capabilities"] == {"tools": {}} and got["ttlMs"] > 0 and got["cacheScope"] == "public", got
    assert got["_meta"][SERVER]["name"] == "bascule-demo", got
    got = ask("tools/list")["result"]
    assert [t["name"] for t in got["tools"]] == ["echo", "time", "sleep", "count", "ask"], got
    assert got["resultType"] == "complete" and got["ttlMs"] > 0, got
    got = ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})["result"]
    assert got["structuredContent"] == {"text": "x"} and got["resultType"] == "complete", got
    got = ask("tools/call", {"name": "sleep", "arguments": {"seconds": 0}})["result"]
    assert got["content"][0]["text"] == "slept 0 s" and got["resultType"] == "complete", got
    question = {"name": "ask", "arguments": {"message": "who?"}}
    got = ask("tools/call", question)["result"]
    assert "cannot be asked" in got["content"][0]["text"] and got["resultType"] == "complete", got
    got = ask("tools/call", question, {"elicitation": {}})["result"]
    assert got["resultType"] == "input_required" and set(got["inputRequests"]) == {"answer"}, got
    assert got["inputRequests"]["answer"]["method"] == "elicitation/create", got
    assert got["inputRequests"]["answer"]["params"]["message"] == "who?", got
    state = {"requestState": got["requestState"]}
    for answer, said in (({"action": "accept", "content": {"answer": "me"}}, "the answer is: me"),
                         ({"action": "decline"}, "the question was declined")):
        got = ask("tools/call", {**question, **state, "inputResponses": {"answer": answer}}, {"elicitation": {}})
        assert got["result"]["content"][0]["text"] == said, got
    # An answer to another question, or to none of ours, is asked for again.
    for wrong in ({"inputResponses": {"answer": {"action": "decline"}}, "requestState": "no"},
                  {"inputResponses": {"other": {}}, **state}):
        got = ask("tools/call", {**question, **wrong}, {"elicitation": {}})["result"]
        assert got["resultType"] == "input_required", got
    assert ask("ping")["error"]["code"] == -32601
    got = ask("tools/list", version="2027-01-01")["error"]
    assert got["code"] == -32022 and got["data"] == {"supported": ["2026-07-28"], "requested": "2027-01-01"}, got
    assert demo.ask("tools/list", {"_meta": {VERSION: "2026-07-28"}})["error"]["code"] == -32602
    # A session may still begin.
    assert demo.ask("initialize", {"protocolVersion": "2026-07-28", "capabilities": {}, "clientInfo": {
        "name": "s", "version": "1"}})["result"]["protocolVersion"] == "2025-11-25"
    assert "resultType" not in demo.ask("tools/list")["result"]
    demo.end()


def questions(program):
    demo = Demo(program, {"elicitation": {}})
    for result, said in (({"action": "accept", "content": {"answer": "blue"}}, "the answer is: blue"),
                         ({"action": "decline"}, "the question was declined"),
                         ({"action": "cancel"}, "the question was dismissed"),
                         ({"action": "accept"}, "the question was accepted without an answer"),
                         ({}, "the client's answer has no action")):
        demo.call("ask", {"message": "Which?"}, "q")
        question = demo.read()
        assert question["method"] == "elicitation/create"
        assert question["params"]["message"] == "Which?"
        demo.answer("ask-999", {"action": "accept"})  # not ours: ignored
        demo.answer(question["id"], result)
        assert text_of(demo.read()) == said
    demo.call("ask", {"message": "Which?"}, "q")
    question = demo.read()
    demo.send("notifications/cancelled", {"requestId": "q"})
    assert demo.read()["params"]["requestId"] == question["id"]
    demo.end()
    for capabilities in ({}, {"elicitation": {"url": {}}}):
        demo = Demo(program, capabilities)
        demo.call("ask", {"message": "Which?"}, "q")
        assert "cannot be asked" in text_of(demo.read())
        demo.end()


def faults(program):
    demo = Demo(program, {})
    for line, code in ((b"{", -32700), (b"[]", -32600), (b'{"jsonrpc":"2.0"}', -32600),
                       (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700),
                       (b"\xff", -32700)):
        demo.raw(line + b"\n")
        got = demo.read()
        assert got["error"]["code"] == code, (line, got)
    demo.raw(b"\n \r\n")                              # empty lines are nothing
    assert demo.ask("ping")["result"] == {}
    demo.end()


def large(program):
    """Texts that are scanned in slices, two together, and one without a line end before stdin ends."""
    demo = Demo(program, {})
    text = "x" * (3 << 20)
    demo.call("echo", {"text": text}, "a")
    assert text_of(demo.read()) == text
    last = json.dumps({"jsonrpc": "2.0", "id": "c", "method": "tools/call",
                       "params": {"name": "echo", "arguments": {"text": text}}}).encode()
    demo.raw(b'{"jsonrpc":"2.0","id":"b","method":"ping"}\n' + last)
    rest, _ = demo.end()
    assert [message["id"] for message in rest] == ["b", "c"]


def main():
    for story in (revisions, before_initialize, modern, tools, order, cancellation, progress, questions, faults,
                  large):
        story(sys.argv[1])
        print("ok", story.__name__)


main()
