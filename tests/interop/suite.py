"""The official conformance suite as a program: one run, what it found, and how two runs are compared.

A check fails a comparison only where it passes directly: with the same fixture without bascule, at the same revision
(the suite knows no stdio and no HTTP+SSE).  What may differ all the same stands in one file per revision of the wire
(baseline/), each entry with a reason; an entry that does not differ any more fails as well.
"""
import contextlib
import glob
import json
import os
import re
import subprocess

import harness
from harness import Failure, Folder, check

# The only reasons that count: what cannot be carried between the eras (docs/protocol.md), and the one choice that a
# legacy request leaves to the gateway.
REASONS = {
    "unasked": "a legacy server's request without a call in flight has nobody to answer it in 2026-07-28",
    "push": "2026-07-28 has no ping from the server, no change of roots and no end of a URL elicitation to tell",
    "older": "titled and multiple choices, URL mode and tools of sampling do not exist in the older revision",
    "structured": "structuredContent and outputSchema that are no objects do not exist before 2026-07-28",
    "log": "log messages outside of a request do not exist in 2026-07-28",
    "resume": "a modern server's stream cannot be resumed once it broke",
    "restart": "a parked call of a legacy server does not outlive the gateway",
    "status": "the HTTP status of an error differs between servers; the body is the contract",
    "tasks": "tasks of clients have no counterpart in 2026-07-28",
    "related": "related-task and model-immediate-response have no meaning in the extension",
    "key": "a legacy request has no key: the gateway chooses it",
}
ORDER = ("FAILURE", "WARNING", "SUCCESS", "SKIPPED", "INFO")


def command(*arguments):
    script = os.path.join(harness.PEERS, "npm", "conformance", "node_modules", "@modelcontextprotocol", "conformance",
                          "dist", "index.js")
    return [os.path.realpath(os.path.join(harness.PEERS, "bin", "node22")), script, *arguments]


def checks(words, folder, env=None):
    """{(scenario, check): (status, text)} of one run; the worst status where a check comes more than once."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), harness.MARK: folder.mark, **(env or {})}
    done = subprocess.run([*words, "-o", folder.file("results")], env=environment, capture_output=True, text=True, timeout=300)
    found = {}
    for path in glob.glob(folder.file("results/**/checks.json"), recursive=True):
        scenario = re.sub(r"^(server-)?|-\d{4}-\d\d-\d\dT.*$", "", os.path.basename(os.path.dirname(path)))
        with open(path) as f:
            for row in json.load(f):
                key = scenario, row["id"]
                status = row["status"], row.get("errorMessage") or row.get("description", "")
                if key not in found or ORDER.index(status[0]) < ORDER.index(found[key][0]):
                    found[key] = status
    check(found, f"the suite gave no results: {(done.stdout + done.stderr)[-600:]}")
    return found


@contextlib.contextmanager
def folder_of_its_own():
    folder = Folder()
    try:
        yield folder
    finally:
        folder.close()


# --- baselines --------------------------------------------------------------------------------------------------

def baseline(revision):
    """{(scenario, check): (columns, reason)} from lines `scenario:check | column, column | reason`."""
    path, rows = os.path.join(harness.HERE, "baseline", revision + ".txt"), {}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            parts = [part.strip() for part in line.split("|")]
            check(len(parts) == 3 and ":" in parts[0], f"{path}:{number}: not `scenario:check | columns | reason`")
            check(parts[2] in REASONS, f"{path}:{number}: {parts[2]!r} is no reason that counts: {sorted(REASONS)}")
            key = tuple(parts[0].split(":", 1))
            check(key not in rows, f"{path}:{number}: {parts[0]} stands there twice")
            rows[key] = [column.strip() for column in parts[1].split(",")], parts[2]
    return rows


class Outcome:
    """What became, through bascule, of the checks that pass directly."""

    def __init__(self, direct, through, expected=None):
        expected = expected or {}
        passed = sorted(key for key, (status, _) in direct.items() if status == "SUCCESS")
        check(passed, f"nothing passes directly: {sorted(direct)}")
        # A check of a scenario that took another way (JSON where the fixture streams) is not run; one that is not run
        # at all has failed.
        ran = {scenario for scenario, _ in through}
        self.passed, self.wrong, self.expected, self.warned = len(passed), [], [], []
        for key in passed:
            lost = ("FAILURE", "the scenario was not run") if key[0] not in ran else ("not run", "")
            status, text = through.get(key, lost)
            line = f"{key[0]}: {key[1]}: {' '.join(str(text).split())[:220]}"
            if status == "FAILURE" and key in expected:
                self.expected.append((*key, expected[key]))
            elif status == "FAILURE":
                self.wrong.append(line)
            elif status == "WARNING":
                self.warned.append(line)
        self.stale = [key for key in sorted(expected) if through.get(key, ("",))[0] in ("SUCCESS", "WARNING")]

    def judge(self):
        """Fails with one line for each check that only passes directly, and for each that was expected to."""
        lines = self.wrong + [f"{scenario}: {name}: passes, and the baseline says that it does not"
                              for scenario, name in self.stale]
        if lines:
            failure = Failure(f"{len(lines)} checks of {self.passed} that pass directly")
            failure.log = lines + [f"warning: {line}" for line in self.warned]
            raise failure
