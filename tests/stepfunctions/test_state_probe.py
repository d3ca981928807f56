"""TestState through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stepfunctions.conftest import LAMBDA, ROLE, Lab, one
from tests.stepfunctions.test_state_machines import refusal

PUT_EVENTS = {
    "Type": "Task",
    "Resource": "arn:aws:states:::events:putEvents",
    "Parameters": {"Entries.$": "$.entries"},
    "End": True,
}
MAP = one("Map", ItemProcessor=one("Pass"))["States"]["A"]


def mocked(result: Any, mode: str | None = None) -> dict[str, Any]:
    mock = {"result": json.dumps(result)}
    return mock | ({"fieldValidationMode": mode} if mode else {})


def test_levels_of_inspection(sfn: Any) -> None:
    arguments = {"definition": json.dumps({"Type": "Pass", "Parameters": {"a": [1]}, "Next": "B"}), "input": "{}"}
    answer = sfn.test_state(**arguments)
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", '{"a":[1]}', "B")
    assert "inspectionData" not in answer
    inspection = sfn.test_state(**arguments, inspectionLevel="DEBUG")["inspectionData"]
    assert inspection["afterParameters"] == '{"a":[1]}'
    assert inspection["input"] == "{}"


def test_without_a_mock_the_task_is_executed(lab: Lab, sfn: Any) -> None:
    lab.functions.by_name["double"] = lambda event: event * 2
    state = {"Type": "Task", "Resource": LAMBDA + "double", "End": True}
    answer = sfn.test_state(definition=json.dumps(state), input="21", roleArn=ROLE)
    assert answer["output"] == "42"
    assert "roleArn" in refusal(sfn.test_state, definition=json.dumps(state))[1]


@pytest.mark.parametrize(
    ("result", "mode", "problem"),
    [
        ({"Entries": [{"EventId": "e"}], "FailedEntryCount": 0}, "STRICT", None),
        ({"Entries": [{"EventId": 7}]}, "STRICT", "Field 'Entries[0].EventId' must be a string"),
        ({"Entries": {}}, "PRESENT", "Field 'Entries' must be an array"),
        ({"Entries": {}}, "NONE", None),
        ({"Unknown": 1}, "PRESENT", None),
        ([], None, "Field 'result' must be an object"),
    ],
)
def test_mocks_are_checked_by_the_api_model(sfn: Any, result: Any, mode: str | None, problem: str | None) -> None:
    arguments = {"definition": json.dumps(PUT_EVENTS), "input": '{"entries": []}', "mock": mocked(result, mode)}
    if problem is None:
        assert json.loads(sfn.test_state(**arguments)["output"]) == result
    else:
        code, message = refusal(sfn.test_state, **arguments)
        assert (code, message) == ("ValidationException", f"Mock result schema validation error: {problem}")


def test_a_mocked_error_and_its_catcher(sfn: Any) -> None:
    state = {**PUT_EVENTS, "Catch": [{"ErrorEquals": ["Bad"], "Next": "Handle"}]}
    answer = sfn.test_state(
        definition=json.dumps(state),
        input='{"entries": []}',
        mock={"errorOutput": {"error": "Bad", "cause": "why"}},
        inspectionLevel="TRACE",
    )
    assert (answer["status"], answer["error"], answer["cause"]) == ("CAUGHT_ERROR", "Bad", "why")
    assert (answer["nextState"], json.loads(answer["output"])) == ("Handle", {"Error": "Bad", "Cause": "why"})
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"definition": {"Type": "Pass", "End": True}, "mock": mocked({})}, "State type 'Pass' is not supported"),
        ({"definition": MAP}, "State type 'Map' can only be tested when a mock is specified"),
        ({"definition": MAP, "mock": mocked({})}, "Mocked result must be an array."),
        ({"definition": PUT_EVENTS, "mock": {}}, "only one of the following fields: [result, errorOutput]"),
        ({"definition": PUT_EVENTS, "mock": {"result": "no json"}}, "must be valid JSON"),
        ({"definition": PUT_EVENTS, "mock": {"errorOutput": {"cause": "c"}}}, "error is required"),
        ({"definition": {"Type": "Pass", "End": True}, "context": "{}"}, "context can only be specified together"),
        ({"definition": {"Type": "Pass", "End": True}, "variables": "[]"}, "variables must be a JSON object"),
        ({"definition": one("Pass"), "stateName": "Other"}, "State not found in definition"),
        (
            {"definition": MAP, "mock": mocked([]), "stateConfiguration": {"errorCausedByState": "A"}},
            "errorCausedByState can only be specified",
        ),
        (
            {
                "definition": MAP,
                "mock": {"errorOutput": {"error": "E"}},
                "stateConfiguration": {"errorCausedByState": "Nowhere"},
            },
            "'Nowhere' of errorCausedByState is not inside",
        ),
    ],
)
def test_requests_that_aws_refuses(sfn: Any, arguments: dict[str, Any], words: str) -> None:
    request = {**arguments, "definition": json.dumps(arguments["definition"])}
    code, message = refusal(sfn.test_state, **request)
    assert code == "ValidationException"
    assert words in message


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ('{"Type": "Pass"', "Invalid State Machine Definition"),
        ("[]", "Invalid State Machine Definition"),
        ('{"Type": "Nap", "End": true}', "at /Type"),
        ('{"Type": "Wait", "Seconds": -1, "End": true}', "at /Seconds"),
    ],
)
def test_bad_definitions(sfn: Any, definition: str, words: str) -> None:
    code, message = refusal(sfn.test_state, definition=definition)
    assert code == "InvalidDefinition"
    assert words in message
    assert "StateName" not in message


def test_bad_input(sfn: Any) -> None:
    definition = '{"Type": "Succeed"}'
    assert refusal(sfn.test_state, definition=definition, input="{")[0] == "InvalidExecutionInput"
    assert refusal(sfn.test_state, definition=definition, roleArn="x")[0] == "InvalidArn"


@pytest.mark.parametrize(("mode", "source"), [("INLINE", {}), ("DISTRIBUTED", {"Source": "STATE_DATA"})])
def test_a_state_in_a_map_sees_a_first_iteration(sfn: Any, mode: str, source: dict[str, str]) -> None:
    inside = one("Pass", Parameters={"item.$": "$$.Map.Item"})
    inside["States"] = {"Inside": inside["States"]["A"]}
    config = {"Mode": mode, **({"ExecutionType": "EXPRESS"} if mode == "DISTRIBUTED" else {})}
    processor = {**inside, "StartAt": "Inside", "ProcessorConfig": config}
    definition = json.dumps(one("Map", ItemProcessor=processor))
    answer = sfn.test_state(definition=definition, stateName="Inside", input='{"n":7}')
    assert json.loads(answer["output"]) == {"item": {"Index": 0, "Value": {"n": 7}, **source}}


def test_a_mocked_parallel_has_a_result_for_each_branch(sfn: Any) -> None:
    state = {
        "Type": "Parallel",
        "Branches": [one("Pass"), {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}],
        "End": True,
    }
    definition = json.dumps(state)
    assert sfn.test_state(definition=definition, input="{}", mock=mocked([1, 2]))["output"] == "[1,2]"
    code, message = refusal(sfn.test_state, definition=definition, input="{}", mock=mocked([1]))
    assert (code, message) == ("ValidationException", "Mocked result must have one element for each branch: 2, not 1.")


def test_a_mocked_execution_is_described_as_polling_would(sfn: Any) -> None:
    resource = "arn:aws:states:::states:startExecution.sync"
    state = {"Type": "Task", "Resource": resource, "Parameters": {"StateMachineArn": "a"}, "End": True}
    described = {"ExecutionArn": "a", "StateMachineArn": "b", "StartDate": 1, "Status": "SUCCEEDED", "Output": "{}"}
    definition = json.dumps(state)
    assert sfn.test_state(definition=definition, input="{}", mock=mocked(described))["status"] == "SUCCEEDED"
    for wrong in ({**described, "Status": "DONE"}, {"ExecutionArn": "a"}):
        code, _ = refusal(sfn.test_state, definition=definition, input="{}", mock=mocked(wrong))
        assert code == "ValidationException"
