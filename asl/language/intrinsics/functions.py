"""The eighteen intrinsic functions.

Each takes its evaluated arguments and raises `IntrinsicProblem` where AWS fails the state with
`States.IntrinsicFailure` (https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asl.language.errors import TooLarge
from asl.language.java_random import JavaRandom
from asl.language.sizes import MOST_CHARACTERS
from asl.language.values import is_number, java_json_text, java_text, json_equal, json_text, read_json

MAX_ARRAY_ITEMS = 1000  # of ArrayRange
MAX_TEXT = 10_000  # characters, of Base64Encode, Base64Decode and Hash
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_PLACEHOLDER = re.compile(r"\\([{}'\\])|(\{\})")


class IntrinsicProblem(Exception):
    """Why a function cannot answer."""


@dataclass(frozen=True, slots=True)
class IntrinsicFunction:
    """A function with the number of arguments it takes; `most` is None where there is no limit."""

    name: str
    least: int
    most: int | None
    call: Callable[..., Any]

    def accepts(self, count: int) -> bool:
        """Whether the function takes so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)


def split_template(template: str) -> list[str]:
    """Return the strings around the `{}` of a template. The escapes of `{`, `}`, `'` and the backslash are resolved."""
    parts = [""]
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        parts[-1] += template[position : match.start()]
        if match.group(2):
            parts.append("")
        else:
            parts[-1] += match.group(1)
        position = match.end()
    parts[-1] += template[position:]
    return parts


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicProblem(f"Expected an array but was: {json_text(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise IntrinsicProblem(f"Expected a string but was: {json_text(value)}")
    return value


def _integer(value: Any) -> int:
    """An integer argument. AWS rounds a fraction half up, as Java's `Math.round`."""
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        raise IntrinsicProblem(f"Expected an integer but was: {json_text(value)}")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def format_text(template: Any, *arguments: Any) -> str:
    """`States.Format`: the template with each `{}` replaced by the next argument."""
    parts = split_template(_text(template))
    if len(parts) - 1 != len(arguments):
        raise IntrinsicProblem(
            f"Expected {len(parts) - 1} arguments for the placeholders of '{template}' but there were {len(arguments)}"
        )
    return parts[0] + "".join(java_text(argument) + part for argument, part in zip(arguments, parts[1:], strict=True))


def string_to_json(text: Any) -> Any:
    """`States.StringToJson`. A blank string is null, and -0 is 0."""
    text = _text(text)
    if not text.strip():
        return None
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        raise IntrinsicProblem(f"The string is not JSON: {text}") from None


def json_to_string(value: Any) -> str:
    """`States.JsonToString`. Called within itself, it doubles what it escapes."""
    text = java_json_text(value)
    if len(text) > MOST_CHARACTERS:
        raise TooLarge
    return text


def array_partition(items: Any, size: Any) -> list[Any]:
    """`States.ArrayPartition`: the list in chunks of `size`."""
    items, size = _array(items), _integer(size)
    if size <= 0:
        raise IntrinsicProblem(f"The chunk size must be a positive integer but was: {size}")
    return [items[start : start + size] for start in range(0, len(items), size)]


def array_contains(items: Any, value: Any) -> bool:
    """`States.ArrayContains`."""
    return any(json_equal(item, value) for item in _array(items))


def array_range(first: Any, last: Any, step: Any) -> list[int]:
    """`States.ArrayRange`: from `first` to `last`, both included."""
    first, last, step = _integer(first), _integer(last), _integer(step)
    if step == 0:
        raise IntrinsicProblem("The step of a range cannot be zero")
    if (last - first) // step >= MAX_ARRAY_ITEMS:
        raise IntrinsicProblem(f"The range has more than {MAX_ARRAY_ITEMS} items")
    return list(range(first, last + (1 if step > 0 else -1), step))


def array_get_item(items: Any, index: Any) -> Any:
    """`States.ArrayGetItem`."""
    items, index = _array(items), _integer(index)
    if not 0 <= index < len(items):
        raise IntrinsicProblem(f"Index {index} out of bounds for length {len(items)}")
    return items[index]


def array_unique(items: Any) -> list[Any]:
    """`States.ArrayUnique`: each value once, where it is first."""
    unique: list[Any] = []
    seen: set[str] = set()
    for item in _array(items):
        # Numbers are equal by value, whatever their spelling: 1 and 1.0 have one key.
        key = json.dumps(_normal(item), sort_keys=True)
        if key not in seen:
            seen.add(key)
            unique.append(item)
    return unique


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    return value


def base64_encode(text: Any) -> str:
    """`States.Base64Encode`."""
    return base64.b64encode(_limited(text).encode("utf-8", "surrogatepass")).decode("ascii")


def base64_decode(text: Any) -> str:
    """`States.Base64Decode`. Bytes that are not UTF-8 become U+FFFD, as in Java."""
    try:
        return base64.b64decode(_limited(text), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise IntrinsicProblem(f"The string is not Base64: {text}") from None


def _limited(value: Any) -> str:
    text = _text(value)
    if len(text) > MAX_TEXT:
        raise IntrinsicProblem(f"The string has more than {MAX_TEXT} characters")
    return text


def hash_text(value: Any, algorithm: Any) -> str:
    """`States.Hash`: hexadecimal digest of a string, or of the JSON of any other value."""
    name = _ALGORITHMS.get(_text(algorithm))
    if name is None:
        raise IntrinsicProblem(f"Algorithm '{algorithm}' is not one of {', '.join(_ALGORITHMS)}")
    text = _limited(value if isinstance(value, str) else java_json_text(value))
    digest: str = hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return digest


def json_merge(left: Any, right: Any, deep: Any) -> dict[str, Any]:
    """`States.JsonMerge`. AWS has only the shallow merge: the last argument must be false."""
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise IntrinsicProblem("JsonMerge takes two objects")
    if deep is not False:
        raise IntrinsicProblem("The third argument of JsonMerge must be false: only shallow merging is supported")
    return left | right


def math_random(start: Any, end: Any, seed: Any = None) -> int:
    """`States.MathRandom`: from `start` (included) to `end` (excluded); the same for the same seed."""
    first, beyond = _integer(start), _integer(end)
    if first >= beyond:
        raise IntrinsicProblem(f"The end of the range, {beyond}, must be greater than its start, {first}")
    if seed is None or beyond - first > _INT_MAX:
        return random.randrange(first, beyond)  # noqa: S311 - not for secrets
    return first + JavaRandom(_integer(seed)).below(beyond - first)


def math_add(left: Any, right: Any) -> int:
    """`States.MathAdd`."""
    total = _integer(left) + _integer(right)
    if not _INT_MIN <= total <= _INT_MAX:
        raise IntrinsicProblem(f"The sum {total} is outside the range of integers")
    return total


def string_split(text: Any, delimiters: Any) -> list[str]:
    """`States.StringSplit`: each character of the second string is a delimiter; empty parts are left out."""
    text, delimiters = _text(text), _text(delimiters)
    if not delimiters:
        return [text] if text else []
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]


FUNCTIONS: dict[str, IntrinsicFunction] = {
    function.name: function
    for function in (
        IntrinsicFunction("States.Format", 1, None, format_text),
        IntrinsicFunction("States.StringToJson", 1, 1, string_to_json),
        IntrinsicFunction("States.JsonToString", 1, 1, json_to_string),
        IntrinsicFunction("States.Array", 0, None, lambda *items: list(items)),
        IntrinsicFunction("States.ArrayPartition", 2, 2, array_partition),
        IntrinsicFunction("States.ArrayContains", 2, 2, array_contains),
        IntrinsicFunction("States.ArrayRange", 3, 3, array_range),
        IntrinsicFunction("States.ArrayGetItem", 2, 2, array_get_item),
        IntrinsicFunction("States.ArrayLength", 1, 1, lambda items: len(_array(items))),
        IntrinsicFunction("States.ArrayUnique", 1, 1, array_unique),
        IntrinsicFunction("States.Base64Encode", 1, 1, base64_encode),
        IntrinsicFunction("States.Base64Decode", 1, 1, base64_decode),
        IntrinsicFunction("States.Hash", 2, 2, hash_text),
        IntrinsicFunction("States.JsonMerge", 3, 3, json_merge),
        IntrinsicFunction("States.MathRandom", 2, 3, math_random),
        IntrinsicFunction("States.MathAdd", 2, 2, math_add),
        IntrinsicFunction("States.StringSplit", 2, 2, string_split),
        IntrinsicFunction("States.UUID", 0, 0, lambda: str(uuid.uuid4())),
    )
}
