"""`mcp-atlassian` and bascule make the same calls of the same Jira and Confluence (`bascule sandbox`, one for each, so
that neither sees what the other writes): what bascule answers is the same or more, in the same members.

All of it twice: on Data Center, and on Cloud (atlassian_cloud.py).  Whatever differs stands in the table of atlassian_differences.py with its reason; a row that no call needs any more
fails, and docs/differences.md is that table, docs/parity.md what came of each tool (BASCULE_GOLDEN=write writes them again).
"""
import base64
import contextlib
import json
import os
import re
import time

import atlassian_cloud
import atlassian_differences
import atlassian_parity
import harness
from atlassian_calls import CALLS, CLOUD, DC, on_cloud
from harness import Failure, Folder, Process, check, same
from wire import Stdio

PAGE = os.path.join(harness.ROOT, "docs", "differences.md")
PARITY = os.path.join(harness.ROOT, "docs", "parity.md")
SHOWN = 12                              # findings of one test
START = 90                              # seconds that a Python server may take on a busy machine
NOW = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


class Side:
    """One server, its sandbox, and what its earlier answers left for later calls."""

    def __init__(self, stack, kind, name, command, env):
        folder = Folder()
        stack.callback(folder.close)
        self.name, self.kept, self.names = name, {}, {}
        self.sandbox = Process([harness.BASCULE, "sandbox", "--port", "0"], folder.mark)
        stack.callback(self.sandbox.kill)
        self.origin = self.sandbox.wait_log(r"(http://127\.0\.0\.1:\d+)/jira").group(1)
        self.process = Process(command, folder.mark, stdio=True, env={
            "HOME": folder.path, "TOOLSETS": "all", **self.site(stack, kind), **env})
        stack.callback(self.process.kill)
        self.stdio = Stdio(process=self.process)

    def site(self, stack, kind):
        if kind == CLOUD:
            proxy = atlassian_cloud.Proxy(self.origin)
            stack.callback(proxy.close)
            return proxy.environment()
        return {"JIRA_URL": self.origin + "/jira", "JIRA_PERSONAL_TOKEN": "sandbox",
                "CONFLUENCE_URL": self.origin + "/confluence", "CONFLUENCE_PERSONAL_TOKEN": "sandbox"}

    def begin(self):
        self.stdio.exchange({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "interop", "version": "1"}}},
            patience=START)
        self.stdio.notify("notifications/initialized")

    def tools(self):
        names, params = set(), {}
        while params is not None:
            result = self.stdio.request("tools/list", params)["result"]
            names |= {tool["name"] for tool in result["tools"]}
            params = {"cursor": result["nextCursor"]} if result.get("nextCursor") else None
        return names

    def call(self, call):
        """(document, error): one of them is None."""
        response = self.stdio.request("tools/call", {"name": call.tool, "arguments": self.filled(call.arguments)})
        if "error" in response:
            return None, response["error"]["message"]
        result = response["result"]
        text = "".join(c.get("text", "") for c in result["content"])
        if result.get("isError"):
            return None, text
        document = self.document(result, text)
        if isinstance(document, dict) and (document.get("success") is False or
                                           "error" in document and set(document) <= {"error", "details", "page_id"}):
            return None, json.dumps(document)       # an error that does not call itself one
        for name, path in call.keep.items():
            self.kept[name] = str(at(document, path))
            self.names[self.kept[name]] = f"({name})"
        return self.plain(document), None

    def filled(self, value):
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        return self.kept.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value

    def plain(self, value):
        """The same, whichever sandbox it was: its address, and the time that is now, are words."""
        if isinstance(value, dict):
            return {k: self.plain(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.plain(v) for v in value]
        if not isinstance(value, str):
            return value
        if NOW.match(value) and value[:10] in today():
            return "NOW"
        if len(value) > 3 and value in self.names:
            return self.names[value]            # ids that were given out on the way
        return value.replace(self.origin, "SITE")


class Ours(Side):
    def __init__(self, stack, kind):
        super().__init__(stack, kind, "bascule", [harness.BASCULE, "serve", "--transport", "stdio"], {})

    def document(self, result, text):
        document = result["structuredContent"]
        return document["result"] if set(document) == {"result"} else document


class Theirs(Side):
    def __init__(self, stack, kind):
        program = os.path.join(harness.PEERS, "mcp-atlassian", "bin", "mcp-atlassian")
        super().__init__(stack, kind, "mcp-atlassian", [program], {"MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE": "false"})

    def document(self, result, text):
        if not text:                            # nothing but a file
            file = result["content"][0]["resource"]
            return {"mime_type": file["mimeType"], "size": len(base64.b64decode(file["blob"]))}
        return json.JSONDecoder().raw_decode(text)[0]       # files may follow


def today():
    return [time.strftime("%Y-%m-%d", time.gmtime(time.time() + day * 86400)) for day in (-1, 0, 1)]


def at(value, path):
    for word in path.split("."):
        value = value[int(word)] if word.isdigit() else value[word]
    return value


def ids(items):
    return [str(one.get("id")) if isinstance(one, dict) else "" for one in items]


def by_id(items):
    return [one for _, _, one in sorted((name, n, items[n]) for n, name in enumerate(ids(items)))]


def differences(theirs, ours, path=""):
    """(path, theirs, ours) of all that theirs has and ours has not, or otherwise."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            where = f"{path}.{name}" if path else name
            if name in ours:
                yield from differences(value, ours[name], where)
            else:
                yield where, value, None
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        if ids(theirs) != ids(ours) and sorted(ids(theirs)) == sorted(ids(ours)):
            yield f"{path} (order)", ids(theirs), ids(ours)
            theirs, ours = by_id(theirs), by_id(ours)
        for a, b in zip(theirs, ours):
            yield from differences(a, b, path + "[]")
    elif theirs != ours or isinstance(theirs, bool) != isinstance(ours, bool):
        yield path, theirs, ours


class Pair:
    def __init__(self, stack, kind):
        self.kind, self.theirs, self.ours = kind, Theirs(stack, kind), Ours(stack, kind)
        self.process = self.ours.process
        self.theirs.begin()
        self.ours.begin()
        self.used, self.calls = set(), 0
        self.parity = atlassian_parity.of(kind, self.theirs.tools(), self.ours.tools())

    def compare(self, call):
        """What is wrong with one call, as texts."""
        call = on_cloud(call) if self.kind == CLOUD else call
        (a, a_error), (b, b_error) = self.theirs.call(call), self.ours.call(call)
        self.calls += 1
        found = [("(outcome)", a_error or "an answer", b_error or "an answer")] if (a is None) != (b is None) or \
            bool(call.fails) != (a is None) else [] if a is None else list(differences(a, b))
        self.parity.called(call.tool, a is not None and b is not None and atlassian_parity.has_more(a, b))
        for path, mine, yours in found:
            row = atlassian_differences.find(self.kind, call, path, mine, yours)
            self.parity.found(call.tool, row)
            if row is not None:
                self.used.add(row)
            else:
                yield f"{call.name()}: {path or '(all)'}: theirs {harness.short(mine)}, ours {harness.short(yours)}"


def opener(kind):
    @contextlib.contextmanager
    def pair():
        with contextlib.ExitStack() as stack:
            yield Pair(stack, kind)
    return pair


def add(group, name, calls):
    @group.test(f"{name}: {len(calls)} calls are answered the same, or with more")
    def compare(both):
        wrong = [text for call in calls for text in both.compare(call)]
        if os.environ.get("BASCULE_DIFFER_ALL"):
            print("\n".join(wrong))
        check(not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:SHOWN]))


def add_used(group):
    @group.test("every forgiven difference is still there")
    def used(both):
        if both.calls < sum(map(len, CALLS.values())):
            return                          # -k kept only some of the calls
        left = [row.text() for n, row in enumerate(atlassian_differences.ROWS) if n not in both.used and row.where in (None, both.kind)]
        check(not left, f"rows that nothing needs: {left}")


for name, kind in ("atlassian", DC), ("atlassian cloud", CLOUD):
    group = harness.Group(name, opener(kind), needs=("mcp-atlassian",), more=True)
    for each, rows in CALLS.items():
        add(group, each, rows)
    add_used(group)


@harness.Group("atlassian", more=True).test("docs/differences.md is the table")
def page():
    text = atlassian_differences.page(sum(map(len, CALLS.values())))
    if os.environ.get("BASCULE_GOLDEN") == "write":
        with open(PAGE, "w") as f:
            f.write(text)
    with open(PAGE) as f:
        same(f.read(), text, "docs/differences.md")


@harness.Group("atlassian", more=True).test("docs/parity.md says what came of each tool")
def parity():
    if not atlassian_parity.is_whole(sum(map(len, CALLS.values()))):
        return                              # -k kept only some of the calls, or of the sites
    text = atlassian_parity.page()
    if os.environ.get("BASCULE_GOLDEN") == "write":
        with open(PARITY, "w", encoding="utf-8") as f:
            f.write(text)
    with open(PARITY, encoding="utf-8") as f:
        same(f.read(), text, "docs/parity.md")
