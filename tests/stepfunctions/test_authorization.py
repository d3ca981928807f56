"""Tasks that whoever runs the service does not allow: the service without any cloud around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from asl.engine.tasks import TaskRequest
from stepfunctions import Denial, Service, ignore_status_changes
from stepfunctions.integrations.authorization import denial_error, denied

from .conftest import LAMBDA, ROLE, Functions

NOT_ALLOWED = Denial("User: ... is not authorized to perform: ...")


@contextmanager
def service(asked: list[TaskRequest], allowed: str) -> Iterator[Service]:
    """A service that allows one function."""

    def authorize(task: TaskRequest) -> Denial | None:
        asked.append(task)
        return None if task.resource == f"{LAMBDA}{allowed}" else NOT_ALLOWED

    functions = Functions()
    functions.by_name["f"] = lambda event: {"got": event}
    running = Service(functions, None, on_status_change=ignore_status_changes, authorize=authorize)
    try:
        yield running
    finally:
        running.close()


def run(service: Service, state: dict[str, Any]) -> dict[str, Any]:
    definition = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Task", "End": True, **state}}})
    request = {"name": "m", "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
    arn = service.handle("CreateStateMachine", request)["stateMachineArn"]
    return service.handle("StartSyncExecution", {"stateMachineArn": arn, "input": '{"a": 1}'})


def test_a_task_that_is_not_allowed_fails() -> None:
    asked: list[TaskRequest] = []
    with service(asked, "other") as running:
        ended = run(running, {"Resource": f"{LAMBDA}f"})
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert ended["cause"].startswith(f"{NOT_ALLOWED.message} (Service: AWSLambda; Status Code: 403; Error Code: Access")
    (task,) = asked
    assert (task.role_arn, task.state_name, task.parameters) == (ROLE, "S", {"a": 1})


def test_one_that_is_allowed_runs() -> None:
    with service([], "f") as running:
        ended = run(running, {"Resource": f"{LAMBDA}f"})
    assert json.loads(ended["output"]) == {"got": {"a": 1}}


@pytest.mark.parametrize(
    ("resource", "error", "end"),
    [
        ("lambda:invoke", "Lambda.AWSLambdaException", "; Proxy: null)"),
        ("aws-sdk:lambda:invoke", "Lambda.LambdaException", ") (SDK Attempt Count: 1)"),
        ("aws-sdk:s3:getObject", "S3.S3Exception", ", Extended Request ID: null) (SDK Attempt Count: 1)"),
        ("aws-sdk:sns:publish", "Sns.AuthorizationErrorException", ") (SDK Attempt Count: 1)"),
        ("aws-sdk:ec2:describeInstances", "Ec2.Ec2Exception", ") (SDK Attempt Count: 1)"),
        ("aws-sdk:scheduler:createSchedule", "Scheduler.SchedulerException", ") (SDK Attempt Count: 1)"),
        ("dynamodb:putItem", "DynamoDB.AmazonDynamoDBException", "; Proxy: null)"),
        ("states:startExecution.sync:2", "StepFunctions.AWSStepFunctionsException", "; Proxy: null)"),
        ("http:invoke", "States.Runtime", NOT_ALLOWED.message),
    ],
)
def test_each_integration_words_it_as_its_other_errors(resource: str, error: str, end: str) -> None:
    failure = denied(f"arn:aws:states:::{resource}", NOT_ALLOWED)
    assert failure.error == error
    assert failure.cause.startswith(NOT_ALLOWED.message)
    assert failure.cause.endswith(end)


@pytest.mark.parametrize(
    ("service_name", "protocol", "expected"),
    [
        ("dynamodb", "json", ("AccessDeniedException", 400)),
        ("lambda", "rest-json", ("AccessDeniedException", 403)),
        ("s3", "rest-xml", ("AccessDenied", 403)),
        ("iam", "query", ("AccessDenied", 403)),
        ("sns", "query", ("AuthorizationError", 403)),
        ("sqs", "json", ("AccessDenied", 403)),
        ("ec2", "ec2", ("UnauthorizedOperation", 403)),
    ],
)
def test_services_refuse_by_their_protocols(service_name: str, protocol: str, expected: tuple[str, int]) -> None:
    assert denial_error(service_name, protocol) == expected
