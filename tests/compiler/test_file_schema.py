"""The schema that editors use is a schema, and says what the compiler says."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from chalicelib.settings import PROJECT
from compiler.checks import CHECKS
from compiler.cli.new import template
from compiler.file_schema import flow_schema, violations
from compiler.shortform_schema import SHORT_FORM_DEFINITIONS
from compiler.states_schema import STATES_DEFINITIONS

VALIDATOR = Draft202012Validator(flow_schema())


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(flow_schema())


@pytest.mark.parametrize("file", sorted((PROJECT / "flows").iterdir()), ids=lambda file: file.stem)
def test_it_accepts_the_shipped_flows(file: Any) -> None:
    value = json.loads(json.dumps(yaml.safe_load(file.read_text())))
    assert list(VALIDATOR.iter_errors(value)) == []
    assert list(violations(value)) == []


def test_it_accepts_the_template() -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(template("x")))) == []


SHAPES = ("file-shape", "unknown-key", "missing-key", "flow-name")


@pytest.mark.parametrize("check", [check for check in CHECKS if check.id in SHAPES], ids=lambda check: check.id)
def test_it_refuses_what_the_compiler_refuses(check: Any) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(check.wrong)))
    assert list(VALIDATOR.iter_errors(yaml.safe_load(check.right))) == []


@pytest.mark.parametrize("key", ["x-notes", "x-name"])
def test_keys_that_begin_with_x_are_the_authors_own(key: str) -> None:
    flow = {"name": "x", key: {"retry": [1]}, "steps": ["hello_world"]}
    assert list(violations(flow)) == list(VALIDATOR.iter_errors(flow)) == []
    del flow["name"]
    assert [(found.check, found.message) for found in violations(flow)] == [
        ("missing-key", "the file lacks the required key 'name'.")
    ]


def test_every_key_is_documented() -> None:
    schema = flow_schema()
    assert all(item.get("description") for item in schema["properties"].values())


@pytest.mark.parametrize(
    "states",
    [
        {"A": {"Type": "Wait", "Secnds": 5, "End": True}},
        {"A": {"Type": "Pass"}},
        {"A": {"Type": "Task", "End": True}},
        {"A": {"Type": "Taks", "End": True}},
        {"A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquls": 1, "Next": "A"}]}},
        {"A": {"Type": "Pass", "End": True, "Catch": [{"ErrorEquals": ["x"], "Nxt": "A"}]}},
        {},
    ],
)
def test_an_editor_learns_of_wrong_fields(states: dict[str, Any]) -> None:
    flow = {"name": "x", "definition": {"StartAt": "A", "States": states}}
    assert list(VALIDATOR.iter_errors(flow))


def test_a_state_among_steps_needs_no_next() -> None:
    assert list(VALIDATOR.iter_errors({"name": "x", "steps": [{"state": {"Type": "Wait", "Seconds": 5}}]})) == []


def test_the_parts_of_the_schema_have_names_of_their_own() -> None:
    assert SHORT_FORM_DEFINITIONS.keys().isdisjoint(STATES_DEFINITIONS)
    (found,) = violations({"name": "x", "steps": [{"choose": [{"when": -1, "do": ["hello_world"]}]}]})
    assert (found.pointer, found.message) == ("/steps/0/choose/0/when", "when must be a string, not -1.")
