"""The matrix: the suite at three revisions in front of bascule, five kinds of servers behind it.

Where client and server are of one era the Go SDK's everything-server is the fixture (over HTTP+SSE: ours), where they
are not, ours is, in the era of the column, and it is compared with itself in the era of the row (peers/fixture.py).
"""
import concurrent.futures
import contextlib
import json

import suite
from harness import Gateway, free_port, go_command, http_peer, own_command, same
from wire import ACCEPT, Http

# The revision on the wire: the options of the suite.
ROWS = {"2025-06-18": ["--suite", "all", "--spec-version", "2025-06-18"],
        "2025-11-25": ["--requirements", "2025-11-25"],
        "2026-07-28": ["--requirements", "2026-07-28"]}
COLUMNS = ("legacy stdio", "modern stdio", "session HTTP", "modern HTTP", "HTTP+SSE")
SHARED = ("session HTTP", "HTTP+SSE")   # where `session: auto` is not the same as per_client
# In every check: one cell for each direction of the bridge.
EVERY = (("2025-11-25", "modern HTTP"), ("2026-07-28", "legacy stdio"))


PLACES = (*COLUMNS, *(column + " shared" for column in SHARED))


def is_shared_too(row, column):
    """A shared session declares that all clients can be asked: no server can tell a client of 2026-07-28 what it lacks."""
    return column in SHARED and era(row) == "legacy"


def session_of(column):
    """Modern servers have no sessions: one process serves all."""
    return "shared" if column.startswith("modern") else "per_client"


def era(name):
    """Of a row or of a column."""
    return "modern" if name == "2026-07-28" or name.startswith("modern") else "legacy"


def fixture_kind(row, column):
    return "own" if era(row) != era(column) or column == "HTTP+SSE" else "go"


def needs(row, column):
    return ("conformance", "mcp" if fixture_kind(row, column) == "own" else "everything-server")


@contextlib.contextmanager
def http_server(kind, which):
    """The URL of a fixture over Streamable HTTP (`sse`: over HTTP+SSE) in an era."""
    port = free_port()
    if kind == "go":
        words, path = go_command(f"-http=127.0.0.1:{port}", f"-stateless={'true' if which == 'modern' else 'false'}"), ""
    else:
        words, path = own_command("fixture.py", *(("legacy", "sse") if which == "sse" else (which, "http")), port), "mcp"
    with http_peer(words, port):
        yield f"http://127.0.0.1:{port}/" + ("sse" if which == "sse" else path)


@contextlib.contextmanager
def upstream(row, column):
    """The entry of bascule.yaml.  Ours is of one era, which bascule has to find out; Go's is told which to take."""
    kind, entry = fixture_kind(row, column), {"name": "fixture"}
    if kind == "go" and era(column) == "modern" or column == "legacy stdio" and kind == "go":
        entry["protocol"] = era(column)
    if column.endswith("stdio"):
        yield entry | {"command": go_command() if kind == "go" else own_command("fixture.py", era(column), "stdio")}
    elif column == "HTTP+SSE":
        with http_server("own", "sse") as url:
            yield entry | {"url": url, "transport": "sse"}
    else:
        with http_server(kind, era(column)) as url:
            yield entry | {"url": url}


# What the suite's requests say that they can do.  Each set has a process of its own, and some checks give a call half a
# second: an interpreter takes longer to start.
CAPABILITIES = ({}, {"elicitation": {}}, {"sampling": {}}, {"sampling": {}, "elicitation": {}, "roots": {"listChanged": True}})


def warm(url, capabilities):
    """One modern call, so that the server is there."""
    with contextlib.closing(Http(url)) as client:
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": capabilities,
                "io.modelcontextprotocol/clientInfo": {"name": "warm", "version": "1"}}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "test_simple_text", "_meta": meta}}
        status, _, body = client.raw(body=json.dumps(call, separators=(",", ":")),      # as the suite writes it
                                     headers={"Accept": ACCEPT, "Content-Type": "application/json", "Mcp-Method": "tools/call",
                                              "MCP-Protocol-Version": "2026-07-28", "Mcp-Name": "test_simple_text"})
        same(status, 200, f"status of {body[:200]}")


class Runs:
    """Direct runs, done once, and what the cells came to."""

    def __init__(self):
        self.done, self.outcomes = {}, {}

    def direct(self, row, kind):
        if (row, kind) not in self.done:
            with suite.folder_of_its_own() as folder, http_server(kind, era(row)) as url:
                self.done[row, kind] = suite.checks(suite.command("server", "--url", url, *ROWS[row]), folder)
        return self.done[row, kind]

    def cell(self, row, column, session):
        direct = self.direct(row, fixture_kind(row, column))
        with suite.folder_of_its_own() as folder, upstream(row, column) as entry, Gateway([entry | {"session": session}]) as gateway:
            if era(row) == "modern" and column == "legacy stdio":
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    list(pool.map(lambda able: warm(gateway.url, able), CAPABILITIES))
            through = suite.checks(suite.command("server", "--url", gateway.url, *ROWS[row]), folder)
        place = column + (" shared" if session == "auto" else "")
        expected = {key: reason for key, (columns, reason) in suite.baseline(row).items() if place in columns}
        self.outcomes[row, place] = suite.Outcome(direct, through, expected)
        return self.outcomes[row, place]
