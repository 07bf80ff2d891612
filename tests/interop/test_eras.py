"""Real clients and real servers of both eras, each with each: what a client gets through bascule is what it gets from
the server itself, whichever era either of them speaks.

Clients: the Python SDK 2.x and the TypeScript SDK 2.x, each left to find out, pinned to the handshake and pinned to
2026-07-28 (peers/era_client.*; the Go SDK's client plays the suite's scenarios in test_conformance.py).  A server
that does not speak the client's era is asked directly in its own.
"""
import collections
import concurrent.futures
import contextlib
import json
import os
import subprocess

import harness
from harness import Failure, Folder, Gateway, check, config_write, free_port, go_command, http_peer, npm_command, own_command, same

MODERN = "2026-07-28"
REVISIONS = {"auto": MODERN, "legacy": "2025-11-25", MODERN: MODERN}
ANSWERS = {"elicitation/create": {"action": "accept", "content": {"username": "ada", "email": "ada@example.com", "name": "Ada", "check": True}},
           "sampling/createMessage": {"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m", "stopReason": "endTurn"},
           "roots/list": {"roots": [{"uri": "file:///home/ada", "name": "home"}]}}
FIXTURE = [("test_simple_text", {}), ("test_multiple_content_types", {}), ("test_error_handling", {}), ("test_sampling", {"prompt": "?"}),
           ("test_elicitation", {"message": "Who?"}), ("test_elicitation_sep1330_enums", {}), ("test_input_required_result_elicitation", {}),
           ("test_input_required_result_multi_round", {}), ("test_input_required_result_multiple_inputs", {}),
           ("test_custom_header", {"region": "Zürich", "count": 42}), ("nobody", {})]
GO = [("test_simple_text", {}), ("test_image_content", {}), ("test_multiple_content_types", {}), ("test_error_handling", {}),
      ("test_input_required_result_elicitation", {}), ("test_input_required_result_multi_round", {})]
GIT_ENV = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "Ada"), ("EMAIL", "ada@example.com"), ("DATE", "2026-01-02T03:04:05Z"))}


def python_command(module, *arguments):
    return [os.path.join(harness.PEERS, "python", "bin", "python"), "-m", module, *arguments]


class Server:
    """needs: the peers; eras: what it speaks; calls: (tool, arguments) with the same results each time."""

    def __init__(self, needs, eras, calls, entry):
        self.needs, self.eras, self.calls, self.entry = needs, eras, calls, entry


def repository(folder):
    """A git repository with one commit that is always the same."""
    path = folder.file("repository")
    if not os.path.isdir(path):
        os.mkdir(path)
        with open(os.path.join(path, "hello.txt"), "w") as f:
            f.write("hello\n")
        for words in (["init", "-q", "-b", "main"], ["add", "hello.txt"], ["commit", "-q", "-m", "A first step"]):
            subprocess.run(["git", "-C", path, *words], check=True, env={**os.environ, **GIT_ENV})
    return path


def web(*command, path="mcp", **more):
    """A server on HTTP for the time of a run."""
    def entry(stack, folder, run):
        port = free_port()
        words = [word.format(port=port) for word in command]
        stack.enter_context(http_peer(words, port))
        return {"url": f"http://127.0.0.1:{port}/{path}", **more}
    return entry


def child(make):
    return lambda stack, folder, run: make(folder, run)


SERVERS = {
    "time": Server(("mcp-server-time",), ("legacy", "modern"),
                   [("convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}), ("convert_time", {})],
                   child(lambda folder, run: {"command": python_command("mcp_server_time", "--local-timezone=UTC")})),
    "git": Server(("mcp-server-git",), ("legacy", "modern"),
                  [("git_log", {"repo_path": "{repository}"}), ("git_show", {"repo_path": "{repository}", "revision": "HEAD"}),
                   ("git_show", {"repo_path": "{repository}", "revision": "nowhere"})],
                  child(lambda folder, run: {"command": python_command("mcp_server_git", "--repository", repository(folder))})),
    "everything": Server(("server-everything",), ("legacy",),
                         [("echo", {"message": "né"}), ("get-sum", {"a": 0.1, "b": 2}), ("get-structured-content", {"location": "Chicago"}),
                          ("get-resource-links", {"count": 2}), ("trigger-elicitation-request", {}),
                          ("trigger-sampling-request", {"prompt": "Capital of France?", "maxTokens": 10}), ("echo", {})],
                         child(lambda folder, run: {"command": npm_command("server-everything", "stdio")})),
    "files": Server(("server-filesystem",), ("legacy",),
                    [("list_directory", {"path": "{repository}"}), ("read_text_file", {"path": "{repository}/hello.txt"}),
                     ("read_text_file", {"path": "/etc/passwd"})],
                    child(lambda folder, run: {"command": npm_command("server-filesystem", repository(folder))})),
    "memory": Server(("server-memory",), ("legacy",),
                     [("create_entities", {"entities": [{"name": "bascule", "entityType": "bridge", "observations": ["it rises"]}]}),
                      ("read_graph", {})],
                     child(lambda folder, run: {"command": npm_command("server-memory"),
                                                "env": {"MEMORY_FILE_PATH": folder.file(f"memory-{run}.json")}})),
    # In the handshake's era Go's answers these tools with nothing: it is asked directly in the other.
    "go": Server(("everything-server",), ("modern",), GO,
                 child(lambda folder, run: {"command": go_command()})),
    "goweb": Server(("everything-server",), ("modern",), GO,
                    web(os.path.join(harness.PEERS, "bin", "everything-server"), "-http=127.0.0.1:{port}", path="")),
    "old": Server(("mcp",), ("legacy",), FIXTURE,
                  child(lambda folder, run: {"command": own_command("fixture.py", "legacy", "stdio")})),
    "oldweb": Server(("mcp",), ("legacy",), FIXTURE, web(*own_command("fixture.py", "legacy", "http", "{port}"))),
    "new": Server(("mcp",), ("modern",), FIXTURE,
                  child(lambda folder, run: {"command": own_command("fixture.py", "modern", "stdio")})),
    "newweb": Server(("mcp",), ("modern",), FIXTURE, web(*own_command("fixture.py", "modern", "http", "{port}"))),
}


def client_command(client):
    own = os.path.join(harness.HERE, "peers", "era_client.")
    if client == "python":
        return [os.path.join(harness.PEERS, "python", "bin", "python"), own + "py"]
    return [os.path.join(harness.PEERS, "bin", "node"), own + "mjs", os.path.join(harness.PEERS, "npm", "client")]


def play(client, mode, target, calls, folder):
    """One run of a client; {"revision", "tools", "results", "asked", …}."""
    job = {"target": target, "mode": mode, "calls": calls, "answers": ANSWERS}
    done = subprocess.run(client_command(client), input=json.dumps(job), capture_output=True, text=True, timeout=300,
                          env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), harness.MARK: folder.mark})
    if done.returncode != 0 or not done.stdout:
        failure = Failure(f"the {client} client ({mode}) has failed: status {done.returncode}")
        failure.log = (done.stdout + done.stderr).splitlines()[-25:]
        raise failure
    return json.loads(done.stdout)


def filled(calls, folder):
    def fill(value):
        return {k: fill(v) for k, v in value.items()} if isinstance(value, dict) else (
            value.replace("{repository}", repository(folder)) if isinstance(value, str) else value)
    return [(tool, fill(arguments)) for tool, arguments in calls]


# --- what may differ --------------------------------------------------------------------------------------------

HINTS = ("resultType", "ttlMs", "cacheScope", "execution")     # of one era only


def bare(value):
    """Without what belongs to one era and what names who answered."""
    if isinstance(value, list):
        return [bare(v) for v in value]
    if not isinstance(value, dict):
        return value
    meta = {k: v for k, v in (value.get("_meta") or {}).items() if not k.startswith(("bascule/", "io.modelcontextprotocol/", "progressToken"))}
    rest = {k: bare(v) for k, v in value.items() if k not in HINTS and k != "_meta" and v is not None}
    if rest.get("isError") is False:
        del rest["isError"]
    return rest | ({"_meta": bare(meta)} if meta else {})


def question(row):
    """How it is asked: the mode may be said or left out, and an id belongs to one era."""
    method, params = row
    params = {k: v for k, v in bare(params).items() if k != "elicitationId" and (k, v) != ("mode", "form")}
    return [method, params]


def kept(function, *arguments):
    """Its value, or the failure, for the test that needs it."""
    try:
        return function(*arguments)
    except (Failure, OSError, ValueError) as error:
        return error


def questions(rows):
    """How often each was asked.  Roots are left out: some servers ask for them as soon as they are shaken hands with, once or
    twice, and outside of every call (nobody can answer that in 2026-07-28)."""
    return collections.Counter(json.dumps(question(row), sort_keys=True) for row in rows if row[0] != "roots/list")


class Run:
    """One client in one mode, through bascule and directly, at every server that is there."""

    def __init__(self, client, mode, front, names):
        self.client, self.mode, self.names = client, mode, names
        with contextlib.ExitStack() as stack:
            self.folder = Folder()
            stack.callback(self.folder.close)
            repository(self.folder)
            with concurrent.futures.ThreadPoolExecutor(3) as pool:      # mostly processes that start
                self.direct = dict(zip(names, pool.map(lambda name: kept(self.of_server, name), names)))
            self.through = kept(self.of_bascule, stack, front)

    def calls(self, name):
        return filled(SERVERS[name].calls, self.folder)

    def entry(self, stack, name, run):
        return SERVERS[name].entry(stack, self.folder, run)

    def of_server(self, name):
        eras = SERVERS[name].eras
        mode = self.mode if REVISIONS[self.mode] == MODERN and "modern" in eras else "legacy" if "legacy" in eras else MODERN
        with contextlib.ExitStack() as stack:
            target = self.entry(stack, name, "direct")
            target["env"] = {**target.get("env", {}), harness.MARK: self.folder.mark}
            return play(self.client, mode, target, self.calls(name), self.folder)

    def of_bascule(self, stack, front):
        upstreams = [{"name": name, "session": "per_client", **self.entry(stack, name, "through")} for name in self.names]
        calls = [(f"{name}__{tool}", arguments) for name in self.names for tool, arguments in self.calls(name)]
        if front == "http":
            with Gateway(upstreams) as gateway:
                return play(self.client, self.mode, {"url": gateway.url}, calls, self.folder)
        config = config_write(self.folder, upstreams, listen={"stdio": True})
        target = {"command": [harness.BASCULE, "serve", "-c", config, "--transport", "stdio"], "env": {harness.MARK: self.folder.mark}}
        got = play(self.client, self.mode, target, calls, self.folder)
        harness.no_one_left(self.folder.mark)
        return got

    def both(self, name):
        for outcome in (self.through, self.direct[name]):
            if isinstance(outcome, Exception):
                raise outcome
        return self.through, self.direct[name]

    def judge(self, name):
        got, want = self.both(name)
        prefix, start = name + "__", 0
        for other in self.names[:self.names.index(name)]:
            start += len(SERVERS[other].calls)
        tools = {t["name"].removeprefix(prefix): t for t in got["tools"] if t["name"].startswith(prefix)}
        same(sorted(tools), sorted(t["name"] for t in want["tools"]), "tools")
        for tool in want["tools"]:
            same(bare(tools[tool["name"]] | {"name": tool["name"]}), bare(tool), f"definition of {tool['name']}")
        for i, (tool, arguments) in enumerate(SERVERS[name].calls):
            mine, its = got["results"][start + i], want["results"][i]
            if "error" in its:
                same(mine.get("error", {}).get("code"), its["error"]["code"], f"code of {tool}")
            else:
                same(bare(mine), bare(its), f"result of {tool}")

    def judge_all(self):
        asked = questions(row for name in self.names for row in self.both(name)[1]["asked"])
        got = questions(self.through["asked"])
        same(self.through["revision"], REVISIONS[self.mode], "revision")
        same(list((got - asked).elements()), [], "questions that no server asked")
        same(list((asked - got).elements()), [], "questions that were not asked")
        check(asked, "no server asked anything")


def add(client, mode, front, more):
    missing = harness.missing()
    names = [name for name, server in SERVERS.items() if not any(need in missing for need in server.needs)]

    @contextlib.contextmanager
    def setup():
        yield Run(client, mode, front, names)
    need = "mcp" if client == "python" else "client"
    group = harness.Group("eras", setup, (need,), more=more)
    title = f"{client} client, {mode}, over {front}"

    group.test(f"{title}: the revision, and every question")(lambda run: run.judge_all())
    for name, server in SERVERS.items():
        group.test(f"{title}: {name}", server.needs)(lambda run, name=name: run.judge(name))


for client_ in ("python", "ts"):
    for mode_ in REVISIONS:
        for front_ in ("http", "stdio"):
            add(client_, mode_, front_, True)
add("python", "auto", "http", False)
