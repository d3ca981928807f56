"""Several findings at once, and AWS's words for them."""

from __future__ import annotations

import json
import time
from typing import Any

from asl.language import Severity, diagnose, refusal_message


def errors(definition: Any, machine_type: str = "STANDARD") -> list[tuple[str, str, str]]:
    found = diagnose(definition, machine_type=machine_type)
    return [(d.code, d.message, d.location) for d in found if d.severity is Severity.ERROR]


def test_everything_is_found_at_once():
    definition = {
        "StartAt": "Not sure",
        "States": {
            "A": {"Type": "Task", "Next": "B", "End": True},
            "B": {"Type": "Choice", "Choices": [{"Variable": "x", "IsNull": 1, "Next": "C"}]},
            "P": {"Type": "Parallel", "Branches": [{"States": {}}], "End": True},
        },
    }
    schema = "SCHEMA_VALIDATION_FAILED"
    target = "MISSING_TRANSITION_TARGET"
    assert errors(definition) == [
        (schema, "These fields are required: [Resource]", "/States/A"),
        (schema, "There should only be one of the following fields: [Next, End]", "/States/A"),
        (
            schema,
            "Value is not a Reference Path: Reference path didn't start with '$'",
            "/States/B/Choices[0]/Variable",
        ),
        (schema, "Expected value of type [BOOLEAN]", "/States/B/Choices[0]/IsNull"),
        (schema, "These fields are required: [StartAt]", "/States/P/Branches[0]"),
        (schema, "Value cannot be empty", "/States/P/Branches[0]/States"),
        (target, "Missing 'Next' target: Not sure", "/StartAt"),
        (target, "Missing 'Next' target: C", "/States/B/Choices[0]/Next"),
        (target, 'State "A" is not reachable.', "/States/A"),
        (target, 'State "B" is not reachable.', "/States/B"),
        (target, 'State "P" is not reachable.', "/States/P"),
    ]


def test_a_refusal_joins_the_errors():
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "C"}, "B": {"Type": "Succeed"}}}
    assert refusal_message(diagnose(definition)) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next, "
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B\''
    )


def test_warnings_refuse_nothing():
    definition = {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Parameters": {"a": "$.b"}, "End": True}},
    }
    found = diagnose(definition)
    assert [(d.severity, d.code) for d in found] == [(Severity.WARNING, "NO_DOLLAR")]
    assert refusal_message(found) is None


def test_no_terminal_state_has_no_location():
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}, "B": {"Type": "Pass", "Next": "A"}}}
    assert errors(definition) == [("MISSING_END_STATE", "Workflow has no terminal state", "")]


def test_a_missing_start_and_states():
    assert errors({}) == [("SCHEMA_VALIDATION_FAILED", "These fields are required: [States, StartAt]", "/")]


def test_what_is_no_json():
    where = '[Source: (String)"oh no"; line: 1, column: 3]'
    assert errors("oh no") == [
        (
            "INVALID_JSON_DESCRIPTION",
            "Unrecognized token 'oh': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
            f"'false')\n at {where}",
            where,
        )
    ]
    assert errors("  ") == [("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", "")]


def test_a_state_named_twice_in_one_object():
    text = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Succeed"}}}'
    assert errors(text) == [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/A")]


def test_names_with_slashes_are_escaped_in_pointers_only():
    definition = {"StartAt": "a/b~c", "States": {"a/b~c": {"Type": "Task", "End": True}}}
    found = next(d for d in diagnose(definition) if d.check == "required-field")
    assert (found.pointer, found.location) == ("/States/a~1b~0c", "/States/a/b~c")


def test_the_language_of_inner_states_is_the_machines():
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": 1, "End": True}}}
    outer = {"Type": "Map", "QueryLanguage": "JSONata", "Items": [1], "ItemProcessor": inner, "End": True}
    assert errors({"StartAt": "M", "States": {"M": outer}}) == [
        (
            "SCHEMA_VALIDATION_FAILED",
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
            "QueryLanguage",
            "/States/M/ItemProcessor/States/I",
        )
    ]
    assert errors({"StartAt": "M", "QueryLanguage": "JSONata", "States": {"M": outer}}) == []


def test_variables_are_followed_through_the_flow():
    definition = {
        "StartAt": "Choose",
        "QueryLanguage": "JSONata",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% true %}", "Assign": {"a": 1}, "Next": "Each"}],
                "Default": "Each",
            },
            "Each": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "Inner",
                    "States": {
                        "Inner": {"Type": "Pass", "Output": "{% $a + $b + $map([1], function($i){$i}) %}", "End": True}
                    },
                },
                "Assign": {"b": "{% $uppercase('x') & $c %}"},
                "Next": "Last",
            },
            "Last": {"Type": "Pass", "Output": "{% ($x := 1; $a + $b + $x) %}", "End": True},
        },
    }
    found = [(d.message, d.pointer) for d in diagnose(definition) if d.check == "variable-unassigned"]
    assert found == [
        ("Variable $c is not assigned in any earlier state", "/States/Each/Assign/b"),
        ("Variable $b is not assigned in any earlier state", "/States/Each/ItemProcessor/States/Inner/Output"),
    ]


# A generous limit: the target is 50 microseconds a state, and the machine may be busy.
MAX_SECONDS_A_STATE = 0.001


def test_a_thousand_states_are_diagnosed_quickly():
    states: dict[str, Any] = {
        f"S{n}": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"id.$": f"$.orders.n{n}", "text.$": f"States.Format('{n} {{}}', $.name)"},
            "ResultPath": f"$.results.n{n}",
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Next": f"S{n + 1}",
        }
        for n in range(1000)
    }
    states["S1000"] = {"Type": "Succeed"}
    text = json.dumps({"StartAt": "S0", "States": states})
    start = time.process_time()
    assert diagnose(text) == []
    assert time.process_time() - start < len(states) * MAX_SECONDS_A_STATE
