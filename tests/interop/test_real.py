"""Real servers behind the gateway and asked directly give the same: lists and results, on both fronts, at both
revisions, as seen on the wire."""
import contextlib
import json
import os

import harness
from harness import Gateway, check, eventually, same
from house import House, NEEDS
from wire import Http, REVISION, Stdio

REVISIONS = ("2025-06-18", "2025-11-25")
# What a shared session declares to a server.
ALL = {"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {}}
LATER = {"2025-06-18": ("icons", "execution"), "2025-11-25": ()}      # members of a tool that a revision does not know


def rows(name, files):
    """(tool, arguments) whose results do not change from one process to the next."""
    everything = [("echo", {"message": "né \U0001f600 \" \\ \n"}), ("get-sum", {"a": 0.1, "b": 2}), ("get-tiny-image", {}),
                  ("get-annotated-message", {"messageType": "error", "includeImage": True}),
                  ("get-structured-content", {"location": "Chicago"}), ("get-resource-links", {"count": 3}),
                  ("get-sum", {"a": "no number", "b": 2}), ("echo", {})]
    go = [("test_simple_text", {}), ("test_image_content", {}), ("test_audio_content", {}), ("test_embedded_resource", {}),
          ("test_multiple_content_types", {}), ("test_error_handling", {}), ("test_tool_with_logging", {}),
          ("test_elicitation", {"wrong": 1})]
    return {
        "everything": everything, "webevery": everything, "sseevery": everything, "go": go, "gohttp": go,
        "files": [("list_allowed_directories", {}), ("list_directory", {"path": files}),
                  ("read_text_file", {"path": os.path.join(files, "hello.txt")}),
                  ("get_file_info", {"path": os.path.join(files, "hello.txt")}),
                  ("read_text_file", {"path": "/etc/passwd"}), ("read_text_file", {})],
        "memory": [("create_entities", {"entities": [{"name": "bascule", "entityType": "bridge",
                                                      "observations": ["it rises"]}]}),
                   ("read_graph", {}), ("search_nodes", {"query": "rises"}), ("open_nodes", {"names": ["bascule"]}),
                   ("delete_entities", {"entityNames": ["bascule"]}), ("read_graph", {})],
        "ssesdk": [("echo", {"text": "né \U0001f600"}), ("size", {"text": "y" * 100000}), ("repeat", {"text": "ab", "times": 300000}),
                   ("steps", {"to": 3}), ("fail", {"text": "no"}), ("echo", {})],
        "big": [("echo", {"text": "x"}), ("size", {"text": "y" * 100000}), ("echo", {"text": 7})],
    }[name]


class Real:
    def __init__(self, house, gateway):
        self.house, self.gateway, self.process = house, gateway, gateway.process
        self.sessions = {}

    def session(self, revision):
        if revision not in self.sessions:
            self.sessions[revision] = self.open(revision)
        return self.sessions[revision]

    def open(self, revision):
        return Http(self.gateway.url).begin(revision)


@contextlib.contextmanager
def real_http():
    with contextlib.ExitStack() as stack:
        house = House(stack)
        yield Real(house, stack.enter_context(Gateway(house.upstreams())))


def real_stdio(revision):
    @contextlib.contextmanager
    def setup():
        with contextlib.ExitStack() as stack:
            house = House(stack)
            gateway = stack.enter_context(Gateway(house.upstreams(), http=False, stdio=True))
            real = Real(house, gateway)
            real.sessions[revision] = Stdio(process=gateway.process).begin(revision)
            yield real
    return setup


def plain(tool, revision):
    """As text, so that the order of members and the writing of numbers count."""
    return json.dumps({k: v for k, v in tool.items() if k not in LATER[revision]})


def result_plain(response):
    """A response without its id and without what the gateway adds."""
    response = {k: v for k, v in response.items() if k != "id"}
    if "result" in response:
        meta = {k: v for k, v in response["result"].get("_meta", {}).items() if not k.startswith("bascule/")}
        response["result"] = {k: v for k, v in response["result"].items() if k != "_meta"} | ({"_meta": meta} if meta else {})
    return response


def tools_equal(real, name, revision):
    """Every tool of the server is there, definition for definition; a server's tools depend on what its client can
    do, so the list lies between those of a client that can do nothing and one that can do all."""
    with real.house.direct(name, revision) as client:
        least, _ = client.tools()
    with real.house.direct(name, revision, capabilities=ALL) as client:
        most, _ = client.tools()

    def mine():
        tools, meta = real.session(revision).tools()
        check("bascule/unavailable" not in meta, f"unavailable: {meta}")
        return {n.removeprefix(name + "__"): t for n, t in tools.items() if n.startswith(name + "__")}
    eventually(f"all tools of {name} are listed", lambda: not set(least) - set(mine()))
    got = mine()
    same(sorted(set(got) - set(most)), [], "tools that the server does not have")
    check(len(got) > 0, "no tool")
    for tool, definition in got.items():
        want = most[tool] | {"name": f"{name}__{tool}"}
        same(plain(definition, revision), plain(want, revision), f"definition of {tool}")


def results_equal(real, name, revision):
    purpose = f"direct-{revision}-{id(real)}"
    with real.house.direct(name, revision, purpose) as client:
        for tool, arguments in rows(name, real.house.files):
            want = client.request("tools/call", {"name": tool, "arguments": arguments})
            got = real.session(revision).request("tools/call", {"name": f"{name}__{tool}", "arguments": arguments})
            same(json.dumps(result_plain(got), sort_keys=True), json.dumps(result_plain(want), sort_keys=True),
                 f"result of {tool} {str(arguments)[:60]}")


def add(group, revision, front):
    for name, need in NEEDS.items():
        needs = (need,) if need else ()
        group.test(f"{name} over {front} at {revision}: the list is the server's own", needs)(
            lambda real, name=name: tools_equal(real, name, revision))
        group.test(f"{name} over {front} at {revision}: results are the server's own", needs)(
            lambda real, name=name: results_equal(real, name, revision))

    @group.test(f"{front} at {revision}: revision, names, one page")
    def shape(real):
        session = real.session(revision)
        same(session.revision, revision, "negotiated revision")
        result = session.result("tools/list")
        check("nextCursor" not in result, "a second page")
        for tool in result["tools"]:
            check(tool["name"].split("__")[0] in real.house.names, f"name {tool['name']}")
            check(len(tool["name"]) <= 64, f"{tool['name']} is longer than 64 bytes")
        same(session.result("ping"), {}, "ping")
        same(session.error("tools/call", {"name": "big__nobody"})["code"], -32602, "code of an unknown tool")


http_group = harness.Group("real", real_http)
for each in REVISIONS:
    add(http_group, each, "http")
for each in REVISIONS:
    add(harness.Group("real", real_stdio(each)), each, "stdio")
