"""Uses `/mcp` with the official Python SDK, of version 1 or 2, and prints what it saw as JSON.

It runs in an interpreter of its own, since only one version of the SDK can be installed in each:

    python mcp_session.py URL TOKEN MODE

`MODE` is `legacy`, or for version 2 also `auto` or a revision.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import streamable_http


@asynccontextmanager
async def session(url: str, token: str, mode: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        from mcp import Client
    except ImportError:  # version 1
        from mcp import ClientSession

        async with (
            streamable_http.streamablehttp_client(url, headers=headers) as (read, write, _),
            ClientSession(read, write) as opened,
        ):
            found = await opened.initialize()
            yield opened, found.protocolVersion, found.serverInfo.name
        return
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with create_mcp_http_client(headers) as http:
        transport = streamable_http.streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as opened:
            info = opened.server_info
            yield opened, opened.protocol_version, info.name if info else None


def plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def tools(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = plain(await client.list_tools(**({"cursor": cursor} if cursor else {})))
        found += page["tools"]
        cursor = page.get("nextCursor")
        if not cursor:
            return found


async def error_of(call: Any) -> str:
    try:
        await call
    except Exception as error:
        return str(error)
    return ""


async def main(url: str, token: str, mode: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    async with session(url, token, mode) as (client, revision, server):
        seen |= {"revision": revision, "server": server, "tools": await tools(client)}
        order = {"items": [{"sku": "TEA-GREEN", "quantity": 2, "unit_price": 12.5}]}
        seen["function"] = plain(await client.call_tool("lib__price_order", order))
        seen["wrong"] = plain(await client.call_tool("lib__price_order", {"items": [{"sku": "A"}]}))
        seen["flow"] = plain(await client.call_tool("flow__e2eEcho", {"a": "b"}))
        run = seen["flow"]["structuredContent"]["executionId"]
        seen["run"] = plain(await client.call_tool("get_run", {"executionId": run}))
        seen["runs"] = plain(await client.call_tool("list_runs", {"flow": "e2eEcho", "limit": 1}))
        seen["unknown"] = await error_of(client.call_tool("lib__nope", {}))
        seen["resources"] = plain(await client.list_resources())["resources"]
        seen["templates"] = plain(await client.list_resource_templates())["resourceTemplates"]
        seen["definition"] = plain(await client.read_resource("sdw://flows/e2eEcho"))
        seen["history"] = plain(await client.read_resource(f"sdw://runs/{run}/history"))
        seen["missing"] = await error_of(client.read_resource("sdw://flows/nope"))
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:4]))))
