"""Testing single states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl import Completion, Engine, SkippingClock, TaskRequest
from asl.engine.state_probe import Configuration, Mock, Outcome
from asl.engine.state_probe import probe_state as run_state
from asl.language.scope import MISSING


class Echo:
    """A runner whose tasks give their parameters back."""

    def start(self, request: TaskRequest, completion: Completion) -> None:
        completion.started()
        completion.succeed(request.parameters)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(Echo(), clock=SkippingClock())
    yield engine
    engine.close()


def run(engine: Engine, state: dict[str, Any], value: Any = None, **arguments: Any) -> Outcome:
    return run_state(engine, state, json.dumps({} if value is None else value), **arguments)


TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": True}
MAP = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    "End": True,
}


def test_a_pass_shows_its_way(engine: Engine) -> None:
    state = {
        "Type": "Pass",
        "InputPath": "$.in",
        "Parameters": {"a.$": "$.x"},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
        "Next": "B",
    }
    outcome = run(engine, state, {"in": {"x": 1}})
    assert (outcome.status, outcome.output, outcome.next_state) == ("SUCCEEDED", {"a": 1}, "B")
    assert outcome.inspection == {
        "input": {"in": {"x": 1}},
        "afterInputPath": {"x": 1},
        "afterParameters": {"a": 1},
        "afterResultSelector": {"a": 1},
        "afterResultPath": {"in": {"x": 1}, "out": {"a": 1}},
    }


def test_a_mocked_task_shows_its_way(engine: Engine) -> None:
    state = {**TASK, "ResultSelector": {"n.$": "$.Payload.n"}, "ResultPath": "$.r"}
    outcome = run(engine, state, {"k": 0}, mock=Mock({"Payload": {"n": 3}}))
    assert outcome.output == {"k": 0, "r": {"n": 3}}
    assert outcome.inspection == {
        "input": {"k": 0},
        "afterInputPath": {"k": 0},
        "afterParameters": {"FunctionName": "f"},
        "result": {"Payload": {"n": 3}},
        "afterResultSelector": {"n": 3},
        "afterResultPath": {"k": 0, "r": {"n": 3}},
    }


def test_without_a_mock_the_task_is_done(engine: Engine) -> None:
    assert run(engine, TASK).output == {"FunctionName": "f"}


def test_a_jsonata_task(engine: Engine) -> None:
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $states.input.f & $suffix %}"},
        "Assign": {"seen": "{% $states.result %}"},
        "Output": "{% $states.result + 1 %}",
        "End": True,
    }
    outcome = run(engine, state, {"f": "g"}, mock=Mock(41), variables={"suffix": "!"})
    assert outcome.output == 42
    assert outcome.inspection == {
        "input": {"f": "g"},
        "afterArguments": {"FunctionName": "g!"},
        "result": 41,
        "variables": {"suffix": "!", "seen": 41},
    }


@pytest.mark.parametrize(
    ("done", "status", "interval"), [(0, "RETRIABLE", 2), (1, "RETRIABLE", 6), (2, "FAILED", None)]
)
def test_retriers_count_what_was_retried(engine: Engine, done: int, status: str, interval: int | None) -> None:
    retry = [
        {"ErrorEquals": ["Other"]},
        {"ErrorEquals": ["Bad"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2},
    ]
    outcome = run(
        engine,
        {**TASK, "Retry": retry},
        mock=Mock(error="Bad", cause="why"),
        configuration=Configuration(retrier_retry_count=done),
    )
    assert (outcome.status, outcome.error, outcome.cause) == (status, "Bad", "why")
    expected = {"retryIndex": 1} | ({} if interval is None else {"retryBackoffIntervalSeconds": interval})
    assert outcome.inspection.get("errorDetails") == expected


def test_a_catcher(engine: Engine) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Handle"}]
    outcome = run(engine, {**TASK, "Catch": catch}, {"a": 1}, mock=Mock(error="Bad", cause="why"))
    assert (outcome.status, outcome.next_state) == ("CAUGHT_ERROR", "Handle")
    assert outcome.output == {"a": 1, "error": {"Error": "Bad", "Cause": "why"}}
    assert outcome.inspection["errorDetails"] == {"catchIndex": 0}


def test_a_choice(engine: Engine) -> None:
    state = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}], "Default": "Other"}
    assert run(engine, state, {"n": 1}).next_state == "One"
    assert run(engine, state, {"n": 2}).next_state == "Other"
    del state["Default"]
    assert run(engine, state, {"n": 2}).error == "States.Runtime"


def test_causes_come_without_the_engines_frame(engine: Engine) -> None:
    outcome = run(engine, {**MAP, "ItemsPath": "$.none"}, {"none": 1}, mock=Mock([]))
    assert (outcome.status, outcome.output) == ("FAILED", MISSING)
    assert (outcome.error, outcome.cause) == ("States.Runtime", 'Reference path "$.none" must point to array.')
    assert outcome.inspection == {"input": {"none": 1}, "afterInputPath": {"none": 1}}


def test_a_map_shows_items_and_limits(engine: Engine) -> None:
    state = {
        **MAP,
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
        "MaxConcurrencyPath": "$.most",
        "ToleratedFailurePercentage": 50,
    }
    outcome = run(engine, state, {"items": ["a", "b"], "most": 3}, mock=Mock(["A", "B"]))
    assert outcome.output == ["A", "B"]
    assert outcome.inspection["afterItemsPath"] == ["a", "b"]
    assert outcome.inspection["afterItemSelector"] == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}]
    assert (outcome.inspection["maxConcurrency"], outcome.inspection["toleratedFailurePercentage"]) == (3, 50.0)
    failed = Configuration(map_iteration_failure_count=2)
    outcome = run(engine, state, {"items": ["a", "b"], "most": 3}, mock=Mock([]), configuration=failed)
    assert outcome.error == "States.ExceedToleratedFailureThreshold"


def test_an_item_reader_and_batches(engine: Engine) -> None:
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "b", "Key": "k"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ItemProcessor": {
            **MAP["ItemProcessor"],
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        },
        "End": True,
    }
    data = Configuration(map_item_reader_data="n\n1\n2\n3\n")
    outcome = run(engine, state, mock=Mock([0]), configuration=data)
    assert outcome.inspection["afterItemBatcher"] == [{"Items": [{"n": "1"}, {"n": "2"}]}, {"Items": [{"n": "3"}]}]


def test_the_context_object(engine: Engine) -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    context = run(engine, state, {"a": 1}, role_arn="arn:aws:iam::1:role/r").output["c"]
    assert context["Execution"]["Input"] == {"a": 1}
    assert context["Execution"]["RoleArn"] == "arn:aws:iam::1:role/r"
    assert context["State"]["Name"] == "StateName"
    assert context["StateMachine"]["Id"].startswith("arn:aws:states:us-east-1:123456789012:stateMachine:")
    assert run(engine, state, context={"mine": 1}).output == {"c": {"mine": 1}}


def test_a_state_of_a_machine_also_inside_others(engine: Engine) -> None:
    machine = {"StartAt": "Each", "QueryLanguage": "JSONata", "States": {"Each": {**MAP, "Items": [1]}}}
    del machine["States"]["Each"]["ItemsPath"]
    assert run(engine, machine, {"x": 1}, state_name="P").output == {"x": 1}
    with pytest.raises(LookupError, match="Nowhere"):
        run(engine, machine, state_name="Nowhere")


def test_a_wait_waits_and_a_fail_fails(engine: Engine) -> None:
    assert run(engine, {"Type": "Wait", "Seconds": 86_400, "End": True}).status == "SUCCEEDED"
    outcome = run(engine, {"Type": "Fail", "ErrorPath": "$.e", "Cause": "c"}, {"e": "Bad"})
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "Bad", "c")


def test_what_is_inside_needs_a_mock(engine: Engine) -> None:
    with pytest.raises(ValueError, match="Map"):
        run(engine, MAP, {"items": []})


@settings(deadline=None, max_examples=50)
@given(
    value=st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
    path=st.sampled_from(["$", "$.a", "$[0]", "$.a.b", "$$.Execution", "$..a", "$.*"]),
)
def test_any_input_ends(engine: Engine, value: Any, path: str) -> None:
    outcome = run_state(
        engine, {"Type": "Pass", "InputPath": path, "ResultPath": "$.r", "End": True}, json.dumps(value)
    )
    assert outcome.status in ("SUCCEEDED", "FAILED")
