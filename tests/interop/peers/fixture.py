"""The conformance suite's fixtures on the Python SDK, over HTTP+SSE or over Streamable HTTP.

    fixture.py sse|http PORT        /sse with /messages/, or /mcp

No server that can be installed offers the suite's tools over HTTP+SSE; over Streamable HTTP the same fixture is what
the suite passes directly.  Texts and schemas are those that the suite's scenarios look for.
"""
import asyncio
import sys

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

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


async def sampling(ctx, arguments):
    message = types.SamplingMessage.model_validate({"role": "user", "content": text(arguments["prompt"])})
    answer = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return result(text(f"LLM response: {answer.content.text}"))


def elicitation(what, requested):
    async def ask(ctx, arguments):
        answer = await ctx.session.elicit_form(arguments.get("message", what), requested, related_request_id=ctx.request_id)
        return result(text(f"Elicitation: action={answer.action}, content={answer.content}"))
    return ask


async def schema_2020(ctx, arguments):
    return result(text(f"called with {arguments}"))


TOOLS = {
    "test_tool_with_logging": (with_logging, schema()), "test_tool_with_progress": (with_progress, schema()),
    "test_error_handling": (error, schema()), "test_sampling": (sampling, schema("prompt")),
    "test_elicitation": (elicitation("", schema("username", "email")), schema("message")),
    "test_elicitation_sep1034_defaults": (elicitation("defaults", DEFAULTS), schema()),
    "test_elicitation_sep1330_enums": (elicitation("enums", ENUMS), schema()),
    "json_schema_2020_12_tool": (schema_2020, SCHEMA_2020),
}


async def list_tools(ctx, params):
    rows = [(name, schema()) for name in CONTENT] + [(name, row[1]) for name, row in TOOLS.items()]
    return types.ListToolsResult.model_validate({"tools": [
        {"name": name, "description": f"Fixture {name}", "inputSchema": of} for name, of in rows]})


async def call_tool(ctx, params):
    if params.name in CONTENT:
        return result(*CONTENT[params.name])
    if params.name not in TOOLS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    return await TOOLS[params.name][0](ctx, params.arguments or {})


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
        raise MCPError(-32002, f"Resource not found: {uri}", {"uri": uri})
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
    return types.ListPromptsResult.model_validate({"prompts": [
        {"name": name, "description": f"Fixture {name}", "arguments": [{"name": a, "required": True} for a in arguments]}
        for name, (arguments, _) in PROMPTS.items()]})


async def get_prompt(ctx, params):
    if params.name not in PROMPTS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
    return types.GetPromptResult.model_validate({"messages": PROMPTS[params.name][1](params.arguments or {})})


async def completion(ctx, params):
    return types.CompleteResult.model_validate({"completion": {"values": ["paris", "park", "party"], "total": 150, "hasMore": False}})


async def done(ctx, params):
    return types.EmptyResult()


server = Server("fixture", version="1", on_list_tools=list_tools, on_call_tool=call_tool, on_list_resources=list_resources,
                on_list_resource_templates=list_templates, on_read_resource=read_resource, on_subscribe_resource=done,
                on_unsubscribe_resource=done, on_list_prompts=list_prompts, on_get_prompt=get_prompt, on_completion=completion,
                on_set_logging_level=done)


def sse_app():
    transport = SseServerTransport("/messages/")

    async def stream(request):
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await server.run(read, write, server.create_initialization_options(NotificationOptions()))
        return Response()
    return Starlette(routes=[Route("/sse", stream), Mount("/messages/", transport.handle_post_message)])


if __name__ == "__main__":
    app = sse_app() if sys.argv[1] == "sse" else server.streamable_http_app()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
