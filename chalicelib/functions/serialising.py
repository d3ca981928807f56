"""Writes the results of functions as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

_PLAIN = (str, int, bool, type(None))
_MARK = os.urandom(8).hex()  # encloses numbers that are written as they are; no other string has it
_EXACT = re.compile(f'"{_MARK}([^"]*){_MARK}"')


def jsonable(value: Any, decimal: Callable[[Decimal], Any] = float) -> Any:
    """Return `value` in JSON's own types.

    Takes pydantic models, data classes, dates (ISO 8601), durations (seconds), Decimals (numbers, as Lambda writes
    them), enumerations, UUIDs, paths, sets and bytes (base64).

    Args:
        value: The value.
        decimal: Converts Decimals that are no integers.

    Raises:
        TypeError: The value, or one in it, is of another type.
        ValueError: A number is infinite or NaN.
    """
    if isinstance(value, Enum):
        return jsonable(value.value, decimal)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Mapping):
        return {_key(key): jsonable(item, decimal) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item, decimal) for item in value]
    if hasattr(value, "model_dump"):
        return jsonable(value.model_dump(by_alias=True), decimal)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name), decimal) for f in dataclasses.fields(value)}
    return _scalar(value, decimal)


def dump(value: Any) -> str:
    """Return `value` as compact JSON, with all digits of Decimals.

    Raises:
        TypeError: JSON cannot express a value of its type.
        ValueError: JSON cannot express this number or string.
    """
    plain = jsonable(value, _exactly)
    document = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if _MARK in document:
        document = _EXACT.sub(r"\1", document)
    return valid_text(document)


def valid_text(text: str) -> str:
    """Return a string that a function returned.

    Raises:
        ValueError: It has half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("The function returned an unpaired surrogate, which is not valid Unicode.") from None
    return text


def _exactly(value: Decimal) -> str:
    """Return a string that `dump` replaces with the number: `json` itself writes no fraction that is not a float."""
    return f"{_MARK}{value}{_MARK}"


def _scalar(value: Any, decimal: Callable[[Decimal], Any]) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"The function returned {value}, which JSON cannot express.")
        if math.isinf(float(value)):
            raise ValueError(f"The function returned {value:.3e}; a JSON number can be at most about 1.8e308.")
        return int(value) if value == value.to_integral_value() else decimal(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (UUID, PurePath)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    raise TypeError(f"The function returned a value of the type {type(value).__name__}, which JSON cannot express.")


def _finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise ValueError(f"The function returned {value}, which JSON cannot express.")


def _key(key: Any) -> str:
    """Write keys as `json.dumps` does, and those of enumerations, UUIDs and dates as their values."""
    if isinstance(key, str):
        return str(key.value) if isinstance(key, Enum) else key
    if key is None or isinstance(key, bool):
        return json.dumps(key)
    return str(jsonable(key))
