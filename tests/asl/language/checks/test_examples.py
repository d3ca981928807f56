"""Every rule has an example that breaks it at an exact place, and a twin that keeps it."""

from __future__ import annotations

import json

import pytest

from asl.language import Severity, diagnose
from asl.language.checks.registry import CHECKS, examples
from asl.language.diagnosis import ADVICE

EXAMPLES = examples()


def test_every_check_has_an_example():
    assert EXAMPLES.keys() == CHECKS.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_broken_example_is_diagnosed_at_its_place(name):
    example, check = EXAMPLES[name], CHECKS[name]
    found = [d for d in diagnose(example.broken, machine_type=example.machine_type) if d.check == name]
    assert [(d.pointer, d.location, d.severity, d.code) for d in found] == [
        (example.pointer, example.location, check.severity, check.code)
    ]
    assert found[0].message


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_right_example_has_no_error(name):
    example = EXAMPLES[name]
    found = diagnose(example.right, machine_type=example.machine_type)
    assert [d for d in found if d.severity is Severity.ERROR or d.check == name] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_and_object_have_the_same_diagnoses(name):
    example = EXAMPLES[name]
    if isinstance(example.broken, dict):
        assert diagnose(json.dumps(example.broken)) == diagnose(example.broken)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_it_is_about(name):
    check = CHECKS[name]
    assert check.description.endswith(".")
    assert check.source.startswith("https://")
    assert (check.code == ADVICE) <= (check.severity is Severity.WARNING)
