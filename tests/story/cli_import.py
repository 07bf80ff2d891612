#!/usr/bin/env python3
"""bascule import: every file of tests/golden/import gives the .out.yaml and the .out.txt (stderr) beside it, and what
comes out is a configuration that `bascule check` takes once its variables are set.

usage: cli_import.py BASCULE GOLDEN_FOLDER       (BASCULE_GOLDEN=write: the outputs are written anew)
"""
import os
import random
import re
import subprocess
import sys
import tempfile

program, golden = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
folder = tempfile.TemporaryDirectory()
write = os.environ.get("BASCULE_GOLDEN") == "write"


def run(*args, stdin=b"", variables=()):
    environ = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    environ.update(variables)
    done = subprocess.run([program, *args], input=stdin, capture_output=True, timeout=60, env=environ, cwd=folder.name)
    assert done.returncode in range(5), (args, done)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def compare(name, got):
    path = os.path.join(golden, name)
    if write:
        with open(path, "w", encoding="utf-8") as file:
            file.write(got)
    with open(path, encoding="utf-8") as file:
        assert file.read() == got, name + " differs; BASCULE_GOLDEN=write writes it anew:\n" + got


def check(text, name):
    path = os.path.join(folder.name, name + ".yaml")
    with open(path, "w", encoding="utf-8") as file:
        # https:// is refused where it is not built; the form of the file is what is tested.
        file.write(text.replace("https://", "http://"))
    names = re.findall(r"\$\{(\w+)\}", text)
    status, _, err = run("check", "-c", path, variables={n: "1" for n in names if n != "HOME"})
    assert status == 0, (name, err, text)


def goldens():
    for name in sorted(os.listdir(golden)):
        if ".out." in name:
            continue
        status, out, err = run("import", os.path.join(golden, name))
        assert status == 0, (name, err)
        compare(name + ".out.yaml", out)
        compare(name + ".out.txt", err)
        check(out, name)
        for secret in ("ghp_", "s3cr3t", "abcdef0123456789", "eyJ", "me:pw", "xoxb-", "hidden", "t0k3n-t0k3n"):
            assert secret not in out + err, (name, secret)


def bad():
    for text, why in [
            (b"", "empty"), (b"\n# nothing\n", "empty"), (b"{", "not JSON"), (b'{"mcpServers": {,}}', ":1:"),
            (b"[]", "none of the known forms"), (b'{"a": 1}', "none of the known forms"),
            (b"upstreams: []\n", "already"), (b'{"mcpServers": {}}', "holds no server"), (b"a: [\n", "not YAML"),
            (b'{"mcpServers": {"a": 5}}', "no object"), (b'{"mcpServers": {"a": {"command": 5, "command": 6}}}', "twice"),
            (b'{"mcpServers": {"a": {"command": "\\u0000"}}}', "NUL"), (b"\xff\xfe{", "not"),
            (b'{"mcpServers": ' + b"[" * 5000 + b"]" * 5000 + b"}", "deeper"),
            (b'{"mcpServers": {"a": {"command": "x", "args": [' + b"1," * 20000 + b"1]}}}", "more than"),
            (b'{"mcpServers": {"a": {"command": "' + b"x" * 200000 + b'"}}}', "longer than"),
            (b" " * (2 << 20), "larger than"), (b"proxy: {upstreams: {a: b}}\n", "holds no server"),
            (b'{"mcpServers": {"a": {"command": {"path": {"x": 1}}}}}', "holds no server"),
            (b'{"mcpServers": {"a": {"command": ["x", {}]}}}', "holds no server")]:
        status, out, err = run("import", "-", stdin=text)
        assert status == 3 and out == "" and why in err, (text[:80], status, out, err)
    assert run("import", "/nosuch.json")[0] == 3
    assert run("import", folder.name)[0] == 3
    assert run("import")[0] == 2


def names():
    servers = ", ".join('"%s": {"command": "x"}' % name for name in [
        "", "_", "__a__b__", "jira", "maf", "a b", "a-b", "a_b", "x" * 40, "x" * 41, "..", "\u00e4\u00f6", "-q-", "a b"])
    status, out, _ = run("import", "-", stdin=('{"mcpServers": {%s}}' % servers).encode())
    assert status == 0
    check(out, "names")
    assert len(re.findall(r"(?m)^  - name:", out)) == 14, out
    many = ", ".join('"s%d": {"command": "x", "env": {"A_TOKEN": "%d-secret-secret"}}' % (i, i) for i in range(1100))
    status, out, err = run("import", "-", stdin=('{"mcpServers": {%s}}' % many).encode())
    assert status == 0 and "only the first 1000" in out and "secret-secret" not in out, err[-500:]


def output():
    path = os.path.join(folder.name, "new.yaml")
    source = os.path.join(golden, "zed.json")
    status, out, err = run("import", source, "-o", path)
    assert (status, out) == (0, "") and os.stat(path).st_mode & 0o777 == 0o600, err
    status, _, err = run("import", source, "-o", path)
    assert status == 2 and "--force" in err, err
    assert run("import", source, "-o", path, "--force")[0] == 0
    assert run("check", "-c", path)[0] == 0


def mutations():
    """Whatever comes in: an answer, an exit status, and what is written can be read."""
    dice = random.Random(4)
    sources = []
    for name in sorted(os.listdir(golden)):
        if ".out." not in name:
            with open(os.path.join(golden, name), "rb") as file:
                sources.append(file.read())
    for i in range(40):
        text = bytearray(dice.choice(sources))
        for _ in range(dice.randrange(1, 4)):
            spot = dice.randrange(len(text))
            if dice.random() < 0.5:
                text[spot] = dice.choice(b'"{}[]:,\\$#\n x0')
            else:
                del text[spot:spot + dice.randrange(1, 12)]
        status, out, err = run("import", "-", stdin=bytes(text))
        assert status in (0, 3), (text, err)
        if status == 0:
            check(out, "mutated")


for test in (goldens, bad, names, output, mutations):
    test()
    print("ok", test.__name__)
