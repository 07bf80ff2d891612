#!/usr/bin/env python3
"""The pages for users say what is true: their commands are run and their examples are checked.

usage: docs.py BASCULE [PAGE...]          (PAGE: default those of USERS_PAGES)

A page's fences are taken in order, in one folder and one shell that stand for the reader's: build/bascule, the
Makefile, a home.  A comment in the line above a fence says what it is:

    <!-- run -->               commands; a ```text fence behind them is all that they print (stdout and stderr)
    <!-- run: background -->   goes on until the next such fence; the text behind it is what a terminal shows first.
                               $PID is its process.  A ```json fence of mcpServers: what a client would start
    <!-- log -->               the background prints these lines, in this order, among others
    <!-- file: PATH -->        is written there as it is, and not looked at
    "needs curl", "needs npx"  behind the colon of run and log: skipped, and counted, on a machine without it

A page that uses build/bascule or make stands in a checkout that was built; any other in an empty folder, with bascule in
PATH.  What its commands leave running ends with the page.

Of every ```yaml fence `bascule check` must say that it is right; one that begins with `# PATH` is written there.
A ```lua fence that begins with `-- PATH` is written there, and its cases hold.
Every ```json fence must be JSON, and the servers of mcpServers must answer.  In what is printed, `…` is anything
(alone in a line: any lines), blanks are as wide as they like, times and numbers of processes differ, and each of 8080,
8090, 8443 and 9100 is a free port.

Beside that: links lead somewhere, docs/README.md names every page, docs/log.md every event of src/ and no other, and
docs/using.md every kind of error with its code; docs/protocol.md has the methods of src/mcp/mcp.h.
"""
import contextlib
import glob
import http.client
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_ports

LIMIT_S = 120
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("BASCULE_PEERS") or os.path.join(ROOT, ".cache", "peers")
USERS_PAGES = ("README.md", "docs/using.md", "docs/company.md", "docs/migrating-from-mcp-atlassian.md",
               "docs/migrating-from-gatekit.md", "docs/agents.md", "docs/auth.md", "docs/login.md", "docs/sandbox.md",
               "docs/flow.md", "docs/limits.md", "docs/pins.md", "docs/plugins.md", "docs/replicas.md",
               "docs/rules.md")
PORTS = ("8080", "8090", "8443", "9100")
HIDDEN_KINDS = {"none", "usage", "config", "cancelled", "io"}     # never in an answer to a client
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
MARK = re.compile(r"<!-- (run|log|file)(?:: (.*?))? -->\n\Z")
VARIES = ((re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]"), "[TIME]"),
          (re.compile(r"\[\d+-[0-9a-f]{8}\]"), "[INSTANCE]"),
          (re.compile(r"\bin \d+ ms\b"), "in N ms"),
          (re.compile(r"Request #\d+"), "Request #N"))    # others may have asked before
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "docs", "version": "1"}}}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


# --- what is printed and what the page shows ---------------------------------------------------------

def lines_of(text):
    """Without what varies, and with single blanks."""
    for pattern, instead in VARIES:
        text = pattern.sub(instead, text)
    return [re.sub(r"[ \t]+", " ", line).rstrip() for line in text.replace("\r", "").split("\n")]


def line_pattern(line):
    return ".*".join(re.escape(part) for part in line.split("…"))


def page_pattern(text):
    """Of all lines; a line of only … stands for any number of them."""
    return "".join(r"(?:.*\n)*?" if line == "…" else line_pattern(line) + r"\n"
                   for line in lines_of(text.rstrip("\n")))


def same(shown, printed, whole=True):
    match = re.fullmatch if whole else re.match
    return match(page_pattern(shown), "\n".join(lines_of(printed.rstrip("\n"))) + "\n") is not None


def in_order(shown, printed):
    rest = iter(lines_of(printed))
    return all(any(re.fullmatch(line_pattern(line), got) for got in rest)
               for line in lines_of(shown.rstrip("\n")))


# --- the reader's machine ------------------------------------------------------------------------------

class Shell:
    """One bash for all commands of a page."""

    def __init__(self, folder, environ):
        self.child = subprocess.Popen(["bash"], cwd=folder, env=environ, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, commands):
        """(status, what was printed)"""
        end = "--- end of the commands"
        self.child.stdin.write(f"{{\n{commands}\n}} </dev/null\nprintf '\\n%s %d\\n' '{end}' $?\n".encode())
        self.child.stdin.flush()
        out = ""
        watch = threading.Timer(LIMIT_S, self.child.kill)
        watch.start()
        for line in self.child.stdout:
            line = line.decode()
            if line.startswith(end):
                watch.cancel()
                return int(line.split()[-1]), out[:-1]
            out += line
        raise AssertionError(f"the shell ended, or hung for {LIMIT_S} s:\n{commands}\n{out}")

    def end(self):
        """And with it whatever its commands have left running."""
        self.child.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGTERM)
        self.child.stdout.read()
        self.child.wait(LIMIT_S)


class Background:
    """A command that goes on: at a terminal, or with a client at its stdin and stdout."""

    def __init__(self, command, folder, environ, is_terminal):
        self.seen, self.is_over, self.is_terminal = "", False, is_terminal
        self.change = threading.Condition()
        if is_terminal:
            self.pid, self.fd = pty.fork()
            if self.pid == 0:
                os.chdir(folder)
                os.execvpe("bash", ["bash", "-c", "exec " + command], environ)
        else:
            self.child = subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.pid, self.fd = self.child.pid, self.child.stderr.fileno()
        self.reader = threading.Thread(target=self.gather, daemon=True)
        self.reader.start()

    def gather(self):
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            with self.change:
                self.seen += data.decode(errors="replace")
                self.is_over = not data
                self.change.notify()
            if not data:
                return

    def until(self, holds):
        """Waits until what was printed is so; the page is wrong when it ends or the limit passes before."""
        deadline = time.monotonic() + LIMIT_S
        with self.change:
            while not holds(self.seen):
                left = deadline - time.monotonic()
                assert left > 0 and not self.is_over, "it printed:\n" + self.seen
                self.change.wait(left)

    def ask(self, message):
        self.child.stdin.write(json.dumps(message).encode() + b"\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def kill(self):
        """After a failure; what it has started ends with it."""
        os.kill(self.pid, signal.SIGTERM)

    def end(self):
        if self.is_terminal:
            os.write(self.fd, b"\x03")
            status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        else:
            self.child.stdin.close()
            self.child.terminate()
            status = self.child.wait(LIMIT_S)
        self.reader.join(LIMIT_S)
        # make itself dies of the signal; what it ran has ended in order.
        assert status in (0, -signal.SIGINT), (status, self.seen)
        assert "Traceback" not in self.seen and "ERROR: " not in self.seen, self.seen


class Reader:
    """Goes through one page."""

    def __init__(self, program, page):
        self.program, self.page, self.text = program, page, read(page)
        self.temporary = tempfile.TemporaryDirectory(prefix="bascule-docs-", ignore_cleanup_errors=True)
        self.home, self.bin, self.folder = (os.path.join(self.temporary.name, name) for name in ("home", "bin", "work"))
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        self.port = self.ports["8080"]
        self.background = None
        self.ran = self.skipped = 0
        self.environ = {"HOME": self.home, "PATH": self.bin + ":/usr/bin:/bin",
                        "PORT": self.port, "SANDBOX": self.ports["8090"], "LANG": "C.UTF-8", "TERM": "dumb"}
        self.environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
        self.furnish()
        self.shell = Shell(self.folder, self.environ)

    def furnish(self):
        """An empty folder, or a checkout that was built: the real Makefile and program, and nothing to do for its tools."""
        for path in (self.home, self.bin, self.folder):
            os.mkdir(path)
        os.symlink(self.program, os.path.join(self.bin, "bascule"))
        if "build/bascule" not in self.text:
            return
        for name in ("build", "tools"):
            os.mkdir(os.path.join(self.folder, name))
        shutil.copy(os.path.join(ROOT, "Makefile"), self.folder)
        os.symlink(self.program, os.path.join(self.folder, "build", "bascule"))
        open(os.path.join(self.folder, "build", "build.ninja"), "w").close()
        self.script(self.folder + "/tools/setup", ":")
        self.script(self.bin + "/ninja", ":")
        if self.has("npx"):
            self.script(self.bin + "/npx", f'shift; name=${{1#@modelcontextprotocol/}}; name=${{name%@*}}; shift\n'
                        f'exec "{PEERS}/bin/node" "{PEERS}/npm/$name/node_modules/.bin/mcp-$name" "$@"')

    @staticmethod
    def script(path, text):
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    @staticmethod
    def has(what):
        """npx fetches packages: here those that the tests with real peers have installed stand for it."""
        if what == "npx":
            return os.access(PEERS + "/bin/node", os.X_OK) and all(
                os.path.exists(f"{PEERS}/npm/{name}/node_modules/.bin/mcp-{name}")
                for name in ("server-filesystem", "server-memory"))
        return shutil.which(what, path="/usr/bin:/bin") is not None

    def read(self):
        fences = []
        for found in FENCE.finditer(self.text):
            mark = MARK.search(self.text, 0, found.start())
            words = mark[2].split() if mark and mark[2] else []
            fences.append({"language": found[1], "text": self.with_ports(found[2]),
                           "mark": mark and mark[1], "words": words,
                           "line": self.text.count("\n", 0, found.start()) + 1})
        for fence, behind in zip(fences, fences[1:] + [None]):
            shown = behind["text"] if behind and behind["language"] == "text" and not behind["mark"] else None
            try:
                self.take(fence, shown)
            except (AssertionError, ValueError, OSError) as fault:
                if self.background is not None:
                    self.background.kill()
                self.shell.end()
                sys.exit(f"{self.page}:{fence['line']}: {fault}")
        self.end()

    def with_ports(self, text):
        return re.sub("|".join(PORTS), lambda found: self.ports[found[0]], text)

    def take(self, fence, shown):
        language, text, words = fence["language"], fence["text"], fence["words"]
        missing = [w for w in words[words.index("needs") + 1:] if not self.has(w)] if "needs" in words else []
        if missing:
            self.skipped += 1
            print(f"skip {self.page}:{fence['line']}: no {', '.join(missing)} on this machine", flush=True)
        elif fence["mark"] == "file":
            self.write(os.path.join(self.folder, words[0]), text)
        elif language == "yaml":
            self.configuration(text)
        elif language == "lua":
            self.plugin(text)
        elif language == "json":
            self.clients(json.loads(text), fence["mark"])
        elif fence["mark"] == "log":
            self.background.until(lambda seen: in_order(text, seen))
        elif "background" in words:
            self.start(text, True)
            self.background.until(lambda seen: same(shown, seen, whole=False) if shown else "listening" in seen)
        elif fence["mark"] == "run":
            self.commands(text, shown)
        else:
            return
        self.ran += not missing

    def commands(self, text, shown):
        status, printed = self.shell.run(text)
        assert status == 0, f"exit status {status}\n{printed}"
        assert shown is None or same(shown, printed), "it printed:\n" + printed

    def start(self, command, is_terminal, more=None):
        if self.background is not None:
            self.background.end()
        self.background = Background(command, self.folder, self.environ | (more or {}), is_terminal)
        self.shell.run(f"PID={self.background.pid}")

    @staticmethod
    def write(path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def configuration(self, text):
        name = re.match(r"# (\S+)\n", text)
        path = os.path.join(self.folder, os.path.expanduser(name[1]).replace(os.path.expanduser("~"), self.home)
                            if name else "example.yaml")
        self.write(path, text)
        environ = dict(self.environ)
        for variable in re.findall(r"\$\{(\w+)\}", text):
            environ.setdefault(variable, variable * 4)     # long enough for a key, too
        done = subprocess.run([self.program, "check", "-c", path], env=environ, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == "", done.stderr

    def plugin(self, text):
        path = os.path.join(self.folder, re.match(r"-- (\S+)\n", text)[1])
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)
        done = subprocess.run([self.program, "plugin", "test", path], env=self.environ, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr

    def clients(self, document, mark):
        """Each server of an mcpServers list answers as it would to a client that was given the list."""
        for server in document.get("mcpServers", {}).values():
            if "url" in server:
                place = re.fullmatch(r"http://([^/]+)(/.*)", server["url"])
                connection = http.client.HTTPConnection(place[1], timeout=LIMIT_S)
                connection.request("POST", place[2], json.dumps(INITIALIZE), {
                    "Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
                answer = json.loads(connection.getresponse().read())
            else:
                assert mark == "run", "nobody says that it is run"
                assert os.path.basename(server["command"]) == "bascule", server
                self.start([self.program, *server["args"]], False, server.get("env", {}))
                answer = self.background.ask(INITIALIZE)
                if "memory__read_graph" in self.text:
                    self.over_http_too()
            assert answer["result"]["serverInfo"]["name"] == "bascule", answer

    def over_http_too(self):
        """The page says so of a program that a client has started, and of the names of its tools."""
        where = f"http://127.0.0.1:{self.port}/mcp"
        self.background.until(lambda seen: where in seen)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        headers = {"Content-Type": "application/json"}
        for message in (INITIALIZE, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
                "name": "memory__read_graph", "arguments": {}}}):
            connection.request("POST", "/mcp", json.dumps(message), headers)
            response = connection.getresponse()
            headers["Mcp-Session-Id"] = response.getheader("Mcp-Session-Id") or headers["Mcp-Session-Id"]
            answer = json.loads(response.read())
        assert "isError" not in answer["result"] or not answer["result"]["isError"], answer

    def end(self):
        if self.background is not None:
            self.background.end()
        self.shell.end()
        self.temporary.cleanup()


# --- lists that must be whole ------------------------------------------------------------------------------

def events_of_source():
    """Every event id of src/: a literal where it is logged, or given to a function that has it as `event`."""
    events = set()
    sources = [read(path) for path in glob.glob(os.path.join(ROOT, "src", "**", "*.[ch]"), recursive=True)]
    loggers = {name for text in sources for name in re.findall(r"(\w+)\([^;{)]*const char \*event\b", text)}
    assert "log_event" in loggers, loggers
    for text in sources:
        for name in loggers:
            for call in re.finditer(rf"(?<!\w){name}\(([^;{{]*?)[;{{]", text):
                arguments = [a.strip() for a in call[1].split(",")]
                literals = [a for a in arguments if re.fullmatch(r'"[a-z_]+"\)?', a)]
                if not re.search(r"\bevent\b", call[1]):
                    assert literals, f"which event is this? {call[0]}"
                    events.add(literals[0].strip('")'))
    return events


def check_log():
    page = set(re.findall(r"^\| `(\w+)` \| (?:debug|info|warn|error)", read("docs/log.md"), re.M))
    source = events_of_source()
    assert page == source, f"docs/log.md lacks {sorted(source - page)}, and invents {sorted(page - source)}"
    return len(page)


def check_kinds():
    source = {name: code for name, code in re.findall(r'X\(\w+,\s*"(\w+)",\s*(-?\d+)', read("src/base/base.h"))
              if name not in HIDDEN_KINDS}
    page = dict(re.findall(r"^\| `(\w+)` \| (-\d+) \|", read("docs/using.md"), re.M))
    assert page == source, f"docs/using.md has {page}, src/base/base.h {source}"


def check_methods():
    """docs/protocol.md has a row for each method of the table, in its order, with who sends it and which revisions have it."""
    header = read("src/mcp/mcp.h")
    names = re.findall(r"^\tMCP_(\d{4}_\d\d_\d\d),", header, re.M)
    last = dict(re.findall(r"^\tX\((\w+),\s*(\d{4}_\d\d_\d\d)\)", header, re.M))
    source = [(name, who.lower(), [since <= r <= last.get(id, r) for r in names]) for id, name, who, since in
              re.findall(r'^\tX\((\w+),\s*"([^"]+)",\s*[01],\s*(\w+),\s*(\w+)\)', header, re.M)]
    page = read("docs/protocol.md")
    head = re.search(r"^\| method \| sent by \| (.*?) \| fronts \|", page, re.M)
    assert head[1].split(" | ") == [name.replace("_", "-") for name in names], f"docs/protocol.md: revisions {head[1]}"
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \|((?: [●–] \|)+)", page, re.M)
    shown = [(name, who, [mark == "●" for mark in marks.split() if mark != "|"]) for name, who, marks in rows]
    assert shown == source, f"docs/protocol.md and src/mcp/mcp.h differ in {[r for r in source if r not in shown]}, " \
        f"{[r for r in shown if r not in source]}, or in order"
    return len(source)


def check_links():
    pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", *glob.glob("docs/**/*.md", root_dir=ROOT, recursive=True)]
    for page in pages:
        # What stands as code is no link.
        text = re.sub(r"(`+)[^`\n].*?\1", "", FENCE.sub("", read(page)))
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            path = os.path.join(ROOT, os.path.dirname(page), link)
            assert "://" in link or os.path.exists(path), f"{page}: {link} leads nowhere"
    for page in pages:
        assert page == "docs/README.md" or os.path.relpath(page, "docs") in read("docs/README.md"), \
            f"docs/README.md does not name {page}"
    for page in USERS_PAGES:
        for goal in re.findall(r"\bmake ([a-z][\w-]+)\b", read(page)):
            assert re.search(rf"^[\w \-]*\b{goal}\b[\w \-]*:", read("Makefile"), re.M), f"{page}: make {goal}?"


def main():
    program = os.path.abspath(sys.argv[1])
    check_links()
    check_kinds()
    print(f"ok lists: {check_log()} events, {check_methods()} methods, kinds of errors, links", flush=True)
    for page in sys.argv[2:] or USERS_PAGES:
        reader = Reader(program, page)
        reader.read()
        print(f"ok {page}: {reader.ran} fences, {reader.skipped} skipped", flush=True)


main()
