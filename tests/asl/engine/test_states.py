from __future__ import annotations

import json
from typing import Any

import pytest

from asl.engine.compiler import compile_definition
from asl.engine.failures import InvalidDefinition, InvalidExecutionInput
from tests.asl.engine.conftest import LAMBDA, Failed, Lab, chain, flow, kinds, machine, output


def test_a_chain_of_all_simple_states(lab: Lab) -> None:
    definition = flow(
        ("Pass", {"Type": "Pass", "Result": {"n": 5}, "ResultPath": "$.made"}),
        ("Choice", {"Type": "Choice", "Choices": [{"Variable": "$.made.n", "NumericGreaterThan": 3, "Next": "Wait"}]}),
        ("Wait", {"Type": "Wait", "Seconds": 10}),
        ("Succeed", {"Type": "Succeed", "OutputPath": "$.made"}),
    )
    execution = lab.run(definition, {"in": 1})
    assert output(execution) == {"n": 5}
    assert kinds(execution) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "WaitStateEntered",
        "WaitStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert chain(execution) == [(1, 0), (2, 0), *((number, number - 1) for number in range(3, 11))]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"a": {"b": 1}, "c": 2}),
        ({"InputPath": "$.a"}, {"b": 1}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.c"}, 2),
        ({"OutputPath": None}, {}),
        ({"Result": 9, "ResultPath": None}, {"a": {"b": 1}, "c": 2}),
        ({"Result": 9, "ResultPath": "$.a.x"}, {"a": {"b": 1, "x": 9}, "c": 2}),
        ({"InputPath": "$.a", "ResultPath": "$.r"}, {"a": {"b": 1}, "c": 2, "r": {"b": 1}}),
        ({"Parameters": {"v.$": "$.a.b", "k": [1]}}, {"v": 1, "k": [1]}),
        ({"Parameters": {"v.$": "States.MathAdd($.c, 3)"}, "OutputPath": "$.v"}, 5),
    ],
)
def test_input_and_output_fields_of_a_pass(lab: Lab, fields: dict[str, Any], expected: Any) -> None:
    assert output(lab.run(flow(("P", {"Type": "Pass", **fields})), {"a": {"b": 1}, "c": 2})) == expected


def test_jsonata_and_jsonpath_share_variables(lab: Lab) -> None:
    definition = flow(
        ("P", {"Type": "Pass", "Assign": {"n.$": "$.n", "k": "x"}}),
        (
            "J",
            {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Assign": {"n": "{% $n * 2 %}"},
                "Output": {"old": "{% $n %}", "name": "{% $states.context.State.Name %}"},
            },
        ),
        ("Q", {"Type": "Pass", "Parameters": {"new.$": "$n", "old.$": "$.old", "name.$": "$.name"}}),
    )
    execution = lab.run(definition, {"n": 21})
    assert output(execution) == {"new": 42, "old": 21, "name": "J"}
    exits = [event["stateExitedEventDetails"] for event in execution.history.events() if "Exited" in event["type"]]
    assert exits[0]["assignedVariables"] == {"n": "21", "k": '"x"'}
    assert "assignedVariables" not in exits[2]


def test_the_context_object(lab: Lab) -> None:
    execution = lab.run(flow(("P", {"Type": "Pass", "Parameters": {"c.$": "$$"}, "OutputPath": "$.c"})), {"q": 1})
    context = output(execution)
    assert context["Execution"] == {
        "Id": execution.arn,
        "Input": {"q": 1},
        "StartTime": context["Execution"]["StartTime"],
        "Name": execution.name,
        "RoleArn": "arn:aws:iam::123456789012:role/role",
        "RedriveCount": 0,
    }
    assert context["StateMachine"] == {"Id": execution.machine.arn, "Name": "machine"}
    assert context["State"].keys() == {"Name", "EnteredTime"}
    assert context["State"]["EnteredTime"].endswith("Z")


def test_a_fail_state(lab: Lab) -> None:
    execution = lab.run(
        flow(("F", {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('c {}', $.e)"})), {"e": "E"}
    )
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "E", "c E")
    assert kinds(execution)[-2:] == ["FailStateEntered", "ExecutionFailed"]


def test_an_expression_that_fails_is_framed(lab: Lab) -> None:
    execution = lab.run(flow(("P", {"Type": "Pass", "OutputPath": "$.none"})))
    assert execution.error == "States.Runtime"
    assert (execution.cause or "").startswith(
        "An error occurred while executing the state 'P' (entered at the event id #2). "
    )


def test_a_jsonata_expression_that_fails_has_an_event(lab: Lab) -> None:
    execution = lab.run(
        flow(("A", {"Type": "Pass"}), ("P", {"Type": "Pass", "Output": "{% $nope %}"}), QueryLanguage="JSONata")
    )
    event = execution.history.events()[-2]
    assert event["type"] == "EvaluationFailed"
    assert event["previousEventId"] == 3, "it follows what came before the state was entered"
    assert event["evaluationFailedEventDetails"]["location"] == "Output"
    assert event["evaluationFailedEventDetails"]["state"] == "P"
    assert execution.history.events()[-1]["previousEventId"] == event["id"]


def test_no_choice_matches(lab: Lab) -> None:
    execution = lab.run(
        flow(("C", {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "C"}]}))
    )
    assert execution.error == "States.Runtime"
    assert "Failed to transition out of the state." in (execution.cause or "")


@pytest.mark.parametrize(
    ("fields", "value", "cause"),
    [
        ({"SecondsPath": "$.s"}, {"s": -1}, "The SecondsPath parameter references a negative value: $.s == -1"),
        ({"SecondsPath": "$.s"}, {"s": 1.5}, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        ({"Seconds": 100_000_000}, {}, "Wait state delay is too long."),
        (
            {"TimestampPath": "$.t"},
            {"t": "tomorrow"},
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
            "$.t == tomorrow",
        ),
    ],
)
def test_a_wait_that_cannot_be(lab: Lab, fields: dict[str, Any], value: Any, cause: str) -> None:
    execution = lab.run(flow(("W", {"Type": "Wait", **fields})), value)
    assert execution.error == "States.Runtime"
    assert (execution.cause or "").endswith(cause)


def test_a_wait_until_a_time_that_has_passed(lab: Lab) -> None:
    assert output(lab.run(flow(("W", {"Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z"})), {"a": 1})) == {"a": 1}


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000])
def test_an_input_that_is_not_json(lab: Lab, text: str) -> None:
    with pytest.raises(InvalidExecutionInput):
        lab.engine.start(machine(flow(("P", {"Type": "Pass"}))), text)


@pytest.mark.parametrize(
    "definition",
    [
        "[]",
        "{",
        {"StartAt": "A", "States": {}},
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
        {"StartAt": "A", "States": {"A": {"Type": "Nothing", "End": True}}},
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.[", "End": True}}},
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "End": True}}},
    ],
)
def test_a_definition_that_cannot_be_run(lab: Lab, definition: Any) -> None:
    with pytest.raises(InvalidDefinition):
        lab.engine.start(machine(definition))
    assert output(lab.run(flow(("P", {"Type": "Pass"})))) == {}, "it poisons nothing"


def test_equal_definitions_are_compiled_once() -> None:
    text = json.dumps(flow(("P", {"Type": "Pass"})))
    assert compile_definition(machine(text).definition) is compile_definition(machine(text, name="other").definition)


def test_documents_are_shared_and_never_changed(lab: Lab) -> None:
    definition = flow(
        ("A", {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.a"}),
        ("B", {"Type": "Pass", "Result": 2, "ResultPath": "$.a.x"}),
        ("T", {"Type": "Task", "Resource": LAMBDA + "f", "ResultPath": "$.t"}),
    )
    for _ in range(2):
        execution = lab.run(definition, {}, f=lambda request: {"got": request.parameters["a"]["x"]})
        assert output(execution) == {"a": {"x": 2}, "t": {"got": 2}}
        exits = [
            event["stateExitedEventDetails"]["output"]
            for event in execution.history.events()
            if "Exited" in event["type"]
        ]
        assert json.loads(exits[0]) == {"a": {"x": 1}}


def test_a_failure_in_a_task_reaches_the_execution(lab: Lab) -> None:
    def fail(_: object) -> None:
        raise Failed("Broken", "because")

    execution = lab.run(flow(("T", {"Type": "Task", "Resource": LAMBDA + "f"})), f=fail)
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Broken", "because")
    assert kinds(execution)[2:] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "ExecutionFailed",
    ]
