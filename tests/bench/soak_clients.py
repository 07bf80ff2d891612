"""Clients of the soak: sessions over Streamable HTTP, HTTP+SSE and stdio, each with one view of the gateway's faults.

A session's request() returns all responses that came for its id, so that none and two are seen.  What the gateway
asks or tells meanwhile goes to the owner's on_message.
"""
import asyncio
import contextlib
import json
import time

BODY_MAX = 16 << 20
READ_LIMIT = 64 << 10           # small: a reader that pauses is felt by the gateway
AWAY_S = 0.3                    # between the loss of a stream and coming back
KEEP_S = 30                     # an idle connection is used again; the gateway closes it after 75 s (net/net.h)


class Gone(Exception):
    """The connection or the session is over; the text says how."""


class Connection:
    """One HTTP/1.1 connection, one request at a time."""

    def __init__(self, port):
        self.port, self.reader, self.writer, self.is_lost = port, None, None, False

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

    def lose(self):
        self.is_lost = True
        self.close()


class Idle:
    """The connections of a session that wait for their next request."""

    def __init__(self, port):
        self.port, self.waiting = port, []

    async def take(self):
        while self.waiting:
            connection, since = self.waiting.pop()
            if time.monotonic() - since < KEEP_S:
                return connection
            connection.close()
        connection = Connection(self.port)
        try:
            await connection.open()
        except OSError as e:
            raise Gone(type(e).__name__) from None
        return connection

    def put(self, connection):
        self.waiting.append((connection, time.monotonic()))

    def close(self):
        for connection, _ in self.waiting:
            connection.close()
        self.waiting.clear()


async def events(parts):
    """(id, name, data) of the events of a stream."""
    held = b""
    async for part in parts:
        held += part
        if len(held) > BODY_MAX:
            raise Gone("more than was asked for")
        while b"\n\n" in held:
            event, _, held = held.partition(b"\n\n")
            fields = dict.fromkeys((b"id", b"event", b"data"), b"")
            for line in event.splitlines():
                name, _, value = line.partition(b":")
                fields[name] = value.strip()
            yield fields[b"id"].decode(), fields[b"event"].decode(), fields[b"data"]


async def messages(parts, is_stream):
    """JSON-RPC messages of a body: one, or the data of the events of a stream."""
    if is_stream:
        async for _, _, data in events(parts):
            if data:
                yield json.loads(data)
        return
    body = b"".join([part async for part in parts])
    if body:
        yield json.loads(body)


def is_event_stream(fields):
    return fields.get("content-type", "").startswith("text/event-stream")


class HttpSession:
    """Streamable HTTP; a call that was cancelled still ends its request."""
    hears_cancelled, is_unknown = True, False

    def __init__(self, port, on_message, revision="2025-11-25"):
        self.port, self.on_message, self.revision = port, on_message, revision
        self.name, self.idle, self.streams, self.seen = None, Idle(port), set(), set()
        self.answered = 0

    async def open(self):
        pass

    def fields(self):
        fields = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        if self.name:
            fields |= {"Mcp-Session-Id": self.name, "MCP-Protocol-Version": self.revision}
        return fields

    def known(self, status):
        """A session that the gateway does not know is a fault, once: its client begins another."""
        was, self.answered = self.answered, time.monotonic()
        if status == 404:
            self.is_unknown = True
            raise Gone(f"HTTP 404, no such session {self.answered - was:.0f} s after an answer began")

    async def exchange(self, message, pause=lambda: 0):
        """POSTs one message; (status, [responses])."""
        connection, responses = await self.idle.take(), []
        try:
            status, fields = await connection.send("POST", "/mcp", self.fields(), json.dumps(message).encode())
            self.name = fields.get("mcp-session-id", self.name)
            self.known(status)
            async for got in messages(connection.parts(fields, pause), is_event_stream(fields)):
                self.take(got, message, responses)
        except (OSError, asyncio.IncompleteReadError) as e:
            connection.close()
            raise Gone(type(e).__name__) from None
        except BaseException:
            connection.close()
            raise
        if fields.get("connection", "").lower() == "close":
            connection.close()
        else:
            self.idle.put(connection)
        return status, responses

    async def request(self, message, pause=lambda: 0):
        status, responses = await self.exchange(message, pause)
        if status != 200:
            raise Gone(f"HTTP {status}")
        return responses

    async def notify(self, message):
        await self.exchange(message)

    def take(self, got, message, responses):
        if "method" in got:
            self.on_message(got)
        elif got.get("id") == message.get("id"):
            responses.append(got)
        else:
            raise Gone(f"a response for another request: {got.get('id')!r}")

    async def stream(self, connection, method, path, last, body, lost_s):
        """(id, message) of one event stream until it ends, or is lost lost_s seconds after its first event with an id."""
        timer, loop = None, asyncio.get_running_loop()
        self.streams.add(connection)
        try:
            await connection.open()
            more = {"Last-Event-ID": last} if last else {}
            status, fields = await connection.send(method, path, self.fields() | more, body)
            if status != 200 or not is_event_stream(fields):
                raise Gone(f"{method} of a stream: HTTP {status}")
            async for event, _, data in events(connection.parts(fields, lambda: 0)):
                if event in self.seen:
                    self.on_message({"method": "event twice", "params": {"id": event}})
                if event:
                    self.seen.add(event)
                if event and lost_s is not None and timer is None:
                    timer = loop.call_later(lost_s, connection.lose)
                yield event, json.loads(data) if data else None
        except (OSError, asyncio.IncompleteReadError, Gone) as e:
            if not connection.is_lost:
                raise e if isinstance(e, Gone) else Gone(type(e).__name__) from None
        finally:
            if timer is not None:
                timer.cancel()
            self.streams.discard(connection)
            connection.close()

    async def resumed(self, message, losses):
        """request() on an event stream that is lost after each of losses seconds, and gone on with."""
        last, responses, body = None, [], json.dumps(message).encode()
        method, path, losses = "POST", "/sse", [*losses, None]
        while losses:
            connection, lost_s = Connection(self.port), losses.pop(0)
            async with contextlib.aclosing(self.stream(connection, method, path, last, body, lost_s)) as stream:
                async for event, got in stream:
                    last = event or last
                    if got is not None:
                        self.take(got, message, responses)
            if not connection.is_lost or responses:
                break
            method, path, body = "GET", "/mcp", b""
            await asyncio.sleep(AWAY_S)
        return responses

    async def listen(self, loss):
        """The session's GET stream, lost after each loss() seconds and gone on with, until the gateway ends it."""
        last = None
        with contextlib.suppress(Gone):
            while True:
                connection = Connection(self.port)
                async with contextlib.aclosing(self.stream(connection, "GET", "/mcp", last, b"", loss())) as stream:
                    async for event, got in stream:
                        last = event or last
                        if got is not None:
                            self.on_message(got if "method" in got else
                                            {"method": "response to nothing", "params": got})
                if not connection.is_lost:
                    return
                await asyncio.sleep(AWAY_S)

    async def leave(self, is_polite):
        if is_polite and self.name:
            connection = Connection(self.port)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await connection.open()
                await connection.send("DELETE", "/mcp", self.fields())
            connection.close()
        for connection in self.streams:
            connection.close()
        self.idle.close()


class Waiting:
    """What sessions with one channel share: each response is for a request that waits."""
    hears_cancelled, is_unknown = False, False

    def __init__(self, on_message):
        self.on_message, self.waiting, self.is_over = on_message, {}, False

    def take(self, got):
        if "method" in got:
            self.on_message(got)
        elif got.get("id") in self.waiting:
            answers, first = self.waiting[got["id"]]
            answers.append(got)
            if not first.done():
                first.set_result(None)
        else:
            self.on_message({"method": "response to nothing", "params": got})

    def over(self, text):
        self.is_over = True
        for _, first in self.waiting.values():
            if not first.done():
                first.set_exception(Gone(text))

    async def request(self, message, pause=lambda: 0):
        answers, first = self.waiting[message["id"]] = [], asyncio.get_running_loop().create_future()
        try:
            await self.notify(message)
            if self.is_over and not first.done():
                raise Gone("the gateway ended")
            await first
            await asyncio.sleep(0)
            return answers
        finally:
            del self.waiting[message["id"]]

    async def listen(self, loss):
        pass


class SseSession(Waiting):
    """HTTP+SSE: whatever comes, comes on the one stream, and with it the session ends."""

    def __init__(self, port, on_message):
        super().__init__(on_message)
        self.port, self.path, self.stream, self.reading, self.idle = port, None, None, None, Idle(port)

    async def open(self):
        self.stream = Connection(self.port)
        try:
            await self.stream.open()
            status, fields = await self.stream.send("GET", "/sse", {"Accept": "text/event-stream"})
        except (OSError, asyncio.IncompleteReadError) as e:
            raise Gone(type(e).__name__) from None
        if status != 200:
            raise Gone(f"HTTP {status}")
        told = asyncio.get_running_loop().create_future()
        self.reading = asyncio.create_task(self.read(fields, told))
        self.path = await told

    async def read(self, fields, told):
        text = "the stream ended"
        try:
            async for _, name, data in events(self.stream.parts(fields, lambda: 0)):
                if name == "endpoint":
                    told.set_result(data.decode())
                elif data:
                    self.take(json.loads(data))
        except (OSError, asyncio.IncompleteReadError, Gone) as e:
            text = f"{type(e).__name__} {e}"
        finally:
            if not told.done():
                told.set_exception(Gone(text))
            self.over(text)

    async def notify(self, message):
        connection = await self.idle.take()
        try:
            status, fields = await connection.send("POST", self.path, {"Content-Type": "application/json"},
                                                   json.dumps(message).encode())
            async for _ in connection.parts(fields, lambda: 0):
                pass
        except (OSError, asyncio.IncompleteReadError) as e:
            connection.close()
            raise Gone(type(e).__name__) from None
        except BaseException:
            connection.close()
            raise
        self.idle.put(connection)
        if status != 202:
            raise Gone(f"HTTP {status}")

    async def leave(self, is_polite):
        if self.stream is not None:
            self.stream.close()
        self.idle.close()
        if self.reading is not None:
            await self.reading


class StdioSession(Waiting):
    """A gateway of its own, on stdin and stdout."""

    def __init__(self, command, on_message, log):
        super().__init__(on_message)
        self.command, self.log, self.child, self.reading = command, log, None, None

    async def open(self):
        with open(self.log, "ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                limit=BODY_MAX)
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        while line := await self.child.stdout.readline():
            self.take(json.loads(line))
        self.over("the gateway ended")

    async def notify(self, message):
        try:
            self.child.stdin.write(json.dumps(message).encode() + b"\n")
            await self.child.stdin.drain()
        except OSError:
            raise Gone("the gateway ended") from None

    async def leave(self, is_polite):
        """Its exit status; the end of stdin is how a client says so."""
        self.child.stdin.close()
        try:
            return await asyncio.wait_for(self.child.wait(), 30)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.child.kill()
            return f"did not end in 30 s, known status {self.child.returncode}"
        finally:
            await self.reading
