#!/usr/bin/env python3
"""bascule install: what it writes into the files of clients, and that it takes it out again.

usage: cli_install.py BASCULE
Every client's file is in a home of its own; nothing outside of it is read or written.
"""
import json
import os
import stat
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
home = tempfile.TemporaryDirectory()
SERVE = ["serve", "--transport", "stdio"]
FILES = {       # client: its file, the key of the servers
    "claude-desktop": (".config/Claude/claude_desktop_config.json", "mcpServers"),
    "claude-code": (".claude.json", "mcpServers"),
    "claude-code-project": ("here/.mcp.json", "mcpServers"),
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "cursor-project": ("here/.cursor/mcp.json", "mcpServers"),
    "vscode": (".config/Code/User/mcp.json", "servers"),
    "vscode-project": ("here/.vscode/mcp.json", "servers"),
    "windsurf": (".codeium/windsurf/mcp_config.json", "mcpServers"),
    "gemini": (".gemini/settings.json", "mcpServers"),
    "zed": (".config/zed/settings.json", "context_servers"),
}
CODEX = ".codex/config.toml"


def at(name):
    return os.path.join(home.name, name)


def write(name, text, mode=0o600):
    os.makedirs(os.path.dirname(at(name)), exist_ok=True)
    with open(at(name), "w", newline="") as file:
        file.write(text)
    os.chmod(at(name), mode)


def text(name):
    with open(at(name), newline="") as file:
        return file.read()


def install(status, *args, out="", err=""):
    environ = {"PATH": "/usr/bin:/bin", "HOME": home.name}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    os.makedirs(at("here"), exist_ok=True)
    done = subprocess.run([program, "install", *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          env=environ, cwd=at("here"))
    got = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status and out in got[0] and err in got[1], (args, done.returncode, got)
    return got[0]


def every_client():
    for client, (name, key) in FILES.items():
        install(0, client, "--dry-run", out='+    "bascule"')
        assert not os.path.exists(at(name)), name
        install(0, client)
        entry = json.loads(text(name))[key]["bascule"]
        assert (entry["command"], entry["args"]) == (program, SERVE), entry
        before = text(name)
        install(0, client, out="has it already")
        assert text(name) == before
        install(0, client, "--undo", "--dry-run", out='-    "bascule"')
        install(0, client, "--undo")
        assert not os.path.exists(at(name)), name
        install(0, client, "--undo", out="nothing to undo")


def bytes_stay():
    name = FILES["cursor"][0]
    for before, key in [
            ('// mine\n{\n\t"mcpServers": {\n\t\t"a": {"command": "x"}, // first\n\t},\n\t"other": [1,],\n}\n', True),
            ('{"mcpServers":{}}', True), ("{}", True), ("", False), (" \n", False),
            ('{\r\n  "x": "{\\"mcpServers\\"}"\r\n}\r\n', True),
            ('\ufeff{ /* "mcpServers": {} */ "y": "}" }', True),
            ('{"mcpServers" /* here */ : /* there */ {"b":{"args":["//","/*","\\\\"]}}}', True)]:
        write(name, before, 0o640)
        install(0, "cursor")
        if key:     # what was there is there, in its order
            rest = iter(text(name))
            assert all(c in rest for c in before), text(name)
        assert text(name + ".bascule-backup") == before
        assert stat.S_IMODE(os.stat(at(name)).st_mode) == 0o640
        install(0, "cursor", "-c", program, out="is in")         # renewed
        install(0, "cursor", "--undo", out="as it was before")
        assert text(name) == before, (before, text(name))
        assert not os.path.exists(at(name + ".bascule-backup"))
        assert stat.S_IMODE(os.stat(at(name)).st_mode) == 0o640
    assert os.listdir(os.path.dirname(at(name))) == ["mcp.json"]


def changed_since():
    name = FILES["cursor"][0]
    write(name, '{\n  "mcpServers": {\n    "a": {"command": "x"}\n  }\n}\n')
    install(0, "cursor", "--name", "gate-1")
    with_more = text(name).replace('"a": {', '"new": {},\n    "a": {')
    write(name, with_more)
    install(0, "cursor", "--name", "gate-1", "--undo", out="changed since")
    assert text(name) == '{\n  "mcpServers": {\n    "new": {},\n    "a": {"command": "x"}\n  }\n}\n', text(name)
    write(name, '{"mcpServers": {"a": 1,\n "bascule": {"command": "mine"}}}')       # the person's own, the last one
    install(0, "cursor")
    assert json.loads(text(name))["mcpServers"]["bascule"]["args"] == SERVE
    install(0, "cursor", "--undo")
    assert text(name) == '{"mcpServers": {"a": 1,\n "bascule": {"command": "mine"}}}'
    os.unlink(at(name + ".bascule-backup")) if os.path.exists(at(name + ".bascule-backup")) else None
    install(0, "cursor", "--undo", out="is out of")
    assert text(name) == '{"mcpServers": {"a": 1}}', text(name)


def toml():
    for before in ['model = "o3"\n\n[mcp_servers.a]\ncommand = "x"\n\n# of b\n[b]\nx = """\n[mcp_servers.bascule]\n"""\n',
                   "", "a = 1", "[mcp_servers]\n"]:
        write(CODEX, before)
        install(0, "codex")
        assert text(CODEX).startswith(before) and text(CODEX).endswith(
            '[mcp_servers.bascule]\ncommand = "%s"\nargs = ["serve", "--transport", "stdio"]\n' % program)
        install(0, "codex", out="has it already")
        write(CODEX, text(CODEX) + "\n# of c\n[c]\n")
        install(0, "codex", "-c", program)
        assert text(CODEX).endswith('"-c", "%s"]\n\n# of c\n[c]\n' % program), text(CODEX)
        install(0, "codex", "--undo", out="is out of")
        assert text(CODEX).replace("\n", "") == (before + "\n# of c\n[c]\n").replace("\n", ""), text(CODEX)
        write(CODEX, before)
        install(0, "codex")
        install(0, "codex", "--undo", out="as it was before")
        assert text(CODEX) == before
    for bad in ["mcp_servers = {}\n", "mcp_servers.a.command = 1\n", "[mcp_servers]\nbascule = {}\n"]:
        write(CODEX, bad)
        install(3, "codex", err="by hand")
        assert text(CODEX) == bad
    write(CODEX, 'x = """\n')
    install(3, "codex", err="does not end")


def links_and_faults():
    name = FILES["gemini"][0]
    write("real/settings.json", "{}")
    os.makedirs(os.path.dirname(at(name)), exist_ok=True)
    os.symlink(at("real/settings.json"), at(name))
    install(0, "gemini")
    assert os.path.islink(at(name)) and "bascule" in text("real/settings.json")
    install(0, "gemini", "--undo")
    assert text("real/settings.json") == "{}"
    os.unlink(at(name))
    os.symlink(at("nowhere"), at(name))
    install(3, "gemini", err="leads nowhere")
    os.unlink(at(name))
    for bad, why in [("{", "not JSON"), ("[]", "no object"), ('{"mcpServers": []}', "is no object"),
                     ('{"a": 1}}', "not JSON"), ("null", "no object"), ("[" * 100000, "not JSON")]:
        write(name, bad)
        install(3, "gemini", err=why)
        assert text(name) == bad
        assert not os.path.exists(at(name + ".bascule-backup"))
    os.unlink(at(name))
    os.mkdir(at(name))
    install(3, "gemini", err="not a regular file")
    install(2, "curser", err='did you mean "cursor"')
    install(2, "nothing-like-it", err="claude-desktop")
    install(2, err="install CLIENT")
    install(2, "cursor", "--name", "a b", err="--name")
    install(2, "cursor", "--name", "", err="--name")
    install(3, "cursor", "-c", "/nosuch.yaml", err="/nosuch.yaml")


for test in (every_client, bytes_stay, changed_since, toml, links_and_faults):
    test()
    print("ok", test.__name__)
