"""What AWS itself answered, where a recording of it is at hand.

`ASL_RECORDED` names a file of one JSON object a line: `kind`, `definition`, `input`, `params` and AWS's answers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asl.language import Severity, diagnose, refusal_message
from asl.language.choice import compile_choice_rule
from asl.language.jsonata import compile_jsonata_template
from asl.language.model import ChoiceState, PassState, parse_definition
from asl.language.scope import MISSING, Scope
from asl.language.templates import compile_payload_template
from asl.language.values import json_equal

FILE = os.environ.get("ASL_RECORDED", "")
pytestmark = pytest.mark.skipif(not FILE, reason="ASL_RECORDED names no recording of AWS's answers")


def records(*kinds: str) -> list[dict[str, Any]]:
    if not FILE:
        return []
    with Path(FILE).open(encoding="utf-8") as lines:
        return [record for record in map(json.loads, lines) if record["kind"] in kinds]


def machine_type(record: dict[str, Any]) -> str:
    return record.get("type") or (record.get("params") or {}).get("type") or "STANDARD"


def test_what_aws_ran_has_no_error():
    for record in records("execution", "case", "describe", "sync"):
        found = diagnose(record["definition"], machine_type=machine_type(record))
        assert [d for d in found if d.severity is Severity.ERROR] == [], record["id"]


def test_what_aws_refused_is_refused_in_its_words():
    for record in records("create_error"):
        expected = record["expected"]
        message = expected.get("message") or expected["exception_value"].split(" operation: ")[1]
        if message.startswith("Invalid Logging Configuration"):
            continue
        refusal = refusal_message(diagnose(record["definition"], machine_type=machine_type(record)))
        if record["aws_validated"]:
            assert refusal == message, record["id"]
        else:  # the words of an emulator; that it is refused is what counts
            assert refusal is not None, record["id"]


def test_what_aws_diagnosed_is_diagnosed_in_its_words():
    for record in records("validate_state_machine_definition"):
        found = diagnose(record["definition"], machine_type=machine_type(record))
        assert [(d.code, d.message, d.location) for d in found if d.severity is Severity.ERROR] == [
            (d["code"], d["message"], d.get("location", "")) for d in record["expected"]["diagnostics"]
        ], record["id"]


def single_states() -> Iterator[tuple[str, Any, Any, Any]]:
    """Executions of one state: the state, its input and what came out."""
    for record in records("execution", "case"):
        machine = parse_definition(record["definition"])
        if (
            "context" not in record["definition"]
            and "$$" not in record["definition"]
            and "UUID" not in record["definition"]
        ):
            data, output = json.loads(record["input"] or "{}"), record.get("expected_output")
            if record.get("expected_status") == "SUCCEEDED" and isinstance(output, (dict, list)):
                yield record["id"], machine, data, output


def test_a_pass_state_alone_answers_as_on_aws():
    seen = 0
    for name, machine, data, output in single_states():
        state = next(iter(machine.states.values()))
        if len(machine.states) != 1 or not isinstance(state, PassState) or state.input_path is not MISSING:
            continue
        if state.jsonata and state.output is not MISSING:
            actual = compile_jsonata_template(state.output, "Output")(Scope(data))
        elif state.parameters is not MISSING and state.result is MISSING and state.result_path is MISSING:
            actual = compile_payload_template(state.parameters)(Scope(data))
        else:
            continue
        seen += 1
        assert json_equal(actual, output) or "<" in json.dumps(output), name
    assert seen > 50


def test_a_choice_goes_where_it_went_on_aws():
    seen = 0
    for name, machine, data, output in single_states():
        state = machine.states[machine.start_at]
        if not isinstance(state, ChoiceState):
            continue
        scope = Scope(data)
        target = next(
            (rule.next for rule in state.choices if compile_choice_rule(rule.condition, state.query_language)(scope)),
            state.default,
        )
        following = machine.states[target]
        if isinstance(following, PassState) and following.result is not MISSING and following.end:
            seen += 1
            assert json_equal(following.result, output), name
    assert seen > 100
