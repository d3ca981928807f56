"""Reads JSON from outside strictly (RFC 8259), and says what is wrong in words that no interpreter changes."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

MAX_LEVELS = 500
"""How deep arrays and objects may be nested. Each version of Python has a bound of its own, from 994 to 9,998."""
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class UnreadableError(ValueError):
    """A document is not JSON, or not usable. The message completes "The body cannot be read: ..."."""


def loads(data: bytes, *, digits: bool = False) -> Any:
    """Return the value of a JSON document.

    Args:
        data: The document, in UTF-8 (UTF-16 and UTF-32 are recognized).
        digits: Return a `Literal` for each number with a fraction.

    Raises:
        UnreadableError: It is not JSON, or has what later steps could not work with: NaN, a number beyond the range of
            a double (as RFC 8259, section 6, warns), an unpaired surrogate, too many levels.
    """
    try:
        text = data.decode(json.detect_encoding(data))
        if _is_too_deep(text):
            raise RecursionError
        value = json.loads(text, parse_constant=_refuse, parse_float=_literal if digits else _float, parse_int=_int)
        if "\\u" in text:  # only an escape can stand for half of a surrogate pair
            json.dumps(value, ensure_ascii=False).encode()
    except UnreadableError:
        raise
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8") from None
    except UnicodeEncodeError:
        raise UnreadableError("it has a string with an unpaired surrogate, which is not valid Unicode") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"it is not JSON (line {error.lineno}, column {_column(error)})") from None
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    return value


def check(data: bytes) -> None:
    """Look for what a parser could fail at, without reading the document unless it may be there.

    Args:
        data: The document, in UTF-8.

    Raises:
        UnreadableError: It has too many levels, or an unpaired surrogate.
    """
    if data.count(b"[") + data.count(b"{") > MAX_LEVELS or b"\\ud" in data or b"\\uD" in data:
        loads(data)


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_LEVELS:  # as good as always
        return False
    brackets = _BRACKETS.findall(_STRING.sub("", text))
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_LEVELS


def _column(error: json.JSONDecodeError) -> int:
    """Return where the mistake is. Python 3.13 points at a trailing comma, older versions at what follows it."""
    if error.msg.startswith("Illegal trailing comma"):
        following = error.doc[error.pos + 1 :]
        return error.colno + 1 + len(following) - len(following.lstrip(" \t\n\r"))
    return error.colno


def _refuse(constant: str) -> Any:
    raise UnreadableError(f"JSON does not have {constant}")


class Literal(float):
    """A number with a fraction, which also knows how it was written: a Decimal that is made of it has all digits."""

    __slots__ = ("_literal",)
    _literal: str

    def __new__(cls, literal: str) -> Literal:
        created = super().__new__(cls, literal)
        created._literal = literal
        return created

    def __str__(self) -> str:
        return self._literal

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)


def _float(literal: str) -> float:
    value = float(literal)
    if math.isinf(value):
        raise UnreadableError("it has a number that is too large (at most about 1.8e308)")
    return value


def _literal(literal: str) -> Literal:
    _float(literal)
    return Literal(literal)


def _int(literal: str) -> int:
    _float(literal)
    return int(literal)


def kind(value: Any) -> str:
    """Name the type of a JSON value other than an object."""
    if value is None:
        return "null"
    return {bool: "a boolean", str: "a string", list: "an array"}.get(type(value), "a number")
