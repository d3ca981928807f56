"""JSON values: equality and string forms as the States Language defines them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any


def json_text(value: Any) -> str:
    """Return the value as compact JSON, the form in which error messages and `States.JsonToString` show values."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def is_number(value: Any) -> bool:
    """Return whether a value is a JSON number, which Python's bool is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def json_equal(left: Any, right: Any) -> bool:
    """Return whether JSON values are equal. Numbers are compared by value (1 = 1.0), and `true` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(json_equal(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(json_equal(a, b) for a, b in zip(left, right, strict=True))
        )
    return bool(left == right)


def java_text(value: Any) -> str:
    """Return the value as Java's `toString` writes it, which is what `States.Format` inserts: `{Id=7, Tags=[a, b]}`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java_text, value)) + "]"
    return json.dumps(value)


def read_json(text: str, make: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Return the value of JSON text.

    Args:
        text: The JSON text.
        make: Makes an object from its members; a dict if None.

    Raises:
        json.JSONDecodeError: The text is not JSON. Unlike Python's parser, this refuses NaN, Infinity and numbers
            that are too large for a double.
        RecursionError: The text is nested too deeply.
    """

    def refuse(constant: str) -> Any:
        raise json.JSONDecodeError("not a JSON value", text, text.find(constant))

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            raise json.JSONDecodeError("Number out of range", text, text.find(digits))
        return value

    return json.loads(text, parse_constant=refuse, parse_float=number, object_pairs_hook=make)
