"""Runs expressions on jsonatapy."""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from asl.language.jsonata.functions import (
    FUNCTIONS,
    LIMITED,
    MAX_SEQUENCE_ITEMS,
    MEMORY_EXCEEDED,
    JsonataFailure,
    LibraryDecides,
    UndefinedResult,
    as_numbers,
    moment,
)
from asl.language.jsonata.library import jsonatapy
from asl.language.jsonata.plain import states_value
from asl.language.scope import MISSING, Scope

# An expression runs in the thread of all executions, so it must not keep it. AWS's limits are a second, 6,990,256 bytes
# (873,782 numbers) and a depth of 100, which counts an expression's outermost level too.
TIMEOUT_MILLISECONDS = 1000
_LIMITS = {
    "timeout": TIMEOUT_MILLISECONDS,
    "max_stack_depth": 99,
    "max_sequence_length": MAX_SEQUENCE_ITEMS,
}
_EXCEEDED = {
    "D1011": "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    "D1012": "Expression evaluation timeout: Check for infinite loop",
    "D2015": MEMORY_EXCEEDED,
}
_OVERRIDES = {"random", "eval", "now", "millis", *LIMITED}

_VARIABLE = re.compile(r"\$([^\W\d]\w*)")
_STATES_MEMBER = re.compile(r"\$states(?!\w)(?:\s*\.\s*(input|context|result|errorOutput)(?!\w))?")


class UnsupportedResult(Exception):
    """The result is a function, which is no JSON."""


@lru_cache(maxsize=4096)
def parse(text: str) -> None:
    """Raises `ValueError` if the expression does not parse."""
    jsonatapy.compile(text)


@lru_cache(maxsize=4096)
def compile_program(text: str) -> Callable[[Scope], Any]:
    """Compile an expression into a function that answers `MISSING` for undefined.

    The function raises `JsonataFailure` or `UnsupportedResult`. Raises `ValueError` if the expression does not parse.
    """
    names = set(_VARIABLE.findall(text))
    hosts = frozenset(names & FUNCTIONS.keys())
    tells_time = not hosts.isdisjoint(("now", "millis"))
    local = threading.local()

    def expression_here(functions: frozenset[str] = hosts) -> Any:
        """The library's compiled expression with these functions, which only the thread that made it may use."""
        try:
            return local.expressions[functions]
        except AttributeError:
            local.expressions = {}
        except KeyError:
            pass
        # Not the one of `parse`: host functions are registered on the compiled expression.
        expression = local.expressions[functions] = jsonatapy.compile(text, **_LIMITS)
        # Dropped by another thread, as at the end of the process, it complains on standard error instead of being
        # freed: let it never be dropped.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(expression))
        for name in functions:
            register = expression.register_override if name in _OVERRIDES else expression.register
            register(name, FUNCTIONS[name])
        return expression

    expression_here()
    variables = names - {"states"}
    members = set(_STATES_MEMBER.findall(text)) if "states" in names else None

    def bind(scope: Scope) -> dict[str, Any]:
        # What is bound is converted, so only what the expression names is: inputs can be large.
        assigned = scope.variables
        bindings = {name: assigned[name] for name in variables if name in assigned}
        if members is not None:
            states = states_value(scope)
            bindings["states"] = states if "" in members else {key: states[key] for key in members if key in states}
        return bindings

    def run(scope: Scope) -> Any:
        bindings = bind(scope)
        # A variable hides the function of its name.
        functions = hosts if hosts.isdisjoint(bindings) else hosts.difference(bindings)
        if tells_time:
            moment.seconds = scope.clock()
        return evaluate(bindings, functions)

    def evaluate(bindings: dict[str, Any], functions: frozenset[str]) -> Any:
        expression = expression_here(functions)
        try:
            try:
                return _evaluate(expression, bindings)
            except OverflowError:
                return _evaluate(expression, as_numbers(bindings))
            except UnicodeEncodeError:
                return _evaluate(expression, _without_surrogates(bindings))
        except ValueError as error:
            message = str(error)
        if message.startswith(_LIBRARY_DECIDES):
            return evaluate(bindings, functions.difference(LIMITED))
        return _fail(text, bindings, message)

    return run


def _evaluate(expression: Any, bindings: dict[str, Any]) -> Any:
    value = expression.evaluate(None, bindings)
    if value is not None:
        return _plain_json(value) if isinstance(value, (float, list, dict)) else value
    # The library has one None for undefined, null and functions; the texts it makes of them differ.
    text = expression.evaluate_json_or_none(None, bindings)
    if text is None:
        return MISSING
    if text == '""':
        raise UnsupportedResult
    return None


def _plain_json(value: Any) -> Any:
    """Numbers that JSON does not have, as AWS writes them."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_plain_json(item) if isinstance(item, (float, list, dict)) else item for item in value]
    if isinstance(value, dict):
        return {
            key: _plain_json(item) if isinstance(item, (float, list, dict)) else item for key, item in value.items()
        }
    return value


def _without_surrogates(value: Any) -> Any:
    """Lone surrogates cannot be encoded; each becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


_LIBRARY_DECIDES = f"host function raised {LibraryDecides.__name__}"
_HOST = re.compile(r"host function raised (\w+): ?(.*)", re.DOTALL)
_CODE = re.compile(r"[STD]\d{4}")


def _fail(text: str, bindings: dict[str, Any], message: str) -> Any:
    """Undefined if a function of ours answered nothing; else raises `JsonataFailure` in AWS's words."""
    host = _HOST.match(message)
    if host is not None:
        if host.group(1) == UndefinedResult.__name__:
            return MISSING
        raise JsonataFailure(host.group(2))
    code = message[:5]
    if code in _EXCEEDED:
        raise JsonataFailure(_EXCEEDED[code])
    # Regular expressions (which have slashes) can take without end in the other library.
    if _CODE.fullmatch(code) and "/" not in text:
        from asl.language.jsonata import reference

        message = reference.explain_failure(text, bindings, code) or message
    raise JsonataFailure(message)
