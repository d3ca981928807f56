"""Expressions so plain that they need no JSONata: paths from a variable, and constants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from asl.language.scope import MISSING, Scope

_PATH = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_TEXT = re.compile(r"\"[^\"\\\n]*\"|'[^'\\\n]*'")
_NUMBER = re.compile(r"(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?", re.ASCII)
_CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
# Operators that look like names.
_WORDS = {"and", "or", "in", *_CONSTANTS}

# The answer of a plain path that meets a list: JSONata maps the rest of the path over it, so the library must decide.
UNDECIDED: Final = object()

Plain = Callable[[Scope], Any]


def is_plain(text: str) -> bool:
    """Whether `compile_plain` takes the expression."""
    match = _PATH.fullmatch(text)
    if match is not None:
        return not match.group(2) or _WORDS.isdisjoint(match.group(2).split("."))
    return text in _CONSTANTS or bool(_TEXT.fullmatch(text) or _NUMBER.fullmatch(text))


def compile_plain(text: str) -> Plain | None:
    """The closure of a plain expression, or None for any other.

    It answers `MISSING` for undefined, and `UNDECIDED` where it takes the library to tell.
    """
    if not is_plain(text):
        return None
    match = _PATH.fullmatch(text)
    if match is not None:
        return _compile_path(match.group(1), tuple(match.group(2).split(".")[1:]))
    constant: Any
    if text in _CONSTANTS:
        constant = _CONSTANTS[text]
    else:
        constant = text[1:-1] if text[0] in "'\"" else json.loads(text)
        if isinstance(constant, float) and constant.is_integer():
            constant = int(constant)
    return lambda scope: constant


def states_value(scope: Scope) -> dict[str, Any]:
    """The variable `$states`."""
    value = {"input": scope.data, "context": scope.context}
    if scope.result is not MISSING:
        value["result"] = scope.result
    if scope.error_output is not MISSING:
        value["errorOutput"] = scope.error_output
    return value


_STATES: dict[str, Plain] = {
    "input": lambda scope: scope.data,
    "context": lambda scope: scope.context,
    "result": lambda scope: scope.result,
    "errorOutput": lambda scope: scope.error_output,
}


def _compile_path(variable: str, names: tuple[str, ...]) -> Plain:
    root: Plain
    if variable != "states":
        # A name that is not assigned may be a function of the library's.
        root = lambda scope: scope.variables.get(variable, UNDECIDED)  # noqa: E731
    elif not names:
        return states_value
    else:
        root = _STATES.get(names[0], lambda scope: MISSING)
        names = names[1:]
    if not names:
        return root

    def evaluate(scope: Scope) -> Any:
        node = root(scope)
        for name in names:
            if isinstance(node, dict):
                node = node.get(name, MISSING)
            else:
                return UNDECIDED if isinstance(node, list) else MISSING
        return node

    return evaluate
