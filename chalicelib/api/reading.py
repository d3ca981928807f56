"""Reads what a request carries."""

from __future__ import annotations

from typing import Any

from chalicelib import strict_json
from chalicelib.errors import BadRequest, TooLarge


def whole_number(name: str, value: str, *, lowest: int, highest: int) -> int:
    """Return the query parameter `name` as a number.

    Raises:
        BadRequest: It is not a number from `lowest` to `highest`.
    """
    try:
        number = int(value)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise BadRequest(f"The query parameter {name!r} is {value!r}; it must be a number from {lowest} to {highest}.")
    return number


def json_object(body: bytes, limit: int | None, *, digits: bool = False) -> dict[str, Any]:
    """Return the body as a JSON object; an empty body is an empty object.

    Args:
        body: The bytes of the body.
        limit: How many bytes are accepted; None for any number.
        digits: Return numbers with a fraction so that a Decimal that is made of one has all its digits.

    Raises:
        TooLarge: The body has more than `limit` bytes.
        BadRequest: The body is not a JSON object.
    """
    if limit is not None and len(body) > limit:
        raise TooLarge(f"The body has {len(body)} bytes; at most {limit} are accepted.")
    if not body.strip():
        return {}
    try:
        value = strict_json.loads(body, digits=digits)
    except strict_json.UnreadableError as error:
        raise BadRequest(f"The body cannot be read: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest(f"The body must be a JSON object, not {strict_json.kind(value)}.")
    return value
