#!/usr/bin/env python3
"""Writes docs/bridging.md: the tables of bridging_lines.py, and the matrix as it was measured.

    tests/interop/bridging.py BASCULE       runs the matrix (about five minutes), then writes the page
    tests/interop/bridging.py --tables      writes the tables anew and keeps what was measured
    tests/interop/bridging.py --check       fails when the page is not what the tables say, or a story does not exist
"""
import datetime
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, "docs", "bridging.md")
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from bridging_lines import CANNOT, LEGACY_CLIENT, MODERN_CLIENT, SAME_ERA

HEAD = """# Between the eras

Up to 2025-11-25 client and server shake hands and share a session, in which each may ask the other. 2026-07-28 has no
sessions: every request says what it speaks, and a server that wants to know something says so in its answer. Clients and
servers of both meet on one endpoint of bascule, told apart message by message ([protocol.md](protocol.md)).

This page is made by `tests/interop/bridging.py`. Each line is proved by what is named beneath its table:
stories of `tests/story`, or tests of a program there or in `tests/unit`.

## Measured

The official conformance suite in front of bascule, a server behind it; where the two are not of one era, the server asks in
the way of its own (`tests/interop/peers/fixture.py`). In a cell: how many of the checks that pass without bascule pass with
it.

"""


def stories():
    """Names of stories, and of tests as `program: test`, which count only if their program runs them."""
    names = set()
    for path in glob.glob(os.path.join(ROOT, "tests", "story", "*.story")):
        with open(path) as f:
            names |= set(re.findall(r'^story "([^"]+)"', f.read(), re.M))
    for path in glob.glob(os.path.join(ROOT, "tests", "*", "test_*.c")):
        with open(path) as f:
            text = f.read()
        names |= {f"`{os.path.basename(path)[:-2]}`: `{name}`" for name in re.findall(r"^(\w+)\(void \*\*", text, re.M)
                  if re.search(r"(cmocka_unit_test|TEST)\w*\(" + name + r"\b", text)}
    return names


def table(title, rows):
    known = stories()
    lines, proofs, number = [f"## {title}", "", "| | what bascule does | |", "|---|---|---|"], [], 0
    for what, does, proved in rows:
        numbers = []
        if not proved:
            sys.exit(f"bridging: nothing proves {what!r}")
        for story in proved:
            if story not in known:
                sys.exit(f"bridging: no story {story!r}")
            number += 1
            numbers.append(str(number))
            proofs.append(f"{number}. {story}")
        lines.append(f"| {what} | {does} | {', '.join(numbers)} |")
    return "\n".join([*lines, "", *proofs]) + "\n"


def tables():
    cannot = "\n".join(f"{i}. {text}" for i, text in enumerate(CANNOT, 1))
    return "\n".join(["", table("A client that shakes hands, a server of 2026-07-28", LEGACY_CLIENT),
                      table("A client of 2026-07-28, a server that shakes hands", MODERN_CLIENT),
                      table("Both of one era", SAME_ERA), "## What cannot be carried", "", cannot, ""])


def measured(rows, version):
    """The matrix as Markdown."""
    import matrix
    import suite
    cells = {(row["row"], row["column"]): row for row in rows}
    places = matrix.PLACES
    lines = [f"On {datetime.date.today().isoformat()}, {version}, suite {stamp('conformance')}, Go SDK {stamp('everything-server')}, "
             f"Python SDK {stamp('mcp')}:", "", "| revision | " + " | ".join(places) + " |", "|---|" + "---|" * len(places)]
    notes = []
    for row in matrix.ROWS:
        texts = []
        for place in places:
            cell = cells.get((row, place))
            if cell is None:
                texts.append("")
                continue
            lost = len(cell["wrong"]) + len(cell["expected"]) + len(cell["warned"])
            texts.append(f"{cell['passed'] - lost}/{cell['passed']}")
            notes += [f"{row}, {place}: `{scenario}`, `{name}`: {suite.REASONS[reason]}" for scenario, name, reason in cell["expected"]]
            notes += [f"{row}, {place}: a warning: {line}" for line in cell["warned"]]
            notes += [f"{row}, {place}: **fails**: {line}" for line in cell["wrong"]]
        lines.append(f"| {row} | " + " | ".join(texts) + " |")
    return "\n".join([*lines, "", *(f"- {note}" for note in dict.fromkeys(notes))]) + "\n"


def stamp(name):
    import harness
    with open(os.path.join(harness.PEERS, "stamps", name)) as f:
        return f.read().strip()


def measure(bascule):
    with tempfile.TemporaryDirectory() as folder:
        kept = os.path.join(folder, "matrix.json")
        subprocess.run([sys.executable, os.path.join(HERE, "run"), bascule, "--all", "-k", "matrix:"],
                       env={**os.environ, "BASCULE_MATRIX": kept})
        with open(kept) as f:
            rows = json.load(f)
    version = subprocess.run([bascule, "version"], capture_output=True, text=True).stdout.splitlines()[0]
    return measured(rows, version)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    page = ""
    if os.path.exists(PAGE):
        with open(PAGE) as f:
            page = f.read()
    kept = page[page.find(BEGIN) + len(BEGIN):page.find(END)] if BEGIN in page else ""
    block = measure(os.path.abspath(sys.argv[1])) if not sys.argv[1].startswith("--") else kept
    new = HEAD + BEGIN + block + END + tables()
    if sys.argv[1] == "--check":
        sys.exit(None if new == page else "docs/bridging.md is not what tests/interop/bridging_lines.py says: "
                 "tests/interop/bridging.py --tables")
    with open(PAGE, "w") as f:
        f.write(new)


main()
