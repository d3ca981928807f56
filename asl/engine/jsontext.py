"""JSON texts as the engine reads, writes and measures them."""

from __future__ import annotations

import json
from typing import Any, NoReturn

PAYLOAD_LIMIT = 262_144
"""The most bytes that a state's input, output or result may have as UTF-8 JSON text
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def loads(text: str) -> Any:
    """The value of a JSON text; ValueError if it is none (`NaN` and `Infinity` are not JSON)."""
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError("the JSON text is nested too deep") from None


def dumps(value: Any) -> str:
    """The shortest JSON text of a value; TypeError or ValueError if it has none."""
    try:
        return _encode(value)
    except RecursionError:
        raise ValueError("the value is nested too deep") from None


def size_bound(value: Any) -> int:
    """No fewer bytes than the value has as UTF-8 JSON text, and exactly that many if there are more than the limit."""
    escaped = len(_encode_ascii(value))
    if escaped <= PAYLOAD_LIMIT:
        return escaped
    return len(_encode(value).encode())
