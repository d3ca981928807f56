"""What all routes have in common: problem documents, CORS, limits, the description of the API."""

from __future__ import annotations

import json
import re
import socket
from urllib.parse import urlsplit

import pytest
from openapi_spec_validator import validate

from .client import PROTECTED, PUBLIC, Client, problem
from .server import PROJECT

ROUTES = sorted({path for _, path in PROTECTED} | set(PUBLIC))
LIMIT = 262_144


class TestBodies:
    @pytest.mark.parametrize("body", ["{", "", "nope", '{"a": NaN}', b"\xff\xfe", "{" * 5000])
    def test_not_json(self, user: Client, body: str | bytes) -> None:
        answer = user.call("POST", "/run/e2eEcho", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == (202 if body == "" else 400), answer.text
        if answer.status_code == 400:
            problem(answer, 400)

    @pytest.mark.parametrize("body", [[], "text", 1, True])
    def test_not_an_object(self, user: Client, body: object) -> None:
        problem(user.call("POST", "/run/e2eEcho", data=json.dumps(body)), 400)

    def test_the_largest_input(self, user: Client) -> None:
        padding = LIMIT - len('{"a":""}')
        assert user.call("POST", "/run/e2eEcho", data='{"a":"' + "x" * (padding + 1) + '"}').status_code == 413
        answer = user.call("POST", "/run/e2eEcho", data='{"a":"' + "x" * (padding - 100) + '"}')
        assert answer.status_code == 202
        run = user.poll("e2eEcho", answer.json()["executionId"])
        assert run["status"] == "SUCCEEDED"
        assert len(run["output"]["a"]) == padding - 100

    def test_too_large_is_a_problem(self, user: Client) -> None:
        document = problem(user.call("POST", "/run/e2eEcho", data=json.dumps({"a": "x" * LIMIT})), 413)
        assert "262,144" in document["detail"] or "262144" in document["detail"]

    def test_a_schema_names_each_field(self, user: Client) -> None:
        document = problem(user.post("/run/e2eSchema", {"sku": 1, "quantity": 0}), 422)
        assert {error["field"] for error in document["errors"]} == {"sku", "quantity"}
        assert user.run("e2eSchema", {"sku": "A", "quantity": 1})["status"] == "SUCCEEDED"

    def test_a_missing_field_is_named(self, user: Client) -> None:
        assert "quantity" in str(problem(user.post("/run/e2eSchema", {"sku": "A"}), 422)["errors"])


class TestPaths:
    @pytest.mark.parametrize("path", ["/", "/nope", "/run", "/run/a/b/c", "/lib/ping/x"])
    def test_unknown(self, user: Client, path: str) -> None:
        answer = user.get(path)
        assert answer.status_code in (200, 403, 404, 405), answer.text  # "/" may be a page
        assert "Traceback" not in answer.text

    @pytest.mark.parametrize(("method", "path"), [("PUT", "/flows"), ("GET", "/lib/ping"), ("DELETE", "/runs")])
    def test_another_method(self, user: Client, method: str, path: str) -> None:
        assert user.call(method, path).status_code in (403, 404, 405)


class TestCors:
    ORIGIN = "https://console.example.com"

    @pytest.mark.parametrize("path", [*ROUTES, "/lib/e2e-sleeper"])
    def test_preflight(self, nobody: Client, path: str) -> None:
        answer = nobody.call(
            "OPTIONS",
            path,
            headers={
                "Origin": self.ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
            },
        )
        assert answer.status_code in (200, 204), answer.text
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", self.ORIGIN)
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert all(header in allowed for header in ("authorization", "content-type", "idempotency-key"))
        assert answer.headers["Access-Control-Allow-Methods"]

    @pytest.mark.parametrize(("method", "path"), [*PROTECTED, *(("GET", path) for path in PUBLIC)])
    def test_every_answer_may_be_read(self, user: Client, method: str, path: str) -> None:
        answer = user.call(method, path, headers={"Origin": self.ORIGIN})
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", self.ORIGIN)

    def test_so_may_a_refusal(self, nobody: Client) -> None:
        answer = nobody.call("GET", "/flows", headers={"Origin": self.ORIGIN})
        assert answer.status_code == 401
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", self.ORIGIN)

    def test_the_location_may_be_read(self, user: Client) -> None:
        answer = user.post("/run/e2eEcho", {}, headers={"Origin": self.ORIGIN})
        assert "location" in answer.headers["Access-Control-Expose-Headers"].lower()


class TestDescription:
    def test_it_is_valid_and_has_every_route(self, nobody: Client) -> None:
        document = nobody.get("/openapi.json").json()
        validate(document)
        described = {re.sub(r"\{[^}]*\}", "x", path) for path in document["paths"]}
        assert {path.replace("helloWorldFlow", "x") for path in ROUTES} <= described

    def test_the_documentation_has_every_route(self, nobody: Client) -> None:
        text = (PROJECT / "docs" / "api.md").read_text()
        headings = "\n".join(re.findall(r"^### .*$", text, flags=re.MULTILINE))
        documented = set(re.findall(r"[A-Z]+ /\S*", headings))  # some have two
        described = {
            f"{method.upper()} {re.sub('^/(lib|run)/[^/{]+$', one_of, path)}"
            for path, operations in nobody.get("/openapi.json").json()["paths"].items()
            for method in operations
        }
        pages = {route for route in described if route.startswith("GET /console/")}  # below GET /console
        assert documented == described - pages

    def test_a_typed_function_has_its_schema(self, nobody: Client) -> None:
        document = nobody.get("/openapi.json").json()
        operation = document["paths"]["/lib/price_order"]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
        assert set(schema["properties"]) == {"items", "country", "coupon"}
        assert "VAT" in json.dumps(operation)


def one_of(path: re.Match[str]) -> str:
    """The route of a function or flow that is described by its own name."""
    return {"lib": "/lib/{function_name}", "run": "/run/{flow_name}"}[path[1]]


class TestConnection:
    def test_health_says_nothing_more_than_that(self, nobody: Client) -> None:
        answer = nobody.get("/health")
        assert answer.status_code == 200
        assert "arn:" not in answer.text

    def test_the_server_listens_on_loopback_alone(self, nobody: Client) -> None:
        address = urlsplit(nobody.url)
        assert address.hostname == "127.0.0.1"
        with socket.socket() as other:
            other.settimeout(1)
            with pytest.raises(OSError, match=r"refused|timed out"):
                other.connect(("127.0.0.2", address.port or 0))
