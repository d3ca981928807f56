"""Every request of a client gets an answer, and affects nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl import SkippingClock
from stepfunctions import Service, ServiceError, ignore_status_changes
from stepfunctions.api_model import operations
from tests.stepfunctions.conftest import PASSING, ROLE, Functions, Lab, one

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "name",
        "definition",
        "roleArn",
        "stateMachineArn",
        "executionArn",
        "input",
        "nextToken",
        "maxResults",
        "taskToken",
        "output",
        "routingConfiguration",
        "tags",
        "resourceArn",
        "mapRunArn",
    ]
)
WAITING_OPERATIONS = {"GetActivityTask", "TestState", "StartSyncExecution"}
PATHS = st.sampled_from(["$", "$.a", "$.a[0]", "$..b", "$$.Execution", "$.none", "States.Format('{}', $.a)", None])


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(
        Functions(), None, on_status_change=ignore_status_changes, clock=SkippingClock(), poll_seconds=0.01
    )
    yield service
    service.close()


def test_every_operation_of_the_api_is_answered(service: Service) -> None:
    for operation in sorted(operations()):
        try:
            service.handle(operation, {})
        except ServiceError as refusal:
            assert refusal.code == "ValidationException", operation


@settings(deadline=None, max_examples=150)
@given(
    operation=st.sampled_from(sorted(operations() - WAITING_OPERATIONS)),
    body=st.dictionaries(
        FIELDS,
        JSON_VALUES | st.sampled_from(["arn:aws:states:us-east-1:123456789012:stateMachine:m:1", "arn:::::", ROLE]),
    ),
)
def test_any_request_gets_an_answer(service: Service, operation: str, body: dict[str, Any]) -> None:
    try:
        json.dumps(service.handle(operation, body))
    except ServiceError as refusal:
        assert refusal.code
        assert refusal.body()["message"] == refusal.message


@settings(deadline=None, max_examples=150)
@given(
    state=st.fixed_dictionaries(
        {"Type": st.sampled_from(["Pass", "Wait", "Choice", "Map", "Parallel", "Task", "Fail", "Succeed", "Nap"])},
        optional={
            "InputPath": PATHS,
            "OutputPath": PATHS,
            "ResultPath": PATHS,
            "Parameters": JSON_VALUES,
            "Result": JSON_VALUES,
            "Seconds": JSON_VALUES,
            "Choices": JSON_VALUES,
            "Branches": st.lists(st.just(PASSING), max_size=2),
            "ItemProcessor": st.just(PASSING),
            "ItemsPath": PATHS,
            "Resource": st.just("arn:aws:lambda:us-east-1:123456789012:function:none"),
            "QueryLanguage": st.sampled_from(["JSONPath", "JSONata"]),
            "Output": st.sampled_from(["{% $states.input.a %}", "{% $no %}", "{% ( %}", 1]),
            "End": st.just(True),
        },
    ),
    value=JSON_VALUES,
)
def test_any_definition_is_refused_or_ends(service: Service, state: dict[str, Any], value: Any) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    request = {"name": "fuzz", "definition": definition, "roleArn": ROLE, "type": "STANDARD"}
    try:
        machine = service.handle("CreateStateMachine", request)["stateMachineArn"]
    except ServiceError as refusal:
        assert refusal.code in ("InvalidDefinition", "ValidationException")
        return
    written = json.dumps(value)
    try:
        arn = service.handle("StartExecution", {"stateMachineArn": machine, "input": written})["executionArn"]
    except ServiceError as refusal:
        assert refusal.code == "InvalidExecutionInput"
        assert "Infinity" in written  # Python writes it, but it is not valid JSON
        return
    found = Lab.until(
        lambda: service.handle("DescribeExecution", {"executionArn": arn}), lambda found: found["status"] != "RUNNING"
    )
    assert found["status"] in ("SUCCEEDED", "FAILED")
    service.handle("DeleteStateMachine", {"stateMachineArn": machine})


def test_many_threads_at_once(service: Service) -> None:
    machine = service.handle(
        "CreateStateMachine", {"name": "busy", "definition": json.dumps(one("Pass")), "roleArn": ROLE}
    )["stateMachineArn"]

    def work(number: int) -> str:
        arn = service.handle("StartExecution", {"stateMachineArn": machine, "name": f"e{number}"})["executionArn"]
        service.handle("ListExecutions", {"stateMachineArn": machine, "maxResults": 5})
        service.handle("TagResource", {"resourceArn": machine, "tags": [{"key": str(number % 7), "value": ""}]})
        return str(arn)

    with ThreadPoolExecutor(16) as threads:
        arns = list(threads.map(work, range(400)))
    for arn in arns:
        Lab.until(
            lambda arn=arn: service.handle("DescribeExecution", {"executionArn": arn}),
            lambda found: found["status"] == "SUCCEEDED",
        )
