from __future__ import annotations

import json
from typing import Any

import pytest

from asl import TaskRequest
from tests.asl.engine.conftest import LAMBDA, PENDING, Failed, Lab, chain, flow, kinds, output

PASS = {"Type": "Pass"}


def iterate(*states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return flow(("M", {"Type": "Map", "ItemProcessor": flow(*states), **fields}))


def test_parallel_gives_results_in_the_order_of_branches(lab: Lab) -> None:
    branches = [flow(("W", {"Type": "Wait", "Seconds": 30 - number})) for number in range(3)]
    for number, branch in enumerate(branches):
        branch["States"]["W"]["OutputPath"] = f"$[{number}]"
    execution = lab.run(flow(("P", {"Type": "Parallel", "Branches": branches})), ["a", "b", "c"])
    assert output(execution) == ["a", "b", "c"]
    events = execution.history.events()
    succeeded = next(event for event in events if event["type"] == "ParallelStateSucceeded")
    exited = events[succeeded["id"]]
    assert exited["type"] == "ParallelStateExited"
    assert exited["previousEventId"] == succeeded["previousEventId"], "the success stands beside the chain"


def test_a_branch_that_fails_aborts_the_others(lab: Lab) -> None:
    def fail(_: object) -> None:
        raise Failed("E", "c")

    branches = [
        flow(("W", {"Type": "Wait", "Seconds": 3600})),
        flow(("T", {"Type": "Task", "Resource": LAMBDA + "f"})),
    ]
    execution = lab.run(flow(("P", {"Type": "Parallel", "Branches": branches})), f=fail)
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "E", "c")
    assert kinds(execution)[2:] == [
        "ParallelStateStarted",
        "WaitStateEntered",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "TaskStateAborted",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert chain(execution)[-4:] == [(9, 8), (10, 4), (11, 8), (12, 11)]


def test_parallel_retries_and_catches(lab: Lab) -> None:
    state = {
        "Type": "Parallel",
        "Branches": [flow(("F", {"Type": "Fail", "Error": "E"}))],
        "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
        "End": True,
    }
    execution = lab.run(flow(("P", state), ("C", PASS)))
    assert kinds(execution).count("ParallelStateStarted") == 2
    assert kinds(execution).count("ParallelStateFailed") == 1
    assert output(execution) == {"Error": "E", "Cause": None}


@pytest.mark.parametrize("width", [None, 0, 1, 2, 40])
def test_map_gives_results_in_the_order_of_items(lab: Lab, width: int | None) -> None:
    fields = {} if width is None else {"MaxConcurrency": width}
    definition = iterate(("W", {"Type": "Wait", "SecondsPath": "$"}), **fields)
    assert output(lab.run(definition, [50, 10, 30])) == [50, 10, 30]


def test_iterations_one_at_a_time_follow_each_other(lab: Lab) -> None:
    execution = lab.run(iterate(("P", PASS), MaxConcurrency=1), ["a", "b"])
    assert kinds(execution)[2:] == [
        "MapStateStarted",
        "MapIterationStarted",
        "PassStateEntered",
        "PassStateExited",
        "MapIterationSucceeded",
        "MapIterationStarted",
        "PassStateEntered",
        "PassStateExited",
        "MapIterationSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert chain(execution)[6:] == [(7, 6), (8, 6), (9, 8), (10, 9), (11, 10), (12, 11), (13, 11), (14, 13)]


def test_no_more_iterations_at_once_than_allowed(lab: Lab) -> None:
    execution = lab.run(iterate(("W", {"Type": "Wait", "Seconds": 5}), MaxConcurrency=3), list(range(10)))
    running = most = 0
    for kind in kinds(execution):
        running += (kind == "MapIterationStarted") - (kind == "MapIterationSucceeded")
        most = max(most, running)
    assert most == 3
    assert output(execution) == list(range(10))


def test_an_inline_map_runs_forty_iterations_at_the_same_time(lab: Lab) -> None:
    for width in ({}, {"MaxConcurrency": 60}):
        execution = lab.run(iterate(("W", {"Type": "Wait", "Seconds": 5}), **width), list(range(50)))
        first = kinds(execution).index("MapIterationSucceeded")
        assert kinds(execution)[:first].count("MapIterationStarted") == 40


def test_iterations_that_begin_together_start_before_the_first_enters_a_state(lab: Lab) -> None:
    execution = lab.run(iterate(("P", PASS)), ["a", "b"])
    assert kinds(execution)[3:10] == [
        *["MapIterationStarted"] * 2,
        *["PassStateEntered", "PassStateExited", "MapIterationSucceeded"],
        *["PassStateEntered", "PassStateExited"],
    ]


@pytest.mark.parametrize("inside", ["Map", "Parallel"])
def test_tasks_side_by_side_are_all_scheduled_then_all_started_then_end(lab: Lab, inside: str) -> None:
    task = ("T", {"Type": "Task", "Resource": LAMBDA + "f"})
    definition = iterate(task)
    if inside == "Parallel":
        definition = flow(("P", {"Type": "Parallel", "Branches": [flow(task)] * 3}))
    execution = lab.run(definition, [1, 2, 3], f=lambda request: request.parameters)
    begin = ["MapIterationStarted"] * 3 if inside == "Map" else []
    assert kinds(execution)[3 : 13 + len(begin)] == [
        *begin,
        *["TaskStateEntered", "LambdaFunctionScheduled"] * 3,
        *["LambdaFunctionStarted"] * 3,
        "LambdaFunctionSucceeded",
    ]


def test_iterations_that_have_started_are_aborted_when_another_fails(lab: Lab) -> None:
    def fail(request: TaskRequest) -> object:
        if request.parameters == 1:
            raise Failed("E", "c")
        return PENDING

    execution = lab.run(iterate(("T", {"Type": "Task", "Resource": LAMBDA + "f"})), [1, 2, 3], f=fail)
    assert execution.error == "E"
    assert kinds(execution)[15:] == [
        "LambdaFunctionFailed",
        "MapIterationFailed",
        *["TaskStateAborted", "MapIterationAborted"] * 2,
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_an_iteration_that_has_not_entered_a_state_has_none_to_abort(lab: Lab) -> None:
    definition = iterate(("T", {"Type": "Task", "Resource": LAMBDA + "f"}), ItemSelector={"v.$": "$$.Map.Item.Value.v"})
    execution = lab.run(definition, [{}, {"v": 1}])
    assert execution.error == "States.Runtime"
    assert kinds(execution)[4:] == [
        "MapIterationStarted",
        "MapIterationFailed",
        "MapIterationAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_item_selector_and_result_selector(lab: Lab) -> None:
    definition = iterate(
        ("P", {"Type": "Pass", "Parameters": {"all.$": "$", "n.$": "$$.Map.Item.Index"}}),
        ItemsPath="$.items",
        ItemSelector={"v.$": "$$.Map.Item.Value", "k.$": "$.k"},
        ResultSelector={"first.$": "$[0]", "count.$": "States.ArrayLength($)"},
        ResultPath="$.r",
        OutputPath="$.r",
    )
    result = output(lab.run(definition, {"items": ["x", "y"], "k": 9}))
    assert result == {"first": {"all": {"v": "x", "k": 9}, "n": 0}, "count": 2}


@pytest.mark.parametrize(
    ("selector", "language", "error"),
    [({"x.$": "$.z"}, "JSONPath", "States.Runtime"), ({"x": "{% $z %}"}, "JSONata", "States.QueryEvaluationError")],
)
def test_an_item_selector_that_fails_is_the_failure_of_the_map(
    lab: Lab, selector: Any, language: str, error: str
) -> None:
    def caught(name: str) -> dict[str, Any]:
        return {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": name}]}

    task = {"Type": "Task", "Resource": LAMBDA + "f", "End": True, **caught("Inner")}
    inside = flow(("T", task), ("Inner", PASS))
    outside = {"Type": "Map", "ItemProcessor": inside, "ItemSelector": selector, "End": True, **caught("Outer")}
    execution = lab.run(flow(("M", outside), ("Outer", PASS), QueryLanguage=language), [1])
    events = execution.history.events()
    failed = next(event for event in events if event["type"] == "MapIterationFailed")
    cause = next(text for event in events for text in [str(event)] if "An error occurred" in text)
    assert "An error occurred while executing the state 'M' (entered at the event id #2). The JSON" in cause
    if language == "JSONata":
        evaluation = events[failed["previousEventId"] - 1]["evaluationFailedEventDetails"]
        assert (evaluation["state"], evaluation["location"]) == ("M", "ItemSelector/x")
        assert [kind for kind in kinds(execution) if kind.startswith("Pass")] == ["PassStateEntered", "PassStateExited"]
    else:  # nothing catches States.Runtime
        assert (execution.status, execution.error) == ("FAILED", error)


def test_an_iteration_that_fails(lab: Lab) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "F"}], "Default": "W"}
    definition = iterate(
        ("C", choice), ("W", {"Type": "Wait", "Seconds": 9, "End": True}), ("F", {"Type": "Fail", "Error": "Two"})
    )
    execution = lab.run(definition, [1, 2])
    assert execution.error == "Two"
    assert kinds(execution)[-6:] == [
        "FailStateEntered",
        "MapIterationFailed",
        "WaitStateAborted",
        "MapIterationAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_map_over_something_else(lab: Lab) -> None:
    execution = lab.run(iterate(("P", PASS), ItemsPath="$.x"), {"x": 1})
    assert execution.error == "States.Runtime"
    assert (execution.cause or "").endswith('Reference path "$.x" must point to array.')
    execution = lab.run(iterate(("P", PASS), Items="{% 1 %}", QueryLanguage="JSONata"))
    assert execution.error == "States.QueryEvaluationError"
    assert kinds(execution)[2:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


def test_variables_of_an_iteration_stay_inside(lab: Lab) -> None:
    inner = flow(
        ("A", {"Type": "Pass", "Assign": {"x.$": "$"}}),
        ("B", {"Type": "Pass", "Parameters": {"x.$": "$x", "o.$": "$o"}}),
    )
    definition = flow(
        ("S", {"Type": "Pass", "Assign": {"o": "outer"}}),
        ("M", {"Type": "Map", "ItemProcessor": inner}),
        ("E", {"Type": "Pass", "Parameters": {"m.$": "$", "x.$": "$x"}}),
    )
    execution = lab.run(definition, [1, 2])
    assert execution.error == "States.Runtime", "the iteration's variable is not seen outside"
    del definition["States"]["E"]["Parameters"]["x.$"]
    assert output(lab.run(definition, [1, 2])) == {"m": [{"x": 1, "o": "outer"}, {"x": 2, "o": "outer"}]}


def test_nested_maps_and_parallels(lab: Lab) -> None:
    inner = flow(("P", {"Type": "Parallel", "Branches": [flow(("X", PASS)), flow(("Y", PASS))]}))
    definition = iterate(("M2", {"Type": "Map", "ItemProcessor": inner}))
    assert output(lab.run(definition, [[1], [2, 3]])) == [[[1, 1]], [[2, 2], [3, 3]]]


def test_a_deep_recursion_of_definitions(lab: Lab) -> None:
    definition = flow(("P", PASS))
    for _ in range(40):
        definition = flow(("M", {"Type": "Map", "ItemProcessor": definition, "ItemsPath": "$"}))
    value: Any = 1
    for _ in range(40):
        value = [value]
    assert output(lab.run(definition, value)) == value


def test_many_items(lab: Lab) -> None:
    items = list(range(3000))
    execution = lab.run(iterate(("P", PASS)), items)
    assert output(execution) == items
    assert len(json.dumps(execution.history.events())) > 3000
