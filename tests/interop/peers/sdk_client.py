"""Plays a script (script.py) with the Python SDK, of the 1.x or the 2.x line, and prints what it heard.

stdin: {"target": {"command"} or {"url", "transport"}, "steps", "questions", "wait"}; stdout: the events of live.py.
Everything goes through the SDK's types, so that what they drop or refuse is dropped on both sides of a comparison.
"""
import asyncio
import contextlib
import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from mcp import StdioServerParameters
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client

try:                                    # 2.x
    import mcp_types as types
    from mcp import MCPError
    from mcp.client.streamable_http import streamable_http_client
    IS_TWO = True
except ImportError:                     # 1.x
    import mcp.types as types
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.exceptions import McpError as MCPError
    IS_TWO = False

RESULTS = {
    "ping": types.EmptyResult, "tools/list": types.ListToolsResult, "tools/call": types.CallToolResult,
    "prompts/list": types.ListPromptsResult, "prompts/get": types.GetPromptResult, "resources/list": types.ListResourcesResult,
    "resources/templates/list": types.ListResourceTemplatesResult, "resources/read": types.ReadResourceResult,
    "resources/subscribe": types.EmptyResult, "resources/unsubscribe": types.EmptyResult, "logging/setLevel": types.EmptyResult,
    "completion/complete": types.CompleteResult, "tasks/get": types.GetTaskResult, "tasks/list": types.ListTasksResult,
    "tasks/cancel": types.CancelTaskResult, "tasks/result": types.GetTaskPayloadResult,
}


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_unset=True) if hasattr(model, "model_dump") else model


class Player:
    def __init__(self, job):
        self.job, self.events, self.now, self.kept = job, [], 0, {}
        self.answers = dict(job["questions"])
        self.changed = asyncio.Condition()

    async def add(self, what, message):
        async with self.changed:
            self.events.append({"step": self.now, "stream": "sdk", "what": what, "message": message})
            self.changed.notify_all()

    def count(self, method):
        return sum(e["step"] == self.now and e["message"].get("method") == method for e in self.events)

    async def until(self, condition):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.job["wait"]), self.changed:
                await self.changed.wait_for(condition)

    # --- what the server asks and says

    def asked(self, method, result):
        async def answer(context, params=None):
            await self.add("question", {"method": method, "params": plain(params) if params is not None else {}})
            said = {**self.answers, **self.job["steps"][self.now].get("answers", {})}[method]
            if set(said) == {"error"}:
                return types.ErrorData.model_validate(said["error"])
            return result.model_validate(said)
        return answer

    async def heard(self, message):
        message = getattr(message, "root", message)
        if hasattr(message, "method") and not isinstance(message, types.ProgressNotification) and message.method.startswith("notif"):
            await self.add("notification", {k: v for k, v in plain(message).items() if k != "jsonrpc"} | {"method": message.method})

    # --- what a step says

    def request_of(self, method, params):
        raw = {"method": method, "params": self.filled(params)}
        if IS_TWO:
            return types.client_request_adapter.validate_python(raw)
        return types.ClientRequest.model_validate(raw)

    def filled(self, value):
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        return self.kept.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value

    async def ask(self, method, params, progress=False):
        """Its result, or None; either is written down."""
        async def note(done, total, message):
            params = {"progress": done, "total": total, "message": message}
            await self.add("notification", {"method": "notifications/progress", "params": params})
        result_type = types.CreateTaskResult if (params or {}).get("task") else RESULTS[method]
        try:
            result = plain(await self.session.send_request(self.request_of(method, params), result_type,
                                                           **({"progress_callback": note} if progress else {})))
        except MCPError as error:
            await self.add("answer", {"error": plain(error.error)})
        except (ValueError, TypeError) as error:
            await self.add("answer", {"not understood": str(error).splitlines()[0]})
        else:
            await self.add("answer", {"result": result})
            return result
        return None

    async def cancelled(self, method, params):
        id = None if IS_TWO else self.session._request_id
        task = asyncio.create_task(self.ask(method, params, True))
        await self.until(lambda: self.count("notifications/progress") > 0)
        if id is not None:
            await self.tell("notifications/cancelled", {"requestId": id, "reason": "changed my mind"})
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def tell(self, method, params):
        raw = {"method": method} | ({"params": params} if params is not None else {})
        if IS_TWO:
            await self.session.send_notification(types.client_notification_adapter.validate_python(raw))
        else:
            await self.session.send_notification(types.ClientNotification.model_validate(raw))

    async def step(self, step):
        self.answers |= step.get("answers_from_now", {})
        if "initialize" in step:
            await self.add("answer", {"result": plain(await self.session.initialize())})
        elif "pages" in step:
            method, params = step["pages"]
            for _ in range(50):
                result = await self.ask(method, params) or {}
                if not result.get("nextCursor"):
                    break
                params = {**step["pages"][1], "cursor": result["nextCursor"]}
        elif step.get("cancel"):
            await self.cancelled(*step["request"])
        elif "request" in step:
            result = await self.ask(*step["request"], step.get("progress", False))
            for name, path in step.get("keep", {}).items():
                value = result or {}
                for part in path.split("."):
                    value = value.get(part, {})
                self.kept[name] = value
        await asyncio.gather(*(self.ask(*request) for request in step.get("together", [])))
        if "notify" in step and step["notify"][0] != "notifications/initialized":
            await self.tell(*step["notify"])
        await asyncio.sleep(step.get("pause", 0))
        wanted = step.get("until", {})
        await self.until(lambda: all(self.count(m) >= n for m, n in wanted.items()))

    async def play(self):
        async with contextlib.AsyncExitStack() as stack:
            target = self.job["target"]
            if "command" in target:
                transport = stdio_client(StdioServerParameters(command=target["command"][0], args=target["command"][1:],
                                                               env=target["env"]), errlog=sys.stderr)
            else:
                transport = (sse_client if target.get("transport") == "sse" else streamable_http_client)(target["url"])
            read, write, *_ = await stack.enter_async_context(transport)
            self.session = await stack.enter_async_context(ClientSession(
                read, write, message_handler=self.heard,
                sampling_callback=self.asked("sampling/createMessage", types.CreateMessageResult),
                elicitation_callback=self.asked("elicitation/create", types.ElicitResult),
                list_roots_callback=self.asked("roots/list", types.ListRootsResult)))
            for self.now, step in enumerate(self.job["steps"]):
                async with asyncio.timeout(120):
                    await self.step(step)
            self.now = len(self.job["steps"])


async def main():
    player = Player(json.load(sys.stdin))
    try:
        await player.play()
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if player.now < len(player.job["steps"]):
            await player.add("end", {"error": f"{type(error).__name__}: {error}"})
    json.dump(player.events, sys.stdout)


asyncio.run(main())
