"""The real package under AWS's runtime client, with only what Lambda's image has."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT
from compiler import compile_project
from tests.deployments.runtime_api import LambdaRuntime, api_event
from tests.end_to_end.server import example

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric is for Linux alone")

# Nothing listens there: whatever needs AWS fails at once, as without a network.
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "STAGE": "prod", "USER_POOL_ID": "us-east-1_pool"}
Start = Callable[..., LambdaRuntime]


@pytest.fixture
def start(task: Path, bare: Path) -> Start:
    return lambda handler, task=task, **variables: LambdaRuntime(task, bare, handler, {**NOWHERE, **variables})


def test_requests_of_the_api(start: Start) -> None:
    with start("app.app") as runtime:
        health = runtime.invoke(api_event("GET", "/health", "/health"))
        assert not health.failed
        assert (health.result["statusCode"], json.loads(health.result["body"])) == (200, {"status": "ok"})
        described = runtime.invoke(api_event("GET", "/openapi.json", "/openapi.json")).result
        assert "/lib/ping" in json.loads(described["body"])["paths"]
        missing = runtime.invoke(
            api_event("POST", "/lib/{function_name}", "/lib/nothing", {}, function_name="nothing")
        ).result
        assert missing["statusCode"] == 404
        assert json.loads(missing["body"])["title"] == "Not Found"


def test_a_function_is_called_though_nothing_of_aws_answers(start: Start) -> None:
    with start("app.app") as runtime:
        pong = runtime.invoke(api_event("POST", "/lib/{function_name}", "/lib/ping", {}, function_name="ping"))
    assert not pong.failed
    assert (pong.result["statusCode"], pong.result["body"]) == (200, "I am alive")


def test_a_flows_task_with_validation(start: Start) -> None:
    order = example("orderFlow")
    with start("app.validate_order") as runtime:
        done = runtime.invoke(order)
        bad = runtime.invoke({**order, "items": 7})
    assert not done.failed, done.result
    assert done.result == {"valid": True, "problems": []}
    assert bad.failed
    assert bad.result["errorType"] == "ValidationError"
    assert bad.result["errorMessage"].startswith("items: ")


def test_a_scheduled_flows_event(start: Start) -> None:
    """The schedule's input, as the flow's first state passes it to its function."""
    flow = compile_project(PROJECT).flows["scheduledFlow"]
    assert flow.schedule is not None
    first = flow.definition["States"][flow.definition["StartAt"]]
    (use,) = (use for use in flow.functions if f"${{{use.alias}Arn}}" == first["Resource"])
    with start(f"app.{use.function.replace('-', '_')}") as runtime:
        done = runtime.invoke(flow.input)
    assert not done.failed
    assert done.result == {"statusCode": 200, "body": {"message": "Hello World"}}


def test_a_secret_that_is_missing(task: Path, start: Start, tmp_path: Path) -> None:
    """A function that needs a secret which is not available fails with its own error."""
    own = tmp_path / "task"
    shutil.copytree(task, own)
    (own / "chalicelib" / "lib" / "ping" / "handler.py").write_text(
        "import os\ndef handler(event, context):\n    return os.environ['PAYMENT_KEY']\n"
    )
    with start("app.app", own) as runtime:
        answer = runtime.invoke(api_event("POST", "/lib/{function_name}", "/lib/ping", {}, function_name="ping"))
        assert not answer.failed
        assert answer.result["statusCode"] == 500
        assert "PAYMENT_KEY" not in answer.result["body"]
        printed = runtime.close()
    assert "KeyError: 'PAYMENT_KEY'" in printed


def test_a_handler_that_cannot_be_imported(task: Path, start: Start, tmp_path: Path) -> None:
    """Of two functions only the broken one fails, on every call."""
    own = tmp_path / "task"
    shutil.copytree(task, own)
    (own / "chalicelib" / "lib" / "hello_world" / "handler.py").write_text("import nothing_of_that_name\n")
    with start("app.hello_world", own) as runtime:
        broken = runtime.invoke({})
        assert broken.failed
        assert "nothing_of_that_name" in broken.result["errorMessage"]
    with start("app.dummy_check", own) as runtime:
        assert not runtime.invoke({"message": "hi"}).failed


def test_a_handler_that_is_not_there(start: Start) -> None:
    with start("app.no_such_function") as runtime:
        outcome = runtime.outcome()
    assert outcome.failed
    assert outcome.result["errorType"] == "Runtime.HandlerNotFound"
