"""A server of oddities that are all correct: four lists in pages of two, `_meta` and unknown members everywhere,
numbers that a careless relay would reprint, errors with data, and every kind of question and notification.

`noted` gives back the requests and notifications that came, so that what a server sees is compared too.
"""
import json
import sys
import threading
import time

import lines

META = {"com.example/note": {"deep": [1, None, {"x": True}]}}
ICON = {"src": "data:image/png;base64,AA==", "mimeType": "image/png", "sizes": ["1x1"]}
RAW = {"numbers": '{"content":[{"type":"text","text":"n"}],"structuredContent":{"one":1.0,"big":9007199254740993,'
                  '"huge":1e400,"small":-0.0,"exp":1E+2,"esc":"\\u00e9\\/\\ud83d\\ude00"},"_meta":{"com.example/n":1.50}}'}
QUESTION = {"message": "A?", "requestedSchema": {"type": "object", "properties": {"a": {"type": "string", "x-own": 1}},
                                                 "required": ["a"]}, "_meta": META, "com.example/extra": [1]}


def tool(name, **more):
    return {"name": name, "description": f"{name} \u00e9", "inputSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {},
        "additionalProperties": True, "x-order": {"z": 1, "a": 2.0}}, **more}


NAMES = ("numbers", "echo", "meta", "content", "error", "error_url", "log", "progress", "sample_tools", "elicit", "elicit_url",
         "withdraw", "ask_ping", "ask_roots", "two_questions", "updated", "changed", "noted")
LISTS = {
    "tools/list": ("tools", [tool(name) for name in NAMES] + [
        tool("full", title="Full", annotations={"title": "F", "readOnlyHint": True, "x": 1}, icons=[ICON], _meta=META,
             outputSchema={"type": "object", "properties": {"a": {"type": "number"}}}, unknown={"y": [1]})]),
    "prompts/list": ("prompts", [{"name": f"p{i}", "title": f"P {i}", "arguments": [
        {"name": "k", "description": "d", "required": i == 1, "unknown": 1}], "_meta": META, "icons": [ICON]} for i in range(5)]),
    "resources/list": ("resources", [{"uri": f"odd://{c}", "name": c, "size": 5, "mimeType": "text/x-odd", "_meta": META,
                                      "annotations": {"audience": ["user"], "priority": 0.5,
                                                      "lastModified": "2025-01-12T15:00:58Z"}, "unknown": c} for c in "abcde"]),
    "resources/templates/list": ("resourceTemplates", [{"uriTemplate": t, "name": t, "_meta": META} for t in
                                                       ("odd://t/{+rest}", "odd://u/{a}/{b}", "odd://v{?q}")]),
}


class Fail(Exception):
    def __init__(self, code, message, data=None):
        self.error = {"code": code, "message": message} | ({"data": data} if data is not None else {})


class Odd:
    def __init__(self):
        self.waiting, self.last, self.heard, self.token = {}, 0, [], None

    def ask(self, method, params=None):
        """A question to the client; its whole response."""
        self.last += 1
        id = f"q-{self.last}"
        self.waiting[id] = [threading.Event(), None]
        lines.send({"id": id, "method": method} | ({"params": params} if params is not None else {}))
        self.waiting[id][0].wait(20)
        response = self.waiting.pop(id)[1] or {"error": "no answer"}
        return {k: v for k, v in response.items() if k not in ("jsonrpc", "id")}

    def told(self, *questions):
        return lines.text(json.dumps([self.ask(*q) for q in questions], sort_keys=True))

    # --- tools

    def echo(self, params):
        return lines.text(json.dumps(params, sort_keys=True))

    def meta(self, params):
        return {**lines.text("m"), "_meta": META, "unknown": {"a": 1}, "structuredContent": {"z": 1, "a": {}}}

    def content(self, params):
        return {"content": [
            {"type": "text", "text": "t", "annotations": {"audience": ["assistant"], "priority": 0.25}, "_meta": META, "own": 1},
            {"type": "image", "data": "AA==", "mimeType": "image/png"}, {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "odd://a", "name": "a", "title": "A", "size": 1, "icons": [ICON]},
            {"type": "resource", "resource": {"uri": "odd://b", "blob": "AA==", "_meta": META}}], "isError": False}

    def error(self, params):
        raise Fail(-32099, "an error of its own", {"why": [1, {"x": None}]})

    def error_url(self, params):
        raise Fail(-32042, "open this first", {"elicitations": [{"mode": "url", "message": "m", "url": "http://127.0.0.1:9/",
                                                                 "elicitationId": "e9"}]})

    def log(self, params):
        for row in ({"level": "info", "data": "plain"}, {"level": "error", "logger": "own", "data": {"a": [1.0, None]}},
                    {"level": "emergency", "logger": "own", "data": None, "_meta": META}):
            lines.notify("notifications/message", row)
        return lines.text("logged")

    def progress(self, params):
        token = params.get("_meta", {}).get("progressToken")
        for row in ({"progress": 0.5}, {"progress": 1, "total": 2.5, "message": "h\u00e4lf"}, {"progress": 2.5, "total": 2.5, "own": 1}):
            lines.notify("notifications/progress", {"progressToken": token, **row})
        return lines.text("done")

    def sample_tools(self, params):
        return self.told(("sampling/createMessage", {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "look"}]}], "maxTokens": 5, "_meta": META,
            "modelPreferences": {"hints": [{"name": "m"}], "costPriority": 0.5}, "includeContext": "none", "metadata": {"x": 1},
            "stopSequences": ["."], "toolChoice": {"mode": "auto"}, "tools": [tool("look")]}))

    def elicit(self, params):
        return self.told(("elicitation/create", QUESTION))

    def elicit_url(self, params):
        answer = self.told(("elicitation/create", {"mode": "url", "message": "open", "url": "http://127.0.0.1:9/", "elicitationId": "e1"}))
        lines.notify("notifications/elicitation/complete", {"elicitationId": "e1"})
        return answer

    def withdraw(self, params):
        self.last += 1
        lines.send({"id": f"q-{self.last}", "method": "elicitation/create", "params": QUESTION})
        time.sleep(0.2)                         # what is withdrawn at once need not be asked at all
        lines.notify("notifications/cancelled", {"requestId": f"q-{self.last}", "reason": "no longer wanted"})
        time.sleep(0.2)
        return lines.text("withdrawn")

    def ask_ping(self, params):
        return self.told(("ping",))

    def ask_roots(self, params):
        return self.told(("roots/list",))

    def two_questions(self, params):
        return self.told(("elicitation/create", QUESTION), ("roots/list",))

    def updated(self, params):
        for uri in ("odd://a/below", "odd://elsewhere"):
            lines.notify("notifications/resources/updated", {"uri": uri, "_meta": META})
        return lines.text("updated")

    def changed(self, params):
        for what, entry in (("tools", tool("new")), ("prompts", {"name": "new"}), ("resources", {"uri": "odd://new", "name": "new"})):
            LISTS[f"{what}/list"][1].append(entry)
            lines.notify(f"notifications/{what}/list_changed")
        return lines.text("changed")

    def noted(self, params):
        return lines.text("\n".join(self.heard))

    # --- methods

    def list(self, method, params):
        key, rows = LISTS[method]
        cursor = params.get("cursor", "0")
        if not cursor.isdigit() or int(cursor) > len(rows):
            raise Fail(-32602, "bad cursor")
        n = int(cursor)
        more = {"nextCursor": str(n + 2)} if n + 2 < len(rows) else {}
        return {key: rows[n:n + 2], "_meta": META, **more}

    def read(self, params):
        uri = params.get("uri", "")
        if "missing" in uri or uri.startswith("ODD"):
            raise Fail(-32002, "Resource not found", {"uri": uri})
        return {"contents": [{"uri": uri, "text": f"text of {uri}", "mimeType": "text/x-odd", "_meta": META, "own": 1},
                             {"uri": uri + "/blob", "blob": "AA=="}], "_meta": META}

    def prompt(self, params):
        return {"description": "d", "messages": [
            {"role": "user", "content": {"type": "text", "text": json.dumps(params, sort_keys=True)}, "own": 1},
            {"role": "assistant", "content": {"type": "resource_link", "uri": "odd://a", "name": "a"}}], "_meta": META}

    def complete(self, params):
        return {"completion": {"values": [params["argument"]["value"] + "1"], "total": 1000, "hasMore": True, "own": 1}, "_meta": META}

    def subscribe(self, params):
        if "missing" in params["uri"]:
            raise Fail(-32002, "Resource not found", {"uri": params["uri"]})
        return {}

    def initialize(self, params):
        return {"protocolVersion": params["protocolVersion"], "serverInfo": {"name": "odd", "version": "1"},
                "instructions": "Mind the \u00f6dd.\nTwo lines.",
                "capabilities": {"tools": {"listChanged": True}, "prompts": {"listChanged": True}, "completions": {}, "logging": {},
                                 "resources": {"subscribe": True, "listChanged": True}}}

    METHODS = {"initialize": initialize, "resources/read": read, "prompts/get": prompt, "completion/complete": complete,
               "resources/subscribe": subscribe, "resources/unsubscribe": subscribe, "ping": lambda self, p: {},
               "logging/setLevel": lambda self, p: {}}

    def work(self, id, method, params):
        try:
            if method in LISTS:
                result = self.list(method, params)
            elif method == "tools/call" and params.get("name") in RAW:
                lines.write(b'{"jsonrpc":"2.0","id":' + json.dumps(id).encode() + b',"result":' + RAW[params["name"]].encode() + b"}\n")
                return
            elif method == "tools/call" and params.get("name") in NAMES:
                result = getattr(self, params["name"])(params)
            elif method in self.METHODS:
                result = self.METHODS[method](self, params)
            else:
                raise Fail(-32601, "unknown method")
            lines.send({"id": id, "result": result})
        except Fail as failure:
            lines.send({"id": id, "error": failure.error})

    def run(self):
        for line in sys.stdin.buffer:
            message = json.loads(line)
            id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
            if method is None:
                if id in self.waiting:
                    self.waiting[id][1] = message
                    self.waiting[id][0].set()
                continue
            if method in ("logging/setLevel", "resources/subscribe", "resources/unsubscribe") or id is None:
                self.heard.append(f"{method} {json.dumps(params, sort_keys=True)}")
            if id is not None:
                threading.Thread(target=self.work, args=(id, method, params), daemon=True).start()


Odd().run()
