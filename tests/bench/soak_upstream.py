#!/usr/bin/env python3
"""The soak's upstream: an MCP server that misbehaves when it is told to, over stdio or Streamable HTTP.

    tests/bench/soak_upstream.py stdio | http PORT | https PORT CERTIFICATE KEY

Tools: echo, slow {ms}, big {kib}, steps {n} (progress), ask, sample, roots (questions), hang, reset (drops the
connection) and die (kill -9 of itself); each takes a token, and whatever comes back names it.  Over HTTP every other
answer is a stream.
"""
import asyncio
import json
import os
import signal
import ssl
import sys

SESSIONS_MAX = 5000
BODY_MAX = 1 << 20
TOOLS = ("echo", "slow", "big", "steps", "ask", "sample", "roots", "hang", "reset", "die")
CAPABILITIES = {"tools": {"listChanged": True}, "resources": {}, "logging": {}}
QUESTIONS = {
    "ask": ("elicitation/create", lambda token: {"message": token, "requestedSchema": {
        "type": "object", "properties": {"ok": {"type": "boolean"}}}}),
    "sample": ("sampling/createMessage", lambda token: {"maxTokens": 9, "messages": [
        {"role": "user", "content": {"type": "text", "text": token}}]}),
    "roots": ("roots/list", lambda token: {})}
SCHEMA = {"type": "object", "properties": {"token": {"type": "string"}}}


class Session:
    """One client of this server: its questions that wait for an answer, its calls that may be cancelled."""

    def __init__(self):
        self.questions, self.calls, self.last = {}, {}, 0

    async def ask(self, send, tool, token):
        self.last += 1
        name, answer = f"q{self.last}", asyncio.get_running_loop().create_future()
        self.questions[name] = answer
        method, params = QUESTIONS[tool]
        await send({"jsonrpc": "2.0", "id": name, "method": method, "params": params(token)})
        try:
            return await answer
        finally:
            del self.questions[name]

    async def tool(self, params, send, drop):
        name, arguments = params["name"], params.get("arguments", {})
        token = arguments.get("token", "")
        if name == "slow":
            await asyncio.sleep(min(arguments["ms"], 60000) / 1000)
        elif name == "big":
            token += " " + "x" * (1024 * min(arguments["kib"], 8192))
        elif name == "steps":
            for n in range(min(arguments["n"], 100)):
                await send({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": params["_meta"]["progressToken"], "progress": n + 1, "message": token}})
        elif name in QUESTIONS:
            token += " " + await self.ask(send, name, token)
        elif name == "hang":
            await asyncio.Event().wait()
        elif name == "reset":
            drop()
            await asyncio.Event().wait()
        elif name == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif name != "echo":
            return {"content": [{"type": "text", "text": f"no tool {name}"}], "isError": True}
        return {"content": [{"type": "text", "text": token}]}

    async def answer(self, message, send, drop):
        """The response to one request; None when it was cancelled."""
        method, params = message["method"], message.get("params", {})
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        if method == "tools/call":
            self.calls[message["id"]] = asyncio.current_task()
            try:
                return reply | {"result": await self.tool(params, send, drop)}
            except asyncio.CancelledError:
                return None
            finally:
                del self.calls[message["id"]]
        if method == "initialize":
            return reply | {"result": {"protocolVersion": params["protocolVersion"], "capabilities": CAPABILITIES,
                                       "serverInfo": {"name": "soak", "version": "1"}}}
        if method == "tools/list":
            return reply | {"result": {"tools": [{"name": name, "inputSchema": SCHEMA} for name in TOOLS]}}
        if method == "resources/list":
            return reply | {"result": {"resources": []}}
        if method == "resources/templates/list":
            return reply | {"result": {"resourceTemplates": []}}
        if method in ("ping", "logging/setLevel"):
            return reply | {"result": {}}
        return reply | {"error": {"code": -32601, "message": "unknown method"}}

    def take(self, message):
        """What is no request: a response to a question, or a notification."""
        if "method" not in message:
            question = self.questions.get(message.get("id"))
            if question is not None and not question.done():
                question.set_result(json.dumps(message.get("result", {"error": message.get("error")})))
        elif message["method"] == "notifications/cancelled":
            call = self.calls.get(message["params"].get("requestId"))
            if call is not None:
                call.cancel()

    def end(self):
        for call in list(self.calls.values()):
            call.cancel()


# --- stdio -----------------------------------------------------------------------------------------------------

async def stdio():
    loop, session, running = asyncio.get_running_loop(), Session(), set()
    reader = asyncio.StreamReader(limit=BODY_MAX)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def send(message):
        writer.write(json.dumps(message).encode() + b"\n")
        await writer.drain()

    async def serve(message):
        reply = await session.answer(message, send, lambda: os._exit(1))
        if reply is not None:
            await send(reply)

    while line := await reader.readline():
        message = json.loads(line)
        if "method" in message and "id" in message:
            task = loop.create_task(serve(message))
            running.add(task)
            task.add_done_callback(running.discard)
        else:
            session.take(message)


# --- Streamable HTTP -------------------------------------------------------------------------------------------

class Connection:
    sessions = {}
    answers = 0

    def __init__(self, reader, writer):
        self.reader, self.writer, self.is_stream = reader, writer, False

    async def serve(self):
        try:
            while await self.one():
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.writer.close()

    async def one(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        length = int(fields.get("content-length", 0))
        if length > BODY_MAX:
            return False
        body, method = await self.reader.readexactly(length), head[0].split()[0]
        message = json.loads(body) if body else {}
        name, session = fields.get("mcp-session-id"), None
        if message.get("method") == "initialize" and len(self.sessions) < SESSIONS_MAX:
            name = os.urandom(8).hex()
            self.sessions[name] = Session()
        session = self.sessions.get(name)
        if session is None:
            await self.reply(404, {"jsonrpc": "2.0", "error": {"code": -32001, "message": "no such session"}})
        elif method == "DELETE":
            self.sessions.pop(name).end()
            await self.reply(200)
        elif method == "GET":
            await self.head(200, "text/event-stream", "Transfer-Encoding: chunked")
            await self.reader.read(1)       # until it goes away
            return False
        elif "method" in message and "id" in message:
            await self.request(session, message, f"Mcp-Session-Id: {name}")
        else:
            session.take(message)
            await self.reply(202)
        return True

    async def request(self, session, message, *more):
        Connection.answers += 1
        wants_stream = message["method"] == "tools/call" and (
            message["params"]["name"] in ("steps", *QUESTIONS) or Connection.answers % 2)
        if wants_stream:
            await self.head(200, "text/event-stream", "Transfer-Encoding: chunked", *more)
        reply = await asyncio.ensure_future(session.answer(message, self.event, self.writer.transport.abort))
        if not wants_stream:
            await self.reply(200, reply if reply is not None else {}, *more)
            return
        if reply is not None:
            await self.event(reply)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def head(self, status, kind, *more):
        lines = [f"HTTP/1.1 {status} x", f"Content-Type: {kind}", *more, "", ""]
        self.writer.write("\r\n".join(lines).encode())
        await self.writer.drain()

    async def reply(self, status, message=None, *more):
        body = json.dumps(message).encode() if message is not None else b""
        await self.head(status, "application/json", f"Content-Length: {len(body)}", *more)
        self.writer.write(body)
        await self.writer.drain()

    async def event(self, message):
        data = b"event: message\r\ndata: " + json.dumps(message).encode() + b"\r\n\r\n"
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()


async def http(port, context=None):
    async def accept(reader, writer):
        await Connection(reader, writer).serve()
    server = await asyncio.start_server(accept, "127.0.0.1", port, limit=BODY_MAX, reuse_address=True, backlog=512, ssl=context)
    await server.serve_forever()


def tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


if __name__ == "__main__":
    asyncio.run(stdio() if sys.argv[1] == "stdio" else http(int(sys.argv[2]), tls(*sys.argv[3:]) if sys.argv[3:] else None))
