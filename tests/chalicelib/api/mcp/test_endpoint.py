"""Messages, revisions, headers, tokens and origins."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ...conftest import Api, IdentityProvider, MakeApi
from .conftest import CURRENT, FIRST, LATER, META, Mcp


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
