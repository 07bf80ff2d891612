"""Clients of the soak: sessions over Streamable HTTP and over stdio, each with one connection to the gateway's faults.

A session's request() returns all responses that came for its id, so that none and two are seen.  What the gateway
asks or tells meanwhile goes to the owner's on_message.
"""
import asyncio
import json

BODY_MAX = 16 << 20
READ_LIMIT = 64 << 10           # small: a reader that pauses is felt by the gateway
REVISION = "2025-11-25"


class Gone(Exception):
    """The connection or the session is over; the text says how."""


class Connection:
    """One HTTP/1.1 connection, one request at a time."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=READ_LIMIT)

    async def send(self, method, path, fields, body=b""):
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(body)}",
                *(f"{k}: {v}" for k, v in fields.items()), "", ""]
        self.writer.write("\r\n".join(head).encode() + body)
        await self.writer.drain()
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
        return int(lines[0].split()[1]), fields

    async def parts(self, fields, pause):
        """The body as it comes; a slow reader pauses before each part."""
        if fields.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                left = size
                while left > 0:
                    await asyncio.sleep(pause())
                    part = await self.reader.read(min(left, READ_LIMIT))
                    if not part:
                        raise Gone("closed in a chunk")
                    left -= len(part)
                    yield part
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            return
        left = int(fields.get("content-length", 0))
        while left > 0:
            await asyncio.sleep(pause())
            part = await self.reader.read(min(left, READ_LIMIT))
            if not part:
                raise Gone("closed in a body")
            left -= len(part)
            yield part

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None


async def messages(parts, is_stream):
    """JSON-RPC messages of a body: one, or the data of the events of a stream."""
    held = b""
    async for part in parts:
        held += part
        if len(held) > BODY_MAX:
            raise Gone("more than was asked for")
        while is_stream and b"\n\n" in held:
            event, _, held = held.partition(b"\n\n")
            data = b"\n".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
            if data:
                yield json.loads(data)
    if not is_stream and held:
        yield json.loads(held)


class HttpSession:
    def __init__(self, port, on_message):
        self.port, self.on_message, self.name, self.idle, self.stream = port, on_message, None, [], None

    def fields(self):
        fields = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        if self.name:
            fields |= {"Mcp-Session-Id": self.name, "MCP-Protocol-Version": REVISION}
        return fields

    async def exchange(self, message, pause=lambda: 0):
        """POSTs one message; (status, [responses])."""
        connection = self.idle.pop() if self.idle else Connection(self.port)
        responses = []
        try:
            if connection.writer is None:
                await connection.open()
            status, fields = await connection.send("POST", "/mcp", self.fields(), json.dumps(message).encode())
            self.name = fields.get("mcp-session-id", self.name)
            is_stream = fields.get("content-type", "").startswith("text/event-stream")
            async for got in messages(connection.parts(fields, pause), is_stream):
                if "method" in got:
                    self.on_message(got)
                elif got.get("id") == message.get("id"):
                    responses.append(got)
                else:
                    raise Gone(f"a response for another request: {got.get('id')!r}")
        except (OSError, asyncio.IncompleteReadError) as e:
            connection.close()
            raise Gone(type(e).__name__) from None
        except BaseException:
            connection.close()
            raise
        if fields.get("connection", "").lower() == "close":
            connection.close()
        else:
            self.idle.append(connection)
        return status, responses

    async def request(self, message, pause=lambda: 0):
        status, responses = await self.exchange(message, pause)
        if status != 200:
            raise Gone(f"HTTP {status}")
        return responses

    async def notify(self, message):
        await self.exchange(message)

    async def listen(self):
        """The session's GET stream, until it ends."""
        connection = self.stream = Connection(self.port)
        try:
            await connection.open()
            status, fields = await connection.send("GET", "/mcp", self.fields() | {"Accept": "text/event-stream"})
            if status == 200:
                async for got in messages(connection.parts(fields, lambda: 0), True):
                    self.on_message(got)
        except (OSError, asyncio.IncompleteReadError, AttributeError, Gone):
            pass
        finally:
            connection.close()

    async def leave(self, is_polite):
        if is_polite and self.name:
            connection = Connection(self.port)
            try:
                await connection.open()
                await connection.send("DELETE", "/mcp", self.fields())
            except (OSError, asyncio.IncompleteReadError):
                pass
            connection.close()
        for connection in self.idle:
            connection.close()
        self.idle.clear()
        if self.stream is not None:
            self.stream.close()


class StdioSession:
    """A gateway of its own, on stdin and stdout."""

    def __init__(self, command, on_message, log):
        self.command, self.on_message, self.log = command, on_message, log
        self.waiting, self.child, self.reading = {}, None, None

    async def open(self):
        with open(self.log, "ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                limit=BODY_MAX)
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        while line := await self.child.stdout.readline():
            got = json.loads(line)
            if "method" in got:
                self.on_message(got)
            elif got.get("id") in self.waiting:
                answers, first = self.waiting[got["id"]]
                answers.append(got)
                if not first.done():
                    first.set_result(None)
            else:
                self.on_message({"method": "response to nothing", "params": got})
        for _, first in self.waiting.values():
            if not first.done():
                first.set_exception(Gone("the gateway ended"))

    async def request(self, message, pause=lambda: 0):
        answers, first = self.waiting[message["id"]] = [], asyncio.get_running_loop().create_future()
        try:
            await self.notify(message)
            await first
            await asyncio.sleep(0)
            return answers
        finally:
            del self.waiting[message["id"]]

    async def notify(self, message):
        try:
            self.child.stdin.write(json.dumps(message).encode() + b"\n")
            await self.child.stdin.drain()
        except OSError:
            raise Gone("the gateway ended") from None

    async def listen(self):
        pass

    async def leave(self, is_polite):
        """Its exit status; the end of stdin is how a client says so."""
        self.child.stdin.close()
        try:
            return await asyncio.wait_for(self.child.wait(), 30)
        except asyncio.TimeoutError:
            self.child.kill()
            return "did not end in 30 s"
        finally:
            await self.reading
