"""The smallest MCP server over stdio: lines of JSON in, lines of JSON out, one table of tools.

Our own peers are made of it where a real server cannot be made to do what a test needs.
"""
import json
import sys
import threading

REVISIONS = ("2025-06-18", "2025-11-25")
lock = threading.Lock()


def write(raw):
    with lock:
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def notify(method, params=None):
    send({"method": method} | ({"params": params} if params is not None else {}))


def text(value, is_error=False):
    return {"content": [{"type": "text", "text": value}], **({"isError": True} if is_error else {})}


def definition(name, **properties):
    return {"name": name, "description": f"Tool {name} of a test", "inputSchema":
            {"type": "object", "properties": {k: {"type": v} for k, v in properties.items()}}}


class Server:
    """tools: {name: (definition, function)}; a function gets (id, arguments) and returns a result, or None when it
    has answered, or will never answer, by itself.  Everything is handled in the order in which it came."""

    def __init__(self, name, tools):
        self.name, self.tools = name, tools
        self.notified = []

    def initialize(self, params):
        asked = params.get("protocolVersion")
        return {"protocolVersion": asked if asked in REVISIONS else REVISIONS[-1],
                "capabilities": {"tools": {"listChanged": True}}, "serverInfo": {"name": self.name, "version": "1"}}

    def call(self, id, params):
        found = self.tools.get(params.get("name"))
        if found is None:
            send({"id": id, "error": {"code": -32602, "message": "unknown tool"}})
            return
        result = found[1](id, params.get("arguments") or {})
        if result is not None:
            send({"id": id, "result": result})

    def take(self, message):
        id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
        if id is None:
            self.notified.append(message)
        elif method == "initialize":
            send({"id": id, "result": self.initialize(params)})
        elif method == "tools/list":
            send({"id": id, "result": {"tools": [d for d, _ in self.tools.values()]}})
        elif method == "tools/call":
            self.call(id, params)
        elif method == "ping":
            send({"id": id, "result": {}})
        elif method is not None:
            send({"id": id, "error": {"code": -32601, "message": "unknown method"}})

    def run(self):
        for line in sys.stdin.buffer:
            if line.strip():
                self.take(json.loads(line))
