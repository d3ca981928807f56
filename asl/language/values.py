"""JSON values: equality and texts as the States Language means them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any


def json_text(value: Any) -> str:
    """The value as compact JSON, the form in which error messages and `States.JsonToString` show values."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def is_number(value: Any) -> bool:
    """True for a JSON number; Python's bool is an int but JSON's is not a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def json_equal(left: Any, right: Any) -> bool:
    """Deep equality of JSON values: numbers by value (1 = 1.0), and `true` is not 1."""
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
    """The value as Java's `toString` writes it, which is what `States.Format` inserts: `{Id=7, Tags=[a, b]}`."""
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
    """The value of a JSON text; `make` makes objects of their members, if given.

    Raises `json.JSONDecodeError`, also for what Python's parser lets pass: NaN, Infinity, numbers beyond a double.
    Raises `RecursionError` if the text is nested too deep.
    """

    def refuse(constant: str) -> Any:
        raise json.JSONDecodeError("not a JSON value", text, text.find(constant))

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            raise json.JSONDecodeError("Number out of range", text, text.find(digits))
        return value

    return json.loads(text, parse_constant=refuse, parse_float=number, object_pairs_hook=make)
