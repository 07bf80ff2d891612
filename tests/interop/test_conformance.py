"""The official conformance suite in front of and behind bascule, judged against the same suite without it.

A check fails the test only where it passes directly: with the same fixture over Streamable HTTP at the same revision
(the suite knows no stdio and no HTTP+SSE).  What may differ all the same stands in EXPECTED with its reason.
"""
import contextlib
import glob
import json
import os
import re
import shlex
import subprocess

import harness
from harness import Folder, Gateway, check, free_port, go_command, http_peer, own_command

# One run of the suite: its options.
GATES = {"gate of 2025-11-25": ["--requirements", "2025-11-25"],
         "suite at 2025-06-18": ["--suite", "all", "--spec-version", "2025-06-18"]}
# The scenarios for clients that a gateway can stand between (those on authorisation are about one hop).
CLIENT = ("initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry", "json-schema-2020-12-preservation")
FIXTURES = {"stdio": "go", "session HTTP": "go", "HTTP+SSE": "python"}
NEEDS = {"stdio": ("conformance", "everything-server"), "session HTTP": ("conformance", "everything-server"),
         "HTTP+SSE": ("conformance", "mcp")}

# (scenario, check): why it may fail behind bascule though it passes directly.
EXPECTED = {}


def suite(*arguments):
    script = os.path.join(harness.PEERS, "npm", "conformance", "node_modules", "@modelcontextprotocol", "conformance",
                          "dist", "index.js")
    return [os.path.realpath(os.path.join(harness.PEERS, "bin", "node22")), script, *arguments]


def checks(command, folder, env=None):
    """{(scenario, check): (status, text)} of one run; the worst status where a check comes more than once."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), harness.MARK: folder.mark, **(env or {})}
    done = subprocess.run([*command, "-o", folder.file("results")], env=environment, capture_output=True, text=True, timeout=110)
    found, order = {}, ("FAILURE", "WARNING", "SUCCESS", "SKIPPED", "INFO")
    for path in glob.glob(folder.file("results/**/checks.json"), recursive=True):
        scenario = re.sub(r"^(server-)?|-\d{4}-\d\d-\d\dT.*$", "", os.path.basename(os.path.dirname(path)))
        with open(path) as f:
            for row in json.load(f):
                key = scenario, row["id"]
                status = row["status"], row.get("errorMessage") or row.get("description", "")
                if key not in found or order.index(status[0]) < order.index(found[key][0]):
                    found[key] = status
    check(found, f"the suite gave no results: {(done.stdout + done.stderr)[-600:]}")
    return found


def judge(direct, through):
    """Fails with one line for each check that only passes directly."""
    passed = {key for key, (status, _) in direct.items() if status == "SUCCESS"}
    check(passed, f"nothing passes directly: {sorted(direct)}")
    # A check of a scenario that took another way (JSON where the fixture streams) is not run; one that is not run at
    # all has failed.
    ran = {scenario for scenario, _ in through}
    lines = []
    for scenario, name in sorted(passed):
        status, text = through.get((scenario, name), ("FAILURE" if scenario not in ran else "not run", "the scenario was not run"))
        if status == "FAILURE" and (scenario, name) not in EXPECTED:
            lines.append(f"{scenario}: {name}: {' '.join(str(text).split())[:220]}")
    if lines:
        failure = harness.Failure(f"{len(lines)} checks of {len(passed)} that pass directly")
        failure.log = lines
        raise failure


@contextlib.contextmanager
def folder_of_its_own():
    folder = Folder()
    try:
        yield folder
    finally:
        folder.close()


# --- bascule as the server --------------------------------------------------------------------------------------

@contextlib.contextmanager
def fixture(kind):
    """The URL of a fixture over Streamable HTTP, or of the Python one over HTTP+SSE (`sse`)."""
    port = free_port()
    if kind == "go":
        with http_peer(go_command(f"-http=127.0.0.1:{port}", "-stateless=false"), port):
            yield f"http://127.0.0.1:{port}/"
    else:
        with http_peer(own_command("fixture.py", "sse" if kind == "sse" else "http", port), port):
            yield f"http://127.0.0.1:{port}/" + ("sse" if kind == "sse" else "mcp")


def server_direct(kind, options):
    with folder_of_its_own() as folder, fixture(kind) as url:
        return checks(suite("server", "--url", url, *options), folder)


def server_through(transport, session, options):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(folder_of_its_own())
        entry = {"name": "fixture", "session": session}
        if transport == "stdio":
            entry["command"] = go_command()
        elif transport == "session HTTP":
            entry["url"] = stack.enter_context(fixture("go"))
        else:
            entry |= {"url": stack.enter_context(fixture("sse")), "transport": "sse"}
        gateway = stack.enter_context(Gateway([entry]))
        return checks(suite("server", "--url", gateway.url, *options), folder)


# --- bascule as the client --------------------------------------------------------------------------------------

def client_run(scenario, behind):
    """One scenario with the Go client, alone or behind a gateway (peers/behind.py)."""
    with folder_of_its_own() as folder:
        command = [os.path.join(harness.PEERS, "bin", "everything-client")]
        if behind:
            command = [*own_command("behind.py"), harness.BASCULE, *command]
        script = folder.file("client", "#!/bin/sh\nexec " + " ".join(map(shlex.quote, command)) + ' "$@"\n')
        os.chmod(script, 0o755)
        try:
            return checks(suite("client", "--command", script, "--scenario", scenario, "--spec-version", "2025-11-25"), folder)
        finally:
            harness.no_one_left(folder.mark)


# --- the tests --------------------------------------------------------------------------------------------------

class Runs:
    """Direct runs, done once."""

    def __init__(self):
        self.done = {}

    def direct(self, kind, gate):
        if (kind, gate) not in self.done:
            self.done[kind, gate] = server_direct(kind, GATES[gate])
        return self.done[kind, gate]


@contextlib.contextmanager
def setup():
    yield Runs()


group = harness.Group("conformance", setup, more=True)


def add_server(transport, session, gate):
    @group.test(f"{gate}, upstream over {transport}, session {session}", NEEDS[transport])
    def server(runs):
        judge(runs.direct(FIXTURES[transport], gate), server_through(transport, session, GATES[gate]))


for transport_ in FIXTURES:
    for session_ in ("auto", "per_client"):
        for gate_ in GATES:
            add_server(transport_, session_, gate_)


def add_client(scenario):
    @group.test(f"client scenario {scenario}", ("conformance", "everything-client"))
    def client(runs):
        judge(client_run(scenario, False), client_run(scenario, True))


for scenario_ in CLIENT:
    add_client(scenario_)
