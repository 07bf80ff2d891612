#!/usr/bin/env python3
"""docs/atlassian-tools.md: every tool of Jira and Confluence from its row, with the requests that its golden cases show.

usage: reference.py BASCULE GOLDEN PAGE

BASCULE_GOLDEN=write writes the page anew; else it is compared with what stands there.
"""
import glob
import json
import os
import re
import subprocess
import sys
import urllib.parse

HEAD = """# The tools of Jira and Confluence

Made by `BASCULE_GOLDEN=write python3 tests/story/reference.py build/bascule tests/golden/atlassian docs/atlassian-tools.md`
from the rows of the tools (`bascule help atlassian`) and the requests of their golden cases. What tools have in common
stands in [atlassian.md](atlassian.md).

Names are those of a site without a name; with one it stands behind the product: `jira_work_get_issue`. Lists are taken
as `"a,b"` and `["a", "b"]`, objects and arrays also as JSON in a string, numbers also as strings.
"""
# In a request, what is a value: numbers, keys, ids of other kinds.
VALUE = re.compile(r"^(\d+|[A-Z][A-Z0-9]*-\d+|[0-9a-f-]{36}|[0-9a-f]{24,}|att\d+|customfield_\d+)$")


def cases(folder):
    """{tool: {"dc" or "cloud": requests in the order in which they first appear}}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        for case in lines:
            if "error" in case or case.get("sites", "free") != "free":
                continue
            mine = found.setdefault(case["tool"], {}).setdefault(case["site"], {})
            for call in case["calls"]:
                mine.setdefault(request(call, case["arguments"]))
    return found


def request(call, arguments):
    """The request without its query and body, values replaced by ellipses."""
    method, path = call.split(" ")[:2]
    given = {str(value).lower() for value in arguments.values()}
    steps = [urllib.parse.unquote(step) for step in path.split("?")[0].split("/")]
    return method + " " + "/".join("…" if VALUE.match(step) or (step.lower() in given and step) else step
                                   for step in steps)


def code(value):
    return f"`{value}`"


def kind(argument):
    """What a value is, in one line."""
    words = " or ".join(code(word) for word in argument["one_of"].split("|")) if "one_of" in argument else argument["kind"]
    if argument.get("list"):
        words = f"list of {words}"
    if argument.get("or_names"):
        words += " or list of names"
    if "maximum" in argument and argument["maximum"] < 2147483647:
        words += f", {argument['minimum']} to {argument['maximum']}"
    elif argument.get("minimum"):
        words += f", from {argument['minimum']}"
    if argument["kind"] in ("text", "long text") and not argument.get("list") and "bytes" in argument:
        words += f", {size(argument['bytes'])}"
    return words


def size(n):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if n >= unit and n % unit == 0:
            return f"{n // unit} {name}"
    return f"{n} bytes"


def default(argument):
    if argument.get("required"):
        return "required"
    if "default" not in argument:
        return ""
    text = json.dumps(argument["default"], ensure_ascii=False)
    return code(text if len(text) <= 40 else text[:37] + "…")


def cell(text):
    return text.replace("|", "\\|")


def tool(row, calls):
    access = {"reads": "reads", "writes": "writes", "destroys": "writes, and may destroy"}[row["access"]]
    only = f"; {row['only']} only" if "only" in row else ""
    lines = ["", f"### {row['name']}", "", row["help"], "", f"Toolset `{row['toolset']}`; {access}{only}.", ""]
    if row["arguments"]:
        lines += ["| argument | | default | |", "|---|---|---|---|"]
        lines += [f"| `{one['name']}` | {cell(kind(one))} | {cell(default(one))} | {cell(one['help'])} |"
                  for one in row["arguments"]]
        lines.append("")
    sites = {site: list(found) for site, found in calls.items()}
    if sites.get("dc") == sites.get("cloud"):
        sites = {"both": sites.get("dc", [])}
    for site, name in (("both", "REST"), ("dc", "Data Center"), ("cloud", "Cloud")):
        if sites.get(site):
            lines.append(f"- {name}: " + ", ".join(code(call) for call in sites[site]))
    return lines


def page(rows, calls):
    lines = [HEAD]
    toolsets = {}
    for row in rows:
        toolsets.setdefault((row["name"].split("_")[0] != "jira", row["toolset"]), []).append(row)
    lines += ["| toolset | tools |", "|---|---|"]
    for (_, name), own in sorted(toolsets.items()):
        lines.append(f"| `{name}` | " + ", ".join(f"[{row['name']}](#{row['name']})" for row in own) + " |")
    for (_, name), own in sorted(toolsets.items()):
        lines += ["", f"## {name}"]
        for row in own:
            lines += tool(row, calls.get(row["name"], {}))
    return "\n".join(lines) + "\n"


def main():
    program, golden, path = sys.argv[1:4]
    rows = json.loads(subprocess.run([program, "help", "atlassian"], check=True, capture_output=True).stdout)
    text = page(rows, cases(golden))
    if os.environ.get("BASCULE_GOLDEN") == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        stands = file.read()
    if stands != text:
        print(f"{path} is out of date: BASCULE_GOLDEN=write python3 tests/story/reference.py build/bascule {golden} {path}")
        sys.exit(1)
    print(f"{len(rows)} tools")


main()
