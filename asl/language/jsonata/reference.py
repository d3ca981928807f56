"""What jsonata-java, and so AWS, says about an expression: asked of jsonata-python, which is a port of it.

Only failures and unusual expressions come here, so its speed does not matter.
"""

from __future__ import annotations

import re
import sys
from typing import Any

# The import raises the recursion limit of the whole process, tenfold; that is not its to decide.
_limit = sys.getrecursionlimit()
import jsonata.jsonata as _library  # noqa: E402
from jsonata.jexception import JException  # noqa: E402
from jsonata.jsonata import Jsonata  # noqa: E402

sys.setrecursionlimit(_limit)
# It also prints notes to its developers.
_library.print = lambda *_, **__: None

from asl.language.jsonata.functions import FUNCTIONS, LIMITED  # noqa: E402
from asl.language.values import json_text  # noqa: E402

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


def explain_failure(text: str, bindings: dict[str, Any], code: str, milliseconds: int) -> str | None:
    """The code and message of a failed evaluation, or None if it does not fail here with that code.

    Raises `TimeoutError` if it does not fail within `milliseconds`.
    """
    try:
        expression = Jsonata.jsonata(text)
        frame = expression.create_frame()
        frame.set_runtime_bounds(milliseconds, _MAX_DEPTH)
        for name, value in bindings.items():
            frame.bind(name, value)
        for name in FUNCTIONS.keys() - LIMITED.keys() - bindings.keys():
            expression.register_lambda(name, FUNCTIONS[name])
        expression.evaluate(None, frame)
    except JException as error:
        if error.error == code:
            return f"{code}: {_message(error)}"
        if error.error == _TIMED_OUT:
            raise TimeoutError from None
        return None
    except Exception:
        # Such as Python's own ValueError of a number that is none: D3030.
        return None
    return None


_VALUE_ONLY = frozenset({"D3132", "D3133"})
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
    template = re.sub(r"\bObject\b", "function", JException.error_codes.get(code, "{{unknown}}"))
    if "{{" not in template:
        return f"{code}: {template}"
    if code in _VALUE_ONLY and message.startswith(f"{code}: ") and len(message) <= len(code) + 3:
        return f"{code}: {_PLACEHOLDER.sub(lambda _: _json(message[len(code) + 2 :]), template)}"
    argument, called = _ARGUMENT.match(message), set(_CALLED.findall(text))
    if argument is not None and len(called) == 1:
        return f'T0410: Argument {argument[1]} of function "{called.pop()}" does not match function signature'
    return message


def _message(error: JException) -> str:
    """The message as AWS writes it: the arguments as JSON."""
    template = JException.error_codes.get(error.error)
    if template is None or "{{{" in template:
        return str(error)
    values = [error.current, error.expected, error.extra]
    if error.error == "T0412":
        values[2] = _ITEM_TYPES.get(values[2], values[2])
    elif error.error == "D1002":  # the port gives the operator first
        del values[0]
    arguments = iter(values)
    # The port says "Object" wherever the original says "function".
    return _PLACEHOLDER.sub(lambda _: _json(next(arguments, None)), re.sub(r"\bObject\b", "function", template))


def _json(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    try:
        return json_text(value)
    except (TypeError, ValueError):
        return f'"{value}"'
