"""One upstream misbehaves, one beside it is healthy: a clear error that names the bad one, nothing for anyone else."""
import contextlib
import re
import threading

import harness
from harness import Gateway, check, own_command, same
from wire import Http

UNAVAILABLE, DEADLINE, LIMIT, UNKNOWN = -32003, -32004, -32005, -32006


class Neighbour:
    """A client that calls the healthy server again and again until it is stopped."""

    def __init__(self, url):
        self.url, self.calls, self.failure, self.over = url, 0, None, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            client = Http(self.url).begin()
            while not self.over.is_set():
                text = f"call {self.calls}"
                same(client.text("good__echo", {"text": text}), text, "echo of the healthy server")
                self.calls += 1
        except Exception as error:
            self.failure = error

    def stop(self, least):
        """Ends it once it was served that many times after now."""
        want = self.calls + least
        try:
            harness.eventually("the healthy server goes on", lambda: self.failure or self.calls >= want)
        finally:
            self.over.set()
            self.thread.join(harness.PATIENCE)
        if self.failure:
            raise harness.Failure(f"the healthy server's client: {self.failure}")


@contextlib.contextmanager
def beside(mode, **upstream):
    """(gateway, session) with `bad` in this mode and `good`, which somebody uses all the time."""
    with Gateway([{"name": "bad", "command": own_command("bad.py", mode), **upstream},
                  {"name": "good", "command": own_command("big.py")}]) as gateway:
        neighbour = Neighbour(gateway.url)
        session = Http(gateway.url).begin()
        yield gateway, session
        neighbour.stop(20)
        check(gateway.alive(), "the gateway has ended")


def names_bad(error, *codes):
    """An error of a call of `bad`: one of these codes, server and kind in its data, the name in its text."""
    check(error["code"] in codes, f"code {error['code']}, want one of {codes}: {error}")
    check("bad" in error["message"], f"the text does not name the server: {error}")
    data = error.get("data", {})
    same(data.get("server"), "bad", f"data.server ({error})")
    check(isinstance(data.get("kind"), str), f"data.kind: {error}")
    return error["message"]


def down(mode, pattern, **upstream):
    """It never gets ready: its tools are not listed, its absence is, with the reason; calls say so."""
    with beside(mode, **upstream) as (_, session):
        tools, meta = session.tools()
        check("good__echo" in tools, "the healthy server's tools are not listed")
        check(not any(name.startswith("bad__") for name in tools), "the bad server's tools are listed")
        rows = meta.get("bascule/unavailable", [])
        same([row["server"] for row in rows], ["bad"], "servers that are named as unavailable")
        check(re.search(pattern, rows[0]["reason"]), f"the reason does not say {pattern!r}: {rows[0]['reason']}")
        message = names_bad(session.call_error("bad__echo", {"text": "x"}), UNAVAILABLE, DEADLINE)
        check(re.search(pattern, message), f"the error does not say {pattern!r}: {message}")


def again(session, text):
    """The server, started again when its backoff allows it; until then the error names it."""
    def served():
        response = session.request("tools/call", {"name": "bad__echo", "arguments": {"text": text}})
        if "error" in response:
            names_bad(response["error"], UNAVAILABLE)
            return None
        return response["result"]["content"][0]["text"]
    same(harness.eventually("it is started again", served), text, "the server that was started again")


bad = harness.Group("bad upstream")


@bad.test("exits at once: its stderr is in the reason")
def exits():
    down("exits", "cannot open the database /nonexistent/data.db")


@bad.test("does not exist: the command is in the reason")
def absent():
    down("", "/nonexistent/mcp-server", command=["/nonexistent/mcp-server"])


@bad.test("never answers initialize")
def silent():
    down("silent", "connect_timeout|did not answer", connect_timeout="1s")


@bad.test("nobody listens at its URL")
def refused_port():
    port = harness.free_port()
    with Gateway([{"name": "bad", "url": f"http://127.0.0.1:{port}/mcp"},
                  {"name": "good", "command": own_command("big.py")}]) as gateway:
        session = Http(gateway.url).begin()
        _, meta = session.tools()
        same([row["server"] for row in meta["bascule/unavailable"]], ["bad"], "unavailable")
        check(re.search("refused", meta["bascule/unavailable"][0]["reason"]), f"reason: {meta}")
        names_bad(session.call_error("bad__echo"), UNAVAILABLE)
        same(session.text("good__echo", {"text": "x"}), "x", "the healthy server")


@bad.test("never answers a call: its timeout names it")
def never():
    with beside("never", timeout="1s") as (_, session):
        message = names_bad(session.call_error("bad__bad"), DEADLINE)
        check("timeout" in message, message)
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")


@bad.test("prints rubbish on stdout")
def rubbish():
    with beside("rubbish") as (gateway, session):
        same(session.text("bad__bad"), "fine", "its call")
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")
        gateway.process.wait_log(r"bad.*on stdout")


@bad.test("answers twice")
def twice():
    with beside("twice") as (gateway, session):
        for _ in range(3):
            same(session.text("bad__bad"), "fine", "its call")
        gateway.process.wait_log(r"bad.*not open")


@bad.test("answers an unknown id")
def unknown_id():
    with beside("unknown-id") as (gateway, session):
        same(session.text("bad__bad"), "fine", "its call")
        gateway.process.wait_log(r"bad.*(987654321|nobody asked).*not open")


@bad.test("closes in the middle of an answer: the outcome is unknown, later calls find it started anew")
def closes():
    with beside("closes") as (_, session):
        for i in range(3):
            names_bad(session.call_error("bad__bad"), UNKNOWN)
            again(session, f"again {i}")


@bad.test("dies by a signal in a call")
def dies():
    with beside("dies") as (_, session):
        message = names_bad(session.call_error("bad__bad"), UNKNOWN)
        check(re.search("signal 9|about to die|closed its stdout", message), f"the error does not say how: {message}")
        again(session, "again")


@bad.test("sends 65 MiB on one line")
def long():
    with beside("long") as (_, session):
        message = names_bad(session.call_error("bad__bad"), UNAVAILABLE, LIMIT, UNKNOWN)
        check("limits.message" in message, message)
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")


@bad.test("nests 10,000 deep")
def deep():
    with beside("deep", timeout="10s") as (_, session):
        names_bad(session.call_error("bad__bad"), UNAVAILABLE, LIMIT, UNKNOWN)
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")


@bad.test("answers with no valid JSON")
def torn():
    with beside("torn", timeout="10s") as (_, session):
        names_bad(session.call_error("bad__bad"), UNAVAILABLE, LIMIT, UNKNOWN)
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")


@bad.test("answers with a result that is no object")
def wrong():
    with beside("wrong", timeout="10s") as (_, session):
        names_bad(session.call_error("bad__bad"), UNAVAILABLE, UNKNOWN)
        same(session.text("bad__echo", {"text": "after"}), "after", "the same server afterwards")


@bad.test("answers byte by byte")
def split():
    with beside("split") as (_, session):
        same(session.text("bad__bad"), "fine", "its call")


@bad.test("an unknown server, an unknown tool of a known one")
def unknown():
    with beside("split") as (_, session):
        error = session.call_error("nobody__echo")
        same((error["code"], error["data"]["kind"]), (-32002, "unknown_server"), "unknown server")
        for name in ("good__nothing", "good__", "echo", "__echo", "good_echo"):
            code = session.call_error(name)["code"]
            check(code in (-32602, -32002) and (code == -32602 or not name.startswith("good__")), f"{name}: {code}")
