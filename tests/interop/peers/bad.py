"""A server that misbehaves in one way, named by its argument; otherwise it works, with tools echo{text} and bad{}.

at start:  exits (stderr text, status 3), silent (answers nothing at all), rubbish (prints lines that are no JSON,
           before and between its messages)
in a call of `bad`:  never, twice, unknown-id, closes (half a line, then the end), dies (killed by a signal),
           long (65 MiB on one line), deep (nesting of 10,000), split (answers byte by byte), torn (no valid JSON),
           wrong (a result that is no object)
"""
import json
import os
import signal
import sys

import lines

MODE = sys.argv[1]


def answer(id):
    return b'{"jsonrpc":"2.0","id":' + json.dumps(id).encode()


def whole(id):
    return answer(id) + b',"result":{"content":[{"type":"text","text":"fine"}]}}\n'


def bad(id, arguments):
    if MODE == "twice":
        lines.write(whole(id) + whole(id))
    elif MODE == "unknown-id":
        lines.write(whole(987654321) + whole("nobody asked") + whole(id))
    elif MODE == "closes":
        lines.write(answer(id) + b',"result":{"content":[{"ty')
        os._exit(0)
    elif MODE == "dies":
        sys.stderr.write("about to die\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif MODE == "long":
        lines.write(answer(id) + b',"result":{"content":[{"type":"text","text":"')
        for _ in range(65):
            lines.write(b"x" * (1 << 20))
        lines.write(b'"}]}}\n')
    elif MODE == "deep":
        lines.write(answer(id) + b',"result":{"content":' + b"[" * 10000 + b"]" * 10000 + b"}}\n")
    elif MODE == "split":
        for byte in whole(id):
            lines.write(bytes([byte]))
    elif MODE == "torn":
        lines.write(answer(id) + b',"result":{"content":[}\n')
    elif MODE == "wrong":
        lines.write(answer(id) + b',"result":7}\n')
    elif MODE == "rubbish":
        lines.write(b"still warming up...\n\x00\xff\xfe\n\n" + whole(id))
    elif MODE != "never":
        lines.write(whole(id))


if MODE == "exits":
    sys.stderr.write("cannot open the database /nonexistent/data.db\n")
    sys.exit(3)
if MODE == "silent":
    while sys.stdin.buffer.readline():
        pass
    sys.exit(0)
if MODE == "rubbish":
    lines.write(b"Welcome to the bad server!\n\n  listening on stdio\n[1, 2]\n\"text\"\n")
lines.Server("bad", {
    "echo": (lines.definition("echo", text="string"), lambda i, a: lines.text(a.get("text", ""))),
    "bad": (lines.definition("bad"), bad),
}).run()
