"""MCP without an SDK: JSON-RPC over a child's pipes and over HTTP, from the standard library alone.

Used where a test must see exactly what is on the wire, or send what no SDK would.
"""
import http.client
import json
import socket
import subprocess
import threading

from harness import Failure, check, PATIENCE, Process

REVISION = "2025-11-25"
ACCEPT = "application/json, text/event-stream"


def initialize_params(revision=REVISION, capabilities=None):
    return {"protocolVersion": revision, "capabilities": capabilities or {},
            "clientInfo": {"name": "interop", "version": "1"}}


class Peer:
    """What both transports share: ids, requests, and the tools' usual calls."""

    next_id = 0

    def request(self, method, params=None, **more):
        """The whole response."""
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params is not None:
            message["params"] = params
        return self.exchange(message, **more)

    def result(self, method, params=None, **more):
        response = self.request(method, params, **more)
        check("result" in response, f"{method} failed: {response.get('error')}")
        return response["result"]

    def error(self, method, params=None, **more):
        response = self.request(method, params, **more)
        check("error" in response, f"{method} should have failed: {str(response)[:300]}")
        return response["error"]

    def call(self, tool, arguments=None, **more):
        return self.result("tools/call", {"name": tool, "arguments": arguments or {}}, **more)

    def text(self, tool, arguments=None, **more):
        return self.call(tool, arguments, **more)["content"][0]["text"]

    def call_error(self, tool, arguments=None, **more):
        return self.error("tools/call", {"name": tool, "arguments": arguments or {}}, **more)

    def tools(self):
        """{name: definition} over all pages, and the last page's _meta."""
        found, cursor = {}, None
        for _ in range(100):
            result = self.result("tools/list", {"cursor": cursor} if cursor else {})
            for tool in result["tools"]:
                check(tool["name"] not in found, f"{tool['name']} is listed twice")
                found[tool["name"]] = tool
            cursor = result.get("nextCursor")
            if cursor is None:
                return found, result.get("_meta", {})
        raise Failure("tools/list never ends")

    def begin(self, revision=REVISION, capabilities=None):
        self.server = self.result("initialize", initialize_params(revision, capabilities))
        self.revision = self.server["protocolVersion"]
        self.notify("notifications/initialized")
        return self


class Stdio(Peer):
    """A server as a child, or an already running one by its Process.  Answers are sorted by id, so that calls
    may be open at the same time; what is no answer is kept in `others`."""

    def __init__(self, command=None, env=None, process=None, mark="none"):
        self.process = process or Process(command, mark, env=env, stdio=True)
        self.answers, self.others = {}, []
        self.changed = threading.Condition()
        self.is_over = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.p.stdout:
            message = json.loads(line)
            with self.changed:
                if "method" in message:
                    self.others.append(message)
                else:
                    self.answers[message.get("id")] = message
                self.changed.notify_all()
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def send(self, message):
        raw = json.dumps(message).encode() + b"\n" if not isinstance(message, bytes) else message
        with self.lock:
            self.process.p.stdin.write(raw)
            self.process.p.stdin.flush()

    def notify(self, method, params=None):
        self.send({"jsonrpc": "2.0", "method": method} | ({"params": params} if params is not None else {}))

    def wait_for(self, what, find, patience=PATIENCE):
        with self.changed:
            self.changed.wait_for(lambda: find() is not None or self.is_over, patience)
            found = find()
        check(found is not None, f"{what}: " + ("the connection has ended" if self.is_over else
                                                f"nothing within {patience} s"))
        return found

    def answer(self, id, patience=PATIENCE):
        found = self.wait_for(f"answer to {id}", lambda: self.answers.get(id), patience)
        self.answers.pop(id, None)
        return found

    def exchange(self, message, patience=PATIENCE):
        self.send(message)
        return self.answer(message["id"], patience)

    def close(self):
        """Closes its stdin and lets it end by itself; its exit status."""
        self.process.p.stdin.close()
        try:
            status = self.process.p.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"it did not end within {PATIENCE} s after its stdin was closed") from None
        self.thread.join(5)
        self.process._close()
        return status


def events(body):
    """The data of an SSE body, as parsed messages."""
    found, data = [], []
    for line in body.decode().replace("\r\n", "\n").split("\n"):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line == "" and data:
            text = "\n".join(data)
            data = []
            if text:
                found.append(json.loads(text))
    return found


class Http(Peer):
    """One session over one kept connection; not for several threads at once."""

    def __init__(self, url, patience=PATIENCE, context=None):
        host, rest = url.split("://")[1].split("/", 1)
        self.host, port = host.rsplit(":", 1)
        self.port, self.path = int(port), "/" + rest
        self.patience = patience
        self.http = (http.client.HTTPSConnection(self.host, self.port, timeout=patience, context=context)
                     if context else http.client.HTTPConnection(self.host, self.port, timeout=patience))
        self.session = None
        self.revision = None
        self.others = []

    def headers(self):
        headers = {"Accept": ACCEPT, "Content-Type": "application/json"}
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        if self.revision:
            headers["MCP-Protocol-Version"] = self.revision
        return headers

    def raw(self, method="POST", body=None, headers=None, path=None):
        """(status, headers, body) of one request with exactly these headers (None: the usual ones)."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        self.http.request(method, path or self.path, body, self.headers() if headers is None else headers)
        response = self.http.getresponse()
        return response.status, response.headers, response.read()

    def exchange(self, message):
        status, headers, body = self.raw(body=message)
        self.session = headers.get("Mcp-Session-Id") or self.session
        check(status == 200, f"HTTP {status}: {body[:300]!r}")
        if headers.get_content_type() == "text/event-stream":
            messages = events(body)
        else:
            messages = [json.loads(body)]
        self.others += [m for m in messages if "method" in m]
        answers = [m for m in messages if "method" not in m]
        check(len(answers) == 1, f"{len(answers)} answers to one request")
        check(answers[0]["id"] == message["id"], f"answer to {answers[0]['id']}, not {message['id']}")
        return answers[0]

    def notify(self, method, params=None):
        status, _, body = self.raw(body={"jsonrpc": "2.0", "method": method} |
                                   ({"params": params} if params is not None else {}))
        check(status == 202 and body == b"", f"HTTP {status} to a notification: {body[:200]!r}")

    def close(self):
        self.http.close()


def bytes_exchange(port, data, patience=PATIENCE):
    """Sends bytes on a connection of their own and reads until the other side closes or one reply is whole."""
    with socket.create_connection(("127.0.0.1", port), patience) as s:
        s.sendall(data)
        response = http.client.HTTPResponse(s)
        response.begin()
        return response.status, response.headers, response.read()
