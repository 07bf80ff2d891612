"""No difference: a script of more than sixty steps is played to a server directly and through bascule, and what the
client heard must be equal (script.py: the scripts; trace.py: what may differ, and why; live.py: the client).

The wire client is the most exact judge and runs in every check; the SDKs and older revisions run with `--all`.
"""
import concurrent.futures
import contextlib
import json
import os
import subprocess
import threading

import harness
import script
import trace
from harness import Failure, Folder, Gateway, check, free_port, go_command, http_peer, npm_command, own_command
from live import WAIT, HttpClient, SseClient, StdioClient, play

REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
SESSION = "per_client"
FRONTS = ("stdio", "http", "sse")
STREAMS = {"stdio": "stdio", "http": "http", "sse": "sse", "go": "stdio", "gohttp": "http", "odd": "stdio"}
# server: (its steps, the peer it needs)
SERVERS = {
    "stdio": (script.EVERYTHING, "server-everything"), "http": (script.EVERYTHING, "server-everything"),
    "sse": (script.EVERYTHING, "server-everything"), "go": (script.GO, "everything-server"),
    "gohttp": (script.GO, "everything-server"), "odd": (script.ODD, None),
}
TITLES = {"stdio": "server-everything, stdio", "http": "server-everything, Streamable HTTP",
          "sse": "server-everything, HTTP+SSE", "go": "go everything-server, stdio",
          "gohttp": "go everything-server, Streamable HTTP", "odd": "peers/odd.py, stdio"}


@contextlib.contextmanager
def upstream(server, mark):
    """A server of its own for one run: {"command"} or {"url"}."""
    if server in ("stdio", "go", "odd"):
        yield {"command": {"stdio": lambda: npm_command("server-everything", "stdio"), "go": go_command,
                           "odd": lambda: own_command("odd.py")}[server]()}
        return
    port = free_port()
    if server == "gohttp":
        command, env, path = go_command(f"-http=127.0.0.1:{port}", "-stateless=false"), None, ""
    else:
        command = npm_command("server-everything", "streamableHttp" if server == "http" else "sse")
        env, path = {"PORT": str(port)}, "mcp" if server == "http" else "sse"
    with http_peer(command, port, env):
        yield {"url": f"http://127.0.0.1:{port}/{path}"} | ({"transport": "sse"} if server == "sse" else {})


def steps_of(server, client, revision, is_slow):
    return [s for s in SERVERS[server][0] if client in s.get("only", (client,)) and revision >= s.get("since", "")
            and server in s.get("servers", (server,)) and (is_slow or not s.get("slow"))]


def wire(target, steps, revision):
    """Plays to {"command"} or {"url", "transport"}."""
    if "command" in target:
        client = StdioClient(target["command"], target["mark"], target.get("env"))
    else:
        client = (SseClient if target.get("transport") == "sse" else HttpClient)(target["url"])
    return play(client, steps, revision, script.capabilities(revision), script.QUESTIONS)


def sdk(command):
    """A player that is a program: peers/sdk_client.*"""
    def player(target, steps, revision):
        job = {"target": {**target, "env": {**target.get("env", {}), harness.MARK: target["mark"]}}, "steps": steps, "wait": WAIT,
               "questions": script.QUESTIONS, "capabilities": script.capabilities(revision)}
        done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, timeout=300,
                              env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONDONTWRITEBYTECODE": "1",
                                   harness.MARK: target["mark"]})
        check(done.stdout, f"the client has ended: {done.stderr[-500:]}")
        return json.loads(done.stdout)
    return player


def clients():
    """name: (player, the peer it needs)"""
    own = os.path.join(harness.HERE, "peers")
    python = [os.path.join(harness.PEERS, where, "bin", "python") for where in ("python", "python1")]
    return {"python2": (sdk([python[0], os.path.join(own, "sdk_client.py")]), "mcp"),
            "python1": (sdk([python[1], os.path.join(own, "sdk_client.py")]), "mcp1"),
            "ts": (sdk([os.path.join(harness.PEERS, "bin", "node"), os.path.join(own, "sdk_client.mjs"),
                        os.path.join(harness.PEERS, "npm", "sdk")]), "sdk")}


def direct(server, player, steps, revision):
    folder = Folder()
    try:
        with upstream(server, folder.mark) as target:
            return player({**target, "mark": folder.mark}, steps, revision)
    finally:
        folder.close()


def through(server, front, player, steps, revision):
    folder = Folder()
    try:
        with upstream(server, folder.mark) as target:
            entry = {"name": server, "session": SESSION, "protocol": "legacy", **target}
            if front == "stdio":
                config = harness.config_write(folder, [entry], listen={"stdio": True})
                command = [harness.BASCULE, "serve", "-c", config, "--transport", "stdio"]
                events = player({"command": command, "mark": folder.mark}, steps, revision)
                harness.no_one_left(folder.mark)
                return events
            with Gateway([entry]) as gateway:
                if front == "http":
                    return player({"url": gateway.url, "mark": folder.mark}, steps, revision)
                return player({"url": gateway.url.replace("/mcp", "/sse"), "transport": "sse", "mark": folder.mark}, steps, revision)
    finally:
        folder.close()


# The TypeScript SDK resumes a stream whose answer was an error, and server-everything then says again, on that
# stream, what it had said on all of them: there each message counts once.
REPLAYS = ("ts", "http")


class Matrix:
    """Comparisons, played by a few threads at once since most of their time is waiting for timers.  A direct run
    serves every front."""

    def __init__(self, cells, is_slow):
        self.is_slow, self.players = is_slow, {"wire": (wire, None), **clients()}
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        self.direct, self.through = {}, {}
        for client, server, front, revision in cells:
            self.start(client, server, front, revision)

    def start(self, client, server, front, revision):
        player = self.players[client][0]
        steps = steps_of(server, client, revision, self.is_slow)
        key = client, server, revision
        if key not in self.direct:
            self.direct[key] = self.pool.submit(direct, server, player, steps, revision)
        if front is None:                       # the harness itself: two direct runs
            self.through[client, server, front, revision] = self.pool.submit(direct, server, player, steps, revision)
        else:
            self.through[client, server, front, revision] = self.pool.submit(through, server, front, player, steps, revision)

    def judge(self, client, server, front, revision):
        steps = steps_of(server, client, revision, self.is_slow)
        want = self.direct[client, server, revision].result(harness.LIMIT)
        wrong = trace.missed(want, steps)
        check(not wrong, f"the server itself does not do what the script expects: {wrong}")
        got = self.through[client, server, front, revision].result(harness.LIMIT)
        mode = "streams" if client == "wire" and front in (None, STREAMS[server]) else "kinds"
        found = trace.differences(want, got, steps, mode, server, (client, server) == REPLAYS)
        if found:
            failure = Failure(f"{len(found)} of {len(steps)} steps differ")
            failure.log = trace.report(found)
            raise failure


def add(cells, is_slow, more):
    """A group of one test a cell."""
    titles = {}
    needs = {"wire": None, **{name: need for name, (_, need) in clients().items()}}
    wanted = {cell: [n for n in (needs[cell[0]], SERVERS[cell[1]][1]) if n] for cell in cells}

    @contextlib.contextmanager
    def setup():
        matrix = Matrix([c for c in cells if titles[c] in group.chosen], is_slow)
        try:
            yield matrix
        finally:
            matrix.pool.shutdown(cancel_futures=True)
    group = harness.Group("no difference", setup, more=more)
    for cell in cells:
        client, server, front, revision = cell
        name = (f"{TITLES[server]}, directly twice" if front is None else f"{TITLES[server]}, behind the {front} front")
        name = f"{client} client at {revision}: {name}"
        titles[cell] = f"{group.name}: {name}"
        group.test(name, wanted[cell])(lambda matrix, cell=cell: matrix.judge(*cell))


# --- the judge itself -------------------------------------------------------------------------------------------

STEPS = [{"name": "initialize", "initialize": True}, {"name": "list", "pages": ["tools/list", {}]}, {"name": "call", "until": {"notifications/tools/list_changed": 1}}]


def note(method, stream="post", **params):
    return {"step": 2, "stream": stream, "what": "notification", "message": {"method": method, "params": params}}


def answered(result, step=2):
    return {"step": step, "stream": "post", "what": "answer", "message": {"jsonrpc": "2.0", "id": 7, "result": result}}


LOG, CHANGED = "notifications/message", "notifications/tools/list_changed"
# (what it shows, one recording, the other, whether they are the same)
JUDGED = [
    ("a member is missing", [answered({"_meta": {"a": 1}})], [answered({})], False),
    ("members in another order", [answered({"a": 1, "b": 2})], [answered({"b": 2, "a": 1})], False),
    ("a fraction that is written differently", [answered({"a": "<1.0>"})], [answered({"a": 1})], False),
    ("a message twice", [note(LOG, data="x")], [note(LOG, data="x")] * 2, False),
    ("a message lost", [note(LOG, data="x"), answered({})], [answered({})], False),
    ("a message after the answer", [note(LOG, data="x"), answered({})], [answered({}), note(LOG, data="x")], False),
    ("a message on another stream", [note(LOG, data="x")], [note(LOG, "get", data="x")], False),
    ("another logger", [note(LOG, data="x", logger="a")], [note(LOG, data="x", logger="b")], False),
    ("an error instead of a result", [answered({})], [{**answered({}), "message": {"id": 7, "error": {"code": 1}}}], False),
    ("what bascule adds", [answered({}), note(LOG, data="x", logger="l")],
     [answered({"_meta": {"bascule/site": "s"}}), note(LOG, data="x", logger="name/l", _meta={"bascule/server": "name"})], True),
    ("ids and times", [answered({"a": "00000000-0000-4000-8000-000000000000 at 2025-01-01T00:00:00.1Z"})],
     [answered({"a": "11111111-2222-4333-8444-555555555555 at 2026-01-01T00:00:00.25Z"})], True),
    ("pages", [answered({"tools": [1, 2]}, 1), answered({"tools": [3]}, 1)], [answered({"tools": [1, 2, 3]}, 1)], True),
    ("a lost page", [answered({"tools": [1, 2]}, 1), answered({"tools": [3]}, 1)], [answered({"tools": [1, 2]}, 1)], False),
    ("changes that are joined", [note(CHANGED)] * 3, [note(CHANGED)], True),
    ("a change that is not told", [note(CHANGED)], [], False),
]
judge = harness.Group("no difference")


def add_judged(what, one, other, is_same):
    @judge.test("the judge: " + what)
    def judged():
        found = trace.differences(one, other, STEPS, "streams", "name")
        check(bool(found) != is_same, f"it says {found}")


for row in JUDGED:
    add_judged(*row)

NEWEST = REVISIONS[0]
add([("wire", server, front, NEWEST) for server in SERVERS for front in (None, *FRONTS)], False, False)
# Every revision, and the steps that take their time; HTTP+SSE carries the oldest.
add([("wire", server, front, revision) for revision in REVISIONS for server in SERVERS for front in FRONTS], True, True)
add([(client, server, front, NEWEST) for client in clients() for server in SERVERS for front in ("stdio", "http")], False, True)
