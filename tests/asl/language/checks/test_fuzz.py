"""No definition, however broken, is more than diagnosed."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from asl.language import Severity, diagnose, refusal_message
from asl.language.checks.fields import FIELDS, STATE_TYPES
from asl.language.checks.registry import examples
from asl.language.model import DefinitionError, parse_definition
from tests.asl.language.strategies import json_values
from tests.asl.language.test_model import WHOLE

SOURCES: list[Any] = [WHOLE, *(example.right for example in examples().values() if isinstance(example.right, dict))]
WORDS = sorted({name for names in FIELDS.values() for name in names} | {"Variable", "And", "Or", "Not", "Condition"})
odd_values = (
    json_values
    | st.sampled_from([*STATE_TYPES, "JSONata", "JSONPath", "$.a", "$", "{% $x %}", "{% a", "States.UUID()", "$x", "A"])
    | st.lists(st.dictionaries(st.sampled_from(WORDS), json_values, max_size=3), max_size=2)
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    definition = copy.deepcopy(draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(1, 3))):
        candidates = places(definition)
        if not candidates:
            break
        *path, key = draw(st.sampled_from(candidates))
        holder = definition
        for step in path:
            holder = holder[step]
        action = draw(st.sampled_from(["drop", "replace", "rename", "add"]))
        if action == "drop":
            del holder[key]
        elif action == "replace":
            holder[key] = draw(odd_values)
        elif isinstance(holder, dict):
            value = holder.pop(key) if action == "rename" else draw(odd_values)
            holder[draw(st.sampled_from(WORDS) | st.text(max_size=3))] = value
    return definition


def assert_well_formed(definition: Any, machine_type: str) -> None:
    diagnoses = diagnose(definition, machine_type=machine_type)
    for diagnosis in diagnoses:
        assert diagnosis.message and diagnosis.code and diagnosis.check
        assert diagnosis.pointer == "" or diagnosis.pointer.startswith("/")
    errors = [diagnosis for diagnosis in diagnoses if diagnosis.severity is Severity.ERROR]
    assert (refusal_message(diagnoses) is None) is (not errors)
    assert len(set(diagnoses)) == len(diagnoses)


@settings(max_examples=300)
@given(mutants(), st.sampled_from(["STANDARD", "EXPRESS"]))
def test_a_mutant_is_diagnosed_or_can_be_read(definition, machine_type):
    assert_well_formed(definition, machine_type)
    if not any(d.severity is Severity.ERROR for d in diagnose(definition)):
        parse_definition(definition)


@given(json_values, st.sampled_from(["STANDARD", "EXPRESS", ""]))
def test_any_json_is_diagnosed(value, machine_type):
    assert_well_formed(value, machine_type)
    assert_well_formed(json.dumps(value), machine_type)


@given(st.text(max_size=60))
def test_any_text_is_diagnosed(text):
    assert_well_formed(text, "STANDARD")


@given(st.dictionaries(st.sampled_from(WORDS), odd_values, max_size=6), st.sampled_from(STATE_TYPES))
def test_any_state_is_diagnosed_or_can_be_read(fields, kind):
    definition = {"StartAt": "A", "States": {"A": {**fields, "Type": kind}, "B": {"Type": "Succeed"}}}
    assert_well_formed(definition, "STANDARD")
    if not any(d.severity is Severity.ERROR for d in diagnose(definition)):
        try:
            parse_definition(definition)
        except DefinitionError as error:
            raise AssertionError(f"accepted, but {error}") from error


def test_a_chain_of_processors_ends():
    definition: dict[str, Any] = {"StartAt": "A0", "States": {"A0": {"Type": "Succeed"}}}
    for depth in range(1, 500):
        state = {"Type": "Map", "ItemProcessor": definition, "End": True}
        definition = {"StartAt": f"A{depth}", "States": {f"A{depth}": state}}
    assert "TOO_DEEPLY_NESTED" in {diagnosis.code for diagnosis in diagnose(definition)}
