#!/usr/bin/env python3
"""Texts that mean to forge lines, steer terminals or leave a secret behind, in everything a client and a server can say:
what log, audit and commands make of them.

usage: cli_hostile.py BASCULE
"""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120  # seconds until a hang is called one
SECRET = "ghp_" + "Zq3xW8vLk2Rt9YbNc5HsJd7Fm1Pg6T" + "2eCvKA"
FORGED = "forged-by-a-text"
# Ends of lines in every sense, colours, titles, moves, the C1 form of escape, turns of direction, field marks of each form.
HOSTILE = (f'x\r\n2026-01-01T00:00:00Z ERROR {FORGED}\n{{"{FORGED}":1}}\n\x1b[2J\x1b]0;{FORGED}\x07\x9b31m\x85\u2028'
           '\u202e|a=b"c",\'=1+1\\]\x7f')

SERVER = r'''
import json, sys
hostile, secret = json.loads(sys.argv[1])
for line in sys.stdin:
    m = json.loads(line)
    if 'id' not in m:
        continue
    say = lambda x: (sys.stdout.write(json.dumps({'jsonrpc': '2.0', **x}) + '\n'), sys.stdout.flush())
    if m['method'] == 'initialize':
        say({'id': m['id'], 'result': {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}, 'logging': {}},
             'serverInfo': {'name': hostile, 'version': hostile}, 'instructions': hostile}})
    elif m['method'] == 'tools/list':
        say({'id': m['id'], 'result': {'tools': [{'name': 'echo', 'description': hostile, 'inputSchema': {'type': 'object'}},
             {'name': hostile[:80], 'inputSchema': {'type': 'object'}}]}})
    elif m['method'] == 'tools/call':
        sys.stderr.write(hostile + '\n'); sys.stderr.flush()
        say({'method': 'notifications/message', 'params': {'level': 'error', 'logger': hostile, 'data': hostile}})
        say({'id': m['id'], 'error': {'code': -32000, 'message': hostile + secret, 'data': hostile}})
    else:
        say({'id': m['id'], 'error': {'code': -32601, 'message': hostile}})
'''


def calm(text, where, lines=True):
    """One line is one line, and a terminal shows it without moving; no secret is in it."""
    for c in text:
        assert c == "\n" and lines or c >= " " and not "\x7f" <= c <= "\x9f" and c not in "\u2028\u2029\u202e", \
            (where, c, text[:2000])
    assert SECRET not in text, (where, text[:2000])


def not_forged(text, where):
    for line in text.split("\n"):
        at = line.find(FORGED)
        assert not line.startswith("2026-01-01") and at != 2, (where, line)


def play(place, config):
    process = subprocess.Popen([BASCULE, "serve", "-v", "-v", "-c", config], env=place, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    messages = [
        {"id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {},
                                                     "clientInfo": {"name": HOSTILE, "version": HOSTILE}}},
        {"method": "notifications/initialized"},
        {"id": HOSTILE, "method": "tools/call", "params": {"name": "echo", "arguments": {HOSTILE: HOSTILE + SECRET}}},
        {"id": 2, "method": "tools/call", "params": {"name": HOSTILE, "arguments": {"x": SECRET}}},
        {"id": 3, "method": "tools/call", "params": {"name": "echo", "arguments": {"token": SECRET}, "_meta": {"a": HOSTILE}}},
        {"id": 4, "method": HOSTILE, "params": {"x": HOSTILE}},
        {"id": 5, "method": "resources/read", "params": {"uri": HOSTILE}},
        {"method": "notifications/cancelled", "params": {"requestId": 99, "reason": HOSTILE}},
        {"id": 6, "method": "tools/list"},
    ]
    out, err = process.communicate("".join(json.dumps({"jsonrpc": "2.0", **m}) + "\n" for m in messages), PATIENCE)
    answered = {json.loads(line).get("id") for line in out.split("\n") if line}
    assert {1, 2, 3, 4, 5, 6, HOSTILE} <= answered, answered
    assert process.returncode == 0, err
    calm(err, "log")
    not_forged(err, "log")
    assert FORGED in err, "the server's stderr is told"


def run(place, *words):
    done = subprocess.run([BASCULE, *words], env=place, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8")


def trail(place, config):
    records = [json.loads(line) for line in run(place, "audit", "export", "jsonl", "-c", config).split("\n") if line]
    n = len(records)
    calls = [r for r in records if r.get("method") == "tools/call"]
    assert len(calls) >= 3, records
    for form in ("jsonl", "csv", "text", "cef", "syslog"):
        text = run(place, "audit", "export", form, "-c", config)
        if form == "csv":
            text = text.replace("\r\n", "\n")     # as RFC 4180 ends its lines
        calm(text, form)
        not_forged(text, form)
        rows = text.rstrip("\n").split("\n")
        assert len(rows) == n + (form == "csv"), (form, len(rows), n)
    rows = list(csv.reader(io.StringIO(run(place, "audit", "export", "csv", "-c", config))))
    assert len({len(row) for row in rows}) == 1, "every row of csv has the same fields"
    for words in (["query"], ["query", "--json"], ["tail"]):
        text = run(place, "audit", *words, "--limit", "100", "-c", config)
        calm(text, words)
        not_forged(text, words)
    assert '"fine":true' in run(place, "audit", "verify", "--json", "-c", config).replace(" ", "")


def main():
    with tempfile.TemporaryDirectory(prefix="bascule-hostile-") as root:
        place = {"PATH": os.environ["PATH"], "HOME": root, "XDG_CONFIG_HOME": root + "/config", "LANG": "C.UTF-8",
                 **{k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k}}
        server, config = root + "/server.py", root + "/bascule.yaml"
        with open(server, "w") as file:
            file.write(SERVER)
        with open(config, "w") as file:
            json.dump({"listen": {"stdio": True, "http": []}, "state": root + "/state",
                       "upstreams": [{"name": "one", "command": [sys.executable, server, json.dumps([HOSTILE, SECRET])]}],
                       "audit": {"bodies": True}, "guard": {"scan": {"secrets": "redact"}}}, file)
        play(place, config)
        trail(place, config)
    print("ok")


main()
