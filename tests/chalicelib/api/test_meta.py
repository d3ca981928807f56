"""What every route has in common, and what is about the API itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from chalicelib.api import openapi, openapi_schemas

from ..conftest import Api, IdentityProvider, UseFlows, flow

DEFINITION = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture(autouse=True)
def no_cloud(use_flows: UseFlows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.usage._increment", lambda user: None)
    monkeypatch.setattr("chalicelib.secrets.load", lambda: None)
    monkeypatch.setattr("chalicelib.secrets.reload", lambda: None)
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    labelled = flow("labelledFlow", DEFINITION, labels={"order": "$.order_id"}, access_groups=("ops",))
    use_flows(flow("oneFlow", DEFINITION, input_schema=schema), flow("otherFlow", DEFINITION), labelled)


def routes() -> list[tuple[str, str]]:
    import app

    return [(method, path) for path, methods in app.app.routes.items() for method in methods if method != "OPTIONS"]


CONSOLE = {("GET", "/console" + below) for below in ("", "/{page}", "/{page}/{name}", "/{page}/{name}/{part}")}
METADATA = {("GET", "/.well-known/oauth-protected-resource" + below) for below in ("", "/{resource}")}
PUBLIC = {("GET", "/health"), ("GET", "/openapi.json"), ("GET", "/auth/config"), ("GET", "/"), *CONSOLE, *METADATA}
MCP = {(method, "/mcp") for method in ("POST", "GET", "DELETE")}
"""Routes that verify tokens themselves, or refuse every request."""

KEYED = {("GET", "/approvals/{approval_id}"), ("POST", "/approvals/{approval_id}")}
"""Those that a link opens: API Gateway lets them through, and the application asks for the token."""


class TestEveryRoute:
    def test_the_table_is_complete(self) -> None:
        assert set(routes()) - PUBLIC - MCP == {
            ("GET", "/auth/verify"),
            ("GET", "/flows"),
            ("GET", "/flows/{flow_name}"),
            ("POST", "/run/{flow_name}"),
            ("GET", "/run/{flow_name}/{execution_id}"),
            ("GET", "/run/{flow_name}/{execution_id}/history"),
            ("GET", "/run/{flow_name}/{execution_id}/states"),
            ("POST", "/run/{flow_name}/{execution_id}/states/test"),
            ("GET", "/run/{flow_name}/{execution_id}/definition"),
            ("GET", "/run/{flow_name}/{execution_id}/logs"),
            ("DELETE", "/run/{flow_name}/{execution_id}"),
            ("POST", "/run/{flow_name}/{execution_id}/redrive"),
            ("POST", "/run/{flow_name}/{execution_id}/rerun"),
            ("GET", "/runs"),
            ("POST", "/runs/redrive"),
            ("POST", "/runs/rerun"),
            ("GET", "/approvals"),
            *KEYED,
            ("GET", "/usage"),
            ("GET", "/usage/{user_id}"),
            ("GET", "/lib"),
            ("POST", "/lib/{function_name}"),
        }
        assert set(routes()) > PUBLIC | MCP

    @pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in PUBLIC | MCP])
    def test_it_needs_a_token_here_and_on_aws(self, api: Api, method: str, path: str) -> None:
        import app

        authorizer = app.app.routes[path][method].authorizer
        if (method, path) in KEYED:
            assert authorizer is None
        else:
            assert authorizer is not None and authorizer.name == "CognitoUserPool"
        for token in (None, "a.b.c"):
            api.token = token
            reply = api.call(method, re.sub("{.*?}", "x", path), headers={"Origin": "https://a.example"})
            reply.problem(401)
            assert reply.headers["WWW-Authenticate"] == "Bearer"
            assert reply.headers["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.parametrize(("method", "path"), sorted(PUBLIC))
    def test_public_ones_need_none(self, api: Api, method: str, path: str) -> None:
        api.token = None
        assert api.call(method, path.replace("{resource}", "mcp")).status < 400

    @pytest.mark.parametrize("path", sorted({path for _, path in routes()}))
    def test_preflight(self, api: Api, path: str) -> None:
        api.token = None
        reply = api.call("OPTIONS", re.sub("{.*?}", "x", path), headers={"Origin": "https://a.example"})
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        allowed = reply.headers["Access-Control-Allow-Methods"].split(",")
        assert set(allowed) == {"OPTIONS"} | {method for method, other in routes() if other == path}
        assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(
            reply.headers["Access-Control-Allow-Headers"].split(",")
        )


class TestCors:
    @pytest.mark.parametrize(
        ("origins", "origin", "allowed"),
        [
            ("*", "https://any.example", "*"),
            ("https://a.example", "https://a.example", "https://a.example"),
            ("https://a.example, https://b.example/", "https://b.example", "https://b.example"),
            ("https://a.example", "https://b.example", None),
            ("https://a.example", None, None),
            ("", "https://a.example", None),
        ],
    )
    def test_origins(
        self, api: Api, clean: pytest.MonkeyPatch, origins: str, origin: str | None, allowed: str | None
    ) -> None:
        clean.setenv("CORS_ORIGINS", origins)
        headers = {"Origin": origin} if origin else {}
        api.token = None
        for method, path, status in (("GET", "/health", 200), ("OPTIONS", "/runs", 204), ("GET", "/runs", 401)):
            reply = api.call(method, path, headers=headers)
            assert reply.status == status
            assert reply.headers.get("Access-Control-Allow-Origin") == allowed
            assert reply.headers.get("Vary") == (None if origins == "*" else "Origin")
            if method == "OPTIONS":
                assert ("Access-Control-Allow-Methods" in reply.headers) == (allowed is not None)


class TestAuth:
    def test_config(self, api: Api, provider: IdentityProvider) -> None:
        config = {
            "region": "us-east-1",
            "userPoolId": "us-east-1_test",
            "userPoolClientId": "test-client",
            "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_test",
        }
        assert api.get("/auth/config").json() == config
        endpoint = "https://cognito-idp.us-east-1.amazonaws.com"
        assert api.get("/auth/config?endpoint=true").json() == {**config, "endpoint": endpoint}

    def test_verify(self, api: Api, provider: IdentityProvider) -> None:
        api.token = provider.token(sub="u-1", exp=4_102_444_800, **{"cognito:groups": ["ops"]})
        assert api.get("/auth/verify").json() == {
            "valid": True,
            "user": {"id": "u-1", "email": "ada@example.com", "groups": ["ops"]},
            "expiresAt": "2100-01-01T00:00:00.000Z",
        }


class TestOpenApi:
    @pytest.fixture
    def document(self, api: Api) -> dict[str, Any]:
        reply = api.get("/openapi.json")
        assert reply.headers["Content-Type"] == "application/json"
        document: dict[str, Any] = reply.json()
        return document

    def test_it_is_valid(self, document: dict[str, Any]) -> None:
        assert document["openapi"].startswith("3.1")
        validate(document)

    def test_it_has_every_route(self, document: dict[str, Any]) -> None:
        described = {(m.upper(), path) for path, operations in document["paths"].items() for m in operations}
        assert set(routes()) <= described

    def test_operations_have_names_of_their_own(self, document: dict[str, Any]) -> None:
        names = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
        assert len(names) == len(set(names))
        tags = {tag["name"] for tag in document["tags"]}
        assert all(set(one["tags"]) <= tags for operations in document["paths"].values() for one in operations.values())

    def test_public_routes_are_those_without_security(self, document: dict[str, Any]) -> None:
        public = {
            path for path, operations in document["paths"].items() if operations.get("get", {}).get("security") == []
        }
        assert public == {path for _, path in PUBLIC} | {"/mcp"}
        assert "security" not in document["paths"]["/mcp"]["post"]

    def test_functions_and_flows_have_their_schemas(self, document: dict[str, Any]) -> None:
        def body(path: str) -> Any:
            return document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]

        schemas = document["components"]["schemas"]
        assert body("/run/oneFlow") == {"$ref": "#/components/schemas/oneFlow.flow.input"}
        moved = schemas["oneFlow.flow.input"]["properties"]["a"]["$ref"]
        assert moved == "#/components/schemas/oneFlow.flow.input.A"
        assert schemas["oneFlow.flow.input.A"] == {"type": "string"}
        assert body("/run/otherFlow") == {"type": "object"}
        assert body("/lib/price_order") == {"$ref": "#/components/schemas/price_order.input"}
        assert schemas["price_order.input"]["required"] == ["items"]
        assert document["paths"]["/lib/ping"]["post"]["summary"] == "Answer that the service is alive, as plain text"

    def test_generators_of_clients_get_arrays_with_items(self) -> None:
        components: dict[str, Any] = {}
        anything = {"type": ["string", "array"]}
        pair = {"type": "array", "prefixItems": [{"type": "number"}]}
        openapi_schemas.add(components, "f", {"properties": {"a": anything, "b": pair, "c": {"type": "array"}}})
        assert components["f"]["properties"] == {
            "a": anything | {"items": {}},
            "b": pair,
            "c": {"type": "array", "items": {}},
        }

    def test_a_flow_has_its_labels_groups_and_examples(self, document: dict[str, Any]) -> None:
        operation = document["paths"]["/run/labelledFlow"]["post"]
        assert operation["x-labels"] == {"order": "$.order_id"}
        assert operation["x-access-groups"] == ["ops"]
        assert "`order` from `$.order_id`" in operation["description"]
        assert "Only for members of: ops." in operation["description"]

    def test_the_server_is_where_the_paths_begin(self) -> None:
        assert openapi.document("/api", [])["servers"] == [{"url": "/api"}]


def test_health(api: Api) -> None:
    assert api.get("/health").json() == {"status": "ok"}
    assert api.get("/").headers["Location"] == "/console/"
