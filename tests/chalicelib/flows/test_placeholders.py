from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flows.placeholders import compared, unknown_in


def test_the_values_of_placeholders_are_found() -> None:
    written = {"States": {"A": {"Resource": "arn:${AWS::Partition}:x:::${Fn}"}, "B": ["${Fn}", "$.path", 1]}}
    rendered = {"States": {"A": {"Resource": "arn:aws:x:::name"}, "B": ["name", "$.path", 1]}}
    found = compared(written, rendered)
    assert found.is_same
    assert found.values == {"AWS::Partition": "aws", "Fn": "name"}
    assert found.filled_in(written) == rendered
    assert found.filled_in("${Other} ${Fn}") == "${Other} name"


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1], [1, 2]),
        ("x${Fn}", "yname"),
        ("$.a", "$.b"),
        (1, True),
        ({"a": []}, {"a": {}}),
        ("${Fn}", 5),
    ],
)
def test_any_other_difference_counts(written: Any, rendered: Any) -> None:
    assert not compared(written, rendered).is_same


def test_what_both_have_is_known_even_if_they_differ() -> None:
    assert compared({"a": "${Fn}", "gone": 1}, {"a": "name", "new": 2}).values == {"Fn": "name"}


def test_the_first_unknown_placeholder_is_named() -> None:
    assert unknown_in({"a": [1, {"b": "x ${One} ${Two}"}]}) == "${One}"
    assert unknown_in({"a": ["$.x", "{% $y %}"]}) is None
