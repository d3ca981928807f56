"""Executions through boto3: starting, stopping, redriving, listing, histories, EXPRESS, status events."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asl import SkippingClock
from stepfunctions import Service, ServiceError, ignore_status_changes
from tests.stepfunctions.conftest import LAMBDA, PASSING, ROLE, WAITING, Functions, Lab, one
from tests.stepfunctions.test_state_machines import refusal

FAILING = one("Fail", Error="Bad", Cause="because")


def test_describe_of_a_succeeded_execution(lab: Lab, sfn: Any) -> None:
    machine = lab.create("m", PASSING)
    arn = lab.start(machine, {"a": 1}, name="first", traceHeader="Root=1")
    found = lab.finished(arn)
    assert arn == machine.replace("stateMachine", "execution") + ":first"
    assert (found["status"], found["output"], found["input"]) == ("SUCCEEDED", '{"a": 1}', '{"a": 1}')
    assert found["inputDetails"] == found["outputDetails"] == {"included": True}
    assert (found["stateMachineArn"], found["traceHeader"]) == (machine, "Root=1")
    assert found["startDate"] <= found["stopDate"]
    assert (found["redriveCount"], found["redriveStatus"]) == (0, "NOT_REDRIVABLE")
    assert found["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    metadata = sfn.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
    assert "input" not in metadata
    assert metadata["inputDetails"] == {"included": False}


def test_describe_of_a_failed_execution(lab: Lab) -> None:
    found = lab.run(FAILING)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Bad", "because")
    assert "output" not in found
    assert found["redriveStatus"] == "REDRIVABLE"


def test_starting_twice_by_name(lab: Lab, sfn: Any) -> None:
    machine = lab.create("m", WAITING)
    first = sfn.start_execution(stateMachineArn=machine, name="n", input='{"a": 1}')
    again = sfn.start_execution(stateMachineArn=machine, name="n", input='{ "a":1 }')
    assert again["executionArn"] == first["executionArn"]
    assert abs((again["startDate"] - first["startDate"]).total_seconds()) < 0.01
    message = f"Execution Already Exists: '{first['executionArn']}'"
    other = refusal(sfn.start_execution, stateMachineArn=machine, name="n", input='{"a": 2}')
    assert other == ("ExecutionAlreadyExists", message)
    sfn.stop_execution(executionArn=first["executionArn"])
    closed = refusal(sfn.start_execution, stateMachineArn=machine, name="n", input='{"a": 1}')
    assert closed == ("ExecutionAlreadyExists", message)


def test_one_of_many_starts_of_one_name_wins(lab: Lab) -> None:
    machine = lab.create("m", WAITING)

    def start(number: int) -> str:
        try:
            return lab.start(machine, number % 2, name="same")
        except Exception as error:
            return type(error).__name__

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(start, range(32)))
    assert sorted(set(answers)) == ["ExecutionAlreadyExists", machine.replace("stateMachine", "execution") + ":same"]
    assert len(lab.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1


def test_bad_starts(lab: Lab, sfn: Any) -> None:
    machine = lab.create("m", PASSING)
    code, message = refusal(sfn.start_execution, stateMachineArn=machine, input="{not json")
    assert code == "InvalidExecutionInput"
    assert message.startswith("Invalid State Machine Execution Input: '")
    assert refusal(sfn.start_execution, stateMachineArn=machine, input="NaN")[0] == "InvalidExecutionInput"
    assert refusal(sfn.start_execution, stateMachineArn=machine, name="a b") == ("InvalidName", "Invalid Name: 'a b'")
    assert refusal(sfn.start_execution, stateMachineArn=machine + "x")[0] == "StateMachineDoesNotExist"
    large = json.dumps("ä" * 140_000, ensure_ascii=False)
    code, message = refusal(sfn.start_execution, stateMachineArn=machine, input=large)
    assert code == "ValidationException"
    assert "less than or equal to 262144" in message


def test_an_execution_that_timed_out_has_neither_error_nor_cause(lab: Lab, sfn: Any) -> None:
    arn = lab.start(lab.create("m", {**WAITING, "TimeoutSeconds": 1}))
    assert lab.finished(arn)["status"] == "TIMED_OUT"
    assert not {"error", "cause"} & sfn.describe_execution(executionArn=arn).keys()


def test_stopping(lab: Lab, sfn: Any) -> None:
    arn = lab.start(lab.create("m", WAITING))
    stopped = sfn.stop_execution(executionArn=arn, error="Enough", cause="by hand")
    found = sfn.describe_execution(executionArn=arn)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Enough", "by hand")
    assert stopped["stopDate"] == found["stopDate"]
    assert sfn.stop_execution(executionArn=arn)["stopDate"] == found["stopDate"]
    missing = arn.replace(":m:", ":n:")
    assert refusal(sfn.stop_execution, executionArn=missing) == (
        "ExecutionDoesNotExist",
        f"Execution Does Not Exist: '{missing}'",
    )


def test_redriving_continues_where_it_failed(lab: Lab, sfn: Any) -> None:
    calls: list[Any] = []

    def flaky(event: Any) -> Any:
        calls.append(event)
        if len(calls) == 1:
            raise ValueError("not yet")
        return "done"

    lab.functions.by_name["flaky"] = flaky
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Result": 7, "Next": "B"},
            "B": {"Type": "Task", "Resource": LAMBDA + "flaky", "End": True},
        },
    }
    arn = lab.start(lab.create("m", definition))
    assert lab.finished(arn)["error"] == "ValueError"
    date = sfn.redrive_execution(executionArn=arn, clientToken="t")["redriveDate"]
    found = lab.finished(arn)
    assert (found["status"], found["output"], found["redriveCount"]) == ("SUCCEEDED", '"done"', 1)
    assert calls == [7, 7]
    assert found["redriveDate"] == date == sfn.redrive_execution(executionArn=arn, clientToken="t")["redriveDate"]
    assert refusal(sfn.redrive_execution, executionArn=arn) == (
        "ExecutionNotRedrivable",
        "Execution is SUCCEEDED and cannot be redriven",
    )
    machine = found["stateMachineArn"]
    assert len(sfn.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]) == 1
    assert sfn.list_executions(stateMachineArn=machine, redriveFilter="NOT_REDRIVEN")["executions"] == []
    statuses = [event["detail"]["status"] for event in lab.events]
    assert statuses == ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]


def test_listing_with_filters_and_pages(lab: Lab, sfn: Any) -> None:
    machine = lab.create("m", WAITING)
    arns = [lab.start(machine, name=f"e{number}") for number in range(5)]
    sfn.stop_execution(executionArn=arns[0])
    running = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert [entry["name"] for entry in running] == ["e4", "e3", "e2", "e1"]
    first = sfn.list_executions(stateMachineArn=machine, maxResults=2)
    lab.start(machine, name="e5")
    second = sfn.list_executions(stateMachineArn=machine, maxResults=10, nextToken=first["nextToken"])
    names = [entry["name"] for entry in first["executions"] + second["executions"]]
    assert names == ["e0", "e4", "e3", "e2", "e1"]  # the one that stopped last comes first
    assert refusal(sfn.list_executions)[0] == "ValidationException"
    wrong = refusal(sfn.list_executions, stateMachineArn=machine, statusFilter="DONE")
    assert wrong == (
        "ValidationException",
        "1 validation error detected: Value 'DONE' at 'statusFilter' failed to satisfy constraint: Member must satisfy "
        "enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
    )


def test_history_pages_backwards_and_without_data(lab: Lab, sfn: Any) -> None:
    arn = lab.run(PASSING, {"secret": 1})["executionArn"]
    types = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    events = sfn.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in events] == types
    assert [event["id"] for event in events] == [1, 2, 3, 4]
    assert events[0]["executionStartedEventDetails"]["roleArn"] == ROLE
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )
    assert [[event["id"] for event in page["events"]] for page in pages] == [[4, 3, 2], [1]]
    bare = sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert "secret" not in json.dumps(bare, default=str)
    assert bare[1]["stateEnteredEventDetails"]["name"] == "A"


def test_express(lab: Lab, sfn: Any) -> None:
    machine = lab.create("x", one("Pass", Result={"a": 1}), type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=machine, name="n", input="[]")
    assert (answer["status"], answer["output"], answer["input"], answer["name"]) == ("SUCCEEDED", '{"a":1}', "[]", "n")
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    assert answer["executionArn"].startswith(machine.replace("stateMachine", "express") + ":n:")
    arn = sfn.start_execution(stateMachineArn=machine, name="n")["executionArn"]
    for call in (sfn.describe_execution, sfn.get_execution_history, sfn.stop_execution, sfn.redrive_execution):
        assert refusal(call, executionArn=arn) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )
    assert refusal(sfn.list_executions, stateMachineArn=machine)[0] == "StateMachineTypeNotSupported"
    standard = lab.create("s", PASSING)
    assert refusal(sfn.start_sync_execution, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"
    failing = lab.create("f", FAILING, type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=failing)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Bad", "because")
    assert lab.events == []


def test_status_events(lab: Lab) -> None:
    found = lab.run(PASSING, {"a": 1}, name="m")
    running, succeeded = lab.until(lambda: lab.events, lambda events: len(events) == 2)
    assert (running["source"], running["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert running["resources"] == [found["executionArn"]]
    assert running["detail"]["status"] == "RUNNING"
    assert running["detail"]["stopDate"] is running["detail"]["output"] is None
    detail = succeeded["detail"]
    assert (detail["status"], detail["output"], detail["error"]) == ("SUCCEEDED", '{"a": 1}', None)
    assert detail["startDate"] == round(found["startDate"].timestamp() * 1000)
    assert detail["stopDate"] == round(found["stopDate"].timestamp() * 1000)
    assert detail["inputDetails"] == detail["outputDetails"] == {"included": True}
    assert (detail["name"], detail["stateMachineArn"]) == (found["name"], found["stateMachineArn"])


def test_a_callback_that_fails_harms_nothing() -> None:
    service = Service(Functions(), None, on_status_change=lambda event: 1 / 0)
    try:
        request = {"name": "m", "definition": json.dumps(PASSING), "roleArn": ROLE}
        machine = service.handle("CreateStateMachine", request)["stateMachineArn"]
        arn = service.handle("StartExecution", {"stateMachineArn": machine})["executionArn"]
        Lab.until(
            lambda: service.handle("DescribeExecution", {"executionArn": arn}),
            lambda found: found["status"] == "SUCCEEDED",
        )
    finally:
        service.close()


def test_the_oldest_closed_executions_are_forgotten() -> None:
    service = Service(Functions(), None, on_status_change=ignore_status_changes, closed_kept=3, clock=SkippingClock())
    try:
        machine = service.handle(
            "CreateStateMachine", {"name": "m", "definition": json.dumps(PASSING), "roleArn": ROLE}
        )["stateMachineArn"]
        arns = []
        for _ in range(5):
            arns.append(service.handle("StartExecution", {"stateMachineArn": machine})["executionArn"])
            Lab.until(
                lambda: service.handle("DescribeExecution", {"executionArn": arns[-1]}),
                lambda found: found["status"] == "SUCCEEDED",
            )
        kept = service.handle("ListExecutions", {"stateMachineArn": machine})["executions"]
        assert [entry["executionArn"] for entry in kept] == arns[:1:-1]
        with pytest.raises(ServiceError, match="ExecutionDoesNotExist"):
            service.handle("DescribeExecution", {"executionArn": arns[0]})
    finally:
        service.close()


def test_ten_thousand_open_executions() -> None:
    service = Service(Functions(), None, on_status_change=ignore_status_changes)
    try:
        machine = service.handle(
            "CreateStateMachine", {"name": "m", "definition": json.dumps(WAITING), "roleArn": ROLE}
        )["stateMachineArn"]
        count, threads = 10_000, threading.active_count()
        for _ in range(count):
            service.handle("StartExecution", {"stateMachineArn": machine})
        page = service.handle("ListExecutions", {"stateMachineArn": machine, "maxResults": 1000})
        assert len(page["executions"]) == 1000
        assert threading.active_count() <= threads + 1  # the engine's
        service.handle("DeleteStateMachine", {"stateMachineArn": machine})
        last = page["executions"][0]["executionArn"]
        Lab.until(
            lambda: service.handle("DescribeExecution", {"executionArn": last}),
            lambda found: found["status"] == "ABORTED",
        )
    finally:
        service.close()
