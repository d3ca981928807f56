"""The Model Context Protocol as it is on the wire, in each of its revisions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.mcp import paging, run_tools, tools

from ..conftest import Api, IdentityProvider, LocalCloud, MakeApi, Reply, UseFlows, flow

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


class TestProtocol:
    @pytest.mark.parametrize(
        ("wanted", "given"), [(FIRST, FIRST), (LATER, LATER), ("2024-11-05", LATER), (CURRENT, LATER), (None, LATER)]
    )
    def test_initialize(self, cloud_make_api: MakeApi, wanted: str | None, given: str) -> None:
        message = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {"protocolVersion": wanted}}
        reply = cloud_make_api().post("/mcp", message)
        document = reply.json()
        assert (reply.status, document["id"]) == (200, "a")
        assert document["result"]["protocolVersion"] == given
        assert document["result"]["serverInfo"]["name"] == "serverless-dynamic-workflows"
        assert ("tasks" in document["result"]["capabilities"]) == (given == LATER)
        assert "Mcp-Session-Id" not in reply.headers

    def test_discover(self, current: Mcp) -> None:
        found = current.result("server/discover")
        assert found["supportedVersions"] == [CURRENT, LATER, FIRST]
        assert found["capabilities"] == {"tools": {}, "resources": {}, "extensions": {f"{META}tasks": {}}}
        assert (found["resultType"], found["cacheScope"]) == ("complete", "private")

    def test_ping_is_of_the_revisions_that_have_it(self, current: Mcp, later: Mcp) -> None:
        assert later.result("ping") == {}
        assert current.error("ping", status=404)["code"] == -32601

    @pytest.mark.parametrize("method", ["prompts/list", "subscriptions/listen", "logging/setLevel", "", "tools"])
    def test_unknown_methods(self, mcp: Mcp, method: str) -> None:
        assert mcp.error(method, status=404 if mcp.revision == CURRENT else 200)["code"] == -32601

    def test_a_client_without_the_version_header(self, cloud_make_api: MakeApi) -> None:
        reply = cloud_make_api().post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert "tools" in reply.json()["result"]

    def test_an_unsupported_version(self, mcp: Mcp) -> None:
        error = mcp.error("tools/list", status=400, MCP_Protocol_Version="1900-01-01")
        assert error["code"] == -32022
        assert error["data"] == {"supported": [CURRENT, LATER, FIRST], "requested": "1900-01-01"}

    @pytest.mark.parametrize(
        "message",
        [
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
            {"jsonrpc": "2.0", "id": 5, "result": {}},
        ],
    )
    def test_what_needs_no_answer(self, cloud_make_api: MakeApi, message: dict[str, Any]) -> None:
        reply = cloud_make_api().post("/mcp", message)
        assert (reply.status, reply.body) == (202, b"")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", -32700),
            (b"", -32700),
            (b'{"jsonrpc": "2.0", "id": NaN}', -32700),
            (b"[]", -32600),
            (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', -32600),
            (b'{"id": 1, "method": "ping"}', -32600),
            (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
            (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
            (b'{"jsonrpc": "2.0", "id": 1, "method": 2}', -32600),
            (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32600),
        ],
    )
    def test_malformed_messages(self, cloud_make_api: MakeApi, body: bytes, code: int) -> None:
        reply = cloud_make_api().call("POST", "/mcp", body)
        assert (reply.status, reply.json()["error"]["code"]) == (400, code)
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.json().get("id", 1) == 1  # left out where it can't be read: MCP's schema has no null here

    @pytest.mark.parametrize(
        "headers",
        [
            {"Mcp_Method": None},
            {"Mcp_Method": "tools/list"},
            {"Mcp_Name": None},
            {"Mcp_Name": "lib__other"},
            {"Mcp_Name": "=?base64?!!?="},
            {"MCP_Protocol_Version": None},
            {"MCP_Protocol_Version": LATER},
        ],
    )
    def test_headers_that_contradict_the_body(self, current: Mcp, headers: dict[str, str | None]) -> None:
        error = current.error("tools/call", {"name": "lib__typed", "arguments": {"name": "a"}}, status=400, **headers)
        assert error["code"] == -32020

    def test_a_header_in_base64(self, current: Mcp) -> None:
        encoded = f"=?base64?{base64.b64encode(b'lib__number').decode()}?="
        reply = current.send("tools/call", {"name": "lib__number"}, Mcp_Name=encoded)
        assert reply.json()["result"]["structuredContent"] == 7

    @pytest.mark.parametrize("missing", ["protocolVersion", "clientCapabilities"])
    def test_a_request_without_its_metadata(self, current: Mcp, missing: str) -> None:
        meta = {f"{META}protocolVersion": CURRENT, f"{META}clientCapabilities": {}}
        del meta[META + missing]
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
        headers = {"MCP-Protocol-Version": CURRENT, "Mcp-Method": "tools/list"}
        reply = current.api.post("/mcp", message, headers=headers)
        assert (reply.status, reply.json()["error"]["code"]) == (400, -32602)

    def test_a_legacy_version_in_the_metadata(self, current: Mcp) -> None:
        meta = {f"{META}protocolVersion": LATER, f"{META}clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
        reply = current.api.post("/mcp", message, headers={"MCP-Protocol-Version": LATER, "Mcp-Method": "tools/list"})
        assert (reply.status, reply.json()["error"]["code"]) == (400, -32022)

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_neither_streams_nor_sessions(self, api: Api, method: str) -> None:
        reply = api.call(method, "/mcp")
        reply.problem(405)
        assert reply.headers["Allow"] == "OPTIONS, POST"


class TestSecurity:
    @pytest.mark.parametrize("token", [None, "a.b.c"])
    def test_a_refusal_names_the_metadata(self, api: Api, token: str | None) -> None:
        api.token = token
        reply = api.post("/mcp", {}, headers={"Host": "localhost:8000"})
        reply.problem(401)
        address = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"
        assert reply.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{address}"'

    @pytest.mark.parametrize("suffix", ["", "/mcp"])
    def test_the_metadata(self, api: Api, provider: IdentityProvider, suffix: str) -> None:
        api.token = None
        headers = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}
        assert api.get(f"/.well-known/oauth-protected-resource{suffix}", headers=headers).json() == {
            "resource": "https://api.example.com/mcp",
            "authorization_servers": ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_test"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Serverless Dynamic Workflows",
        }

    def test_there_is_no_other_resource(self, api: Api) -> None:
        api.get("/.well-known/oauth-protected-resource/flows").problem(404)

    @pytest.mark.parametrize(
        ("host", "origin", "allowed"),
        [
            ("localhost:8000", "http://localhost:6274", True),
            ("127.0.0.1:8000", "http://localhost:8000", True),
            ("api.example.com", "https://api.example.com", True),
            ("api.example.com", "https://listed.example", True),
            ("api.example.com", "https://evil.example", False),
            ("api.example.com", "http://localhost:6274", False),
            ("localhost:8000", "https://evil.example", False),
            ("localhost:8000", "null", False),
            ("localhost:8000", "http://[", False),
        ],
    )
    def test_origins(self, api: Api, monkeypatch: pytest.MonkeyPatch, host: str, origin: str, allowed: bool) -> None:
        monkeypatch.setenv("CORS_ORIGINS", "*,https://listed.example")
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        reply = api.post("/mcp", message, headers={"Host": host, "Origin": origin})
        assert reply.status == (200 if allowed else 403), reply.text

    def test_each_message_is_counted_once(self, mcp: Mcp, monkeypatch: pytest.MonkeyPatch) -> None:
        counted: list[int] = []
        monkeypatch.setattr("chalicelib.usage._increment", lambda batch: counted.append(batch.calls))
        mcp.call("lib__text")
        assert sum(counted) == 1


class TestToolList:
    def test_it_has_what_the_caller_may_use(self, mcp: Mcp, cloud_make_api: MakeApi) -> None:
        flows = ["flow__mcpExpress", "flow__mcpFail", "flow__mcpPass", "flow__mcpWait"]
        functions = [f"lib__{name}" for name in sorted(FUNCTIONS) if name != "broken" and len(name) < 100]
        names = mcp.names()
        assert [name for name in names if name.startswith("flow__")] == flows
        assert set(functions) | {"get_run", "list_runs", "stop_run"} < set(names)
        assert "lib__broken" not in names
        assert names == sorted(names)
        operator = Mcp(cloud_make_api(["ops"]), mcp.revision)
        assert set(operator.names()) - set(names) == {"flow__mcpOps"}

    def test_names_are_valid_and_not_too_long(self, mcp: Mcp) -> None:
        names = mcp.names()
        assert all(1 <= len(name) <= 128 for name in names)
        assert len(set(names)) == len(names)
        (long,) = (name for name in names if "xxx" in name)
        assert mcp.call(long)["content"] == [{"type": "text", "text": '"long"'}]

    def test_schemas_and_descriptions(self, mcp: Mcp) -> None:
        listed = {tool["name"]: tool for tool in mcp.result("tools/list")["tools"]}
        assert listed["flow__mcpPass"]["inputSchema"] == {**SCHEMA, "type": "object"}
        assert listed["flow__mcpPass"]["description"].startswith("Does mcpPass\n\nA workflow")
        assert listed["lib__typed"]["description"] == "Repeats a name."
        assert listed["lib__typed"]["inputSchema"]["required"] == ["name"]
        assert listed["lib__typed"]["outputSchema"]["type"] == "object"
        assert ("outputSchema" in listed["lib__number"]) == (mcp.revision == CURRENT)
        assert listed["get_run"]["annotations"]["readOnlyHint"]
        assert ("execution" in listed["flow__mcpPass"]) == (mcp.revision == LATER)
        assert all(tool["inputSchema"]["type"] == "object" for tool in listed.values())

    def test_pages(self, mcp: Mcp, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = mcp.names()
        monkeypatch.setattr(paging, "PAGE", 3)
        paged: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = mcp.result("tools/list", cursor)
            assert len(page["tools"]) <= 3
            paged += [tool["name"] for tool in page["tools"]]
            if "nextCursor" not in page:
                break
            cursor = {"cursor": page["nextCursor"]}
        assert paged == whole

    def test_an_invalid_cursor(self, mcp: Mcp) -> None:
        assert mcp.error("tools/list", {"cursor": "?"})["code"] == -32602
        assert mcp.error("tools/list", {"cursor": 1})["code"] == -32602


class TestFunctions:
    def test_a_typed_function(self, mcp: Mcp) -> None:
        result = mcp.call("lib__typed", {"name": "a", "times": 3})
        assert result["structuredContent"] == {"a": 3}
        assert result["content"] == [{"type": "text", "text": '{"a":3}'}]
        assert result["isError"] is False

    def test_a_value_that_is_no_object(self, mcp: Mcp) -> None:
        result = mcp.call("lib__number")
        assert result["content"] == [{"type": "text", "text": "7"}]
        assert result.get("structuredContent") == (7 if mcp.revision == CURRENT else None)

    def test_the_event_is_that_of_a_direct_call(self, mcp: Mcp) -> None:
        assert mcp.call("lib__event", {"a": 1})["structuredContent"] == {
            "httpMethod": "POST",
            "path": "/lib/event",
            "resource": "/lib/{function_name}",
            "body": '{"a": 1}',
        }

    def test_other_content(self, mcp: Mcp) -> None:
        assert mcp.call("lib__text")["content"] == [{"type": "text", "text": "hello"}]
        assert mcp.call("lib__image")["content"] == [{"type": "image", "data": "iVBO", "mimeType": "image/png"}]

    def test_wrong_arguments_are_the_tools_error(self, mcp: Mcp) -> None:
        result = mcp.call("lib__typed", {"times": "many"})
        assert result["isError"] is True
        assert "- name: Field required" in text(result)
        assert "- times: Input should be a valid integer" in text(result)

    def test_failures_are_the_tools_errors(self, mcp: Mcp) -> None:
        gone, refused, failed = (mcp.call(f"lib__{name}") for name in ("gone", "refuses", "fails"))
        assert all(result["isError"] for result in (gone, refused, failed))
        assert "it is gone" in text(gone)
        assert text(refused) == "Not so fast.\nTry again after 7 seconds."
        assert "KeyError: 'total'" in text(failed) and "Traceback" not in text(failed)

    def test_unknown_tools(self, mcp: Mcp) -> None:
        error = mcp.error("tools/call", {"name": "lib__typd"})
        assert error["code"] == -32602
        assert "did you mean 'lib__typed'" in error["message"]
        for name in ("typed", "flow__mcpHidden", "flow__mcpBroken", "flow__", ""):
            assert mcp.error("tools/call", {"name": name})["code"] == -32602

    def test_malformed_calls(self, mcp: Mcp) -> None:
        assert mcp.error("tools/call", {"name": "lib__text", "arguments": [1]})["code"] == -32602
        assert mcp.error("tools/call", {"arguments": {}})["code"] == -32602


class TestFlows:
    def test_a_finished_run(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpPass", {"n": 1, "__user_id": "mallory"})
        run = result["structuredContent"]
        assert (run["status"], run["input"], result["isError"]) == ("SUCCEEDED", {"n": 1}, False)
        assert run["output"]["__user_id"] == mcp.api.user
        assert mcp.api.get(f"/run/mcpPass/{run['executionId']}").json()["startedBy"] == "user"

    def test_an_express_run(self, mcp: Mcp) -> None:
        assert mcp.call("flow__mcpExpress")["structuredContent"]["status"] == "SUCCEEDED"

    def test_one_that_failed(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpFail")
        assert result["isError"] is True
        assert "ended as FAILED (Boom: because)" in text(result)

    def test_wrong_arguments_name_each_field(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpPass", {"m": "x"})
        assert result["isError"] is True
        assert "- n: is required" in text(result) and "- m:" in text(result)

    def test_a_flow_of_another_group(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpOps")
        assert result["isError"] is True
        assert "members of: ops" in text(result)

    def test_an_idempotency_key(self, mcp: Mcp) -> None:
        call = {"name": "flow__mcpPass", "arguments": {"n": 1}}
        first, second = (
            mcp.send("tools/call", call, Idempotency_Key="k-1").json()["result"]["structuredContent"] for _ in range(2)
        )
        assert first["executionId"] == second["executionId"]

    def test_following_and_stopping_a_long_run(self, mcp: Mcp, impatient: None) -> None:
        result = mcp.call("flow__mcpWait")
        run = result["structuredContent"]
        assert (run["status"], result["isError"]) == ("RUNNING", False)
        assert f'get_run with {{"executionId": "{run["executionId"]}"}}' in text(result)
        named = {"executionId": run["executionId"]}
        assert mcp.call("get_run", named)["structuredContent"]["status"] == "RUNNING"
        listed = mcp.call("list_runs", {"flow": "mcpWait", "status": "RUNNING"})["structuredContent"]
        assert [one["executionId"] for one in listed["executions"]] == [run["executionId"]]
        assert mcp.call("stop_run", named)["structuredContent"]["status"] == "ABORTED"
        found = mcp.call("get_run", named)
        assert (found["structuredContent"]["status"], found["isError"]) == ("ABORTED", False)
        assert "ended as ABORTED (Stopped: " in text(found)


class TestRunTools:
    @pytest.mark.parametrize(
        ("tool", "arguments", "said"),
        [
            ("get_run", {}, "executionId"),
            ("get_run", {"executionId": "nope"}, "There is no run 'nope'"),
            ("get_run", {"executionId": "nope", "waitSeconds": "x"}, "waitSeconds"),
            ("get_run", {"executionId": "nope", "verbose": True}, "has no argument 'verbose'"),
            ("list_runs", {"limit": 0}, "limit"),
            ("list_runs", {"status": "LOST"}, "LOST"),
            ("list_runs", {"flow": 1}, "flow"),
            ("list_runs", {"nextToken": 1}, "nextToken"),
            ("stop_run", {"executionId": 1}, "executionId"),
        ],
    )
    def test_wrong_arguments(self, later: Mcp, tool: str, arguments: dict[str, Any], said: str) -> None:
        result = later.call(tool, arguments)
        assert result["isError"] is True
        assert said in text(result)

    def test_another_users_run(self, later: Mcp, cloud_make_api: MakeApi) -> None:
        run = later.call("flow__mcpPass", {"n": 1})["structuredContent"]["executionId"]
        stranger = Mcp(cloud_make_api(), LATER)
        assert "There is no run" in text(stranger.call("get_run", {"executionId": run}))
        assert stranger.error("resources/read", {"uri": f"sdw://runs/{run}"})["code"] == -32002
        assert stranger.error("tasks/get", {"taskId": run})["code"] == -32602


class TestTasks:
    def test_experimental_tasks(self, later: Mcp) -> None:
        task = later.call("flow__mcpPass", {"n": 1}, task={"ttl": 60_000})["task"]
        assert task["ttl"] == 90 * 24 * 3_600_000
        named = {"taskId": task["taskId"]}
        result = later.result("tasks/result", named)
        assert result["structuredContent"]["status"] == "SUCCEEDED"
        assert result["_meta"][f"{META}related-task"] == named
        assert later.result("tasks/get", named)["status"] == "completed"
        assert task["taskId"] in {one["taskId"] for one in later.result("tasks/list")["tasks"]}
        assert later.error("tasks/cancel", named)["code"] == -32602

    def test_cancelling_one(self, later: Mcp) -> None:
        task = later.call("flow__mcpWait", task={})["task"]
        assert task["status"] == "working"
        assert later.result("tasks/cancel", {"taskId": task["taskId"]})["status"] == "cancelled"

    def test_a_failed_one(self, later: Mcp) -> None:
        named = {"taskId": later.call("flow__mcpFail", task={})["task"]["taskId"]}
        assert later.result("tasks/result", named)["isError"] is True
        assert later.result("tasks/get", named)["status"] == "failed"

    def test_a_result_that_takes_too_long(self, later: Mcp, impatient: None) -> None:
        named = {"taskId": later.call("flow__mcpWait", task={})["task"]["taskId"]}
        assert "still running" in later.error("tasks/result", named)["message"]
        later.result("tasks/cancel", named)

    @pytest.mark.parametrize("tool", ["lib__text", "flow__mcpExpress", "get_run"])
    def test_tools_that_never_are_tasks(self, later: Mcp, tool: str) -> None:
        assert later.error("tools/call", {"name": tool, "task": {}})["code"] == -32601

    def test_the_first_revision_has_none(self, cloud_make_api: MakeApi) -> None:
        first = Mcp(cloud_make_api(), FIRST)
        assert first.call("flow__mcpPass", {"n": 1}, task={})["structuredContent"]["status"] == "SUCCEEDED"
        assert first.error("tasks/list")["code"] == -32601

    def test_the_extension(self, cloud_make_api: MakeApi, impatient: None) -> None:
        client = Mcp(cloud_make_api(), CURRENT, {"extensions": {f"{META}tasks": {}}})
        assert client.call("flow__mcpPass", {"n": 1})["resultType"] == "complete"
        task = client.call("flow__mcpWait")
        assert (task["resultType"], task["status"]) == ("task", "working")
        assert {"ttlMs", "pollIntervalMs", "createdAt", "lastUpdatedAt"} <= task.keys()
        named = {"taskId": task["taskId"]}
        assert client.result("tasks/get", named)["status"] == "working"
        assert client.result("tasks/update", {**named, "inputResponses": {}})["resultType"] == "complete"
        assert client.result("tasks/cancel", named)["resultType"] == "complete"
        assert client.result("tasks/get", named)["status"] == "cancelled"
        assert client.result("tasks/cancel", named)["resultType"] == "complete"

    def test_a_failed_run_is_a_completed_task_whose_result_is_an_error(self, current: Mcp) -> None:
        run = current.call("flow__mcpFail")["structuredContent"]["executionId"]
        task = current.result("tasks/get", {"taskId": run})
        assert task["status"] == "completed"
        assert task["result"]["isError"] is True

    def test_a_client_without_the_extension_gets_no_task(self, current: Mcp, impatient: None) -> None:
        result = current.call("flow__mcpWait")
        assert result["resultType"] == "complete"
        current.call("stop_run", {"executionId": result["structuredContent"]["executionId"]})


class TestResources:
    def test_definitions(self, mcp: Mcp) -> None:
        listed = mcp.result("resources/list")["resources"]
        assert [one["name"] for one in listed] == ["mcpExpress", "mcpFail", "mcpPass", "mcpWait"]
        (content,) = mcp.result("resources/read", {"uri": listed[2]["uri"]})["contents"]
        assert content["uri"] == "sdw://flows/mcpPass"
        assert '"StartAt": "P"' in content["text"]

    def test_runs_and_histories(self, mcp: Mcp) -> None:
        run = mcp.call("flow__mcpPass", {"n": 1})["structuredContent"]["executionId"]
        templates = {
            one["name"]: one["uriTemplate"] for one in mcp.result("resources/templates/list")["resourceTemplates"]
        }
        uri = templates["run"].replace("{executionId}", run)
        assert '"SUCCEEDED"' in mcp.result("resources/read", {"uri": uri})["contents"][0]["text"]
        (content,) = mcp.result("resources/read", {"uri": f"{uri}/history"})["contents"]
        assert '"ExecutionSucceeded"' in content["text"]

    @pytest.mark.parametrize(
        "uri",
        ["sdw://flows/nope", "sdw://flows/mcpOps", "sdw://flows/mcpHidden", "sdw://runs/nope", "sdw://flows/a/b",
         "sdw://runs/a/b", "file:///etc/passwd", "sdw://[", "", "sdw://lib/text"],
    )  # fmt: skip
    def test_what_does_not_exist(self, mcp: Mcp, uri: str) -> None:
        error = mcp.error(
            "resources/read",
            {"uri": uri},
        )
        assert error["code"] == (-32602 if mcp.revision == CURRENT else -32002)
        assert error["data"] == {"uri": uri}

    def test_an_express_run_has_no_history(self, later: Mcp) -> None:
        run = later.call("flow__mcpExpress")["structuredContent"]["executionId"]
        error = later.error("resources/read", {"uri": f"sdw://runs/{run}/history"})
        assert (error["code"], error["data"]["status"]) == (-32602, 409)


def test_tool_names_keep_their_length() -> None:
    one, other = (tools.tool_name("flow__", "a" * 200 + end) for end in "xy")
    assert len(one) == len(other) == tools.MAX_NAME
    assert one != other
    assert tools.tool_name("lib__", "b" * 123) == "lib__" + "b" * 123
