"""The functions that Step Functions adds to JSONata, and `$eval`, which it takes away.

A fraction where an integer is meant is cut off, and arguments that make no sense give undefined instead of an error:
so does AWS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from asl.language.java_random import JavaRandom
from asl.language.timestamps import parse_timestamp
from asl.language.values import is_number

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
MAX_RANGE_ITEMS = 360_145
MAX_HELD_BYTES = 6_990_256
MAX_SEQUENCE_ITEMS = MAX_HELD_BYTES // 8
MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
TIMED_OUT = "Expression evaluation timeout: Check for infinite loop"
STACK_OVERFLOW = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
)
INTERNAL = "threw an internal error"
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class JsonataFailure(Exception):
    """An evaluation that failed, in AWS's words: `T1006: Attempted to invoke a non-function`."""


class UndefinedResult(Exception):
    """A function answers nothing."""


def _integer(value: Any) -> int:
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        raise UndefinedResult
    return int(value)


def partition(items: Any = None, size: Any = None) -> list[Any]:
    """`$partition(array, size)`: the list in chunks."""
    count = _integer(size)
    if not isinstance(items, list) or not items or count <= 0:
        raise UndefinedResult
    return [items[start : start + count] for start in range(0, len(items), count)]


def make_range(first: Any = None, last: Any = None, step: Any = None) -> Any:
    """`$range(first, last, step)`: both ends included. A range of one number is that number, as a sequence is."""
    start, stop, stride = _integer(first), _integer(last), _integer(step)
    if stride == 0:
        raise UndefinedResult
    count = (stop - start) // stride + 1  # `len` of a range has a limit of its own
    if count <= 0:
        raise UndefinedResult
    if count > MAX_RANGE_ITEMS:
        raise JsonataFailure(MEMORY_EXCEEDED)
    return [start + place * stride for place in range(count)] if count > 1 else start


class Moment(threading.local):
    """The time at which the thread's present evaluation began: `$now()` and `$millis()` stay the same throughout."""

    seconds = 0.0


moment = Moment()


def make_now(picture: Any = None, timezone: Any = None) -> Any:
    """`$now()`, `$now(picture, timezone)`: the date as text."""
    from asl.language.jsonata.programs import TIMEOUT_MILLISECONDS, compile_program

    for number, argument in enumerate((picture, timezone), 1):
        if argument is not None and not isinstance(argument, str):
            raise JsonataFailure(f'T0410: Argument {number} of function "now" does not match function signature')
    layout = {"milliseconds": make_millis(), "picture": picture, "timezone": timezone}
    given = {name: value for name, value in layout.items() if value is not None}
    # `$now(picture)` is itself evaluated where a long result does no harm.
    program = compile_program(f"$fromMillis({', '.join('$' + name for name in given)})")
    return program.evaluate(given, 0.0, TIMEOUT_MILLISECONDS)


def make_millis(*arguments: Any) -> int:
    """`$millis()`: milliseconds since the epoch."""
    if arguments:
        raise JsonataFailure('T0410: Argument 1 of function "millis" does not match function signature')
    return round(moment.seconds * 1000)


def make_hash(text: Any = None, algorithm: Any = None) -> str:
    """`$hash(text, algorithm)`: hexadecimal digest."""
    name = _ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None or not isinstance(text, str):
        raise UndefinedResult
    digest: str = hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return digest


def make_random(seed: Any = None) -> float:
    """`$random()`, `$random(seed)`: from 0 (included) to 1; the same for the same seed."""
    if seed is None:
        return random.random()  # noqa: S311 - not for secrets
    return JavaRandom(_integer(seed)).double()


class InternalFailure(Exception):
    """An evaluation that fails on AWS without a reason that AWS tells."""


class LibraryDecides(Exception):
    """A function of ours that stands in for one of the library's leaves this call to the library."""


def pad(text: Any = None, width: Any = None, filling: Any = " ") -> str:
    """`$pad(text, width, filling)`, but no string longer than Step Functions allows, which the library would return."""
    whole = isinstance(width, int) or (isinstance(width, float) and width.is_integer())
    if not (isinstance(text, str) and isinstance(filling, str) and filling and whole) or isinstance(width, bool):
        raise LibraryDecides
    missing = abs(int(width)) - len(text)
    if missing > MAX_HELD_BYTES:
        raise JsonataFailure(MEMORY_EXCEEDED)
    added = (filling * (missing // len(filling) + 1))[:missing] if missing > 0 else ""
    return added + text if width < 0 else text + added


def format_integer(value: Any = None, picture: Any = None) -> Any:
    """`$formatInteger(value, picture)`, but no Roman numeral longer than Step Functions allows: M for each thousand."""
    if is_number(value) and isinstance(picture, str) and picture[:1] in "Ii" and value / 1000 > MAX_HELD_BYTES:
        raise JsonataFailure(MEMORY_EXCEEDED)
    raise LibraryDecides


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_BASES = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_NOT_IN_URLS = "-_.!~*'();/?:@&=+$,#"


def to_number(value: Any = None, *more: Any) -> Any:
    """`$number(value)`: of a string, only digits, perhaps with a fraction and an exponent, or `0x`, `0o` or `0b`."""
    if more:
        raise LibraryDecides
    if is_number(value) or isinstance(value, bool):
        return value if is_number(value) else int(value)
    if not isinstance(value, str):
        raise LibraryDecides
    if _BASES.fullmatch(value):
        return int(value, 0)
    number = float(value) if _NUMBER.fullmatch(value) else math.inf
    if not math.isfinite(number):
        shown = json.dumps(value, ensure_ascii=False)
        raise JsonataFailure(f"D3030: Unable to cast value to a number: {shown}")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def encode_url(text: Any = None) -> str:
    """`$encodeUrl(text)`: what has a meaning in a URL stays."""
    if not isinstance(text, str):
        raise LibraryDecides
    return quote(text, safe=_NOT_IN_URLS)


def encode_url_component(text: Any = None) -> str:
    """`$encodeUrlComponent(text)`: only what is nowhere of meaning in a URL stays."""
    if not isinstance(text, str):
        raise LibraryDecides
    return quote(text, safe="-_.!~*'()")


_ISO_8601 = re.compile(
    r"\d{4}(?:-[01]\d)*(?:-[0-3]\d)*(?:T[0-2]\d:[0-5]\d:[0-5]\d)*(?:\.\d+)?(?:[+-][0-2]\d:?[0-5]\d|Z)?", re.ASCII
)


def to_millis(text: Any = None, picture: Any = None) -> Any:
    """`$toMillis(text, picture)`, but without a picture only what JSONata takes as an ISO 8601 date."""
    if isinstance(text, str) and picture is None and not _ISO_8601.fullmatch(text):
        shown = json.dumps(text, ensure_ascii=False)
        raise JsonataFailure(
            f"D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given {shown}"
        )
    moment = parse_timestamp(text) if isinstance(text, str) and picture is None else None
    if moment is None:
        raise LibraryDecides
    return math.floor(moment.timestamp()) * 1000 + moment.microsecond // 1000


_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]|=[^=]|={3}")


def decode_base64(text: Any = None) -> str:
    """`$base64decode(text)`, as java.util.Base64 decodes: padding may be left out, and bytes may be no UTF-8."""
    if not isinstance(text, str):
        raise LibraryDecides
    digits = text.rstrip("=")
    if _NOT_BASE64.search(text) or len(digits) % 4 == 1 or (len(digits) < len(text) and len(text) % 4):
        raise InternalFailure
    return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("utf-8", "replace")


def from_millis(number: Any = None, picture: Any = None, timezone: Any = None) -> Any:
    """`$fromMillis(number, picture, timezone)`: a fraction of a millisecond is cut off."""
    from asl.language.jsonata.programs import TIMEOUT_MILLISECONDS, compile_program

    if not isinstance(number, float) or number.is_integer() or not abs(number) < LONG_MAX:
        raise LibraryDecides
    given = {"milliseconds": int(number), "picture": picture, "timezone": timezone}
    given = {name: value for name, value in given.items() if value is not None}
    program = compile_program(f"$fromMillis({', '.join('$' + name for name in given)})")
    return program.evaluate(given, 0.0, TIMEOUT_MILLISECONDS)


def format_base(value: Any = None, radix: Any = None) -> Any:
    """`$formatBase(value, radix)`: the library doesn't say which radix was given, and rounds halves up, not to even."""
    if isinstance(value, float) and (radix is None or is_number(radix)) and value != round(value):
        value = round(value)
        return _digits(abs(value), 10 if radix is None else round(radix), "-" if value < 0 else "")
    if is_number(value) and is_number(radix) and not 2 <= radix <= 36:
        shown = int(radix) if radix == int(radix) else radix
        raise JsonataFailure(
            f"D3100: The radix of the formatBase function must be between 2 and 36.  It was given {shown}"
        )
    raise LibraryDecides


def _digits(number: int, radix: int, sign: str) -> str:
    if not 2 <= radix <= 36:
        raise LibraryDecides
    digits = ""
    while number or not digits:
        number, digit = divmod(number, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return sign + digits


def parse(text: Any = None) -> Any:
    """`$parse(text)`: the JSON in a text."""
    if text is None:
        raise UndefinedResult
    if not isinstance(text, str):
        raise JsonataFailure('T0410: Argument 1 of function "parse" does not match function signature')
    try:
        return _read(text)
    except (ValueError, RecursionError):
        raise JsonataFailure("D3137: Invalid JSON") from None


def _no_twins(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # NaN and Infinity come here as well
        raise ValueError(text)
    return number


_read = json.JSONDecoder(object_pairs_hook=_no_twins, parse_float=_finite, parse_constant=_finite).decode


def refuse_eval(*_: Any) -> Any:
    """`$eval` is no function on AWS."""
    raise JsonataFailure("T1006: Attempted to invoke a non-function")


def _host(function: Callable[..., Any], most: int) -> Callable[..., Any]:
    """The function as the library calls it: with more arguments than it takes where it is a value, as in `$map`."""
    return lambda *arguments: as_numbers(function(*arguments[:most]))


def as_numbers(value: Any) -> Any:
    """The value with doubles in place of integers beyond 64 bits, as on AWS."""
    if isinstance(value, int) and not isinstance(value, bool) and not LONG_MIN <= value <= LONG_MAX:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    return value


LIMITED: dict[str, Callable[..., Any]] = {
    "formatInteger": _host(format_integer, 2),
    "pad": _host(pad, 3),
    "number": _host(to_number, 2),
    "encodeUrl": _host(encode_url, 1),
    "encodeUrlComponent": _host(encode_url_component, 1),
    "toMillis": _host(to_millis, 2),
    "base64decode": _host(decode_base64, 1),
    "fromMillis": _host(from_millis, 3),
    "formatBase": _host(format_base, 2),
}
"""Functions of JSONata's own that the library runs without a limit, or otherwise than AWS. They may leave a call to the
library, which then makes all of them in the expression."""

RENAMED = {"number": "asl_number"}
"""The library lets no function take the place of these: expressions call ours by another name."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _host(partition, 2),
    "range": _host(make_range, 3),
    "hash": _host(make_hash, 2),
    "random": _host(make_random, 1),
    "uuid": _host(lambda: str(uuid.uuid4()), 0),
    "parse": _host(parse, 1),
    "eval": refuse_eval,
    "now": _host(make_now, 2),
    "millis": _host(make_millis, 1),
    **LIMITED,
}
