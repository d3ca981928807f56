"""JSON values: equality and string forms as the States Language defines them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def json_text(value: Any) -> str:
    """Return the value as compact JSON, the form in which error messages show values."""
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
    return _double_text(value) if isinstance(value, float) else json.dumps(value)


def java_json_text(value: Any) -> str:
    """Return the value as compact JSON with doubles as Java writes them: what `States.JsonToString` returns."""
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{java_json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(java_json_text, value)) + "]"
    return json_text(value)


def _double_text(number: float) -> str:
    """Return a double as Java's `Double.toString` writes it: `1.5`, `1.0E7`, `1.789180622E9`."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    shown = "".join(map(str, digits)).rstrip("0")
    place = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{place}"


def without_surrogates(value: Any) -> Any:
    """Return a JSON value with U+FFFD in place of unpaired surrogates, which UTF-8 can't express."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def may_have_surrogates(text: str) -> bool:
    """Return whether JSON text has an escape that may stand for half of a surrogate pair."""
    return "\\ud" in text or "\\uD" in text


def read_json(text: str, make: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Return the value of JSON text, with U+FFFD in place of unpaired surrogates.

    Args:
        text: The JSON text.
        make: Makes an object from its members; a dict if None. If it is given, unpaired surrogates stay.

    Raises:
        json.JSONDecodeError: The text is not JSON. Unlike Python's parser, this refuses NaN, Infinity and numbers
            that are too large for a double. No version of Python changes the words.
        RecursionError: The text is nested too deeply.
    """

    def refuse(constant: str) -> Any:
        raise json.JSONDecodeError("not a JSON value", text, text.find(constant))

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            raise json.JSONDecodeError("Number out of range", text, text.find(digits))
        return value

    try:
        value = json.loads(text, parse_constant=refuse, parse_float=number, object_pairs_hook=make)
    except json.JSONDecodeError as error:
        raise _as_every_python_says(error) from None
    return without_surrogates(value) if make is None and may_have_surrogates(text) else value


def _as_every_python_says(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Return the error as Python 3.11 words it: 3.13 points at a trailing comma, older ones at what follows it."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error
    position = error.pos + 1
    while error.doc[position].isspace():
        position += 1
    in_object = error.doc[position] == "}"
    expected = "property name enclosed in double quotes" if in_object else "value"
    return json.JSONDecodeError(f"Expecting {expected}", error.doc, position)
