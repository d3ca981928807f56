"""The functions that Step Functions adds to JSONata, and `$eval`, which it takes away.

A fraction where an integer is meant is cut off, and arguments that make no sense give undefined instead of an error:
so does AWS.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable
from typing import Any

from asl.language.values import is_number

MAX_RANGE_ITEMS = 360_145
MAX_HELD_BYTES = 6_990_256
MAX_SEQUENCE_ITEMS = MAX_HELD_BYTES // 8
MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
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
    numbers = range(start, stop + (1 if stride > 0 else -1), stride)
    if not numbers:
        raise UndefinedResult
    if len(numbers) > MAX_RANGE_ITEMS:
        raise JsonataFailure(MEMORY_EXCEEDED)
    return list(numbers) if len(numbers) > 1 else numbers[0]


def make_hash(text: Any = None, algorithm: Any = None) -> str:
    """`$hash(text, algorithm)`: hexadecimal digest."""
    name = _ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None or not isinstance(text, str):
        raise UndefinedResult
    digest: str = hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return digest


def make_random(seed: Any = None) -> float:
    """`$random()`, `$random(seed)`: from 0 (included) to 1; the same for the same seed."""
    return random.random() if seed is None else random.Random(_integer(seed)).random()  # noqa: S311 - not for secrets


class LibraryDecides(Exception):
    """A function of ours that stands in for one of the library's leaves this call to the library."""


def pad(text: Any = None, width: Any = None, filling: Any = " ") -> str:
    """`$pad(text, width, filling)`, but no text longer than Step Functions holds: the library would make it."""
    whole = isinstance(width, int) or (isinstance(width, float) and width.is_integer())
    if not (isinstance(text, str) and isinstance(filling, str) and filling and whole) or isinstance(width, bool):
        raise LibraryDecides
    missing = abs(int(width)) - len(text)
    if missing > MAX_HELD_BYTES:
        raise JsonataFailure(MEMORY_EXCEEDED)
    added = (filling * (missing // len(filling) + 1))[:missing] if missing > 0 else ""
    return added + text if width < 0 else text + added


def parse(text: Any = None) -> Any:
    """`$parse(text)`: the JSON in a text."""
    if not isinstance(text, str):
        raise UndefinedResult
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise JsonataFailure("D3137: Invalid JSON") from None


def refuse_eval(*_: Any) -> Any:
    """`$eval` is no function on AWS."""
    raise JsonataFailure("T1006: Attempted to invoke a non-function")


LIMITED: dict[str, Callable[..., Any]] = {"pad": pad}
"""Functions of JSONata's own that the library runs without a limit."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": partition,
    "range": make_range,
    "hash": make_hash,
    "random": make_random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": parse,
    "eval": refuse_eval,
    **LIMITED,
}
