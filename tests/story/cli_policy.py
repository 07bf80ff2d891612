#!/usr/bin/env python3
"""bascule policy test, explain and replay, beside a gateway with the same rules: cli_policy.py BASCULE

What the commands say of a call is what the gateway does with it: the same calls go to all of them.
"""
import json
import os
import subprocess
import sys
import tempfile

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120  # seconds until a hang is called one
KEYS = {"ci": "0123456789abcdef0123456789abcdef", "dev": "fedcba9876543210fedcba9876543210"}
SECRET = "ghp_" + "Zq3xW8vLk2Rt9YbNc5HsJd7Fm1Pg6T" + "2eCvKA"

SERVER = r'''
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if 'id' not in m:
        continue
    if m['method'] == 'initialize':
        result = {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}},
                  'serverInfo': {'name': 'files', 'version': '1'}}
    elif m['method'] == 'tools/list':
        result = {'tools': [
            {'name': 'put', 'inputSchema': {'type': 'object', 'properties': {'n': {'type': 'integer'}}}},
            {'name': 'rm', 'inputSchema': {'type': 'object'}},
            {'name': 'drop', 'inputSchema': {'type': 'object'}},
            {'name': 'look', 'inputSchema': {'type': 'object'}, 'annotations': {'readOnlyHint': True}}]}
    else:
        result = {'content': [{'type': 'text', 'text': json.dumps(m['params'].get('arguments'))}]}
    sys.stdout.write(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': result}) + '\n')
    sys.stdout.flush()
'''

RULES = [
    {"id": "careful", "match": {"tool": "rm", "args": {"/path": {"under": "/srv"}}}, "action": "ask"},
    {"id": "no-prod", "match": {"server": "files", "args": {"/project": {"in": ["PROD", "LIVE"]}}}, "action": "deny",
     "reason": "production is read-only"},
    {"id": "ci-looks", "match": {"caller": "ci", "annotations": {"readOnlyHint": False}}, "action": "deny"},
    {"id": "nobody", "match": {"tool": "drop"}, "action": "deny"},
    {"id": "seen", "match": {"tool": "*"}, "action": "log"},
]
# tool, arguments, caller (None: anonymous), verdict, rule
CALLS = [
    ("put", {"project": "PROD"}, None, "deny", "no-prod"),
    ("put", {"project": ["LIVE"]}, None, "deny", "no-prod"),
    ("put", {"project": "TEST"}, None, "allow", "default"),
    ("put", {"n": 7}, None, "allow", "default"),
    ("put", None, None, "allow", "default"),
    ("rm", {"path": "/srv/a"}, None, "ask", "careful"),
    ("rm", {"path": "/srv/../etc"}, None, "allow", "default"),
    ("rm", {"path": "srv/a"}, None, "ask", "careful"),
    ("rm", {"path": "/srv", "project": "PROD"}, None, "ask", "careful"),
    ("drop", {}, None, "deny", "nobody"),
    ("look", {}, "ci", "allow", "default"),
    ("put", {"n": 1}, "ci", "deny", "ci-looks"),
    ("put", {"n": 1}, "dev", "allow", "default"),
]


def equal(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, not {want!r}")


class Place:
    def __init__(self, root, **more):
        self.root = root
        os.makedirs(root)
        self.server = os.path.join(root, "server.py")
        with open(self.server, "w") as file:
            file.write(SERVER)
        self.env = {"PATH": os.environ["PATH"], "HOME": root, "XDG_CONFIG_HOME": os.path.join(root, "config"),
                    **{k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k}}
        self.write(RULES, **more)

    def write(self, rules, guard=None, **more):
        self.config = os.path.join(self.root, "bascule.yaml")
        with open(self.config, "w") as file:
            json.dump({"listen": {"stdio": True, "http": []}, "state": os.path.join(self.root, "state"),
                       "upstreams": [{"name": "files", "command": [sys.executable, self.server]}],
                       "guard": {"rules": rules, **(guard or {})}, **more}, file)

    def run(self, *words, stdin=""):
        return subprocess.run([BASCULE, *words, "-c", self.config], env=self.env, capture_output=True, text=True,
                              input=stdin, cwd=self.root, timeout=PATIENCE)

    def told(self, *words, status=0, stdin=""):
        done = self.run(*words, "--json", stdin=stdin)
        equal(f"exit status of {words}: {done.stdout}{done.stderr}", done.returncode, status)
        return json.loads(done.stdout)

    def file(self, name, text):
        with open(os.path.join(self.root, name), "w") as file:
            file.write(text)
        return name

    def live(self, calls):
        """The same calls through a gateway: what each was answered."""
        process = subprocess.Popen([BASCULE, "serve", "-c", self.config], env=self.env, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        messages = [{"id": "hello", "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}},
            {"method": "notifications/initialized"}]
        for i, (tool, arguments, *_) in enumerate(calls):
            params = {"name": tool, **({} if arguments is None else {"arguments": arguments})}
            messages.append({"id": i, "method": "tools/call", "params": params})
        answers = {}
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
            while "id" in message and message["id"] not in answers:
                answer = json.loads(process.stdout.readline())
                answers[answer.get("id")] = answer
        process.stdin.close()
        process.wait(PATIENCE)
        return [answers[i] for i in range(len(calls))]


def words_of(arguments):
    return [] if arguments is None else [json.dumps(arguments)]


def same_everywhere(root):
    """A call is judged alike by the gateway, by explain and by test."""
    place = Place(os.path.join(root, "same"))
    anonymous = [call for call in CALLS if call[2] is None]
    for (tool, arguments, _, verdict, rule), answer in zip(anonymous, place.live(anonymous)):
        data = answer.get("error", {}).get("data", {})
        if verdict == "allow":
            equal(f"{tool} {arguments}", "result" in answer, True)
        elif rule == "nobody":
            equal("what is not shown is unknown", answer["error"]["code"], -32602)
        else:
            equal(f"{tool} {arguments}: {answer}", data.get("rule"), rule)
    # Keys are for HTTP; commands speak of their callers as well.
    place.write(RULES, listen={"http": "127.0.0.1:0"}, auth={"keys": [
        {"name": name, "key": key} for name, key in KEYS.items()]})
    tests = []
    for tool, arguments, caller, verdict, rule in CALLS:
        call = {"tool": tool, "args": arguments or {}, **({"caller": caller} if caller else {})}
        as_json = place.told("policy", "explain", json.dumps(call))
        as_words = place.told("policy", "explain", tool, *words_of(arguments), *(["--caller", caller] if caller else []))
        for told in (as_json, as_words):
            equal(f"explain {call}", (told["verdict"], told["rule"]), (verdict, rule))
            equal(f"sent {call}", told["sent"], None if verdict == "deny" else
                  {"server": "files", "tool": tool, "arguments": arguments or {}})
            decided = [r["rule"] for r in told["rules"] if r["matches"] and r["action"] != "log"]
            equal(f"which matches {call}", decided, [] if rule == "default" else [rule])
        tests.append({"call": {"server": "files", **call, **({"annotations": {"readOnlyHint": True}}
                                                             if tool == "look" else {})},
                      "expect": verdict, "rule": rule})
    name = place.file("cases.yaml", json.dumps({"tests": tests}))
    told = place.told("policy", "test", name)
    equal("cases", ([t["ok"] for t in told["tests"]], told["failed"]), ([True] * len(CALLS), 0))
    return place


def explained(place):
    told = place.told("policy", "explain", "drop")
    equal("what nobody may call is not shown", (told["shown"], told["verdict"], told["rule"]), (False, "deny", "nobody"))
    told = place.told("policy", "explain", "put", "n=7", "--caller", "ci")
    parts = {(r["rule"], p["match"]): p["holds"] for r in told["rules"] for p in r["asks"]}
    equal("parts", parts, {("careful", "tool"): False, ("careful", "args"): False, ("no-prod", "server"): True,
                           ("no-prod", "args"): False, ("ci-looks", "caller"): True,
                           ("ci-looks", "annotations"): True})
    told = place.told("policy", "explain", "put", '{"project":{}}')
    equal("what cannot be told counts against the call", (told["rule"], told["rules"][1]["asks"][1]["holds"]),
          ("no-prod", None))
    done = place.run("policy", "explain", "put", "project=PROD")
    for words in ("deny by rule no-prod: production is read-only\n", "call: put of files, by anonymous\n",
                  "careful (ask): does not match", "tool rm: no, it is put", "no-prod (deny): matches",
                  "args /project in [PROD, LIVE]: yes", "nothing is sent\n"):
        equal(f"{words!r} in {done.stdout}", words in done.stdout, True)
    done = place.run("policy", "explain", "rm", "path=/srv/a")
    equal(done.stdout, 'sent, after a yes: {"path":"/srv/a"}\n' in done.stdout, True)
    for words, status, text in (
            (["pt"], 2, 'unknown tool "pt" (did you mean "put"?)'),
            ([], 2, "policy explain needs TOOL"),
            (["put", "{"], 2, "not JSON"),
            (["put", "n=x"], 2, 'argument "n" must be a number'),
            (['{"tol":"put"}'], 2, 'unknown member "tol" (did you mean "tool"?)'),
            (['{"tool":7}'], 2, '"tool" must be a text'),
            (['{"args":{}}'], 2, 'needs a "tool"'),
            (['{"tool":"put","args":[]}'], 2, '"args" must be an object'),
            (['{"tool":"put"} x'], 2, "not JSON")):
        done = place.run("policy", "explain", *words)
        equal(f"{words}: {done.stderr}", (done.returncode, text in done.stderr), (status, True))


def changed_and_down(root):
    """Arguments are told as they would be sent; of a server that is down nothing can be said."""
    place = Place(os.path.join(root, "changed"), guard={"scan": {"secrets": "redact"}})
    told = place.told("policy", "explain", "put", json.dumps({"token": SECRET, "x": "y"}))
    equal("verdict", told["verdict"], "allow")
    text = json.dumps(told["sent"]["arguments"])
    equal(f"cut out: {text}", (SECRET not in text, told["sent"]["arguments"]["x"]), (True, "y"))
    equal(f"noted: {told['noted']}", any(n["action"] == "redact" for n in told["noted"]), True)
    answer = place.live([("put", {"token": SECRET, "x": "y"})])[0]
    equal(f"so does the gateway: {answer}", (SECRET not in json.dumps(answer), "result" in answer), (True, True))
    place.write([], upstreams=[{"name": "gone", "command": ["/nowhere/at/all"]},
                               {"name": "files", "command": [sys.executable, place.server]}])
    equal("two servers", place.told("policy", "explain", "files__put")["tool"], "put")
    told = place.told("policy", "explain", '{"server":"files","tool":"put"}')
    equal("by its own name", (told["server"], told["tool"]), ("files", "put"))
    done = place.run("policy", "explain", "gone__put")
    equal(done.stderr, (done.returncode, "gone is not there" in done.stderr), (4, True))


BAD = (
    ("", "no map with a list"),
    ("test: []\n", '1:1: unknown key "test" (did you mean "tests"?)'),
    ("tests: []\n", '1:8: "tests" must be a list of 1 to'),
    ("tests:\n  - {expect: deny}\n", '2:5: tests[0] needs "call"'),
    ("tests:\n  - call: {tool: x}\n", '2:5: tests[0] needs "expect"'),
    ("tests:\n  - {call: {tol: x}, expect: deny}\n", '2:13: unknown key "tol" in tests[0].call (did you mean "tool"?)'),
    ("tests:\n  - {call: {tool: x}, expect: dney}\n", 'tests[0].expect must be allow, deny or ask (did you mean "deny"?)'),
    ("tests:\n  - {call: {tool: x}, expect: log}\n", "must be allow, deny or ask"),
    ("tests:\n  - {call: {server: x}, expect: deny}\n", 'tests[0].call needs a "tool"'),
    ("tests:\n  - {call: {tool: x, prompt: y}, expect: deny}\n", "names one of tool, prompt and resource"),
    ("tests:\n  - {call: {tool: x, args: [1]}, expect: deny}\n", "tests[0].call.args must be a map"),
    ("tests:\n  - {call: {tool: x, time: soon}, expect: deny}\n", "must be a moment such as"),
    ("tests:\n  - {call: {tool: x, annotations: {readOnlyHnt: true}}, expect: deny}\n",
     'unknown key "readOnlyHnt" in tests[0].call.annotations (did you mean "readOnlyHint"?)'),
    ("tests:\n  - {call: {tool: x, tool: y}, expect: deny}\n", "2:22: "),
    ("tests: [\n", "2:1: "),
)


def tested(place):
    name = place.file("some.yaml", "tests:\n  - call: {server: files, tool: put, args: {project: PROD}}\n"
                      "    expect: allow\n  - name: a name\n    call: {server: files, tool: put}\n    expect: allow\n"
                      "  - call: {tool: drop}\n    expect: deny\n    rule: nobdy\n"
                      "  - {call: {prompt: p}, expect: ask}\n  - {call: {server: fils, tool: x}, expect: allow}\n")
    done = place.run("policy", "test", name)
    equal(done.stdout, done.returncode, 1)
    for line in ("FAIL  some.yaml:2: files put: expected allow; came deny by rule no-prod: production is read-only",
                 "ok    some.yaml:4: a name: allow by default",
                 'FAIL  some.yaml:7: - drop: expected deny by rule nobdy, which there is not (did you mean "nobody"?); '
                 "came deny by rule nobody",
                 "FAIL  some.yaml:10: - p: expected ask; came allow by default", "2 of 5 hold"):
        equal(f"{line!r} in {done.stdout}", line in done.stdout.splitlines(), True)
    equal(done.stderr, 'some.yaml:11:21: no server "fils" is configured' in done.stderr, True)
    told = place.told("policy", "test", name, status=1)
    equal("json", ([t["ok"] for t in told["tests"]], [t["line"] for t in told["tests"]], told["failed"]),
          ([False, True, False, False, True], [2, 4, 7, 10, 11], 3))
    told = place.told("policy", "test", "-", stdin="tests: [{call: {tool: drop}, expect: deny}]\n")
    equal("stdin", told["failed"], 0)
    for text, says in BAD:
        done = place.run("policy", "test", place.file("bad.yaml", text))
        equal(f"{text!r}: {done.stderr}", (done.returncode, says in done.stderr, done.stdout), (3, True, ""))
    equal("no file", place.run("policy", "test", "nowhere.yaml").returncode, 3)
    equal("usage", place.run("policy", "test").returncode, 2)
    equal("usage", place.run("policy", "replay", "x").returncode, 2)
    equal("usage", place.run("policy", "test", name, "--since", "2d").returncode, 2)


def kinds(told):
    return sorted((k["was"]["verdict"], k["was"]["rule"], k["now"]["verdict"], k["now"]["rule"], k["calls"])
                  for k in told["changed"]["kinds"])


def replayed(root):
    place = Place(os.path.join(root, "replay"), guard={"scan": {"secrets": "block"}})
    calls = [("put", {"project": "PROD"}), ("put", {"project": "TEST"}), ("put", {"project": "TEST"}), ("put", {}),
             ("look", {}), ("drop", {}), ("put", {"token": SECRET}), ("rm", None)]
    place.live(calls)
    told = place.told("policy", "replay")
    # Without their bodies nothing is known of arguments; {} is known by its hash.
    equal("nothing changes", (told["changed"]["calls"], told["refused_by_others"]), (0, 1))
    equal("of arguments", [(k["rule"], k["calls"]) for k in told["cannot_be_said"]["kinds"]], [("no-prod", 3)])
    place.write([{"id": "no-look", "match": {"tool": "look"}, "action": "ask"},
                 {"id": "no-put", "match": {"tool": "put"}, "action": "deny"}])
    told = place.told("policy", "replay", status=1)
    equal("changes", kinds(told), [("allow", "default", "ask", "no-look", 1), ("allow", "default", "deny", "no-put", 3),
                                   ("deny", "nobody", "allow", "default", 1)])
    example = next(k for k in told["changed"]["kinds"] if k["now"]["rule"] == "no-look")["examples"]
    equal("example", [(e["tool"], e["server"], e["caller"]) for e in example], [("look", "files", "anonymous")])
    done = place.run("policy", "replay")
    equal(done.stdout, (done.returncode, "5 verdicts change:" in done.stdout,
                        "  3: allow (default) would be deny (no-put)" in done.stdout), (1, True, True))
    told = place.told("policy", "replay", "--until", "1h")
    equal("nothing that long ago", (told["records"], told["changed"]["calls"]), (0, 0))
    # What a tool says of itself is not recorded either.
    place.write([{"id": "reads", "match": {"annotations": {"readOnlyHint": True}}, "action": "allow"},
                 {"id": "no-put", "match": {"tool": "put"}, "action": "deny"},
                 {"id": "nobody", "match": {"tool": "drop"}, "action": "deny"}])
    told = place.told("policy", "replay", status=0)
    equal("hints", {k["rule"] for k in told["cannot_be_said"]["kinds"]}, {"reads"})


def replayed_with_bodies(root):
    place = Place(os.path.join(root, "bodies"), audit={"bodies": True})
    place.live([("put", {"project": "PROD"}), ("put", {"project": "TEST"}), ("put", {"project": "TEST", "n": 1}),
                ("put", {"project": SECRET})])
    told = place.told("policy", "replay")
    equal("nothing changes", told["changed"]["calls"], 0)
    equal("what was cut out is not known", told["cannot_be_said"]["calls"], 1)
    place.write([{"id": "no-test", "match": {"args": {"/project": "TEST"}}, "action": "deny"}])
    told = place.told("policy", "replay", status=1)
    equal("by arguments", kinds(told), [("allow", "default", "deny", "no-test", 2), ("deny", "no-prod", "allow", "default", 1)])
    equal("and that one", told["cannot_be_said"]["calls"], 1)


def main():
    with tempfile.TemporaryDirectory(prefix="bascule-policy-") as root:
        place = same_everywhere(root)
        explained(place)
        tested(place)
        changed_and_down(root)
        replayed(root)
        replayed_with_bodies(root)
    print("ok")


main()
