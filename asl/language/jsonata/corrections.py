"""Replaces the methods of jsonata-python that differ from jsonata-js: what failures say, comments, strings of numbers.

jsonata-python is a port of jsonata-java, which is a port of jsonata-js. AWS words failures as jsonata-js does.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, NoReturn

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.signature import Signature
from jsonata.tokenizer import Tokenizer
from jsonata.utils import Utils

from asl.language.values import json_text

_symbol_of_port, _validate_of_port = Signature.get_symbol, Signature.validate
_sort_of_port, _string_of_port = Functions.sort, Functions._string
_next_of_port = Tokenizer.next
_SPACE = re.compile(r"[ \t\n\r\v]*")
_NAMELESS = frozenset({"lambda", str(Jsonata.Transformer)})
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[Ee][-+]?\d+)?", re.ASCII)


def correct() -> None:
    """Replace the methods."""
    Signature.get_symbol = _symbol
    Signature.validate = _validate
    Signature.throw_validation_error = _refuse
    Functions.sort = staticmethod(_sort)
    Functions._string = staticmethod(_string)
    Tokenizer.next = _next


def _next(self: Tokenizer, prefix: bool) -> Tokenizer.Token | None:
    """Return the next token. The port reads beyond the end of a comment or a slash, and confuses codes of failures."""
    _skip_space(self)
    if self.path.startswith("/", self.position):
        self.position += 1
        return self.create("operator", "/") if prefix else self.create("regex", self.scan_regex())
    start = self.position
    try:
        token = _next_of_port(self, prefix)
    except JException as error:
        if error.error == "S0301":  # its code for an unknown escape sequence
            raise JException("S0103", self.position, error.current) from None
        if error.error == "S0102" and (number := _NUMBER.match(self.path, start)) is not None:
            raise JException("S0102", self.position, number[0]) from None
        raise
    if token is not None and token.type == "operator" and token.value in ("!", "~"):
        raise JException("S0204", self.position, token.value)
    return token


def _skip_space(tokens: Tokenizer) -> None:
    """Move to where the next token begins. Raises `JException` (S0106) if a comment isn't closed."""
    while True:
        space = _SPACE.match(tokens.path, tokens.position)
        assert space is not None
        tokens.position = space.end()
        if not tokens.path.startswith("/*", tokens.position):
            return
        end = tokens.path.find("*/", tokens.position + 2)
        if end < 0:
            raise JException("S0106", tokens.position)
        tokens.position = end + 2


def _symbol(self: Signature, value: Any) -> str:
    """Return a value's type as signatures abbreviate it. The port takes null for undefined."""
    return "l" if value is Utils.NULL_VALUE else _symbol_of_port(self, value)


def _validate(self: Signature, arguments: Any, context: Any) -> Any:
    """Name the function where the context is of another type. The port names the context instead."""
    try:
        return _validate_of_port(self, arguments, context)
    except JException as error:
        if error.error != "T0411":
            raise
        raise JException("T0411", -1, error.expected, self.function_name) from None


def _refuse(self: Signature, _: Any, types: str, function: str | None) -> NoReturn:
    """Name the first argument that doesn't match, or the first that is too many. The port always names the first.

    Args:
        self: The signature.
        types: The abbreviations of the arguments' types.
        function: The function's name.
    """
    pattern, good = "", 0
    for parameter in self._params:
        pattern += parameter.regex
        match = re.match(pattern, types)
        if match is None:
            break
        good = match.end()
    raise JException("T0410", -1, good + 1, None if function is None or function in _NAMELESS else function)


def _sort(items: Any, comparator: Any) -> Any:
    """Compare the items in the order in which a merge sort does: a failure names the first two that don't compare."""
    if items is None or comparator is None or len(items) <= 1:
        return _sort_of_port(items, comparator)
    return _merge_sort(list(items), Functions.Comparator(comparator).compare)


def _merge_sort(items: list[Any], compare: Any) -> list[Any]:
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left, right = _merge_sort(items[:middle], compare), _merge_sort(items[middle:], compare)
    merged: list[Any] = []
    first = second = 0
    while first < len(left) and second < len(right):
        if compare(left[first], right[second]) > 0:
            merged.append(right[second])
            second += 1
        else:
            merged.append(left[first])
            first += 1
    return merged + left[first:] + right[second:]


def _string(value: Any, prettify: bool) -> str:
    """Return the string of a value, its numbers with fifteen digits."""
    return _string_of_port(value, prettify) if prettify else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{_text(item)}" for name, item in value.items()) + "}"
    text: str = json_text(value) if value is None or isinstance(value, (str, bool)) else _string_of_port(value, False)
    return text


def number_text(number: float) -> str:
    """Return a number as JavaScript writes it, with no more than fifteen significant digits.

    Raises `JException` (D3001) for infinity.
    """
    rounded = float(f"{number:.15g}")
    if not math.isfinite(rounded):
        raise JException("D3001", -1)
    if rounded.is_integer() and abs(rounded) < 1e21:
        return str(int(rounded))
    text = repr(rounded)
    if "e-0" in text:  # Python writes small numbers with an exponent sooner, and with two digits
        text = format(Decimal(text), "f") if abs(rounded) >= 1e-6 else text.replace("e-0", "e-")
    return text
