"""What callers see while AWS throttles, fails or does not answer: 503 with `Retry-After`, whichever service it is."""

from __future__ import annotations

import http.server
import json
import logging
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import jwks

from ..conftest import Api, IdentityProvider, MakeApi, UseFlows, flow

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
FAILURES = [(400, "ThrottlingException"), (500, "InternalServerError"), (503, "ServiceUnavailable"), (502, None)]


class FailingAws:
    """AWS's JSON APIs, of which the one in `service` answers with a failure and the others with nothing."""

    def __init__(self) -> None:
        self.service = ""
        self.failure: tuple[int, str | None] = (200, None)
        self.calls: list[str] = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target = self.headers["X-Amz-Target"]
                fake.calls.append(target)
                status, body = 200, b'{"Parameters": [], "Items": []}'
                if fake.service in target:
                    status, code = fake.failure
                    body = json.dumps({"__type": code}).encode() if code else b"<html>Bad Gateway</html>"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture(scope="module")
def _failing() -> Iterator[FailingAws]:
    fake = FailingAws()
    yield fake
    fake.server.shutdown()


@pytest.fixture
def failing(_failing: FailingAws, provider: IdentityProvider, clean: pytest.MonkeyPatch) -> FailingAws:
    clean.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{_failing.server.server_address[1]}")
    clean.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between attempts
    clean.setattr("chalicelib.runs.starting.MAX_PAUSE", 0.0)
    _failing.calls.clear()
    return _failing


@pytest.fixture
def user(failing: FailingAws, make_api: MakeApi, use_flows: UseFlows) -> Api:
    use_flows(flow("passFlow", PASS), flow("expressFlow", PASS, type="EXPRESS"))
    return make_api()


@pytest.mark.parametrize("failure", FAILURES, ids=str)
@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("DynamoDB", "GET", "/runs"),
        ("DynamoDB", "GET", "/usage"),
        ("DynamoDB", "POST", "/run/passFlow"),
        ("StepFunctions", "POST", "/run/passFlow"),
        ("StepFunctions", "POST", "/run/expressFlow"),
    ],
)
def test_the_caller_shall_come_back(
    user: Api, failing: FailingAws, failure: tuple[int, str | None], service: str, method: str, path: str
) -> None:
    failing.service, failing.failure = service, failure
    reply = user.call(method, path)
    reply.problem(503)
    assert reply.headers["Retry-After"] == "1"


@pytest.mark.parametrize(("failure", "withdrawn"), [(FAILURES[0], True), (FAILURES[1], False)])
def test_only_a_run_that_surely_did_not_start_loses_its_record(
    user: Api, failing: FailingAws, failure: tuple[int, str | None], withdrawn: bool
) -> None:
    failing.service, failing.failure = "StepFunctions", failure
    user.post("/run/passFlow").problem(503)
    assert ("DynamoDB_20120810.DeleteItem" in failing.calls) is withdrawn


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_functions_run_without_parameter_store(
    user: Api, failing: FailingAws, caplog: pytest.LogCaptureFixture, failure: tuple[int, str | None]
) -> None:
    failing.service, failing.failure = "AmazonSSM", failure
    with caplog.at_level(logging.WARNING, "chalicelib"):
        assert user.post("/lib/ping").text == "I am alive"
    assert "Parameter Store" in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_tokens_cannot_be_verified_without_keys(user: Api, provider: IdentityProvider, status: int) -> None:
    provider.status = status
    reply = user.get("/auth/verify")
    reply.problem(503)
    assert reply.headers["Retry-After"] == "1"


def test_nor_may_a_token_be_refused_whose_key_could_not_be_fetched(user: Api, provider: IdentityProvider) -> None:
    from ..conftest import SigningKey

    rotated = SigningKey("key-2")
    assert user.get("/auth/verify").status == 200
    provider.status = 503
    known, user.token = user.token, provider.token(key=rotated)
    user.get("/auth/verify").problem(503)
    user.token = known
    assert user.get("/auth/verify").status == 200
    provider.status, provider.published = 200, [rotated.public]
    jwks.forget()  # the pause after a failure
    user.token = provider.token(key=rotated)
    assert user.get("/auth/verify").status == 200
