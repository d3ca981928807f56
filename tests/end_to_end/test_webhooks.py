"""Webhooks: signed, repeated until the receiver accepts them, and kept if it never does."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sdw_client import InvalidSignature, webhooks

from .client import Client
from .conftest import Aws

PREFIX = "/serverless-dynamic-workflows/local/"
SECONDS = 30


@dataclass
class Receiver:
    """Answers 503 as often as `failures` says, then `status`; keeps what it was sent."""

    failures: int = 0
    status: int = 204
    calls: list[tuple[float, dict[str, str], bytes]] = field(default_factory=list)

    def of_run(self, execution_id: str) -> list[tuple[float, dict[str, str], bytes]]:
        return [call for call in self.calls if execution_id.encode() in call[2]]


@pytest.fixture(scope="module")
def running(aws: Aws) -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.calls.append((time.monotonic(), dict(self.headers.items()), body))
            found.failures -= 1
            self.send_response(503 if found.failures >= 0 else found.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/runs?token=1"
    aws("ssm").put_parameter(Name=PREFIX + "E2E_RECEIVER", Value=url, Type="SecureString", Overwrite=True)
    time.sleep(1.1)  # for so long a function keeps the secrets that it knows
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver(running: Receiver) -> Receiver:
    running.failures, running.status = 0, 204
    return running


def secret(aws: Aws) -> str:
    found = aws("ssm").get_parameter(Name=PREFIX + "WEBHOOK_SECRET", WithDecryption=True)
    return str(found["Parameter"]["Value"])


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_receiver_that_fails_twice(user: Client, aws: Aws, receiver: Receiver) -> None:
    receiver.failures = 2
    run = user.run("e2eNotify", {"fail": True, "order": "A-1", "card": "4242"})
    until(lambda: len(receiver.of_run(run["executionId"])) == 3)
    calls = receiver.of_run(run["executionId"])
    events = [webhooks.verify(body, headers, secret(aws)) for _, headers, body in calls]
    assert events[0] == events[1] == events[2]
    assert events[0]["type"] == "run.failed"
    assert events[0]["data"] | {"startDate": "", "stopDate": "", "durationSeconds": 0} == {
        "executionId": run["executionId"],
        "flow": "e2eNotify",
        "status": "FAILED",
        "startDate": "",
        "stopDate": "",
        "durationSeconds": 0,
        "error": "Broken",
        "cause": "because",
        "labels": {"order": "A-1"},
        "redriveCount": 0,
    }
    assert len({headers["webhook-id"] for _, headers, _ in calls}) == 1
    assert calls[1][0] - calls[0][0] >= 1  # second
    assert calls[2][0] - calls[1][0] >= 4
    with pytest.raises(InvalidSignature):
        webhooks.verify(calls[0][2] + b" ", calls[0][1], secret(aws))


def test_a_receiver_that_refuses_for_good(user: Client, aws: Aws, receiver: Receiver) -> None:
    receiver.status = 410
    run = user.run("e2eNotify", {"fail": False, "order": "A-2"})
    assert run["status"] == "SUCCEEDED"
    sqs = aws("sqs")
    queue = sqs.get_queue_url(QueueName="serverless-dynamic-workflows-local-dead-letters")["QueueUrl"]

    def dead_letter() -> Any:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return next((each for each in found.get("Messages", []) if run["executionId"] in each["Body"]), None)

    letter = until(dead_letter)
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "WebhookRefused"
    assert "answered 410" in attributes["ERROR_MESSAGE"]
    assert len(receiver.of_run(run["executionId"])) == 1

    receiver.status = 200  # the letter is a request to Step Functions: it can be sent again
    request = json.loads(letter["Body"])
    aws("stepfunctions").start_execution(
        stateMachineArn=request["StateMachineArn"], name=request["Name"], input=request["Input"]
    )
    until(lambda: len(receiver.of_run(run["executionId"])) == 2)
    (_, first, _), (_, second, body) = receiver.of_run(run["executionId"])
    assert first["webhook-id"] == second["webhook-id"]
    assert webhooks.verify(body, second, secret(aws))["data"]["status"] == "SUCCEEDED"


def test_deliveries_are_nobodys_runs(make_user: Callable[..., Client], receiver: Receiver) -> None:
    admin = make_user("admin")
    run = admin.run("e2eNotify", {"fail": False})
    until(lambda: receiver.of_run(run["executionId"]))
    runs = admin.get("/runs", user="all", limit=100).json()["executions"]
    assert "-webhooks" not in json.dumps(runs)
    assert admin.get("/runs", flow="-webhooks").json().get("executions", []) == []
