"""The official Python SDKs of the Model Context Protocol use the running server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from . import clients
from .client import Client
from .conftest import MakeUser

SESSION = Path(__file__).with_name("mcp_session.py")


@pytest.mark.parametrize(
    ("sdk", "mode", "revision"),
    [
        ("mcp-1", "legacy", "2025-11-25"),
        ("mcp-2", "legacy", "2025-11-25"),
        ("mcp-2", "auto", "2026-07-28"),
        ("mcp-2", "2026-07-28", "2026-07-28"),
    ],
)
def test_the_official_sdk(user: Client, make_user: MakeUser, sdk: str, mode: str, revision: str) -> None:
    assert user.token is not None
    command = [clients.python_of(sdk), str(SESSION), f"{user.url}/mcp", user.token, mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["revision"] == revision
    assert seen["server"] in ("serverless-dynamic-workflows", None)  # a pinned revision needs no discovery

    tools = {tool["name"]: tool for tool in seen["tools"]}
    assert {"flow__orderFlow", "lib__ping", "get_run", "list_runs", "stop_run"} <= tools.keys()
    assert "flow__e2eGroup" not in tools
    assert tools["flow__orderFlow"]["inputSchema"]["required"]

    assert seen["function"]["structuredContent"]["total"] == 35.58
    assert seen["wrong"]["isError"] is True
    assert "items[0].quantity" in seen["wrong"]["content"][0]["text"]
    run = seen["flow"]["structuredContent"]
    assert (run["status"], run["input"]) == ("SUCCEEDED", {"a": "b"})
    assert seen["run"]["structuredContent"]["executionId"] == run["executionId"]
    assert seen["runs"]["structuredContent"]["executions"][0]["executionId"] == run["executionId"]
    assert "lib__nope" in seen["unknown"]

    assert "sdw://flows/e2eEcho" in {resource["uri"] for resource in seen["resources"]}
    assert len(seen["templates"]) == 3
    assert '"StartAt"' in seen["definition"]["contents"][0]["text"]
    assert "ExecutionSucceeded" in seen["history"]["contents"][0]["text"]
    assert "sdw://flows/nope" in seen["missing"]


def test_a_program_that_has_no_token_learns_who_issues_them(nobody: Client) -> None:
    refused = nobody.post("/mcp", {})
    assert refused.status_code == 401
    address = refused.headers["WWW-Authenticate"].removeprefix('Bearer resource_metadata="').removesuffix('"')
    metadata = nobody.http.get(address, timeout=10).json()
    assert metadata["resource"] == f"{nobody.url}/mcp"
    assert metadata["authorization_servers"] == [nobody.get("/auth/config").json()["issuer"]]


def test_a_call_is_counted_as_a_direct_one(user: Client) -> None:
    def calls() -> int:
        return sum(month["apiCalls"] for month in user.get("/usage").json()["usage"])

    before = calls()
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "lib__ping"}}
    assert user.post("/mcp", call).json()["result"]["content"] == [{"type": "text", "text": "I am alive"}]
    assert calls() - before == 2  # the call, and this look at the usage
