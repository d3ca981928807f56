"""A client of the Model Context Protocol, in each of its revisions, and a project to use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.mcp import run_tools

from ...conftest import Api, LocalCloud, MakeApi, Reply, UseFlows, flow

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Boom", "Cause": "because"}}}
SCHEMA = {"properties": {"n": {"type": "integer"}, "m": {"type": "integer"}}, "required": ["n"]}
FLOWS = (
    flow("mcpPass", PASS, input_schema=SCHEMA),
    flow("mcpWait", WAIT),
    flow("mcpFail", FAIL),
    flow("mcpExpress", PASS, type="EXPRESS"),
    flow("mcpOps", PASS, access_groups=("ops",)),
    flow("mcpHidden", PASS, mcp=False),
)
FUNCTIONS = {
    "typed": "def handler(name: str, times: int = 1) -> dict[str, int]:\n"
    "    'Repeats a name.'\n    return {name: times}",
    "wrong-json": "def handler(event, context): return {'statusCode': 200, 'body': 'nope', "
    "'headers': {'Content-Type': 'application/json'}}",
    "number": "def handler() -> int: return 7",
    "text": "def handler(event, context): return {'statusCode': 200, 'body': 'hello'}",
    "event": "def handler(event, context): return {k: event[k] for k in ('httpMethod', 'path', 'body', 'resource')}",
    "gone": "def handler(event, context): return {'statusCode': 410, 'body': {'why': 'it is gone'}}",
    "image": "def handler(event, context): return {'statusCode': 200, 'headers': {'Content-Type': 'image/png'}, "
    "'body': 'iVBO', 'isBase64Encoded': True}",
    "refuses": "from chalicelib.errors import TooManyRequests\n"
    "def handler(event, context): raise TooManyRequests('Not so fast.', retry_after=7)",
    "fails": "def handler(event, context): raise KeyError('total')",
    "broken": "def handler(event, context: return 1",
    "x" * 140: "def handler(event, context): return 'long'",
}
CURRENT, LATER, FIRST = "2026-07-28", "2025-11-25", "2025-06-18"
META = "io.modelcontextprotocol/"


class Mcp:
    """A client of one revision."""

    def __init__(self, api: Api, revision: str, capabilities: dict[str, Any] | None = None) -> None:
        self.api = api
        self.revision = revision
        self.capabilities = capabilities or {}

    def send(self, method: str, params: dict[str, Any] | None = None, **headers: str | None) -> Reply:
        params = dict(params or {})
        sent: dict[str, str | None] = {"MCP-Protocol-Version": self.revision}
        if self.revision == CURRENT:
            params["_meta"] = {
                f"{META}protocolVersion": CURRENT,
                f"{META}clientCapabilities": self.capabilities,
            }
            name = next((params[key] for key in ("name", "uri", "taskId") if key in params), None)
            sent |= {"Mcp-Method": method, "Mcp-Name": name}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.api.post("/mcp", message, headers={k: v for k, v in sent.items() if v is not None})

    def result(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        reply = self.send(method, params)
        assert reply.status == 200, reply.text
        document = reply.json()
        assert (document["jsonrpc"], document["id"]) == ("2.0", 1)
        result: dict[str, Any] = document["result"]
        if self.revision == CURRENT:
            assert result["_meta"][f"{META}serverInfo"]["name"] == "serverless-dynamic-workflows"
        else:
            assert not {"resultType", "ttlMs", "cacheScope"} & result.keys()
        return result

    def error(self, method: str, params: dict[str, Any] | None = None, status: int = 200, **headers: str | None) -> Any:
        reply = self.send(method, params, **headers)
        assert reply.status == status, reply.text
        return reply.json()["error"]

    def call(self, name: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
        return self.result("tools/call", {"name": name, "arguments": arguments or {}, **more})

    def names(self) -> list[str]:
        return [tool["name"] for tool in self.result("tools/list")["tools"]]


def text(result: dict[str, Any]) -> str:
    return "\n".join(item["text"] for item in result["content"])


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    for one in FLOWS:
        _cloud.create(one.name, dict(one.definition), one.type)


@pytest.fixture(autouse=True)
def project(cloud: LocalCloud, use_flows: UseFlows, function_project: Callable[..., Path]) -> None:
    use_flows(*FLOWS, broken={"mcpBroken": ("flows/mcpBroken.yml:3:1: no such state",)})
    function_project(**FUNCTIONS)


@pytest.fixture(params=[CURRENT, LATER, FIRST])
def mcp(request: pytest.FixtureRequest, cloud_make_api: MakeApi) -> Mcp:
    return Mcp(cloud_make_api(), request.param)


@pytest.fixture
def current(cloud_make_api: MakeApi) -> Mcp:
    return Mcp(cloud_make_api(), CURRENT)


@pytest.fixture
def later(cloud_make_api: MakeApi) -> Mcp:
    return Mcp(cloud_make_api(), LATER)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_tools, "MAX_WAIT", 0.2)
