"""Labels of runs: values of the input, by reference paths."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flows.labels import of_input, parse_path


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.order_id", ("order_id",)),
        ("$.order.lines[0].sku", ("order", "lines", 0, "sku")),
        ("$['order id']['it\\'s']", ("order id", "it's")),
        ('$["a"].b-c', ("a", "b-c")),
    ],
)
def test_a_path(path: str, steps: tuple[str | int, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", ["", "$", "order_id", "$.a[*]", "$..a", "$.a.", "$.a[?(@.b)]", "$.a[-1]", "x$.a"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="is not a reference path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("x", "x"), (7, "7"), (1.5, "1.5"), (True, "true"), ("y" * 300, "y" * 256),
        (None, None), ([], None), ({}, None),
    ],
)  # fmt: skip
def test_a_value(value: Any, label: str | None) -> None:
    assert of_input({"a": "$.list[1].a"}, {"list": [0, {"a": value}]}) == ({} if label is None else {"a": label})


@pytest.mark.parametrize("value", [{}, {"list": {}}, {"list": [0]}, {"list": [0, "a"]}, "text", None])
def test_a_path_that_leads_nowhere(value: Any) -> None:
    assert of_input({"a": "$.list[1].a"}, value) == {}
