"""The conformance suite's fixtures on the Python SDK, in one era at a time.

    fixture.py legacy|modern stdio|http|sse [PORT]        stdio; /mcp; /sse with /messages/ (legacy only)

The suite asks a client by real requests in one era (`test_sampling`, `test_elicitation`) and by `input_required` in
the other (`test_input_required_result_*`).  Here both sets of tools exist in both eras and ask in the way of their
era: what the suite finds behind a gateway that bridges is then what it finds directly in its own era.  A tool that
asks is a generator of questions; in the modern era, where nothing is remembered, it is played again up to the round
that its signed requestState says.  A fixture of one era refuses the other as servers of that era do.

`_meta["bascule/inputKey"]` of a question is the key that the suite's scenarios look up in `inputRequests`: a legacy
request has none, so that a gateway has to choose one.
"""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import warnings

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.runner import serve_loop
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import (InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ResourceUpdated,
                                      ToolsListChanged)
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.shared.message import ServerMessageMetadata
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

warnings.simplefilter("ignore", MCPDeprecationWarning)
MODERN = "2026-07-28"
INPUT_KEY = "bascule/inputKey"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
PAUSE = 0.05            # seconds between the messages of one call, as the suite's own fixtures wait


def text(value):
    return {"type": "text", "text": value}


def result(*content, **more):
    return types.CallToolResult.model_validate({"content": list(content), **more})


def schema(*names):
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


def image():
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def embedded(uri, mime, value):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": value}}


# --- tools ------------------------------------------------------------------------------------------------------

CONTENT = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [image()],
    "test_audio_content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}],
    "test_embedded_resource": [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
    "test_multiple_content_types": [text("Multiple content types test:"), image(),
                                    embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')],
}
DEFAULTS = {"type": "object", "properties": {
    "name": {"type": "string", "default": "John Doe"}, "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True}}}
OPTIONS, TITLED = ["option1", "option2", "option3"], [{"const": f"value{i}", "title": f"Option {i}"} for i in (1, 2, 3)]
ENUMS = {"type": "object", "properties": {
    "untitledSingle": {"type": "string", "enum": OPTIONS}, "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}}}}
SCHEMA_2020 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                          "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                   "contactMethod": {"type": "string", "enum": ["phone", "email"]}, "phone": {"type": "string"},
                   "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": False}


async def with_logging(ctx, arguments):
    for word in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", word, related_request_id=ctx.request_id)
        await asyncio.sleep(PAUSE)
    return result(text("Tool with logging executed successfully"))


async def with_progress(ctx, arguments):
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(PAUSE)
    return result(text("Tool with progress executed successfully"))


async def error(ctx, arguments):
    return result(text("This tool intentionally returns an error for testing"), isError=True)


# --- tools that ask ---------------------------------------------------------------------------------------------
# A generator yields {key: (method, params)} and gets {key: result}; what it returns is the result of the call.

def form(message, requested):
    return "elicitation/create", {"message": message, "requestedSchema": requested}


def sample(prompt, tokens=100):
    return "sampling/createMessage", {"messages": [{"role": "user", "content": text(prompt)}], "maxTokens": tokens}


ROOTS = ("roots/list", {})
QUESTIONS = {"elicitation/create": (types.ElicitRequest, types.ElicitResult, "elicitation"),
             "sampling/createMessage": (types.CreateMessageRequest, types.CreateMessageResult, "sampling"),
             "roots/list": (types.ListRootsRequest, types.ListRootsResult, "roots")}


def able(ctx, capability):
    declared = ctx.session.client_capabilities
    return declared is not None and getattr(declared, capability) is not None


def said(answer):
    """What a client answered, as words of a result."""
    if "action" in answer:
        return f"action={answer['action']}, content={answer.get('content')}"
    return answer["content"]["text"] if "content" in answer else ", ".join(root["uri"] for root in answer["roots"])


def one(key, question, words="{}"):
    """A tool of one question, which may depend on the arguments."""
    def ask(ctx, arguments):
        answers = yield {key: question(arguments) if callable(question) else question}
        return result(text(words.format(said(answers[key]))))
    return ask


def greeting(ctx, arguments):
    answers = yield {"user_name": form("What is your name?", schema("name"))}
    name = (answers["user_name"].get("content") or {}).get("name", "nobody")
    return result(text(f"Hello, {name}!"))


def rounds(ctx, arguments):
    first = yield {"step1": form("Step 1: What is your name?", schema("name"))}
    second = yield {"step2": form("Step 2: What is your favorite color?", schema("color"))}
    return result(text(f"{said(first['step1'])}; {said(second['step2'])}"))


def all_kinds(ctx, arguments):
    answers = yield {"user_name": form("What is your name?", schema("name")), "greeting": sample("Generate a greeting", 50),
                     "client_roots": ROOTS}
    return result(text("; ".join(said(answers[key]) for key in sorted(answers))))


def what_it_can(ctx, arguments):
    kinds = {"user_name": form("What is your name?", schema("name")), "greeting": sample("Generate a greeting"),
             "client_roots": ROOTS}
    answers = yield {key: kind for key, kind in kinds.items() if able(ctx, QUESTIONS[kind[0]][2])}
    return result(text("; ".join(said(answers[key]) for key in sorted(answers))))


def context_prompt(ctx, arguments):
    answers = yield {"user_context": form("What context should the prompt use?", schema("context"))}
    return types.GetPromptResult.model_validate({"messages": says(text(said(answers["user_context"])))})


CONFIRM = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
ASKING = {
    "test_sampling": (one("sampling", lambda a: sample(a["prompt"]), "LLM response: {}"), schema("prompt")),
    "test_elicitation": (one("elicitation", lambda a: form(a["message"], schema("username", "email")), "Elicitation: {}"),
                         schema("message")),
    "test_elicitation_sep1034_defaults": (one("defaults", form("Test defaults", DEFAULTS), "Elicitation: {}"), schema()),
    "test_elicitation_sep1330_enums": (one("enums", form("Test enums", ENUMS), "Elicitation: {}"), schema()),
    "test_input_required_result_elicitation": (greeting, schema()),
    "test_input_required_result_sampling": (one("capital_question", sample("What is the capital of France?")), schema()),
    "test_input_required_result_list_roots": (one("client_roots", ROOTS, "roots: {}"), schema()),
    "test_input_required_result_request_state": (one("confirm", form("Please confirm", CONFIRM), "state-ok {}"), schema()),
    "test_input_required_result_tampered_state": (one("confirm", form("Please confirm", CONFIRM)), schema()),
    "test_input_required_result_multi_round": (rounds, schema()),
    "test_input_required_result_multiple_inputs": (all_kinds, schema()),
    "test_input_required_result_capabilities": (what_it_can, schema()),
}
ASKING_PROMPTS = {"test_input_required_result_prompt": context_prompt}
SECRET = os.urandom(32)


def seal(answered):
    body = base64.urlsafe_b64encode(json.dumps(answered).encode()).decode()
    return body + "." + hmac.new(SECRET, body.encode(), hashlib.sha256).hexdigest()


def unseal(state):
    body, _, mac = state.rpartition(".")
    if not hmac.compare_digest(mac, hmac.new(SECRET, body.encode(), hashlib.sha256).hexdigest()):
        raise MCPError(types.INVALID_PARAMS, "Invalid requestState")
    return json.loads(base64.urlsafe_b64decode(body))


def must_be_able(ctx, questions):
    for method, _ in questions.values():
        capability = QUESTIONS[method][2]
        if not able(ctx, capability):
            raise MCPError(-32021, f"{capability} required but not declared by the client",
                           {"requiredCapabilities": {capability: {}}})


async def ask(ctx, key, method, params):
    """One real request to the client."""
    request, answer, _ = QUESTIONS[method]
    params = {**params, "_meta": {INPUT_KEY: key}}
    got = await ctx.session.send_request(request.model_validate({"method": method, "params": params}), answer,
                                         metadata=ServerMessageMetadata(related_request_id=ctx.request_id))
    return got.model_dump(by_alias=True, mode="json", exclude_none=True)


async def play_legacy(ctx, play):
    try:
        questions = next(play)
        while True:
            must_be_able(ctx, questions)
            answers = await asyncio.gather(*(ask(ctx, key, *question) for key, question in questions.items()))
            questions = play.send(dict(zip(questions, answers)))
    except StopIteration as end:
        return end.value


def play_modern(ctx, params, play):
    answered = unseal(params.request_state) if params.request_state is not None else []
    new = {key: value.model_dump(by_alias=True, mode="json", exclude_none=True) if hasattr(value, "model_dump") else value
           for key, value in (params.input_responses or {}).items()}
    try:
        questions = next(play)
        for answers in answered:
            questions = play.send(answers)
        if set(questions) <= set(new):
            answered = [*answered, {key: new[key] for key in questions}]
            questions = play.send(answered[-1])
    except StopIteration as end:
        return end.value
    must_be_able(ctx, questions)
    return types.InputRequiredResult.model_validate({
        "resultType": "input_required", "requestState": seal(answered),
        "inputRequests": {key: {"method": method, "params": asked} for key, (method, asked) in questions.items()}})


async def played(ctx, params, play):
    if ctx.session.protocol_version == MODERN:
        return play_modern(ctx, params, play)
    return await play_legacy(ctx, play)


# --- tools that tell --------------------------------------------------------------------------------------------

BUS = InMemorySubscriptionBus()
CHANGES = {"tools": 0, "prompts": 0}


async def change(ctx, kind, event, tell):
    """A list that is really another one, said in the way of the era."""
    CHANGES[kind] += 1
    if ctx.session.protocol_version == MODERN:
        await BUS.publish(event)
    else:
        await tell()
    return result(text(f"{kind} changed"))


async def change_tools(ctx, arguments):
    return await change(ctx, "tools", ToolsListChanged(), ctx.session.send_tool_list_changed)


async def change_prompts(ctx, arguments):
    return await change(ctx, "prompts", PromptsListChanged(), ctx.session.send_prompt_list_changed)


async def change_resource(ctx, arguments):
    uri = "test://watched-resource"
    if ctx.session.protocol_version == MODERN:
        await BUS.publish(ResourceUpdated(uri))
    elif uri in WATCHED:
        await ctx.session.send_resource_updated(uri)
    return result(text(f"{uri} changed"))


async def needs_sampling(ctx, arguments):
    must_be_able(ctx, {"": sample("")})
    return result(text("Client declared the sampling capability; tool executed."))


async def log_once(ctx, arguments):
    await ctx.session.send_log_message("info", "test_logging_tool executed", related_request_id=ctx.request_id)
    return result(text("Log attempted."))


async def plain_stream(ctx, arguments):
    await ctx.session.report_progress(1, 1)
    return result(text("A result and no request."))


async def by_header(ctx, arguments):
    return result(text(f"region {arguments.get('region')}, count {arguments.get('count')}"))


async def schema_2020(ctx, arguments):
    return result(text(f"called with {arguments}"))


BY_HEADER = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"},
                                              "count": {"type": "integer", "x-mcp-header": "Count"}}}
TOOLS = {
    "test_tool_with_logging": (with_logging, schema()), "test_tool_with_progress": (with_progress, schema()),
    "test_error_handling": (error, schema()), "json_schema_2020_12_tool": (schema_2020, SCHEMA_2020),
    "test_missing_capability": (needs_sampling, schema()), "test_streaming_elicitation": (plain_stream, schema()),
    "test_logging_tool": (log_once, schema()), "test_custom_header": (by_header, BY_HEADER),
    "test_trigger_tool_change": (change_tools, schema()), "test_trigger_prompt_change": (change_prompts, schema()),
    "test_trigger_resource_change": (change_resource, schema()),
}


async def list_tools(ctx, params):
    rows = [(name, schema()) for name in CONTENT] + [(name, row[1]) for name, row in (TOOLS | ASKING).items()]
    changed = [{"name": "transient", "description": f"change {CHANGES['tools']}", "inputSchema": schema()}] if CHANGES["tools"] else []
    return types.ListToolsResult.model_validate({"tools": [
        {"name": name, "description": f"Fixture {name}", "inputSchema": of} for name, of in rows] + changed})


async def call_tool(ctx, params):
    if params.name in CONTENT:
        return result(*CONTENT[params.name])
    if params.name in TOOLS:
        return await TOOLS[params.name][0](ctx, params.arguments or {})
    if params.name not in ASKING:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    return await played(ctx, params, ASKING[params.name][0](ctx, params.arguments or {}))


# --- resources, prompts, the rest -------------------------------------------------------------------------------

RESOURCES = {"test://static-text": {"mimeType": "text/plain", "text": "This is the content of the static text resource."},
             "test://static-binary": {"mimeType": "image/png", "blob": PNG},
             "test://watched-resource": {"mimeType": "text/plain", "text": "Watched resource content"}}


async def list_resources(ctx, params):
    return types.ListResourcesResult.model_validate({"resources": [
        {"uri": uri, "name": uri[7:], "mimeType": row["mimeType"]} for uri, row in RESOURCES.items()]})


async def list_templates(ctx, params):
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [
        {"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"}]})


async def read_resource(ctx, params):
    uri = str(params.uri)
    row = RESOURCES.get(uri)
    if row is None and uri.startswith("test://template/"):
        id = uri.removeprefix("test://template/").removesuffix("/data")
        row = {"mimeType": "application/json", "text": f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'}
    if row is None:
        code = types.INVALID_PARAMS if ctx.session.protocol_version == MODERN else -32002
        raise MCPError(code, f"Resource not found: {uri}", {"uri": uri})
    return types.ReadResourceResult.model_validate({"contents": [{"uri": uri, **row}]})


def says(*content):
    return [{"role": "user", "content": part} for part in content]


PROMPTS = {
    "test_simple_prompt": ((), lambda a: says(text("This is a simple prompt for testing."))),
    "test_prompt_with_arguments": (("arg1", "arg2"), lambda a: says(
        text(f"Prompt with arguments: arg1='{a['arg1']}', arg2='{a['arg2']}'"))),
    "test_prompt_with_embedded_resource": (("resourceUri",), lambda a: says(
        embedded(a["resourceUri"], "text/plain", "Embedded resource content for testing."), text("Please process it."))),
    "test_prompt_with_image": ((), lambda a: says(image(), text("Please analyze the image above."))),
}


async def list_prompts(ctx, params):
    changed = [{"name": "transient", "description": f"change {CHANGES['prompts']}"}] if CHANGES["prompts"] else []
    return types.ListPromptsResult.model_validate({"prompts": [
        {"name": name, "description": f"Fixture {name}", "arguments": [{"name": a, "required": True} for a in arguments]}
        for name, (arguments, _) in PROMPTS.items()] + [
            {"name": name, "description": f"Fixture {name}"} for name in ASKING_PROMPTS] + changed})


async def get_prompt(ctx, params):
    if params.name in ASKING_PROMPTS:
        return await played(ctx, params, ASKING_PROMPTS[params.name](ctx, params.arguments or {}))
    if params.name not in PROMPTS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
    return types.GetPromptResult.model_validate({"messages": PROMPTS[params.name][1](params.arguments or {})})


async def completion(ctx, params):
    return types.CompleteResult.model_validate({"completion": {"values": ["paris", "park", "party"], "total": 150, "hasMore": False}})


WATCHED = set()


async def subscribe(ctx, params):
    WATCHED.add(str(params.uri))
    return types.EmptyResult()


async def unsubscribe(ctx, params):
    WATCHED.discard(str(params.uri))
    return types.EmptyResult()


async def set_level(ctx, params):
    return types.EmptyResult()


# --- the two eras -----------------------------------------------------------------------------------------------

class Fixture(Server):
    """Says in `initialize`, too, that its lists change."""

    def create_initialization_options(self, notification_options=None, *more):
        return super().create_initialization_options(notification_options or NotificationOptions(True, True, True), *more)


HANDLERS = {"on_list_tools": list_tools, "on_call_tool": call_tool, "on_list_resources": list_resources,
            "on_list_resource_templates": list_templates, "on_read_resource": read_resource,
            "on_list_prompts": list_prompts, "on_get_prompt": get_prompt, "on_completion": completion,
            "on_set_logging_level": set_level}          # in the modern era: only that it logs
ONLY = {"legacy": {"on_subscribe_resource": subscribe, "on_unsubscribe_resource": unsubscribe},
        "modern": {"on_subscriptions_listen": ListenHandler(BUS)}}


async def only_modern(ctx, call_next):
    if ctx.session.protocol_version != MODERN:
        raise MCPError(-32022, "only 2026-07-28 is spoken here", {"supported": [MODERN], "requested": ctx.session.protocol_version})
    return await call_next(ctx)


def only_legacy(app):
    """What SDKs of that time answer to a version that they do not know."""
    async def serve(scope, receive, send):
        version = dict(scope.get("headers", [])).get(b"mcp-protocol-version", b"").decode()
        if version == MODERN:
            error = {"code": -32600, "message": f"Bad Request: Unsupported protocol version: {version}"}
            await JSONResponse({"jsonrpc": "2.0", "id": "server-error", "error": error}, 400)(scope, receive, send)
        else:
            await app(scope, receive, send)
    return serve


async def run(era, read, write):
    if era == "modern":
        await server.run(read, write, server.create_initialization_options())
    else:
        await serve_loop(server, read, write, lifespan_state={}, init_options=server.create_initialization_options())


async def stdio(era):
    async with stdio_server() as (read, write):
        await run(era, read, write)


def sse_app():
    transport = SseServerTransport("/messages/")

    async def stream(request):
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await run("legacy", read, write)
        return Response()
    return Starlette(routes=[Route("/sse", stream), Mount("/messages/", transport.handle_post_message)])


if __name__ == "__main__":
    era, transport = sys.argv[1:3]
    server = Fixture("fixture", version="1", **HANDLERS, **ONLY[era])
    if era == "modern":
        server.middleware.append(only_modern)
    if transport == "stdio":
        asyncio.run(stdio(era))
    else:
        app = sse_app() if transport == "sse" else server.streamable_http_app()
        uvicorn.run(only_legacy(app) if era == "legacy" else app, host="127.0.0.1", port=int(sys.argv[3]), log_level="error")
