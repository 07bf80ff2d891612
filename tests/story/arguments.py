#!/usr/bin/env python3
"""Every argument of every tool of Jira and Confluence, on Data Center and on Cloud, with values that are wrong or nasty.

usage: arguments.py BASCULE GOLDEN [WORD]     only tools that have WORD in their names

The arguments and their kinds come from tools/list and `bascule help atlassian`; what else a tool needs, from its cases in
GOLDEN/*.jsonl (contract.py): a new tool is here without a line of this file.

 - What cannot be a value of the argument (by its type, limits, words, kind) is refused with a text that names the argument,
   before any request.
 - What may be a value, and is made to leave its place, is refused like that, or is seen by the site as one value that is
   encoded as it must be: no other path, no other parameter, no other clause of a query.
"""
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import contract

# Kinds by name: an argument of such a name has no other kind, whoever writes the row.
KINDS = [
    (r"(^|_)issue_key$|^epic_key$", "issue key"), (r"^issue_keys$", "issue key"),
    (r"project_key$|^projects_filter$", "project key"), (r"space_(key|id)$|^spaces_filter$", "space key"),
    (r"(page|content|post)_id$|^(target_|destination_)?parent_id$", "page"), (r"^url$|_url$", "address"), (r"_date$", "date|time"),
    (r"(?<!account)(?<!transition)(?<!field)(?<!page)(?<!post)(?<!parent)(?<!cloud)(?<!template)_id$", "id|id of letters"),
]

MARK = "zq7x"
BIDI, ZERO, WIDE = "\u202e", "\u200b", "１２"
# What no strict kind takes.
NOWHERE = ["", " ", "\x00", "../", "a/../../b", "%2e%2e%2f", "a?b=c", "a#b", "a&b=c", "a\r\nX-Injected: 1", "a\\b", "${jndi:x}", "' OR 1=1",
           '" OR project = OPS', "<x/>", "\u0661", WIDE, "x" + BIDI + "y", ZERO, "\ufeff", "é", "x" * 10000]
KEYS = ["DEMO", "DEMO-", "-1", "1-1", "DEMO-1-1", "DEMO-1/../OPS-1", "DEMO-1?x=1", "DEMO-1#x", "DEMO-1,OPS-1", "DEMO-1\n", "DEMO-１",
        "DEMO-1" + ZERO, BIDI + "DEMO-1", "ＤＥＭＯ-1", "DEMO‐1", "DEMO%2D1", "DEMO-1x", "DEMO-1 OR key = OPS-1", "DEMO-1\x00", "DEMO-" + "1" * 100]
BAD = {
    "issue key": NOWHERE + KEYS,
    "project key": NOWHERE + ["DE MO", "DEMO,OPS", "DEMO-1", "DEMO" + ZERO, "ＤＥＭＯ", 'DEMO" OR "OPS', "DEMO/../OPS", "D" * 100],
    "space key": NOWHERE + ["DO CS", 'DEMO" OR space = "DOCS', "DEMO/../DOCS", ".", "..", "ＤＥＭＯ", "DEMO)", "D" * 300],
    "page": NOWHERE + ["1/2", "1 2", "1?2", "98306" + ZERO, "http://x/", "https://x/pages/", "/x/", "/x/%2e", "１２３"],
    "id": NOWHERE + ["x", "-1", "1.5", "1e3", "0x10", "+1", "1 2", "1,2", "1/2", "9" * 30, "NaN", "Infinity"],
    "id of letters": NOWHERE + ["a b", "a.b", "a:b", "x" * 100],
    "date": NOWHERE + ["2030-13-01", "2030-02-30", "2030-1-1", "30-01-01", "tomorrow", "2030-01-01T00:00", "２０３０-01-01", "2030-01-01" + ZERO,
                       "2030/01/01", "9" * 50],
    "time": NOWHERE + ["2030-13-01", "2030-02-30T00:00:00Z", "tomorrow", "2030-01-01Tx", "2030-01-01T", "2030-01-01/../", "2030-01-01T09:00\n"],
    "address": NOWHERE + ["javascript:alert(1)", "file:///etc/passwd", "//x", "http://", "https://a b", "data:text/html,x", "https://x\n"],
}
DEEP = "[" * 200 + "]" * 200
LONG = 8 << 20                          # beyond this it is the message that is too long
NO_MESSAGE = ("JSON with more levels than 128", "not valid JSON: half of a surrogate pair")
# Pieces of JSON that are no value of the type. Strings of JSON among them stand for what they hold.
TYPES = {
    "string": ["true", "false", "[]", "{}", '["a"]', '{"a":1}', '"\\ud800"', '"\\udc00x"', '"a\\u0000b"', DEEP, "1e999"],
    "integer": ["true", "[]", "{}", "1.5", '"x"', '"1.5"', '"１２"', '"\\u0661"', "99999999999", "-99999999999", '"99999999999"', "1e999",
                '"1e3"', '"0x10"', '"NaN"', '"Infinity"', '"1\\u0000"', '"1\\u200b"', '"--1"', '"1,2"', DEEP, '"\\ud800"'],
    "boolean": ['"maybe"', '"yes "', "2", "[]", "{}", '"１"', '"true\\u0000"', '"tru\\u0435"', DEEP, '"\\ud800"'],
    "list": ["true", "{}", "[[]]", "[{}]", "[null]", "[true]", '"[1"', '"[{}]"', '["a\\u0000"]', '"a\\u0000"', '"\\ud800"', DEEP,
             json.dumps(["a"] * 1001), json.dumps("a," * 1001)],
    "object": ["true", "5", "[]", '"x"', '"[1]"', '"{"', '"{\\"a\\":}"', '"\\ud800"', DEEP, '{"a":' + DEEP + "}", '"null"', '"{}x"'],
    "array": ["true", "5", "{}", '"{}"', '"[1"', '"\\ud800"', DEEP],
}
# May be values of free text: each ends where it began.
NASTY = [f'{MARK}" OR project = OPS OR text ~ "x{MARK}', f"{MARK}\\\") OR (space = DOCS) OR (\\\"{MARK}",
         f"{MARK}/../../OPS-1?a=b&c=d;e#f%2f%2e%2e{MARK}", f"{MARK}\r\nX-Injected: 1\r\n\r\n{MARK}", f"{MARK}{BIDI}{ZERO}é\U0001f600{WIDE}{MARK}",
         f"{MARK}\t'{{{{x}}}}]]></p><script>${{x}}{MARK}", f"{MARK}\\{MARK}"]
# Queries in the language of the service: the caller writes all of it.
QUERIES = {"jql", "query", "cql"}


def own_lines(listed, path):
    with open(path, encoding="utf-8") as file:
        return listed + [json.loads(line) for line in file if line.strip()]


class Tools:
    """What is known of the tools: rows, schemas, arguments that work."""

    def __init__(self, program, golden, listed):
        rows = json.loads(subprocess.run([program, "help", "atlassian"], check=True, capture_output=True).stdout)
        self.rows, self.listed, self.cases, self.calls = {row["name"]: row for row in rows}, listed, {}, set()
        lines = []
        for path in sorted(glob.glob(os.path.join(golden, "*.jsonl"))):
            lines = own_lines(lines, path)
        for case in lines:
            for call in case.get("calls", []):
                self.calls.add(tuple(call.split(" ")[1].split("?")[0].split("/")))
            if "error" not in case and case.get("sites", "free") == "free":
                self.cases.setdefault(contract.full_name(case["tool"], case["site"]), []).append(case["arguments"])

    def row(self, name):
        product, _, rest = name.split("_", 2)
        return self.rows[f"{product}_{rest}"]

    def beside(self, name, argument):
        """The other arguments of a call that works with this one."""
        cases = self.cases.get(name, [])
        best = next((case for case in cases if argument in case), cases[0] if cases else {})
        return {key: value for key, value in best.items() if key != argument}


def kinds_are_right(tools):
    """The name of an argument says its kind."""
    wrong = []
    for row in tools.rows.values():
        for argument in row["arguments"]:
            want = next((kind for pattern, kind in KINDS if re.search(pattern, argument["name"])), None)
            if want is not None and argument["kind"] not in want.split("|"):
                wrong.append(f"{row['name']}: {argument['name']} is of the kind \"{argument['kind']}\", not {want}")
    return wrong


def schema_type(argument):
    if argument.get("list"):
        return "list"
    return argument["kind"] if argument["kind"] in TYPES else "string"


def wrong_values(argument, schema):
    """Pieces of JSON that cannot be a value of this argument."""
    kind, text = argument["kind"], json.dumps
    values = list(TYPES[schema_type(argument)])
    if argument.get("or_names"):
        values = [value for value in values if value not in ('"{}"', '"\\ud800"')]
    if argument.get("required"):
        values += ["null"]
    if "minimum" in schema:
        values += [str(schema["minimum"] - 1)]
    if "maximum" in schema and schema["maximum"] < 2147483647:
        values += [str(schema["maximum"] + 1), text(str(schema["maximum"] + 1))]
    if "enum" in schema:
        values += [text("nosuch"), text(schema["enum"][0] + ZERO), text(schema["enum"][0] + "\n"), "5"]
    bad = BAD.get(kind, [])
    if argument.get("list"):
        values += [text([one]) for one in bad if one.strip()]
        values += [text(one) for one in bad if one.strip() and "," not in one]
    else:
        values += [text(one) for one in bad if one.strip() or argument.get("required")]
    if argument.get("bytes", LONG) < LONG and not argument.get("list"):
        values += [text("x" * (argument["bytes"] + 1))]
    if kind == "text" and "enum" not in schema:
        values += [text("a\x1bb"), text("a\x7fb"), text("a\x01")]
    return values


def nasty_values(argument, schema):
    if argument["kind"] in ("text", "long text") and "enum" not in schema and argument["name"] not in QUERIES:
        return NASTY[:3] if argument["kind"] == "long text" else NASTY
    return []


# --- what the site saw -------------------------------------------------------------------------------

def quoted(query):
    """The query without what stands between quotes; None: a quote is open at its end."""
    rest, count = re.subn(r'"(?:[^"\\]|\\.)*"', '""', query, flags=re.S)
    return None if '"' in rest.replace('""', "") else rest


def strings(value):
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def escaped(call, known):
    """Why the request is not what the tool was to ask; None: it is."""
    path, _, query = call.path.partition("?")
    if not re.fullmatch(r"[!-~]+", call.path) or "#" in call.path:
        return "the request line holds what must be encoded"
    steps = path.split("/")
    if any(urllib.parse.unquote(step) in (".", "..", "") for step in steps[1:]):
        return "the path climbs"
    plain = [step for step in steps if MARK not in step]
    if len(plain) < len(steps) and not any(
            len(one) == len(steps) and all(a == b or MARK in b for a, b in zip(one, steps)) for one in known):
        return "the path has another shape"
    for step in steps:
        if MARK in step and step.count(MARK) != 2:
            return "a value stands in two steps of the path"
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        if MARK in name:
            return "a value has become the name of a parameter"
        if MARK in value and value.count(MARK) % 2:
            return "a value stands in two parameters"
        if MARK in value and name in ("jql", "cql"):
            rest = quoted(value)
            if rest is None or MARK in rest:
                return f"a clause is open: {value}"
    for name in call.headers:
        if name.lower().startswith("x-injected"):
            return "a header was injected"
    for text in strings(call.body) if call.body is not None else []:
        if MARK in text and "X-Injected" in text and text.startswith("X-Injected"):
            return "a value was cut"
    return None


# --- calls -------------------------------------------------------------------------------------------

class Session(contract.Gateway):
    def calls(self, name, beside, argument, values):
        """The answers to one call a value, all on their way at once; a value is put in as it stands, None: it is missing."""
        first, answers = self.n + 1, {}
        halves = [first + n for n, raw in enumerate(values) if "\\ud" in (raw or "")]
        self.n += len(values)
        writer = threading.Thread(target=self.write, args=(first, name, beside, argument, values))
        writer.start()
        while len(answers) < len(values):
            line = self.gateway.stdout.readline()
            assert line, f"the gateway has ended at {name} {argument}"
            message = json.loads(line)
            if "method" not in message:
                # A message with half of a surrogate pair is not even read for its id.
                answers[halves.pop(0) if message["id"] is None else message["id"]] = message
        writer.join()
        return [answers[first + n] for n in range(len(values))]

    def write(self, first, name, beside, argument, values):
        for n, raw in enumerate(values):
            members = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in beside.items()]
            members += [f"{json.dumps(argument)}:{raw}"] if raw is not None else []
            self.gateway.stdin.write(f'{{"jsonrpc":"2.0","id":{first + n},"method":"tools/call","params":'
                                     f'{{"name":{json.dumps(name)},"arguments":{{{",".join(members)}}}}}}}\n')
        self.gateway.stdin.flush()


def failure(message):
    """The text of the error; None: there is none."""
    if "error" in message:
        return message["error"]["message"]
    result = message["result"]
    return "\n".join(block.get("text", "") for block in result["content"]) if result.get("isError") else None


def refused(message, argument):
    """Why the refusal of a value is not good; None: it is."""
    said = failure(message)
    if said is None:
        return f"taken: {json.dumps(message)[:300]}"
    # The message is no message then: nothing of it is looked at.
    if argument not in said and not ("error" in message and said in NO_MESSAGE):
        return f"the error does not name it: {said[:300]}"
    if len(said) > 600 or re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u200b]", said):
        return f"the error repeats what it should not: {said[:300]!r}"
    return None


def try_wrong(session, relay, tools, name, argument, schema):
    beside, own = tools.beside(name, argument["name"]), argument["name"]
    values = wrong_values(argument, schema) + ([None] if argument.get("required") else [])
    for raw, message in zip(values, session.calls(name, beside, own, values)):
        why = refused(message, own)
        if why:
            yield f"{name} {own}={'(missing)' if raw is None else raw[:80]}: {why}"
    if relay.take():
        for raw in values:
            session.calls(name, beside, own, [raw])
            calls = relay.take()
            if calls:
                yield f"{name} {own}={(raw or '(missing)')[:80]}: asked {', '.join(call.text()[:150] for call in calls)}"


def try_nasty(session, relay, tools, name, argument, schema):
    beside, own = tools.beside(name, argument["name"]), argument["name"]
    for value in nasty_values(argument, schema):
        message, = session.calls(name, beside, own, [json.dumps([value] if argument.get("list") else value)])
        said, calls = failure(message), relay.take()
        shown = f"{name} {own}={value[:80]!r}"
        for call in calls:
            why = escaped(call, tools.calls)
            if why is not None:
                yield f"{shown}: {why}: {call.text()[:300]}"
        if not calls and said is not None and own not in said:
            yield f"{shown}: the error does not name it: {said[:300]}"


def play(program, tools, names, tried):
    wrong = []
    with tempfile.TemporaryDirectory() as folder, contract.World(program, folder) as world, \
            Session(program, folder) as session:
        for name in names:
            properties = tools.listed[name]["inputSchema"]["properties"]
            for argument in tools.row(name)["arguments"]:
                for attempt in (try_wrong, try_nasty):
                    wrong += attempt(session, world.relay, tools, name, argument, properties[argument["name"]])
                tried.append(argument["name"])
            message, = session.calls(name, tools.beside(name, ""), "no\u202esuch", ["1"])
            if "unknown argument" not in (failure(message) or "") or world.relay.take():
                wrong.append(f"{name}: an unknown argument is taken: {json.dumps(message)[:300]}")
    return wrong


def main():
    program, golden = os.path.abspath(sys.argv[1]), sys.argv[2]
    word = sys.argv[3] if len(sys.argv) > 3 else ""
    with tempfile.TemporaryDirectory() as folder, contract.World(program, folder), \
            contract.Gateway(program, folder) as gateway:
        tools = Tools(program, golden, gateway.tools())
    names, tried = sorted(name for name in tools.listed if word in name), []
    wrong = kinds_are_right(tools)
    wrong += [f"{name}: no case has arguments that work" for name in names if name not in tools.cases]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for more in pool.map(lambda part: play(program, tools, part, tried), (names[0::2], names[1::2])):
            wrong += more
    print("\n".join(wrong))
    print(f"{len(names)} tools, {len(tried)} arguments, {len(wrong)} wrong")
    sys.exit(1 if wrong or not tried else 0)


main()
