"""What jsonata-java, and so AWS, says about an expression: asked of jsonata-python, which is a port of it.

Only failures and unusual expressions come here, so its speed does not matter.
"""

from __future__ import annotations

import re
import sys
from typing import Any

# The import raises the recursion limit of the whole process, tenfold; that is not its to decide.
_limit = sys.getrecursionlimit()
from jsonata.jexception import JException  # noqa: E402
from jsonata.jsonata import Jsonata  # noqa: E402

sys.setrecursionlimit(_limit)

from asl.language.jsonata.functions import FUNCTIONS  # noqa: E402

_PLACEHOLDER = re.compile(r"\{\{\w+\}\}")
_TIMEOUT_MILLISECONDS, _MAX_DEPTH = 1000, 100


def explain_syntax(text: str) -> str | None:
    """The parser's message about an expression that does not parse, or None if it has none."""
    try:
        Jsonata.jsonata(text)
    except JException as error:
        return _message(error)
    except Exception:
        # A text that trips the port itself says nothing about the expression.
        return None
    return None


def parse_tree(text: str) -> Any:
    """The syntax tree of an expression, None if this parser does not take it."""
    try:
        return Jsonata.jsonata(text).ast
    except Exception:
        return None


def explain_failure(text: str, bindings: dict[str, Any], code: str) -> str | None:
    """The code and message of a failed evaluation, or None if it does not fail here with that code."""
    try:
        expression = Jsonata.jsonata(text)
        frame = expression.create_frame()
        frame.set_runtime_bounds(_TIMEOUT_MILLISECONDS, _MAX_DEPTH)
        for name, value in bindings.items():
            frame.bind(name, value)
        for name, function in FUNCTIONS.items():
            expression.register_lambda(name, function)
        expression.evaluate(None, frame)
    except JException as error:
        return f"{code}: {_message(error)}" if error.error == code else None
    except Exception:
        # Such as Python's own ValueError of a number that is none: D3030.
        return None
    return None


def _message(error: JException) -> str:
    """The message as jsonata-java writes it: each argument in double quotes."""
    template = JException.error_codes.get(error.error)
    if template is None or "{{{" in template:
        return str(error)
    arguments = iter((error.current, error.expected, error.extra))
    # The port says "Object" wherever the original says "function".
    return _PLACEHOLDER.sub(lambda _: f'"{next(arguments, None)}"', re.sub(r"\bObject\b", "function", template))
