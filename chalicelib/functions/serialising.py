"""What a function returns, as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

_PLAIN = (str, int, bool, type(None))


def jsonable(value: Any) -> Any:
    """Return `value` in JSON's own types.

    Takes pydantic models, data classes, dates (ISO 8601), durations (seconds), Decimals (numbers, as Lambda writes
    them), enumerations, UUIDs, paths, sets and bytes (base64).

    Raises:
        TypeError: The value, or one in it, is of another type.
        ValueError: A number is infinite or NaN.
    """
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Mapping):
        return {_key(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if hasattr(value, "model_dump"):
        return jsonable(value.model_dump(by_alias=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return _scalar(value)


def dump(value: Any) -> str:
    """Return `value` as compact JSON.

    Raises:
        TypeError: JSON cannot express a value of its type.
        ValueError: JSON cannot express this number or string.
    """
    document = json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        document.encode()
    except UnicodeEncodeError:
        raise ValueError("The function returned an unpaired surrogate, which is not valid Unicode.") from None
    return document


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else _finite(float(value))
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
