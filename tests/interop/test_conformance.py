"""The official conformance suite in front of and behind bascule, judged against the same suite without it (suite.py).

In front: the matrix of revisions and kinds of servers (matrix.py); two of its cells are in every check.  Behind: the
suite's servers, and the Go SDK's everything-client as the client.
"""
import contextlib
import json
import os
import shlex

import harness
import matrix
import suite
from harness import own_command

# The scenarios for clients that a gateway can stand between (those on authorisation are about one hop).
CLIENT = {
    "2025-06-18": ("initialize", "tools_call"),
    "2025-11-25": ("initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry",
                   "json-schema-2020-12-preservation"),
    "2026-07-28": ("tools_call", "request-metadata", "http-standard-headers", "http-custom-headers",
                   "http-invalid-tool-headers", "sep-2322-client-request-state", "json-schema-ref-no-deref",
                   "json-schema-2020-12-preservation"),
}


@contextlib.contextmanager
def setup():
    """With BASCULE_MATRIX=FILE what was measured is kept, for tests/interop/bridging.py."""
    runs = matrix.Runs()
    yield runs
    if os.environ.get("BASCULE_MATRIX"):
        with open(os.environ["BASCULE_MATRIX"], "w") as f:
            json.dump([{"row": row, "column": column, "passed": o.passed, "wrong": o.wrong, "expected": o.expected,
                        "warned": o.warned, "stale": o.stale} for (row, column), o in runs.outcomes.items()], f, indent=1)


def add_cell(group, row, column, session):
    @group.test(f"{row} in front of {column}, session {session}", matrix.needs(row, column))
    def cell(runs):
        runs.cell(row, column, session).judge()


every = harness.Group("matrix", setup)
for row_, column_ in matrix.EVERY:
    add_cell(every, row_, column_, matrix.session_of(column_))

whole = harness.Group("matrix", setup, more=True)
for row_ in matrix.ROWS:
    for column_ in matrix.COLUMNS:
        for session_ in (matrix.session_of(column_), *(["auto"] if matrix.is_shared_too(row_, column_) else [])):
            add_cell(whole, row_, column_, session_)


@every.test("every entry of a baseline has a reason that counts")
def baselines(runs):
    places = set(matrix.PLACES)
    for row in matrix.ROWS:
        for key, (columns, _) in suite.baseline(row).items():
            harness.same(sorted(set(columns) - places), [], f"columns of {row}: {':'.join(key)}")


# --- bascule as the client --------------------------------------------------------------------------------------

def client_run(scenario, revision, behind):
    """One scenario with the Go client, alone or behind a gateway (peers/behind.py)."""
    with suite.folder_of_its_own() as folder:
        command = [os.path.join(harness.PEERS, "bin", "everything-client")]
        if behind:
            command = [*own_command("behind.py"), harness.BASCULE, *command]
        script = folder.file("client", "#!/bin/sh\nexec " + " ".join(map(shlex.quote, command)) + ' "$@"\n')
        os.chmod(script, 0o755)
        try:
            return suite.checks(suite.command("client", "--command", script, "--scenario", scenario, "--spec-version", revision), folder)
        finally:
            harness.no_one_left(folder.mark)


client_group = harness.Group("conformance", more=True)


def add_client(scenario, revision):
    @client_group.test(f"client scenario {scenario} at {revision}", ("conformance", "everything-client"))
    def client():
        suite.Outcome(client_run(scenario, revision, False), client_run(scenario, revision, True)).judge()


for revision_, scenarios_ in CLIENT.items():
    for scenario_ in scenarios_:
        add_client(scenario_, revision_)
