"""The receiver lets only signed payloads through and starts a run for each id once; paymentEvent processes it."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from asl.testing.plugin import Flows
from chalicelib.errors import BadRequest, Forbidden

handler = importlib.import_module("chalicelib.lib.receive_webhook.handler").handler

PAYLOAD = {"id": "evt_1", "type": "payment.succeeded", "amount": 25}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The executions that a server in place of Step Functions has started."""
    executions: list[dict[str, Any]] = []

    class StepFunctions(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any]
            if any(call["name"] == known["name"] for known in executions):
                status = 400
                answer = {"__type": "ExecutionAlreadyExists"}
            else:
                executions.append(call)
                status = 200
                answer = {"executionArn": "arn", "startDate": 0}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), StepFunctions)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "WEBHOOK_SECRET": "shared",
    }.items():
        monkeypatch.setenv(name, value)
    yield executions
    server.shutdown()
    server.server_close()


def request(body: str, secret: str = "shared") -> dict[str, Any]:
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    return {"body": body, "isBase64Encoded": False, "headers": {"X-Signature": f"sha256={signature}"}}


def test_a_signed_payload_starts_the_flow_once(started: list[dict[str, Any]]) -> None:
    answers = [handler(request(json.dumps(PAYLOAD)), None) for _ in range(2)]
    assert answers == [{"statusCode": 202, "body": {"received": "evt_1"}}] * 2
    (execution,) = started
    assert json.loads(execution["input"]) == PAYLOAD
    assert execution["stateMachineArn"].endswith("-paymentEvent")


def test_a_payload_with_a_wrong_signature_starts_nothing(started: list[dict[str, Any]]) -> None:
    forged = request(json.dumps(PAYLOAD), secret="guessed")
    changed = {**request(json.dumps(PAYLOAD)), "body": json.dumps({**PAYLOAD, "amount": 9999})}
    for event in (forged, changed, {**forged, "headers": {}}):
        with pytest.raises(Forbidden):
            handler(event, None)
    assert started == []


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"type": "payment.succeeded"}'])
def test_a_payload_without_an_id_starts_nothing(started: list[dict[str, Any]], body: str) -> None:
    with pytest.raises(BadRequest):
        handler(request(body), None)
    assert started == []


def test_a_payment_is_recorded(flows: Flows) -> None:
    flows.load("paymentEvent").run(PAYLOAD).assert_succeeded(output={"recorded": "evt_1", "amount": 25})


def test_other_events_are_ignored(flows: Flows) -> None:
    run = flows.load("paymentEvent").run({"id": "evt_2", "type": "customer.created"})
    run.assert_succeeded(output={"ignored": "customer.created"}).assert_not_entered("record_payment")
