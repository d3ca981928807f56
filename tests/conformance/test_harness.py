"""The harness, on records invented for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.harness import Harness

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        yield harness


def record(state: dict[str, Any], kind: str = "execution", value: Any = None, **fields: Any) -> dict[str, Any]:
    definition = {"StartAt": "S", "States": {"S": {**state, **({} if state["Type"] == "Fail" else {"End": True})}}}
    return {
        "id": "invented",
        "kind": kind,
        "definition": json.dumps(definition),
        "input": json.dumps({} if value is None else value),
        "type": "STANDARD",
        "sm_name": "invented",
        "expected_status": "SUCCEEDED",
        **fields,
    }


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **fields}


def types(result: dict[str, Any]) -> list[str]:
    return [event["type"] for event in result["history"]]


def test_an_execution_with_its_history(harness: Harness) -> None:
    result = harness.run(record({"Type": "Pass", "Result": {"a": 1}}))
    assert (result["id"], result["status"], result["output"]) == ("invented", "SUCCEEDED", '{"a":1}')
    assert types(result) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_a_record_with_a_date_so_many_days_ahead_runs_at_the_time_at_which_it_was_made(harness: Harness) -> None:
    wait = {"Type": "Wait", "TimestampPath": "$.start_at"}
    ahead = record(wait, value={"start_at": "2038-01-01T00:00:00Z"}, id="test_too_far_in_future[24856]")
    assert harness.run(ahead)["status"] == "FAILED"


def test_a_record_runs_at_the_time_at_which_it_was_made(harness: Harness) -> None:
    old = harness.run(record({"Type": "Pass"}, aws_validated="2023-09-21T12:30:11+00:00"))
    assert datetime.fromtimestamp(old["history"][0]["timestamp"], UTC).year == 2023


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ({"returns": "event"}, {"x": 1}),
        ({"returns": [2]}, [2]),
        ({"returns_bytes": '"text"'}, "text"),
        ({"returns_format": "got {event}"}, "got {'x': 1}"),
        ({"sleeps_seconds": 60, "returns": "event"}, {"x": 1}),
    ],
)
def test_functions_that_answer(harness: Harness, behaviour: dict[str, Any], expected: Any) -> None:
    result = harness.run(record(task(LAMBDA + "f"), value={"x": 1}, lambdas={"f": behaviour}))
    assert json.loads(result["output"]) == expected


def test_functions_that_do_not(harness: Harness) -> None:
    raises = {"raises": "ValueError", "message": "bad"}
    result = harness.run(record(task(LAMBDA + "f"), lambdas={"f": raises}))
    assert (result["status"], result["error"]) == ("FAILED", "ValueError")
    assert json.loads(result["cause"])["errorMessage"] == "bad"
    sleeps = {"sleeps_seconds": 3600, "returns": 1}
    result = harness.run(record(task(LAMBDA + "f", TimeoutSeconds=60), lambdas={"f": sleeps}))
    assert result["error"] == "States.Timeout"


def test_set_up_calls_and_a_callback(harness: Harness) -> None:
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/invented"
    body = {"Message.$": "$.m", "TaskToken.$": "$$.Task.Token"}
    state = task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", Parameters={"QueueUrl": url, "MessageBody": body})
    result = harness.run(
        record(
            state,
            value={"m": "hello"},
            setup=[["sqs", "create_queue", {"QueueName": "invented"}]],
            external=["external.sqs_send_task_success_state_machine"],
            expected_history=[{"id": 1, "type": "TaskSucceeded"}, {"id": 2, "type": "ExecutionSucceeded"}],
        )
    )
    assert json.loads(result["output"]) == "hello"
    assert "TaskSubmitted" in types(result)


def test_an_activity_s_worker(harness: Harness) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:activity:invented"
    history = [
        {"id": 1, "type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "me"}},
        {"id": 2, "type": "ActivityFailed", "activityFailedEventDetails": {"error": "E", "cause": "c"}},
        {"id": 3, "type": "ExecutionFailed"},
    ]
    external = ["external.activity", "external.sfn_activity_consumer"]
    result = harness.run(record(task(arn), external=external, expected_history=history))
    assert (result["error"], result["cause"]) == ("E", "c")
    assert result["history"][3]["activityStartedEventDetails"] == {"workerName": "me"}
    gone = record(task(arn), external=["external.activity", "stepfunctions.delete_activity"])
    assert "does not exist" in harness.run(gone)["cause"]


def test_a_target_machine_ends_as_recorded(harness: Harness) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:target"
    state = task("arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": arn})
    result = harness.run(record(state, expected_output={"Status": "SUCCEEDED", "Output": {"n": 1}}))
    assert json.loads(result["output"])["Output"] == {"n": 1}


def test_a_token_that_nobody_is_told(harness: Harness) -> None:
    state = task(
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters={"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
    )
    success = {"id": 1, "type": "TaskSucceeded", "taskSucceededEventDetails": {"output": {"a": 1}}}
    history = [success, {"id": 2, "type": "ExecutionSucceeded"}]
    functions = {"f": {"returns": "event"}}
    result = harness.run(record(state, lambdas=functions, external=["external.x"], expected_history=history))
    assert json.loads(result["output"]) == {"a": 1}


def test_an_execution_that_is_stopped(harness: Harness) -> None:
    aborted = {"id": 3, "type": "ExecutionAborted", "executionAbortedEventDetails": {"error": "E", "cause": "c"}}
    result = harness.run(record({"Type": "Wait", "Seconds": 9999}, expected_history=[aborted]))
    assert (result["status"], result["error"], types(result)[-1]) == ("ABORTED", "E", "ExecutionAborted")


def test_what_is_not_known_is_passed_over(harness: Harness) -> None:
    setup = [
        ["nosuch", "x", {}],
        ["s3", "x", {}],
        ["sqs", "create_queue", {}],
        ["sfn", "create_activity", {"name": "a"}],
    ]
    functions = {"f": {"does": "something"}}
    odd = record(task(LAMBDA + "f"), value={"x": 1}, setup=setup, lambdas=functions, external=["something.else"])
    assert json.loads(harness.run(odd)["output"]) == {"x": 1}
    assert harness.run({"kind": "unheard of", "id": "odd"})["status"] == "NOT_RUN"
    assert harness.run({})["status"] == "NOT_RUN"


def test_an_execution_that_is_shown_running(harness: Harness) -> None:
    history = [{"id": 1, "type": "ExecutionStarted"}, {"id": 2, "type": "WaitStateEntered"}]
    result = harness.run(record({"Type": "Wait", "Seconds": 9999}, expected_history=history, expected_status=None))
    assert result["status"] is None
    assert types(result) == ["ExecutionStarted", "WaitStateEntered"]


def test_a_history_in_reverse(harness: Harness) -> None:
    history = [{"id": 4, "type": "ExecutionSucceeded"}, {"id": 3, "type": "PassStateExited"}]
    result = harness.run(record({"Type": "Pass"}, expected_history=history))
    assert [event["id"] for event in result["history"]] == [4, 3, 2, 1]


def test_other_kinds(harness: Harness) -> None:
    sync = harness.run(record({"Type": "Fail", "Error": "E"}, kind="sync", type="EXPRESS"))
    assert (sync["status"], sync["error"]) == ("FAILED", "E")
    refused = harness.run(record({"Type": "Nothing"}, kind="create_error"))
    assert refused["rejected"]
    accepted = harness.run(record({"Type": "Pass"}, kind="create_error"))
    assert not accepted["rejected"]
    validated = harness.run(record({"Type": "Pass"}, kind="validate_state_machine_definition"))
    assert validated["response"]["result"] == "OK"
    state = json.dumps({"Type": "Pass", "Result": 1, "End": True})
    tested = harness.run(
        {**record({"Type": "Pass"}, kind="test_state"), "definition": state, "params": {"input": "{}"}}
    )
    assert tested["response"] == {"output": "1", "status": "SUCCEEDED"}
    broken = harness.run(record({"Type": "Nothing"}))
    assert broken["status"] == "REFUSED"


def test_the_command(tmp_path: Path) -> None:
    recorded, results = tmp_path / "recorded.jsonl", tmp_path / "results.jsonl"
    lines = [json.dumps({**record({"Type": "Pass"}), "id": name}) for name in ("one", "two")]
    recorded.write_text("\n".join([lines[0], "{no JSON", lines[1]]))
    command = [sys.executable, "-m", "tests.conformance", str(recorded), str(results)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    assert [json.loads(line)["id"] for line in results.read_text().splitlines()] == ["one", "two"]
