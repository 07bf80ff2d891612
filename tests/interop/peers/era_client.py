"""A client on the Python SDK 2.x in one of its modes: connects, reads every list, makes calls, and says what it got.

stdin: {"target": {"command", "env"} or {"url"}, "mode": "auto"|"legacy"|"2026-07-28", "calls": [[tool, arguments]],
"answers": {method: result}}; stdout: {"revision", "server", "tools", "resources", "prompts", "results", "asked"}.
Questions come through the SDK's own callbacks in either era: it is the SDK that answers `input_required` and retries.
"""
import asyncio
import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_unset=True)


def asked_by(job, out):
    """A callback for each method that has an answer."""
    def callback(method, result):
        async def answer(context, params=None):
            out["asked"].append([method, plain(params) if params is not None else {}])
            return result.model_validate(job["answers"][method])
        return answer if method in job["answers"] else None
    return {"sampling_callback": callback("sampling/createMessage", types.CreateMessageResult),
            "elicitation_callback": callback("elicitation/create", types.ElicitResult),
            "list_roots_callback": callback("roots/list", types.ListRootsResult)}


async def made(call):
    try:
        return plain(await call)
    except MCPError as error:
        return {"error": {"code": error.error.code, "message": error.error.message}}


async def listed(method, member):
    rows, cursor = [], None
    while True:
        try:
            page = await method(cursor=cursor)
        except MCPError:                        # a server without such a list
            return rows
        rows += [plain(row) for row in getattr(page, member)]
        cursor = page.next_cursor
        if not cursor:
            return rows


async def main():
    job = json.load(sys.stdin)
    target = job["target"]
    server = target.get("url") or StdioServerParameters(command=target["command"][0], args=target["command"][1:],
                                                        env=target["env"])
    out = {"asked": [], "results": []}
    async with Client(server, mode=job["mode"], **asked_by(job, out)) as client:
        out["revision"] = client.protocol_version
        for member, method in (("tools", client.list_tools), ("resources", client.list_resources),
                               ("prompts", client.list_prompts)):
            out[member] = await listed(method, member)
        out["server"] = plain(client.server_info) if client.server_info else None
        for tool, arguments in job["calls"]:
            out["results"].append(await made(client.call_tool(tool, arguments)))
    json.dump(out, sys.stdout)


asyncio.run(main())
