"""A client without an SDK that plays a script and writes down everything it hears: answers, questions, notifications,
and the stream on which each came.  It speaks stdio, Streamable HTTP with its GET stream and resumption, and HTTP+SSE.

A script is a list of steps (script.py); a step is over when its answers and what it waits for have come.  `play`
returns events, {"step", "stream", "what", "message"}, as the drivers of the SDKs do (peers/sdk_client.py, .mjs).
"""
import contextlib
import http.client
import json
import threading
import time
import urllib.parse

from harness import Failure, PATIENCE, Process

ACCEPT = "application/json, text/event-stream"
WAIT = 30               # seconds that expected notifications are waited for after the answer


def parse(text):
    """JSON whose fractions stay as they were written: 1.0 is not 1."""
    return json.loads(text, parse_float=lambda digits: f"<{digits}>")


class Record:
    """What was heard, and the waiting for it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.events, self.answers, self.asked, self.step, self.reason = [], {}, {}, 0, None

    def add(self, what, message, stream):
        with self.changed:
            step = self.asked.get(message.get("id"), self.step) if what == "answer" else self.step
            self.events.append({"step": step, "stream": stream, "what": what, "message": message})
            if what == "answer":
                self.answers[message.get("id")] = message
            self.changed.notify_all()

    def end(self, reason):
        with self.changed:
            self.reason = reason
            self.changed.notify_all()

    def wait(self, condition, patience=PATIENCE):
        with self.changed:
            self.changed.wait_for(lambda: condition() or self.reason, patience)
            return condition()

    def count(self, method):
        """How often a question or notification came in this step."""
        return sum(e["step"] == self.step and e["message"].get("method") == method for e in self.events)


class Client:
    """A transport gives `send(message)`; what comes in goes to `hear`."""

    def __init__(self):
        self.record = Record()
        self.questions = {}             # method -> result, {"error": …}, or None: no answer
        self.revision = self.session = None
        self.next_id = 0

    def hear(self, message, stream):
        if isinstance(message, list):
            for one in message:
                self.hear(one, stream)
        elif "method" not in message:
            self.record.add("answer", message, stream)
        elif "id" not in message:
            self.record.add("notification", message, stream)
        else:
            self.record.add("question", message, stream)
            self.reply(message)

    def reply(self, message):
        if message["method"] == "ping":
            answer = {"result": {}}
        elif message["method"] not in self.questions:
            answer = {"error": {"code": -32601, "message": "not in this script"}}
        elif self.questions[message["method"]] is None:
            return
        else:
            said = self.questions[message["method"]]
            answer = said if set(said) == {"error"} else {"result": said}
        # From a thread of its own: the answer may be what the stream that we read from waits for.
        threading.Thread(target=self.post, args=({"jsonrpc": "2.0", "id": message["id"], **answer},), daemon=True).start()

    def post(self, message):
        with contextlib.suppress(OSError, Failure):
            self.send(message)

    def request(self, method, params=None):
        """Sends it; the id, whose answer comes by `record`."""
        self.next_id += 1
        self.record.asked[self.next_id] = self.record.step
        message = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params is not None:
            message["params"] = params
        self.send(message)
        return message["id"]

    def notify(self, method, params=None):
        self.send({"jsonrpc": "2.0", "method": method} | ({"params": params} if params is not None else {}))

    def answer(self, id):
        if not self.record.wait(lambda: id in self.record.answers):
            raise Failure(f"no answer within {PATIENCE} s" if not self.record.reason else self.record.reason)
        return self.record.answers[id]

    def listen(self):
        """Streamable HTTP opens its second stream here."""


class StdioClient(Client):
    def __init__(self, command, mark, env=None):
        super().__init__()
        self.process = Process(command, mark, env=env, stdio=True)
        self.lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(ValueError, OSError):
            for line in self.process.p.stdout:
                if line.strip():
                    self.hear(parse(line), "stdio")
        self.record.end(f"the server has ended: {self.process.log(4)}")

    def send(self, message):
        with self.lock:
            self.process.p.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.p.stdin.flush()

    def close(self):
        with contextlib.suppress(OSError):
            self.process.p.stdin.close()
        with contextlib.suppress(Exception):
            self.process.p.wait(5)
        self.process.kill()


class Events:
    """The events of one SSE response, with the id and retry that resumption needs."""

    def __init__(self, response):
        self.response, self.last_id, self.retry_ms = response, None, 1000

    def __iter__(self):
        name, data = "message", []
        for raw in self.response:
            line = raw.decode().rstrip("\r\n")
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                if data and "".join(data):
                    yield name, "\n".join(data)
                name, data = "message", []
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "retry" and value.isdigit():
                self.retry_ms = int(value)


class HttpBase(Client):
    def __init__(self, url):
        super().__init__()
        self.url = urllib.parse.urlsplit(url)
        self.open = set()
        self.is_closed = threading.Event()

    def start(self, method, path, body=None, headers=None):
        """(connection, response) of a request on a connection of its own."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=PATIENCE + 15)
        connection.request(method, path, json.dumps(body) if body is not None else None, headers or {})
        self.open.add(connection)
        return connection, connection.getresponse()

    def finish(self, connection):
        self.open.discard(connection)
        connection.close()

    def shut(self):
        self.is_closed.set()
        for connection in list(self.open):
            with contextlib.suppress(OSError, AttributeError):
                connection.sock.shutdown(2)


class HttpClient(HttpBase):
    """Streamable HTTP.  Streams: `post` (the answer's own), `get` (the session's)."""

    def headers(self, **more):
        headers = {"Accept": ACCEPT, "Content-Type": "application/json", **more}
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        if self.revision and self.revision >= "2025-06-18":
            headers["MCP-Protocol-Version"] = self.revision
        return headers

    def send(self, message):
        if isinstance(message, dict) and ("method" not in message or "id" not in message):
            self._post(message)
        else:
            threading.Thread(target=self._post, args=(message,), daemon=True).start()

    def _post(self, message):
        with contextlib.suppress(OSError, http.client.HTTPException) if self.is_closed.is_set() else contextlib.nullcontext():
            connection, response = self.start("POST", self.url.path, message, self.headers())
            try:
                self._take(message, response)
            finally:
                self.finish(connection)

    def _take(self, message, response):
        self.session = self.session or response.headers.get("Mcp-Session-Id")
        if response.headers.get_content_type() == "text/event-stream":
            self._stream(message, response)
        elif body := response.read():
            try:
                parsed = parse(body)
            except ValueError:
                parsed = {"error": {"code": 0, "message": f"HTTP {response.status}: {body[:200]!r}"}}
            # An error about a whole HTTP request may come without its id.
            if "method" not in parsed and parsed.get("id") is None and "id" in message:
                parsed["id"] = message["id"]
            self.hear(parsed, "post")

    def _stream(self, message, response):
        """Reads until the answer has come, over as many responses as the server makes of it."""
        while True:
            events = Events(response)
            for _, data in events:
                self.hear(parse(data), "post")
            if message["id"] in self.record.answers or events.last_id is None or self.is_closed.is_set():
                return
            self.is_closed.wait(events.retry_ms / 1000)
            connection, response = self.start("GET", self.url.path, None, self.headers(**{"Last-Event-ID": events.last_id}))
            if response.status != 200:
                self.hear({"id": message["id"], "error": {"code": 0, "message": f"resumption: HTTP {response.status}"}}, "post")
                return

    def listen(self):
        connection, response = self.start("GET", self.url.path, None, self.headers(Accept="text/event-stream"))
        if response.status != 200:
            self.finish(connection)
            return
        threading.Thread(target=self._listen, args=(connection, response), daemon=True).start()

    def _listen(self, connection, response):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for _, data in Events(response):
                self.hear(parse(data), "get")
        self.finish(connection)

    def close(self):
        self.is_closed.set()
        with contextlib.suppress(OSError, http.client.HTTPException):
            if self.session:
                self.finish(self.start("DELETE", self.url.path, None, self.headers())[0])
        self.shut()


class SseClient(HttpBase):
    """HTTP+SSE of 2024-11-05: one stream down, one POST for each message up."""

    def __init__(self, url):
        super().__init__(url)
        connection, response = self.start("GET", self.url.path, None, {"Accept": "text/event-stream"})
        if response.status != 200:
            raise Failure(f"GET {url}: HTTP {response.status}")
        self.events = iter(Events(response))
        name, data = next(self.events, ("nothing", ""))
        if name != "endpoint":
            raise Failure(f"first event of {url} is {name} {data[:100]!r}, not endpoint")
        self.endpoint = data
        threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for _, data in self.events:
                self.hear(parse(data), "sse")
        self.finish(connection)
        self.record.end("the event stream has ended")

    def send(self, message):
        endpoint = urllib.parse.urlsplit(urllib.parse.urljoin(self.url.geturl(), self.endpoint))
        connection, response = self.start("POST", endpoint.path + ("?" + endpoint.query if endpoint.query else ""), message,
                                          {"Content-Type": "application/json"})
        status, body = response.status, response.read()
        self.finish(connection)
        if status // 100 != 2:
            raise Failure(f"POST {endpoint.path}: HTTP {status} {body[:200]!r}")

    def close(self):
        self.shut()


# --- playing ----------------------------------------------------------------------------------------------------

def filled(value, kept):
    """A step's value with `$name` replaced by what an earlier answer left."""
    if isinstance(value, dict):
        return {k: filled(v, kept) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, kept) for v in value]
    return kept.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value


def at(value, path):
    for name in path.split("."):
        value = value.get(name, {}) if isinstance(value, dict) else {}
    return value


class Play:
    def __init__(self, client, revision, capabilities, questions):
        self.client, self.revision, self.capabilities, self.usual = client, revision, capabilities, questions
        self.record, self.kept, self.tokens = client.record, {}, 0

    def with_token(self, params):
        self.tokens += 1
        params = dict(params or {})
        params["_meta"] = {**params.get("_meta", {}), "progressToken": f"token-{self.tokens}"}
        return params

    def initialize(self):
        id = self.client.request("initialize", {"protocolVersion": self.revision, "capabilities": self.capabilities,
                                                "clientInfo": {"name": "interop", "version": "1"}})
        answer = self.client.answer(id)
        self.client.revision = answer.get("result", {}).get("protocolVersion")
        self.client.listen()

    def pages(self, method, params):
        """All pages of a list, one answer each."""
        cursor = None
        for _ in range(50):
            id = self.client.request(method, {**(params or {}), **({"cursor": cursor} if cursor else {})})
            cursor = self.client.answer(id).get("result", {}).get("nextCursor")
            if cursor is None:
                return

    def one(self, step):
        """A single request: plain, with progress, cancelled."""
        method, params = step["request"][0], filled(step["request"][1], self.kept)
        if step.get("progress"):
            params = self.with_token(params)
        id = self.client.request(method, params)
        if step.get("cancel"):
            self.record.wait(lambda: self.record.count("notifications/progress") > 0, WAIT)
            self.client.notify("notifications/cancelled", {"requestId": id, "reason": "changed my mind"})
            return
        answer = self.client.answer(id)
        for name, path in step.get("keep", {}).items():
            self.kept[name] = at(answer, "result." + path)

    def step(self, index, step):
        self.record.step = index
        self.client.questions = {**self.usual, **step.get("answers", {})}
        self.usual = {**self.usual, **step.get("answers_from_now", {})}
        self.client.questions |= step.get("answers_from_now", {})
        if "initialize" in step:
            self.initialize()
        elif "pages" in step:
            self.pages(*step["pages"])
        elif "request" in step:
            self.one(step)
        for id in [self.client.request(*request) for request in step.get("together", [])]:
            self.client.answer(id)
        if "notify" in step:
            self.client.notify(*step["notify"])
        time.sleep(step.get("pause", 0))
        until = step.get("until", {})
        if not self.record.wait(lambda: all(self.record.count(m) >= n for m, n in until.items()), step.get("wait", WAIT)):
            self.record.add("missed", {m: f"{self.record.count(m)} of {n}" for m, n in until.items()}, "none")


def play(client, steps, revision, capabilities, questions):
    """The events of the whole script; a failure that ends it early is its last event."""
    game = Play(client, revision, capabilities, questions)
    for index, step in enumerate(steps):
        try:
            game.step(index, step)
        except (Failure, OSError, http.client.HTTPException) as error:
            client.record.add("end", {"error": f"{type(error).__name__}: {error}"}, "none")
            break
    client.record.step = len(steps)
    with contextlib.suppress(Exception):
        client.close()
    return client.record.events
