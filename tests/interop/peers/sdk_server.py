"""A server on the Python SDK: over stdio, or over HTTP+SSE on a port of 127.0.0.1 (its path is /sse).

    sdk_server.py [PORT]
"""
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("sdk", instructions="It echoes.")


@server.tool()
def echo(text: str) -> str:
    """Says it again."""
    return text


@server.tool()
def size(text: str) -> int:
    """Counts its characters."""
    return len(text)


@server.tool()
def repeat(text: str, times: int) -> str:
    """Says it many times."""
    return text * times


@server.tool()
async def steps(to: int, context: Context) -> str:
    """Reports progress."""
    for step in range(to):
        await context.report_progress(step + 1, to)
    return f"{to} steps"


@server.tool()
def fail(text: str) -> str:
    """Fails."""
    raise ValueError(text)


if len(sys.argv) > 1:
    server.run(transport="sse", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run(transport="stdio")
