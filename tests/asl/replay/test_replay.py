"""Definitions against recorded histories: of this engine, and of AWS where recordings are at hand (`ASL_RECORDED`)."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asl import Engine, Execution, SkippingClock
from asl.replay import NotAHistory, replay
from asl.replay.comparing import differences
from tests.asl.engine.conftest import LAMBDA, Failed, Functions, flow, machine
from tests.asl.engine.recovered_machines import BAD, BRANCHES, CATCH, CHAINS, END, FAILING, INPUT, PASS, RETRY, TASK
from tests.asl.engine.test_fuzz import Tasks, flows, json_values

RECORDED = os.environ.get("ASL_RECORDED", "")
WAITS = {**TASK, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}


def execute(definition: dict[str, Any], value: Any = INPUT, tasks: Any = None) -> Execution:
    def fail(_: Any) -> Any:
        raise Failed("E", "c")

    functions = Functions({LAMBDA + "f": lambda request: {"got": request.parameters}, LAMBDA + "bad": fail})
    engine = Engine(tasks or functions, clock=SkippingClock(), seed=1)
    try:
        return engine.run(machine(definition), json.dumps(value), timeout=30)
    finally:
        engine.close()


def told(definition: dict[str, Any], execution: Execution) -> list[tuple[int, str, bool]]:
    report = replay(json.dumps(definition), execution.history.events(), execution_arn=execution.arn)
    return [(found.event_id, found.message, found.in_data) for found in report.departures]


@pytest.mark.parametrize("definition", [*CHAINS.values(), *BRANCHES.values(), *FAILING.values()])
def test_an_unchanged_definition_fits(definition: dict[str, Any]) -> None:
    assert told(definition, execute(definition)) == []


def renamed(machine: dict[str, Any], scope: str = "") -> dict[str, Any]:
    """A definition in which no two states have the same name, as AWS wants it."""

    def ways(value: Any) -> Any:
        if isinstance(value, list):
            return [ways(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: scope + held if key in ("Next", "Default") and isinstance(held, str) else ways(held)
            for key, held in value.items()
        }

    states = {}
    for name, state in machine["States"].items():
        made = {key: ways(held) if key in ("Choices", "Catch") else held for key, held in state.items()}
        made |= {key: scope + state[key] for key in ("Next", "Default") if key in state}
        if "Branches" in state:
            inner = enumerate(state["Branches"])
            made["Branches"] = [renamed(branch, f"{scope}{name}{place}.") for place, branch in inner]
        if "ItemProcessor" in state:
            made["ItemProcessor"] = renamed(state["ItemProcessor"], f"{scope}{name}.")
        states[scope + name] = made
    return {**machine, "StartAt": scope + machine["StartAt"], "States": states}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(flows(), json_values)
def test_any_unchanged_definition_fits(definition: dict[str, Any], value: Any) -> None:
    definition = renamed(definition)
    execution = execute(definition, value, Tasks())
    if execution.status != "TIMED_OUT" and len(execution.history) < 2_000:
        assert told(definition, execution) == []


def test_a_map_that_fails_after_its_run_fits() -> None:
    processor = {
        **flow(("P", {"Type": "Pass"})),
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    definition = flow(("M", {"Type": "Map", "ItemProcessor": processor, "Assign": {"v.$": "$.nothing"}}))
    execution = execute(definition, [], Tasks())
    assert execution.error == "States.Runtime"
    assert told(definition, execution) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60))
def test_any_beginning_of_a_history_fits(count: int) -> None:
    definition = BRANCHES["nested"]
    events = execute(definition).history.events()[:count]
    report = replay(json.dumps(definition), events)
    assert report.fits
    assert report.recorded.status == "RUNNING" or count >= len(events)


def test_a_choice_that_goes_elsewhere() -> None:
    before = CHAINS["choice"]
    after = copy.deepcopy(before)
    after["States"]["C"]["Choices"][0]["NumericEquals"] = 2
    assert told(after, execute(before)) == [(4, "the record enters 'B', now it enters 'X'", False)]


def test_a_task_with_other_data_is_told_and_the_rest_goes_on() -> None:
    before = flow(("T", TASK), ("U", TASK))
    after = copy.deepcopy(before)
    after["States"]["T"]["Parameters"] = {"n.$": "$.n", "more": [1]}
    found = told(after, execute(before, {"n": 1}))
    assert found == [(3, "'T' is given other data: /more is new ([1])", True)]


def test_a_task_that_the_record_lacks() -> None:
    before, after = flow(("A", PASS), ("B", PASS)), flow(("A", PASS), ("T", TASK), ("B", PASS))
    assert told(after, execute(before)) == [(4, "the record enters 'B', now it enters 'T'", False)]


def test_a_retry_less() -> None:
    before = flow(("T", {**BAD, "Retry": RETRY, "Catch": CATCH}), ("End", END))
    after = copy.deepcopy(before)
    after["States"]["T"]["Retry"][0]["MaxAttempts"] = 1
    found = told(after, execute(before))
    assert [(event, in_data) for event, _, in_data in found] == [(9, False)]
    assert "now it enters 'End'" in found[0][1]


def test_the_iteration_that_departs_is_named() -> None:
    def mapped(threshold: int) -> dict[str, Any]:
        choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericGreaterThan": threshold, "Next": "X"}]}
        states = {"C": {**choice, "Default": "Y"}, "X": {**PASS, "End": True}, "Y": {**TASK, "End": True}}
        return flow(("M", {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "C", "States": states}}))

    execution = execute(mapped(5))
    report = replay(json.dumps(mapped(2)), execution.history.events())
    course = [found for found in report.departures if not found.in_data]
    assert [(found.place, found.message) for found in course] == [
        ((("M", 2),), "the record enters 'Y', now it enters 'X'")
    ]


def test_another_number_of_iterations() -> None:
    before = BRANCHES["map"]
    after = copy.deepcopy(before)
    after["States"]["M"]["ItemsPath"] = "$.items[0:2]"
    assert told(after, execute(before))[0][1:] == (
        "the record starts 3 iterations of 'M', now it starts 2 iterations of 'M'",
        False,
    )


def test_another_output() -> None:
    before, after = flow(("A", PASS)), flow(("A", {**PASS, "Result": {"n": 2}}))
    found = told(after, execute(before, {"n": 1}))
    assert found == [(4, "the output differs: /n is 2, it was 1", True)]


def test_waiting_for_a_token_is_answered_as_recorded() -> None:
    state = {**WAITS, "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}}
    definition = flow(("T", state), ("B", PASS))
    token = "AQ" * 80
    payload = {"FunctionName": "f", "Payload": {"token": token}}
    where = {"resourceType": "lambda", "resource": "invoke.waitForTaskToken"}
    said: list[tuple[str, int, dict[str, Any]]] = [
        ("ExecutionStarted", 0, {"executionStartedEventDetails": {"input": "{}"}}),
        ("TaskStateEntered", 0, {"stateEnteredEventDetails": {"name": "T", "input": "{}"}}),
        ("TaskScheduled", 2, {"taskScheduledEventDetails": {**where, "parameters": json.dumps(payload)}}),
        ("TaskStarted", 3, {"taskStartedEventDetails": where}),
        ("TaskSubmitted", 4, {"taskSubmittedEventDetails": {**where, "output": "{}"}}),
        ("TaskSucceeded", 5, {"taskSucceededEventDetails": {**where, "output": '{"yes": true}'}}),
        ("TaskStateExited", 6, {"stateExitedEventDetails": {"name": "T", "output": '{"yes": true}'}}),
        ("PassStateEntered", 7, {"stateEnteredEventDetails": {"name": "B", "input": '{"yes": true}'}}),
        ("PassStateExited", 8, {"stateExitedEventDetails": {"name": "B", "output": '{"yes": true}'}}),
        ("ExecutionSucceeded", 9, {"executionSucceededEventDetails": {"output": '{"yes": true}'}}),
    ]
    events = [
        {"id": place, "previousEventId": previous, "type": kind, "timestamp": f"2026-01-01T00:00:{place:02}Z", **more}
        for place, (kind, previous, more) in enumerate(said, 1)
    ]
    assert replay(json.dumps(definition), events).fits
    events[2]["taskScheduledEventDetails"]["parameters"] = json.dumps({**payload, "FunctionName": "g"})
    (found,) = replay(json.dumps(definition), events).departures
    assert found.message == '\'T\' is given other data: /FunctionName is "f", it was "g"'


def test_a_distributed_map_leaves_as_recorded() -> None:
    processor = {**flow(("P", PASS)), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    definition = flow(("M", {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor}), ("B", PASS))
    execution = execute(definition)
    report = replay(json.dumps(definition), execution.history.events())
    assert report.fits
    assert report.notes == ("The children of distributed Map states have records of their own; taken as recorded: M.",)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "its first events are missing"),
        ([{"type": "PassStateEntered"}], "one has no id"),
        ([{"id": 2, "type": "PassStateEntered"}], "its first events are missing"),
        ([{"id": 1, "type": "ExecutionStarted"}, {"id": 3, "type": "X"}], "read all its pages"),
        ([{"id": 1, "type": "ExecutionStarted", "timestamp": "noon"}], "not a timestamp: 'noon'"),
    ],
)
def test_what_is_no_history_is_said_to_be_none(events: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(NotAHistory, match=message):
        replay(json.dumps(flow(("A", PASS))), events)


def test_what_differs_with_every_run_is_equal() -> None:
    old = {"at": "2026-01-01T00:00:00.1Z", "id": "a-00000000-0000-0000-0000-000000000001", "token": "abc", "n": 1}
    new = {"at": "2027-02-02T00:00:00Z", "id": "a-00000000-0000-0000-0000-000000000002", "token": "xyz", "n": 1.0}
    assert differences(old, new, token="xyz") == []
    assert differences({"a": [1, True]}, {"a": [1, 1]}) == ["/a/1 is 1, it was true"]


def cases() -> list[Any]:
    if not RECORDED:
        return []
    lines = (json.loads(line) for line in Path(RECORDED).read_text().splitlines())
    return [case for case in lines if case["kind"] == "execution" and case.get("expected_history")]


def as_aws_has_it(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the recordings, which are written with parsed documents and without times."""

    def text(value: Any) -> str:
        try:
            json.loads(value)
        except (TypeError, ValueError):
            return json.dumps(value)
        return str(value)

    made = {**event, "timestamp": 1_700_000_000 + event["id"] / 1000}
    for key, value in event.items():
        if key.endswith("EventDetails"):
            made[key] = details = dict(value)
            for name in {"input", "output", "parameters"} & value.keys():
                details[name] = text(value[name])
            if "assignedVariables" in value:
                details["assignedVariables"] = {name: text(held) for name, held in value["assignedVariables"].items()}
    return made


@pytest.mark.skipif(not RECORDED, reason="ASL_RECORDED names no file")
def test_what_aws_did_fits() -> None:
    """The recordings have names in the place of ARNs and of times, so only those without are compared."""
    looked_at = 0
    for case in cases():
        history = case["expected_history"]
        if not all(isinstance(event.get("id"), int) for event in history):
            continue
        text = json.dumps(history)
        if "<" in text or "activity_arn" in text or "timestamp" in case["id"]:
            continue
        report = replay(case["definition"], map(as_aws_has_it, history), type=case.get("type") or "STANDARD")
        assert [found for found in report.departures if not found.in_data] == [], case["id"]
        looked_at += 1
    assert looked_at > 200
