"""No difference: a script of more than sixty steps is played to a server directly and through bascule, and what the
client heard must be equal (script.py: the scripts; trace.py: what may differ, and why; live.py: the client).

The wire client is the most exact judge and runs in every check; the SDKs and older revisions run with `--all`.
"""
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
            and (client, server) not in s.get("but", ()) and server in s.get("servers", (server,)) and (is_slow or not s.get("slow"))]


def wire(target, steps, revision):
    """Plays to {"command"} or {"url", "transport"}."""
    capabilities = dict(script.CAPABILITIES)
    if "command" in target:
        client = StdioClient(target["command"], target["mark"], target.get("env"))
    else:
        client = (SseClient if target.get("transport") == "sse" else HttpClient)(target["url"])
    return play(client, steps, revision, capabilities, script.QUESTIONS)


def sdk(command):
    """A player that is a program: peers/sdk_client.*"""
    def player(target, steps, revision):
        job = {"target": {**target, "env": {**target.get("env", {}), harness.MARK: target["mark"]}}, "steps": steps, "wait": WAIT,
               "questions": script.QUESTIONS, "capabilities": script.CAPABILITIES}
        done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, timeout=110,
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
            entry = {"name": server, "session": SESSION, **target}
            if front == "stdio":
                config = harness.config_write(folder, [entry], listen={"stdio": True})
                command = [harness.BASCULE, "serve", "-c", config, "--transport", "stdio"]
                return player({"command": command, "mark": folder.mark}, steps, revision)
            with Gateway([entry]) as gateway:
                if front == "http":
                    return player({"url": gateway.url}, steps, revision)
                return player({"url": gateway.url.replace("/mcp", "/sse"), "transport": "sse"}, steps, revision)
    finally:
        folder.close()


class Cell:
    """One comparison, done in a thread of its own so that several wait for timers together."""
    at_once = threading.Semaphore(4)

    def __init__(self, server, front, revision, client="wire", player=wire, is_slow=False):
        self.server, self.front, self.revision, self.client, self.player = server, front, revision, client, player
        self.steps = steps_of(server, client, revision, is_slow)
        self.runs, self.errors = {}, []

    def run(self, side, function):
        with self.at_once:
            try:
                self.runs[side] = function()
            except Exception as error:
                self.errors.append(f"{side}: {type(error).__name__}: {error}")

    def judge(self):
        check(not self.errors, "; ".join(self.errors))
        mode = "streams" if self.client == "wire" and self.front == STREAMS[self.server] else "kinds"
        found = trace.differences(self.runs["direct"], self.runs["through"], self.steps, mode, self.server)
        if found:
            failure = Failure(f"{len(found)} of {len(self.steps)} steps differ")
            failure.log = trace.report(found)
            raise failure
