"""How tasks find their integration, and what it takes to add one."""

from __future__ import annotations

import json

import pytest

from asl import Engine, SkippingClock, StateMachine
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.resources import Resource, parse_resource, registry_names
from stepfunctions.runner import Runner
from tests.stepfunctions.conftest import LAMBDA, Lab, one

STATES = "arn:aws:states:::"


@pytest.mark.parametrize(
    ("arn", "names"),
    [
        (LAMBDA + "f", ("function",)),
        ("arn:aws:states:us-east-1:123456789012:activity:a", ("activity",)),
        (STATES + "sqs:sendMessage", ("sqs:sendMessage", "sqs:*", "*")),
        (STATES + "sqs:sendMessage.waitForTaskToken", ("sqs:sendMessage", "sqs:*", "*")),
        (STATES + "glue:startJobRun.sync", ("glue:startJobRun.sync", "*.sync")),
        (STATES + "states:startExecution.sync:2", ("states:startExecution.sync:2", "*.sync")),
        (STATES + "aws-sdk:sfn:listActivities", ("aws-sdk:sfn:listActivities", "aws-sdk:sfn:*", "aws-sdk:*")),
    ],
)
def test_the_most_specific_name_comes_first(arn: str, names: tuple[str, ...]) -> None:
    assert registry_names(arn) == names


def test_an_arn_is_parsed() -> None:
    assert parse_resource(STATES + "aws-sdk:s3:getObject") == Resource("s3", "getObject", "", is_sdk=True)
    assert parse_resource(STATES + "sns:publish.waitForTaskToken") == Resource(
        "sns", "publish", "waitForTaskToken", is_sdk=False
    )
    assert parse_resource(LAMBDA + "f") is None


def test_one_entry_adds_an_integration() -> None:
    class Echo:
        def check(self, request: TaskRequest) -> None:
            return None

        def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
            completion.succeed({"echo": request.parameters})
            return None

    engine = Engine(Runner({"echo:say": Echo()}), clock=SkippingClock())
    definition = json.dumps(one("Task", Resource=STATES + "echo:say", Parameters={"A": 1}))
    machine = StateMachine("arn:aws:states:us-east-1:123456789012:stateMachine:m", "m", definition)
    try:
        assert engine.run(machine, "{}").output == '{"echo":{"A":1}}'
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("resource", "cause"),
    [
        ("eks:runJob.sync", "The pattern .sync of arn:aws:states:::eks:runJob.sync is not supported on this machine."),
        ("http:invoke.sync", "The pattern .sync of arn:aws:states:::http:invoke.sync is not supported"),
        ("bedrock:invokeModel", "The resource arn:aws:states:::bedrock:invokeModel is not supported."),
    ],
)
def test_a_resource_without_an_integration_fails_its_task(lab: Lab, resource: str, cause: str) -> None:
    parameters = {"Name": "n"} if "ssm" in resource else {}
    found = lab.run_task(STATES + resource, parameters)
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert cause in found["cause"]
