#!/usr/bin/env python3
"""Every tool of Jira and Confluence on Data Center and on Cloud: what it is, what it asks of the site, what it answers.

usage: contract.py BASCULE GOLDEN [REFERENCE]

GOLDEN has tools.json (what tools/list says) and *.jsonl: a call a line, in this order, on a new sandbox for each file:
  {"tool", "site": dc or cloud, "arguments", "expect": {JSON pointer into structuredContent: value},
   "calls": ["METHOD path body" of each REST request]}
with "error": "part of its text" in the place of expect, and "sites": "bounded" for sites with filters (BOUNDS).
A tool without "_" in its name is one of mcp-jira-confluence, of the toolset classic: it answers with a text, and
"text" has parts of that in the place of expect.
REFERENCE has the published operations and the tools and parameters of the Python servers (contract_reference.py).
Each case of a tool that writes is a dry run first: it must send nothing that writes, and show what the case then sends.
BASCULE_GOLDEN=write writes calls, values and tools.json anew; read what changed before you believe it.
"""
import concurrent.futures
import glob
import http.client
import http.server
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

import contract_reference

LIMIT_S = 60
DEFINITION_MEAN, DEFINITION_MOST = 714, 2600    # bytes: 98 tools are less than 70 KB
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "atlassian")
BASES = {("dc", "jira"): "/jira", ("dc", "confluence"): "/confluence", ("cloud", "jira"): "/cloud",
         ("cloud", "confluence"): "/cloud/wiki"}
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
FLAGS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
SITES = """listen: {{stdio: true, http: []}}
log: {{level: error}}
atlassian:
  toolsets: [all, jira_extra, confluence_extra]
  sites:
    - name: dc
      jira: http://127.0.0.1:{port}/jira
      confluence: http://127.0.0.1:{port}/confluence
      deployment: data_center
      auth: {{type: pat, token: sandbox}}
{bounds}
    - name: cloud
      jira: http://127.0.0.1:{port}/cloud
      confluence: http://127.0.0.1:{port}/cloud/wiki
      deployment: cloud
      auth: {{type: basic, user: ada@sandbox.example, token: sandbox, api: "http://127.0.0.1:{port}"}}
{bounds}
"""
CLASSIC = """listen: {{stdio: true, http: []}}
log: {{level: error}}
atlassian:
  toolsets: classic
  sites:
    - name: {name}
      jira: http://127.0.0.1:{port}{jira}
      confluence: http://127.0.0.1:{port}{wiki}
      deployment: {deployment}
      auth: {{{auth}}}
"""
BOUNDS = """      projects: [DEMO, OPS]
      spaces: [DEMO]
      internal_only: [OPS]"""


class Call:
    """A request as the site would have got it: its path begins behind the site's address, on Cloud with /wiki."""

    def __init__(self, method, path, kind, body):
        # What stands beside the sites of Cloud: its forms, and what a site tells to anybody.
        beside = re.match(r"/(jira/forms/cloud|_edge)/", path)
        site, path = ("cloud", path) if beside else re.match(r"/(jira|confluence|cloud)(?=/)(.*)", path, re.S).groups()
        self.site = "cloud" if site == "cloud" else "dc"
        self.is_wiki = site == "confluence" or path.startswith("/wiki/")
        self.method, self.path, self.body, self.parts, self.headers = method, path, None, None, []
        if kind.startswith("multipart/form-data"):
            self.parts = [name.decode() for name in re.findall(rb'form-data; name="([^"]*)"', body)]
        elif body:
            self.body = json.loads(body)

    def text(self):
        if self.parts is not None:
            return f"{self.method} {self.path} form-data: {', '.join(self.parts)}"
        if self.body is None:
            return f"{self.method} {self.path}"
        return f"{self.method} {self.path} {json.dumps(self.body, separators=(',', ':'), ensure_ascii=False)}"


class Relay(http.server.ThreadingHTTPServer):
    """Passes requests on to the sandbox, and keeps them."""
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Pass)
        self.upstream, self.kept, self.guard = port, [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        with self.guard:
            kept, self.kept = self.kept, []
        return kept


class Pass(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self.command, self.path, self.headers.get("Content-Type") or "", body)
        call.headers = list(self.headers)
        with self.server.guard:
            self.server.kept.append(call)
        site = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=LIMIT_S)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        site.request(self.command, self.path, body, headers)
        answer = site.getresponse()
        text = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        site.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve

    def log_message(self, *_):
        pass


class World:
    """A sandbox, the relay in front of it, and the configuration of a gateway that knows both sites."""

    def __init__(self, program, folder):
        self.sandbox = subprocess.Popen([program, "sandbox", "--port", "0"], stderr=subprocess.PIPE, text=True)
        said = ""
        while "CONFLUENCE_URL" not in said:
            line = self.sandbox.stderr.readline()
            assert line, "the sandbox has ended: " + said
            said += line
        self.relay = Relay(int(re.search(r"http://127\.0\.0\.1:(\d+)/jira", said)[1]))
        for name, bounds in (("free", ""), ("bounded", BOUNDS)):
            with open(os.path.join(folder, name + ".yaml"), "w", encoding="utf-8") as file:
                file.write(SITES.format(port=self.relay.server_port, bounds=bounds))
        for name, deployment, auth in (
                ("dc", "data_center", "type: pat, token: sandbox"),
                ("cloud", "cloud", "type: basic, user: ada@sandbox.example, token: sandbox, "
                                   f'api: "http://127.0.0.1:{self.relay.server_port}"')):
            with open(os.path.join(folder, f"classic_{name}.yaml"), "w", encoding="utf-8") as file:
                file.write(CLASSIC.format(name=name, port=self.relay.server_port, jira=BASES[name, "jira"],
                                          wiki=BASES[name, "confluence"], deployment=deployment, auth=auth))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.relay.shutdown()
        self.relay.server_close()
        self.sandbox.send_signal(signal.SIGTERM)
        rest = self.sandbox.stderr.read()
        self.sandbox.stderr.close()
        assert self.sandbox.wait(LIMIT_S) == 0 and not rest or kind, rest


class Gateway:
    """A new one for each call, as it remembers fields, users and projects."""

    def __init__(self, program, folder, sites="free"):
        self.gateway = subprocess.Popen([program, "serve", "-c", sites + ".yaml"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1, cwd=folder)
        self.n = 0
        self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                "clientInfo": {"name": "contract", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.gateway.stdin.close()
        if kind:
            self.gateway.kill()
        status = self.gateway.wait(LIMIT_S)
        self.gateway.stdout.close()
        assert kind or status == 0, f"the gateway ended with {status}"

    def send(self, message):
        self.gateway.stdin.write(json.dumps(message) + "\n")
        self.gateway.stdin.flush()

    def ask(self, method, params):
        self.n += 1
        self.send({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params})
        while True:
            line = self.gateway.stdout.readline()
            assert line, f"the gateway has ended at {method} {params}"
            message = json.loads(line)
            if message.get("id") == self.n and "method" not in message:
                assert "result" in message, (method, params, message)
                return message["result"]

    def tools(self):
        tools, params = [], {}
        while params is not None:
            page = self.ask("tools/list", params)
            tools += page["tools"]
            params = {"cursor": page["nextCursor"]} if page.get("nextCursor") else None
        return {tool["name"]: tool for tool in tools}


def is_classic(tool):
    return "_" not in tool


def full_name(tool, site):
    """As tools/list has it; one of the toolset classic, which is not prefixed: with the site before it."""
    if is_classic(tool):
        return f"{site}:{tool}"
    product, rest = tool.split("_", 1)
    return f"{product}_{site}_{rest}"


# --- results -------------------------------------------------------------------------------------------

def misfit(schema, value, at=""):
    """Where and why a value is not of its schema; None where it is. Of JSON Schema only what our schemas use."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind] if kind else []
    if kinds and not any(is_kind(one, value) for one in kinds):
        return f"{at or '/'} is {json.dumps(value)[:60]}, not {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at} is {value!r}, not one of {schema['enum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                return f"{at}/{name} is not there"
        for name, member in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if below is False:
                return f"{at}/{name} is not in the schema"
            found = misfit(below if isinstance(below, dict) else {}, member, f"{at}/{name}")
            if found:
                return found
    if isinstance(value, list):
        for i, item in enumerate(value):
            found = misfit(schema.get("items", {}), item, f"{at}/{i}")
            if found:
                return found
    return None


def is_kind(kind, value):
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def pointed(value, pointer):
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return "(nothing)"
    return value


def ordered(calls):
    """Reads that follow each other may be sent side by side: their order does not count."""
    runs = itertools.groupby(calls, lambda call: call.startswith("GET "))
    return [call for is_read, run in runs for call in (sorted(run) if is_read else run)]


def called(case, result, calls, tool, writes):
    """What of one call is not as it should be."""
    text = "\n".join(block.get("text", "") for block in result.get("content", []))
    wrong = []
    if writes and ordered(case.get("calls", [])) != ordered(calls):
        case["calls"] = calls
    if ordered(case.get("calls", [])) != ordered(calls):
        wrong.append("calls\n    expected " + "\n             ".join(case.get("calls", ["?"])) +
                     "\n    but      " + "\n             ".join(calls))
    if ("error" in case) != bool(result.get("isError")):
        return wrong + [f"isError is {result.get('isError')}: {text[:600]}"]
    if "error" in case:
        if case["error"] not in text:
            wrong.append(f"the error is {text!r}, not {case['error']!r}")
        return wrong
    if is_classic(case["tool"]):
        assert case.get("text"), "no text is expected"
        assert "structuredContent" not in result and "outputSchema" not in tool, result
        return wrong + [f"{part!r} is not in {text[:1500]!r}" for part in case["text"] if part not in text]
    assert case.get("expect"), "nothing is expected"
    content = result.get("structuredContent")
    found = misfit(tool["outputSchema"], content)
    if found:
        wrong.append("not of the outputSchema: " + found)
    for pointer, value in case["expect"].items():
        got = pointed(content, pointer)
        if writes and got != "(nothing)":
            case["expect"][pointer] = got
        elif got != value:
            wrong.append(f"{pointer} is {json.dumps(got, ensure_ascii=False)}, not "
                         f"{json.dumps(value, ensure_ascii=False)}, in {json.dumps(content, ensure_ascii=False)[:700]}")
    return wrong


def shown(request):
    """A request of a dry run, as Call.text() has it."""
    text = f"{request['method']} {request['path']}"
    if request.get("content_type", "").startswith("multipart/form-data"):
        return text + " form-data"
    if "body" not in request:
        return text
    return f"{text} {json.dumps(request['body'], separators=(',', ':'), ensure_ascii=False)}"


def rehearsed(result, sent, tool):
    """Of a dry run: what it would write, and what is wrong with it."""
    wrong = [f"a dry run sent {text}" for text in sent if not text.startswith("GET ")]
    content = result.get("structuredContent") or {}
    found = misfit(tool.get("outputSchema", {}), content)
    if found:
        wrong.append("a dry run is not of the outputSchema: " + found)
    if result.get("isError") or not isinstance(content.get("dry_run"), dict):
        return None, wrong + [f"a dry run failed: {json.dumps(result)[:600]}"]
    return content["dry_run"], wrong


def compared(rehearsal, calls):
    """What a dry run showed against what was then sent."""
    would = [shown(request) for request in rehearsal["requests"]]
    did = [re.sub(r" form-data: .*", " form-data", call) for call in calls if not call.startswith("GET ")]
    did = [re.sub(r"^(\S+) (?:/wiki|/jira/forms/cloud/[^/]+)(?=/)", r"\1 ", call) for call in did]
    if would == (did if rehearsal["is_all"] else did[:len(would)]) and bool(would) == bool(did):
        return []
    return ["a dry run showed\n    " + "\n    ".join(would) + "\n  and then came\n    " + "\n    ".join(did)]


def prepare(world, case):
    """What no tool can make, made by requests of the test itself: {"times", "request": [method, path, body]}, or
    "requests": a list of these that are made in turn."""
    given = case.get("prepare", {})
    for _, (method, path, body) in itertools.product(range(given.get("times", 0)),
                                                     given.get("requests") or [given.get("request")]):
        site = http.client.HTTPConnection("127.0.0.1", world.relay.upstream, timeout=LIMIT_S)
        site.request(method, BASES[case["site"], case["tool"].split("_")[0]] + path, json.dumps(body),
                     {"Authorization": "Bearer sandbox", "Content-Type": "application/json"})
        answer = site.getresponse()
        assert answer.status < 300, (case, answer.status, answer.read())
        site.close()


def play(program, path, tools, used, writes):
    """The cases of one file, in order; what was wrong and all that was asked of the sites."""
    with open(path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file if line.strip()]
    wrong, made = [], []
    with tempfile.TemporaryDirectory() as folder, World(program, folder) as world:
        for n, case in enumerate(cases, 1):
            name = full_name(case["tool"], case["site"])
            assert name in tools, f"{path}:{n}: there is no tool {name}"
            where = f"{os.path.basename(path)}:{n}: {name}"
            used.setdefault(name, set()).update(["(called)"] if "error" not in case else [], case["arguments"])
            prepare(world, case)
            sites = f"classic_{case['site']}" if is_classic(case["tool"]) else case.get("sites", "free")
            bare = name.split(":")[-1]
            rehearsal = None
            if "error" not in case and not tools[name]["annotations"]["readOnlyHint"] and \
                    "dry_run" not in case["arguments"]:
                with Gateway(program, folder, sites) as gateway:
                    result = gateway.ask("tools/call", {"name": bare, "arguments": case["arguments"] | {"dry_run": True}})
                rehearsal, faults = rehearsed(result, [call.text() for call in world.relay.take()], tools[name])
                wrong += [f"{where} {json.dumps(case['arguments'])}: {one}" for one in faults]
                used[name].add("dry_run")
            with Gateway(program, folder, sites) as gateway:
                result = gateway.ask("tools/call", {"name": bare, "arguments": case["arguments"]})
            calls = world.relay.take()
            made += [(where, call) for call in calls]
            wrong += [f"{where} {json.dumps(case['arguments'])}: {one}" for one in
                      called(case, result, [call.text() for call in calls], tools[name], writes)]
            if rehearsal:
                wrong += [f"{where} {json.dumps(case['arguments'])}: {one}" for one in
                          compared(rehearsal, [call.text() for call in calls])]
    if writes:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    return wrong, made


# --- what is offered -----------------------------------------------------------------------------------

def outline(tools):
    """What of tools/list a client depends on."""
    rows = {}
    for name, tool in sorted(tools.items()):
        schema = tool["inputSchema"]
        rows[name] = {
            "flags": [flag for flag in FLAGS if tool.get("annotations", {}).get(flag)],
            "arguments": {key: {k: v for k, v in argument.items() if k != "description"} |
                          ({"required": True} if key in schema.get("required", []) else {})
                          for key, argument in schema["properties"].items()},
            "result": sorted(tool.get("outputSchema", {}).get("properties", {}))}
    return rows


def too_long(tools):
    """What of tools/list costs its readers more than it may."""
    sizes = {name: len(json.dumps(tool, ensure_ascii=False, separators=(",", ":")).encode())
             for name, tool in tools.items()}
    wrong = [f"tools.json: the definition of {name} has {n} bytes, over {DEFINITION_MOST}"
             for name, n in sizes.items() if n > DEFINITION_MOST]
    if sum(sizes.values()) > DEFINITION_MEAN * len(sizes):
        wrong.append(f"tools.json: a definition has {sum(sizes.values()) / len(sizes):.0f} bytes on average, "
                     f"over {DEFINITION_MEAN}")
    return wrong


def offered(tools, path, writes):
    rows = outline(tools)
    if writes:
        with open(path, "w", encoding="utf-8") as file:
            lines = (f" {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
            file.write("{\n" + ",\n".join(lines) + "\n}\n")
    with open(path, encoding="utf-8") as file:
        golden = json.load(file)
    return too_long(tools) + [f"tools.json: {name} is {json.dumps(rows.get(name))}, not {json.dumps(golden.get(name))}"
            for name in sorted(rows.keys() | golden.keys()) if rows.get(name) != golden.get(name)]


def unused(tools, used):
    """Each tool is called with success on each site that has it, each argument is given in some call there."""
    wrong = []
    for name, tool in sorted(tools.items()):
        missing = sorted(({"(called)"} | set(tool["inputSchema"]["properties"])) - used.get(name, set()))
        if missing:
            wrong.append(f"{name}: no case uses {', '.join(missing)}")
    return wrong


def untouched(made):
    """Each path that stands in the source of a tool is asked for by some case."""
    paths = {re.sub(r"^/wiki|/rest/api/[23](?=/)", "", call.path.split("?")[0]) for _, call in made}
    wrong, n = [], 0
    for name in sorted(glob.glob(os.path.join(SOURCE, "jira_*.c")) + glob.glob(os.path.join(SOURCE, "confluence_*.c"))):
        with open(name, encoding="utf-8") as file:
            for path in re.findall(r'"((?:/rest|/api|/pages|{api})/[^"]*[^"/])"', file.read()):
                n += 1
                shape = contract_reference.pattern(re.sub(r"^{api}|^/rest/api/[23](?=/)", "", path))
                if not any(shape.match(one) for one in paths):
                    wrong.append(f"{os.path.basename(name)}: no case asks for {path}")
    assert n > 60, n
    return wrong


def main():
    program, golden = os.path.abspath(sys.argv[1]), sys.argv[2]
    reference = sys.argv[3] if len(sys.argv) > 3 else None
    writes = os.environ.get("BASCULE_GOLDEN") == "write"
    wrong, made, used = [], [], {}
    with tempfile.TemporaryDirectory() as folder, World(program, folder):
        with Gateway(program, folder) as gateway:
            tools = gateway.tools()
        for site in ("dc", "cloud"):
            with Gateway(program, folder, "classic_" + site) as gateway:
                tools.update((full_name(name, site), tool) for name, tool in gateway.tools().items())
    wrong += offered(tools, os.path.join(golden, "tools.json"), writes)
    paths = sorted(glob.glob(os.path.join(golden, "*.jsonl")))
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
        for path, (more, calls) in zip(paths, pool.map(lambda path: play(program, path, tools, used, writes), paths)):
            wrong += more
            made += calls
            print(f"{os.path.basename(path)}: {len(calls)} requests")
    wrong += unused(tools, used) + untouched(made)
    if reference is None or not os.path.isdir(reference):
        print("skip reference: no folder with the published operations was named")
    else:
        wrong += contract_reference.calls(reference, made)
        wrong += contract_reference.tools(reference, tools)
    print("\n".join(wrong))
    print(f"{len(tools)} tools, {len(made)} requests, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
