"""What all interop tests share: peers, the gateway as a process, groups of tests and how they are run.

A group is one set-up with several tests that use it in order; a test of any group may be skipped because a peer is
missing.  Whatever starts processes carries a mark in its environment (the gateway's children get it through
`env:` of their upstream), so that every descendant is found again, whoever its parent has become: a gateway that
leaves one behind fails the test that stopped it.  Time limits are safety nets, nothing is decided by them.
"""
import asyncio
import contextlib
import ctypes
import inspect
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_port

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = os.path.abspath(os.environ.get("BASCULE_PEERS") or os.path.join(ROOT, ".cache", "peers"))
BASCULE = os.path.join(ROOT, "build", "bascule")
MARK = "BASCULE_INTEROP_MARK"
LIMIT = 360             # seconds that one test may take before it counts as hanging
PATIENCE = 120          # seconds that something which must happen is waited for

GROUPS = []


class Failure(Exception):
    """A test's finding; shown without a back-trace."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def same(got, want, what):
    if got != want:
        raise Failure(f"{what}: got {short(got)}, want {short(want)}")


def short(value):
    text = json.dumps(value, default=str, sort_keys=True)
    return text if len(text) <= 400 else text[:400] + f"… ({len(text)} bytes)"


def eventually(what, condition, patience=PATIENCE):
    """Waits for something that must become true; returns its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"{what}: not within {patience} s")
        time.sleep(0.01)


# --- peers ------------------------------------------------------------------------------------------------------

def missing():
    """{peer: reason} of what was not installed."""
    reasons = {}
    with contextlib.suppress(OSError), open(os.path.join(PEERS, "missing")) as f:
        reasons = dict(line.rstrip("\n").split("\t", 1) for line in f if "\t" in line)
    for name in ("mcp", "mcp1", "sdk", "client", "mcp-server-time", "mcp-server-git", "server-everything",
                 "server-filesystem", "server-memory", "everything-server", "everything-client", "conformance",
                 "mcp-atlassian", "mcp-jira-confluence"):
        if name not in reasons and not os.path.exists(os.path.join(PEERS, "stamps", name)):
            reasons[name] = "not installed (tests/interop/install)"
    return reasons


def npm_command(name, *arguments):
    script = os.path.join(PEERS, "npm", name, "node_modules", "@modelcontextprotocol", name, "dist", "index.js")
    return [os.path.realpath(os.path.join(PEERS, "bin", "node")), script, *arguments]


def go_command(*arguments):
    return [os.path.join(PEERS, "bin", "everything-server"), *arguments]


def own_command(name, *arguments):
    return [sys.executable, os.path.join(HERE, "peers", name), *map(str, arguments)]


# --- processes --------------------------------------------------------------------------------------------------

def become_subreaper():
    """Orphans of a killed gateway come to us, so that none is left even after this run."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


STARTED = set()         # process ids that a Popen object waits for


def reap_orphans(known):
    """Collects dead children that no Popen object knows."""
    with open(f"/proc/self/task/{os.getpid()}/children") as f:
        for pid in map(int, f.read().split()):
            if pid not in known and pid not in STARTED:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)


def marked(mark):
    """Living processes that carry the mark (a zombie has no environment any more)."""
    want = f"{MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as f:
                if want in f.read().split(b"\0"):
                    found.append(int(name))
    return found


def command_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    return "?"


class Process:
    """A started program whose stderr (and stdout, unless it is a pipe to talk to) is kept as lines."""

    def __init__(self, command, mark, env=None, stdio=False):
        environment = {k: v for k, v in os.environ.items() 
                       if k in ("PATH", "HOME", "LANG", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        environment |= {MARK: mark, **(env or {})}
        self.mark = mark
        self.lines = []
        self.changed = threading.Condition()
        self.p = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE if stdio else subprocess.DEVNULL,
                                  stdout=subprocess.PIPE if stdio else subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  start_new_session=True)
        STARTED.add(self.p.pid)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.p.stderr:
            with self.changed:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def log(self, n=12):
        return [line for line in self.lines if line is not None][-n:]

    def wait_log(self, pattern, since=0, patience=PATIENCE):
        """The match of the first line that matches; fails when the program ends without one."""
        at, end = since, time.monotonic() + patience
        with self.changed:
            while True:
                while at < len(self.lines):
                    line = self.lines[at]
                    at += 1
                    found = line is not None and re.search(pattern, line)
                    if found:
                        return found
                    check(line is not None, f"it ended without saying {pattern!r}: {self.log(5)}")
                left = end - time.monotonic()
                check(left > 0, f"no line with {pattern!r} within {patience} s: {self.log(5)}")
                self.changed.wait(left)

    def kill(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self._close()

    def _close(self):
        self.reader.join(5)
        for pipe in (self.p.stdin, self.p.stdout, self.p.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def end(self, sig=signal.SIGTERM, patience=PATIENCE):
        """Asks it to end; its exit status."""
        if self.p.poll() is None and sig is not None:
            self.p.send_signal(sig)
        try:
            status = self.p.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{command_of(self.p.pid)} did not end within {patience} s") from None
        self._close()
        return status


def no_one_left(mark, patience=PATIENCE):
    """Waits until no process carries the mark; kills and reports what stays."""
    end = time.monotonic() + patience
    while True:
        reap_orphans(set())
        left = marked(mark)
        if not left:
            return
        if time.monotonic() > end:
            names = [f"{pid} ({command_of(pid)})" for pid in left]
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            raise Failure("left behind: " + ", ".join(names))
        time.sleep(0.01)


class Folder:
    """A temporary folder with a mark for the processes that work in it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="bascule-interop-")
        self.mark = uuid.uuid4().hex

    def file(self, name, text=None):
        path = os.path.join(self.path, name)
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        return path

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


def config_write(folder, upstreams, **more):
    """bascule.yaml as JSON (which YAML includes); every child gets the mark, and the time a busy machine takes to start."""
    upstreams = [{"connect_timeout": "60s"} | u for u in upstreams]
    for u in upstreams:
        if "command" in u:
            u["env"] = {**u.get("env", {}), MARK: folder.mark}
    config = {"listen": {"http": "127.0.0.1:0"}, "start_wait": "60s", "state": folder.file("state"),
              "upstreams": upstreams, **more}
    return folder.file("bascule.yaml", json.dumps(config, indent=1))


def check_sanitizers(lines):
    """A build with sanitizers says in its log what it found."""
    for line in lines:
        check(not re.search(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|: runtime error: ", line), f"sanitizer: {line}")


class Gateway:
    """`bascule serve` over HTTP, over stdio, or both in one process."""

    def __init__(self, upstreams, http=True, stdio=False, **more):
        self.folder = Folder()
        listen = {"stdio": stdio} | ({"http": "127.0.0.1:0"} if http else {})
        self.config = config_write(self.folder, upstreams, listen=more.pop("listen", listen), **more)
        command = [BASCULE, "serve", "-c", self.config]
        if not http:
            command += ["--transport", "stdio"]
        self.process = Process(command, self.folder.mark, stdio=stdio)
        self.pid = self.process.p.pid
        self.port = self.url = None
        if http:
            self.find_url()

    def find_url(self):
        try:
            self.url = self.process.wait_log(r"listening on (https?://\S+/mcp)").group(1)
        except Failure:
            self.process.kill()
            raise
        self.port = int(re.search(r":(\d+)/", self.url).group(1))

    def alive(self):
        return self.process.p.poll() is None

    def close(self, sig=signal.SIGTERM):
        """Ends it in an orderly way: status 0 and nobody left."""
        try:
            if not self.alive():
                failure = Failure(f"the gateway has ended by itself: status {self.process.p.poll()}")
                failure.log = self.process.log(80)
                raise failure
            status = self.process.end(sig)
            no_one_left(self.folder.mark)
            check(status == 0, f"exit status {status} after its end was asked for: {self.process.log(10)}")
            check_sanitizers(self.process.log(1000000))
        finally:
            if self.alive():
                self.process.kill()
            for pid in marked(self.folder.mark):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            reap_orphans({self.pid})
            self.folder.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
            return
        error.log = self.process.log()
        with contextlib.suppress(Failure):
            self.close()


@contextlib.contextmanager
def http_peer(command, port, env=None):
    """A real server on HTTP, ready to be connected to."""
    folder = Folder()
    process = Process(command, folder.mark, env=env)
    try:
        def is_open():
            check(process.p.poll() is None, f"{command[0]} has ended: {process.log(5)}")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
        eventually(f"{command[0]} listens on {port}", is_open)
        yield process
    finally:
        process.kill()
        folder.close()


# --- groups and running -----------------------------------------------------------------------------------------

class Group:
    """Tests that share one set-up: a context manager function (async for async tests), or None.  `more`: only with
    --all, whose tests are these alone."""

    def __init__(self, name, setup=None, needs=(), more=False):
        self.name, self.setup, self.needs, self.tests, self.more = name, setup, tuple(needs), [], more
        self.chosen = set()             # the names of its tests that run, for the set-up
        GROUPS.append(self)

    def test(self, name, needs=(), limit=LIMIT):
        def add(function):
            self.tests.append((f"{self.name}: {name}", function, self.needs + tuple(needs), limit))
            return function
        return add


class Report:
    def __init__(self):
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}

    def say(self, word, name, reason=""):
        self.counts[word] += 1
        reason = " ".join(reason.split())
        print(f"{word} {name}" + (f" ({reason})" if reason else ""), flush=True)

    def fail(self, name, error):
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            return self.fail(name, error.exceptions[0])
        self.say("FAIL", name, str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}")
        if not isinstance(error, (Failure, OSError)):
            traceback.print_exception(error, file=sys.stdout)
        for line in getattr(error, "log", []):
            print("    " + line)
        sys.stdout.flush()


class Hang(Failure):
    pass


@contextlib.contextmanager
def alarm(seconds):
    def ring(number, frame):
        raise Hang(f"did not end within {seconds} s")
    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def run_sync(group, tests, report):
    with contextlib.ExitStack() as stack:
        with alarm(LIMIT):
            context = stack.enter_context(group.setup()) if group.setup else None
        for name, function, limit in tests:
            try:
                with alarm(limit):
                    function(*([context] if group.setup else []))
                report.say("ok", name)
            except Exception as error:
                error.log = getattr(error, "log", log_of(context))
                report.fail(name, error)


def log_of(context):
    process = getattr(context, "process", None) or getattr(getattr(context, "gateway", None), "process", None)
    return process.log() if process else []


async def run_async(group, tests, report):
    async with contextlib.AsyncExitStack() as stack:
        context = None
        if group.setup:
            async with asyncio.timeout(LIMIT):
                context = await stack.enter_async_context(group.setup())
        for name, function, limit in tests:
            try:
                async with asyncio.timeout(limit):
                    await function(*([context] if group.setup else []))
                report.say("ok", name)
            except Exception as error:
                error.log = getattr(error, "log", log_of(context))
                report.fail(name, error)


def run(words, more=False):
    become_subreaper()
    report = Report()
    reasons = missing()
    for group in GROUPS:
        tests, names = [], set()
        for name, function, needs, limit in group.tests:
            if group.more != more or words and not any(word in name for word in words):
                continue
            lacks = [f"{n}: {reasons[n]}" for n in needs if n in reasons]
            if lacks:
                report.say("skip", name, "; ".join(lacks))
                continue
            tests.append((name, function, limit))
            names.add(name)
        if not tests:
            continue
        group.chosen = names
        before = sum(report.counts.values())
        try:
            if inspect.iscoroutinefunction(tests[0][1]):
                asyncio.run(run_async(group, tests, report))
            else:
                run_sync(group, tests, report)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            done = sum(report.counts.values()) - before
            for name, _, _ in tests[done:]:
                report.fail(name, Failure(f"set-up: {error}"))
            if done == len(tests):
                report.fail(f"{group.name}: end", error)
        reap_orphans(set())
    counts = report.counts
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0
