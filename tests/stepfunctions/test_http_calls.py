"""Tasks that call endpoints over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stepfunctions.conftest import Lab

HTTP = "arn:aws:states:::http:invoke"
GATEWAY = "arn:aws:states:::apigateway:invoke"


class Echo(BaseHTTPRequestHandler):
    """Echoes the request. `/missing` answers 404."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
        data = json.dumps(asked).encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def connection(lab: Lab) -> str:
    key = {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}
    answer = lab.client("events").create_connection(
        Name="partner", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": key}
    )
    return str(answer["ConnectionArn"])


def test_an_endpoint_with_a_connection(lab: Lab, address: str, connection: str) -> None:
    parameters = {
        "ApiEndpoint": f"http://{address}/orders",
        "Method": "POST",
        "Authentication": {"ConnectionArn": connection},
        "QueryParameters": {"a": ["1", "2"]},
        "RequestBody": {"n": 1},
    }
    result = json.loads(lab.run_task(HTTP, parameters)["output"])
    assert (result["StatusCode"], result["StatusText"]) == (200, "OK")
    assert result["Headers"]["content-type"] == ["application/json"]
    asked = result["ResponseBody"]
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/orders?a=1&a=2", '{"n":1}')
    assert asked["headers"]["Content-Type"] == "application/json"
    encoded = parameters | {"Transform": {"RequestBodyEncoding": "URL_ENCODED"}}
    assert json.loads(lab.run_task(HTTP, encoded)["output"])["ResponseBody"]["body"] == "n=1"


def test_errors_of_an_endpoint(lab: Lab, address: str, connection: str) -> None:
    parameters = {"Method": "GET", "Authentication": {"ConnectionArn": connection}}
    found = lab.run_task(HTTP, parameters | {"ApiEndpoint": f"http://{address}/missing"})
    assert found["error"] == "States.Http.StatusCode.404"
    assert json.loads(found["cause"])["path"] == "/missing"
    assert lab.run_task(HTTP, parameters | {"ApiEndpoint": "http://127.0.0.1:1"})["error"] == "States.Http.Socket"
    assert "is not a valid HTTP URL" in lab.run_task(HTTP, parameters | {"ApiEndpoint": "x"})["cause"]
    assert "[The field 'ApiEndpoint' is required but was missing]" in lab.run_task(HTTP, parameters)["cause"]
    bare = {"ApiEndpoint": f"http://{address}", "Method": "GET"}
    assert "ConnectionArn" in lab.run_task(HTTP, bare)["cause"]


def test_an_api_of_api_gateway(lab: Lab, address: str) -> None:
    parameters = {"ApiEndpoint": address, "Method": "PUT", "Stage": "api", "Path": "/pets/1", "Headers": {"A": ["1"]}}
    result = json.loads(lab.run_task(GATEWAY, parameters)["output"])
    assert result["ResponseBody"]["path"] == "/api/pets/1"
    assert result["ResponseBody"]["headers"]["A"] == "1"
    found = lab.run_task(GATEWAY, parameters | {"Stage": "missing"})
    assert found["error"] == "ApiGateway.404"
    assert "[The field 'Body' is not supported" in lab.run_task(GATEWAY, parameters | {"Body": 1})["cause"]
