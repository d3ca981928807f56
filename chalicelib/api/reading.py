"""Reads what a request carries. Raises `BadRequest` and `TooLarge`, each with what would be right."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.errors import BadRequest, TooLarge


def whole_number(name: str, text: str, *, lowest: int, highest: int) -> int:
    """The query parameter `name` as a number."""
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise BadRequest(f"The query parameter {name!r} is {text!r}; it must be a number from {lowest} to {highest}.")
    return number


def json_object(body: bytes, limit: int | None) -> dict[str, Any]:
    """The body as a JSON object of at most `limit` bytes; an empty body is an empty object."""
    if limit is not None and len(body) > limit:
        raise TooLarge(f"The body has {len(body)} bytes; at most {limit} are accepted.")
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest(f"The body must be a JSON object, not {_kind(value)}.")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", str: "a text", list: "an array"}.get(type(value), "a number")
