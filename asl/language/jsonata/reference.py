"""What AWS says about an expression that fails, found by evaluating it with jsonata-python.

AWS words failures as jsonata-js does, of which jsonata-python is a port. Only failures and unusual expressions come
here, so its speed does not matter.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

# The import raises the recursion limit of the whole process, tenfold; that is not its to decide.
_limit = sys.getrecursionlimit()
import jsonata.jsonata as _library  # noqa: E402
from jsonata.jexception import JException  # noqa: E402
from jsonata.jsonata import Jsonata  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(_limit)
# It also prints notes to its developers.
_library.print = lambda *_, **__: None

from asl.language.jsonata.corrections import correct  # noqa: E402
from asl.language.jsonata.functions import FUNCTIONS, LIMITED  # noqa: E402
from asl.language.scope import MISSING  # noqa: E402
from asl.language.values import json_text  # noqa: E402

correct()

# How signatures abbreviate the types of an array's items.
_ITEM_TYPES = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
_PLACEHOLDER = re.compile(r"\{\{\w+\}\}")
_TIMED_OUT, _MAX_DEPTH = "D1012", 100


def explain_syntax(text: str) -> str | None:
    """The parser's message about an expression that does not parse, or None if it has none."""
    try:
        Jsonata.jsonata(text)
    except JException as error:
        return _message(error)
    except Exception:
        # A failure of the port itself says nothing about the expression.
        return None
    return None


def parse_tree(text: str) -> Any:
    """The syntax tree of an expression, None if this parser does not take it."""
    try:
        return Jsonata.jsonata(text).ast
    except Exception:
        return None


@dataclass(frozen=True, slots=True)
class Explained:
    """What the reference makes of an expression: the message of its failure, or else its value."""

    failure: str | None = None
    value: Any = MISSING


def evaluate(text: str, bindings: dict[str, Any], milliseconds: int) -> Explained | None:
    """Evaluate an expression that failed. Returns None if the reference itself fails.

    Raises `TimeoutError` if it takes longer than `milliseconds`.
    """
    try:
        expression = Jsonata.jsonata(text)
        frame = expression.create_frame()
        frame.set_runtime_bounds(milliseconds, _MAX_DEPTH)
        for name, value in bindings.items():
            frame.bind(name, _with_nulls(value))
        for name in FUNCTIONS.keys() - LIMITED.keys() - bindings.keys():
            expression.register_lambda(name, FUNCTIONS[name])
        expression.set_output_convert_nulls(False)
        value = expression.evaluate(None, frame)
        return Explained(value=MISSING if value is None else _json_value(value))
    except JException as error:
        if error.error == _TIMED_OUT:
            raise TimeoutError from None
        return Explained(f"{error.error}: {_message(error)}") if _CODE.fullmatch(error.error) else None
    except Exception:
        # Such as Python's own ValueError of a number that is none: D3030.
        return None


_CODE = re.compile(r"[STD]\d{4}")


def _json_value(value: Any) -> Any:
    """Return a result as plain JSON. Raises `TypeError` if there is a function in it."""
    if value is Utils.NULL_VALUE:
        return None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {name: _json_value(item) for name, item in value.items()}
    raise TypeError(type(value).__name__)


def _with_nulls(value: Any) -> Any:
    """The value with the reference's null, for which None is undefined."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _with_nulls(item) for name, item in value.items()}
    return value


_VALUE_ONLY = frozenset({"D3130", "D3132", "D3133"})
_CALLED = re.compile(r"\$([A-Za-z_]\w*)\s*\(")
_ARGUMENT = re.compile(r"T0410: Argument (\d+) must be")


def word_failure(text: str, code: str, message: str) -> str:
    """Word a failure that this parser doesn't reproduce.

    Args:
        text: The expression.
        code: The failure's code.
        message: The failure as the other library says it.

    Returns:
        The message as AWS writes it if all that it says is known, else `message`.
    """
    template = _template(code) or "{{unknown}}"
    if "{{" not in template:
        return f"{code}: {template}"
    if code in _VALUE_ONLY and message.startswith(f"{code}: ") and (code == "D3130" or len(message) <= len(code) + 3):
        return f"{code}: {_PLACEHOLDER.sub(lambda _: _json(message[len(code) + 2 :]), template)}"
    argument, called = _ARGUMENT.match(message), set(_CALLED.findall(text))
    if argument is not None and len(called) == 1:
        return f'T0410: Argument {argument[1]} of function "{called.pop()}" does not match function signature'
    return message


def _template(code: str) -> str | None:
    """A message as jsonata-js has it: the port says "Object" wherever that says "function", and quotes otherwise."""
    template = JException.error_codes.get(code)
    return template and re.sub(r"\bObject\b", "function", template).replace('"', "'")


def _message(error: JException) -> str:
    """The message as AWS writes it: the arguments as JSON."""
    template = _template(error.error)
    if template is None or "{{{" in template:
        return str(error)
    values = [error.current, error.expected, error.extra]
    if error.error == "T0412":
        values[2] = _ITEM_TYPES.get(values[2], values[2])
    elif error.error == "D1002":  # the port gives the operator first
        del values[0]
    arguments = iter(values)
    return _PLACEHOLDER.sub(lambda _: _json(next(arguments, None)), template)


def _json(value: Any) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, re.Pattern):
        return "{}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    try:
        return json_text(_json_value(value))
    except (TypeError, ValueError, RecursionError):
        return '""'  # a function, as $string() shows one
