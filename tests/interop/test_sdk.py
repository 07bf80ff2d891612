"""The official Python SDK as client: over Streamable HTTP, over stdio, and many of both at once on one gateway."""
import asyncio
import contextlib
import json
import warnings

import harness
from harness import (Failure, Folder, Gateway, MARK, PATIENCE, check, check_sanitizers, config_write, no_one_left,
                     same)
from house import House

try:
    import mcp_types as types
    from mcp import Client, MCPError, StdioServerParameters
    from mcp.client.session import ClientSession
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.exceptions import MCPDeprecationWarning
    warnings.simplefilter("ignore", MCPDeprecationWarning)
except ImportError:                             # the tests below are skipped by the runner, with the reason
    pass


async def until(what, condition, patience=PATIENCE):
    """Waits for something that must become true; condition may be async."""
    try:
        async with asyncio.timeout(patience):
            while True:
                value = condition()
                value = await value if asyncio.iscoroutine(value) else value
                if value:
                    return value
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise Failure(f"{what}: not within {patience} s") from None


class Hooks:
    """What the client's user does: answers questions, notes notifications."""

    def __init__(self):
        self.asked, self.seen = [], []
        self.answer = None

    async def elicit(self, context, params):
        self.asked.append(params)
        answer = self.answer(params) if callable(self.answer) else self.answer
        return await answer if asyncio.iscoroutine(answer) else answer

    async def message(self, message):
        self.seen.append(message)

    def changes(self):
        return sum(isinstance(m, types.ToolListChangedNotification) for m in self.seen)

    def arguments(self):
        return {"elicitation_callback": self.elicit, "message_handler": self.message}


class Sdk:
    def __init__(self, house, client, hooks, url, process=None):
        self.house, self.client, self.hooks, self.url, self.process = house, client, hooks, url, process


def text(result):
    return result.content[0].text


@contextlib.asynccontextmanager
async def gateway_stdio(house, http):
    """(transport, URL or None): one `bascule serve` that the SDK starts, with HTTP beside it if wanted."""
    folder = Folder()
    log = open(folder.file("log"), "w+")
    try:
        listen = {"stdio": True} | ({"http": "127.0.0.1:0"} if http else {})
        config = config_write(folder, house.upstreams(), listen=listen)
        arguments = ["serve", "-c", config] + ([] if http else ["--transport", "stdio"])
        yield (stdio_client(StdioServerParameters(command=harness.BASCULE, args=arguments, env={MARK: folder.mark}),
                            errlog=log), folder)
        await asyncio.to_thread(no_one_left, folder.mark)
        log.seek(0)
        check_sanitizers(log)
    except BaseException as error:
        log.seek(0)
        error.log = log.read().splitlines()[-12:]
        raise
    finally:
        log.close()
        folder.close()


async def url_in(folder):
    def find():
        with open(folder.file("log")) as f:
            for line in f:
                if "listening on " in line:
                    return line.split("listening on ")[1].split()[0]
    return await until("the gateway says where it listens", find)


@contextlib.asynccontextmanager
async def over_http():
    with contextlib.ExitStack() as stack:
        house = House(stack)
        gateway = stack.enter_context(Gateway(house.upstreams()))
        hooks = Hooks()
        async with Client(gateway.url, mode="legacy", **hooks.arguments()) as client:
            yield Sdk(house, client, hooks, gateway.url, gateway.process)


@contextlib.asynccontextmanager
async def over_stdio():
    with contextlib.ExitStack() as stack:
        house = House(stack)
        hooks = Hooks()
        async with gateway_stdio(house, http=False) as (transport, _):
            async with Client(transport, mode="legacy", **hooks.arguments()) as client:
                yield Sdk(house, client, hooks, None)


@contextlib.asynccontextmanager
async def over_both():
    with contextlib.ExitStack() as stack:
        house = House(stack)
        hooks = Hooks()
        async with gateway_stdio(house, http=True) as (transport, folder):
            async with Client(transport, mode="legacy", **hooks.arguments()) as client:
                yield Sdk(house, client, hooks, await url_in(folder))


@contextlib.asynccontextmanager
async def session_at(revision, transport, hooks):
    """A session of the SDK that offers an older revision than its newest."""
    async with transport as (read, write):
        async with ClientSession(read, write, **hooks.arguments()) as session:
            offer = types.InitializeRequest(params=types.InitializeRequestParams(
                protocol_version=revision, client_info=types.Implementation(name="interop", version="1"),
                capabilities=types.ClientCapabilities(elicitation=types.ElicitationCapability())))
            session.adopt(await session.send_request(offer, types.InitializeResult))
            await session.send_notification(types.InitializedNotification())
            yield session


# --- what every front must do -----------------------------------------------------------------------------------

EVERYTHING, FILES, MEMORY, GO = ("server-everything",), ("server-filesystem",), ("server-memory",), ("everything-server",)
FIRST_TOOL = {"everything": "echo", "files": "read_text_file", "memory": "read_graph", "go": "test_simple_text",
              "gohttp": "test_simple_text", "webevery": "echo", "sseevery": "echo", "ssesdk": "echo", "big": "echo"}


async def refused(call):
    try:
        result = await call
    except MCPError as error:
        return error.error
    raise Failure(f"it was not refused: {str(result)[:200]}")


async def call_each(sdk, call):
    """One call of each server that is there; call is a session's or a client's call_tool."""
    rows = {"everything": ({"message": "hello"}, "Echo: hello"), "webevery": ({"message": "hi"}, "Echo: hi"),
            "sseevery": ({"message": "ho"}, "Echo: ho"), "ssesdk": ({"text": "hej"}, "hej"),
            "files": ({"path": sdk.house.files + "/hello.txt"}, "héllo, bascule\n"), "memory": ({}, None),
            "go": ({}, None), "gohttp": ({}, None), "big": ({"text": "hey"}, "hey")}
    for name in sdk.house.names:
        arguments, want = rows[name]
        result = await call(f"{name}__{FIRST_TOOL[name]}", arguments)
        check(not result.is_error, f"{name}: {result}")
        if want is not None:
            same(text(result), want, f"answer of {name}")
        else:
            check(text(result), f"{name} answered nothing")


def accept(params):
    """An answer that fits the question: the named values, else the defaults."""
    content = {"name": "Ada", "check": True, "username": "ada", "email": "ada@example.com", "integer": 7, "number": 2.5}
    known = params.requested_schema["properties"]
    return types.ElicitResult(action="accept", content={k: v for k, v in content.items() if k in known})


def add(group, front):
    @group.test(f"{front}: the handshake is at 2025-11-25")
    async def handshake(sdk):
        same(sdk.client.protocol_version, "2025-11-25", "revision")
        same(sdk.client.server_info.name, "bascule", "serverInfo.name")
        check(sdk.client.server_capabilities.tools.list_changed, "no tools.listChanged")

    @group.test(f"{front}: tools of every server are listed")
    async def listed(sdk):
        async def complete():
            names = {t.name for t in (await sdk.client.list_tools(cache_mode="bypass")).tools}
            return all(f"{name}__{FIRST_TOOL[name]}" in names for name in sdk.house.names)
        await until("all servers are listed", complete)

    @group.test(f"{front}: a tool of each server is called")
    async def called(sdk):
        await call_each(sdk, sdk.client.call_tool)

    @group.test(f"{front}: three real servers behind one gateway", EVERYTHING + FILES + MEMORY)
    async def three(sdk):
        echo, listing, graph = await asyncio.gather(
            sdk.client.call_tool("everything__echo", {"message": "a"}),
            sdk.client.call_tool("files__list_directory", {"path": sdk.house.files}),
            sdk.client.call_tool("memory__create_entities", {"entities": [
                {"name": f"bridge over {front}", "entityType": "bridge", "observations": ["it rises"]}]}))
        same(text(echo), "Echo: a", "echo")
        check("hello.txt" in text(listing), text(listing))
        check(f"bridge over {front}" in json.dumps(graph.structured_content), str(graph))

    @group.test(f"{front}: structured content", EVERYTHING)
    async def structured(sdk):
        result = await sdk.client.call_tool("everything__get-structured-content", {"location": "Chicago"})
        same(result.structured_content, {"temperature": 36, "conditions": "Light rain / drizzle", "humidity": 82}, "content")
        same(json.loads(text(result)), result.structured_content, "text")

    @group.test(f"{front}: isError", GO)
    async def is_error(sdk):
        for name in ("go", "gohttp"):
            result = await sdk.client.call_tool(f"{name}__test_error_handling", {})
            check(result.is_error is True and text(result), f"{name}: {result}")

    @group.test(f"{front}: progress, in order and before the result", EVERYTHING + GO)
    async def progress(sdk):
        for tool, arguments, want in (
                ("everything__trigger-long-running-operation", {"duration": 0.5, "steps": 5}, [(i, 5) for i in range(1, 6)]),
                ("webevery__trigger-long-running-operation", {"duration": 0.5, "steps": 5}, [(i, 5) for i in range(1, 6)]),
                ("go__test_tool_with_progress", {}, [(0, 100), (50, 100), (100, 100)]),
                ("gohttp__test_tool_with_progress", {}, [(0, 100), (50, 100), (100, 100)])):
            seen = []

            async def note(done, total, message):
                seen.append((done, total))
            result = await sdk.client.call_tool(tool, arguments, progress_callback=note)
            check(not result.is_error, str(result))
            await until(f"progress of {tool}", lambda: len(seen) >= len(want))
            same(seen, want, f"progress of {tool}")

    @group.test(f"{front}: two calls with progress at once keep theirs apart", EVERYTHING)
    async def progress_two(sdk):
        seen = {3: [], 4: []}

        def noter(steps):
            async def note(done, total, message):
                seen[steps].append((done, total))
            return note
        await asyncio.gather(*(sdk.client.call_tool("everything__trigger-long-running-operation",
                                                    {"duration": 0.4, "steps": n}, progress_callback=noter(n)) for n in seen))
        await until("all progress", lambda: all(len(v) >= n for n, v in seen.items()))
        same(seen, {n: [(i, n) for i in range(1, n + 1)] for n in seen}, "progress")

    @group.test(f"{front}: a cancelled call is cancelled at the server, others go on")
    async def cancelled(sdk):
        async def seen():
            got = json.loads(text(await sdk.client.call_tool("big__seen", {})))
            return got["waits"], [m["params"]["requestId"] for m in got["notifications"]
                                  if m["method"] == "notifications/cancelled"]
        waits, before = await seen()
        other = asyncio.create_task(sdk.client.call_tool("big__wait", {}))
        task = asyncio.create_task(sdk.client.call_tool("big__wait", {}))

        async def both_there():
            return (await seen())[0] == waits + 2
        await until("both calls are with the server", both_there)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

        async def arrived():
            return len((await seen())[1]) > len(before)
        await until("the server hears of it", arrived)
        check(not other.done(), "another call ended with it")
        same(len((await seen())[1]), len(before) + 1, "cancellations")
        other.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await other

    @group.test(f"{front}: a question is accepted, and its answer reaches the server", GO)
    async def elicit_go(sdk):
        for name in ("go", "gohttp"):
            sdk.hooks.asked.clear()
            sdk.hooks.answer = accept
            result = await sdk.client.call_tool(f"{name}__test_elicitation", {"message": "Who are you?"})
            same(len(sdk.hooks.asked), 1, f"questions of {name}")
            check("Who are you?" in sdk.hooks.asked[0].message, str(sdk.hooks.asked[0]))
            check("accept" in text(result) and "ada" in text(result), f"{name}: {text(result)}")

    @group.test(f"{front}: a question is accepted by server-everything", EVERYTHING)
    async def elicit_everything(sdk):
        sdk.hooks.asked.clear()
        sdk.hooks.answer = accept
        tool = "everything__trigger-elicitation-request"

        async def offered():
            return tool in {t.name for t in (await sdk.client.list_tools(cache_mode="bypass")).tools}
        await until("the tool is offered to a client that can be asked", offered)
        result = await sdk.client.call_tool(tool, {})
        same(len(sdk.hooks.asked), 1, "questions")
        whole = "".join(c.text for c in result.content)
        for part in ("Name: Ada", "Agreed to terms: true", "Favorite Integer: 7", '"action": "accept"'):
            check(part in whole, f"{part!r} is not in {whole!r}")

    @group.test(f"{front}: a question is declined, and cancelled", GO)
    async def elicit_no(sdk):
        for name in ("go", "gohttp"):
            for action in ("decline", "cancel"):
                sdk.hooks.answer = types.ElicitResult(action=action)
                result = await sdk.client.call_tool(f"{name}__test_elicitation", {"message": "?"})
                check(action in text(result), f"{name}: {action}: {text(result)}")

    @group.test(f"{front}: calls go on while a question waits", GO)
    async def elicit_meanwhile(sdk):
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slow(params):
            asked.set()
            await go_on.wait()
            return accept(params)
        sdk.hooks.answer = slow
        task = asyncio.create_task(sdk.client.call_tool("go__test_elicitation", {"message": "slow"}))
        await asyncio.wait_for(asked.wait(), PATIENCE)
        for i in range(10):
            same(text(await sdk.client.call_tool("big__echo", {"text": str(i)})), str(i), "echo meanwhile")
        go_on.set()
        check("accept" in text(await task), "the slow answer did not arrive")

    @group.test(f"{front}: list_changed, and the new tool is listed and works")
    async def list_changed(sdk):
        before, grown = sdk.hooks.changes(), []

        async def heard():                      # the client's own stream may open late: each try adds a tool
            grown.append(text(await sdk.client.call_tool("big__grow", {})))
            with contextlib.suppress(Failure):
                await until("a notification", lambda: sdk.hooks.changes() > before, 1)
            return sdk.hooks.changes() > before
        await until("list_changed arrives", heard)

        async def there():
            return f"big__{grown[-1]}" in {t.name for t in (await sdk.client.list_tools(cache_mode="bypass")).tools}
        await until("the new tool is listed", there)
        same(text(await sdk.client.call_tool(f"big__{grown[-1]}", {})), grown[-1], "the new tool")

    @group.test(f"{front}: list_changed of a real server", GO)
    async def list_changed_go(sdk):
        await sdk.client.call_tool("go__test_trigger_tool_change", {})

        async def there():
            names = {t.name for t in (await sdk.client.list_tools(cache_mode="bypass")).tools}
            return any(n.startswith("go__") and n.endswith("transient_tool_for_list_changed") for n in names)
        await until("the new tool is listed", there)

    @group.test(f"{front}: ping")
    async def ping(sdk):
        for _ in range(20):
            await sdk.client.send_ping()

    @group.test(f"{front}: an unknown tool is -32602, an unknown server says so")
    async def unknown(sdk):
        same((await refused(sdk.client.call_tool("big__nobody", {}))).code, -32602, "code of an unknown tool")
        error = await refused(sdk.client.call_tool("nobody__echo", {}))
        same((error.code, error.data["kind"]), (-32002, "unknown_server"), "unknown server")

    @group.test(f"{front}: 200 calls at once over all servers")
    async def many_calls(sdk):
        async def one(i):
            same(text(await sdk.client.call_tool("big__echo", {"text": f"call {i}"})), f"call {i}", "echo")
            if "everything" in sdk.house.names:
                result = await sdk.client.call_tool("everything__get-sum", {"a": i, "b": 1})
                check(str(i + 1) in text(result), f"{i} + 1: {text(result)}")
        await asyncio.gather(*(one(i) for i in range(100)))


http_group = harness.Group("sdk", over_http, ("mcp",))
add(http_group, "http")
stdio_group = harness.Group("sdk", over_stdio, ("mcp",))
add(stdio_group, "stdio")


# --- the older revision -----------------------------------------------------------------------------------------

async def at_0618(sdk, session, hooks):
    same(session.protocol_version, "2025-06-18", "revision")
    names = {t.name for t in (await session.list_tools()).tools}
    check("big__echo" in names, "big__echo is not listed")
    await call_each(sdk, session.call_tool)
    if "go" in sdk.house.names:
        hooks.answer = accept
        result = await session.call_tool("go__test_elicitation", {"message": "?"})
        check("accept" in text(result), text(result))
    await session.send_ping()
    same((await refused(session.call_tool("big__nobody", {}))).code, -32602, "code of an unknown tool")


@http_group.test("http at 2025-06-18: list, calls, a question, ping")
async def http_0618(sdk):
    hooks = Hooks()
    async with session_at("2025-06-18", streamable_http_client(sdk.url), hooks) as session:
        await at_0618(sdk, session, hooks)


@harness.Group("sdk", None, ("mcp",)).test("stdio at 2025-06-18: list, calls, a question, ping")
async def stdio_0618():
    with contextlib.ExitStack() as stack:
        house = House(stack)
        hooks = Hooks()
        async with gateway_stdio(house, http=False) as (transport, _):
            async with session_at("2025-06-18", transport, hooks) as session:
                await at_0618(Sdk(house, None, hooks, None), session, hooks)


# --- many at once -----------------------------------------------------------------------------------------------

both_group = harness.Group("sdk", over_both, ("mcp",))


@both_group.test("stdio and http on one gateway: a tool of each server, on both at once")
async def both_each(sdk):
    async with Client(sdk.url, mode="legacy") as web:
        await asyncio.gather(call_each(sdk, sdk.client.call_tool), call_each(sdk, web.call_tool))


@both_group.test("stdio and 16 http clients at once: every answer is its own")
async def many_clients(sdk):
    async def one(k, client):
        for i in range(10):
            word = f"client {k} call {i}"
            calls = [client.call_tool("big__echo", {"text": word})]
            if "everything" in sdk.house.names:
                calls.append(client.call_tool("everything__echo", {"message": word}))
            if "files" in sdk.house.names:
                calls.append(client.call_tool("files__read_text_file", {"path": sdk.house.files + "/hello.txt"}))
            results = await asyncio.gather(*calls)
            same([text(r) for r in results], [word, f"Echo: {word}", "héllo, bascule\n"][:len(calls)], "answers")

    async def web(k):
        async with Client(sdk.url, mode="legacy") as client:
            await one(k, client)
    await asyncio.gather(one("stdio", sdk.client), *(web(k) for k in range(16)))


@both_group.test("a question reaches the client whose call it is, on both fronts at once", GO)
async def both_elicit(sdk):
    hooks = Hooks()

    def answer(name):
        def fill(params):
            return types.ElicitResult(action="accept", content={"username": name, "email": f"{name}@example.com"})
        return fill
    sdk.hooks.asked.clear()
    sdk.hooks.answer = answer("over-stdio")
    hooks.answer = answer("over-http")
    async with Client(sdk.url, mode="legacy", **hooks.arguments()) as web:
        for _ in range(5):
            a, b = await asyncio.gather(sdk.client.call_tool("gohttp__test_elicitation", {"message": "stdio?"}),
                                        web.call_tool("gohttp__test_elicitation", {"message": "http?"}))
            check("over-stdio" in text(a), f"over stdio: {text(a)}")
            check("over-http" in text(b), f"over http: {text(b)}")
    for asked, word in ((sdk.hooks.asked, "stdio?"), (hooks.asked, "http?")):
        check(len(asked) == 5 and all(word in params.message for params in asked), f"questions: {asked}")
