"""Compiles expressions, and values that hold them, into functions of a scope."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from asl.language.errors import QUERY_EVALUATION, ExpressionError, SyntaxProblem
from asl.language.jsonata.plain import UNDECIDED, compile_plain
from asl.language.scope import MISSING, Scope
from asl.language.sizes import limited
from asl.language.values import json_text

Evaluator = Callable[[Scope], Any]

_CODED = re.compile(r"[A-Z]\d{4}: ")
_TYPE_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}


def expression_text(value: Any) -> str | None:
    """Return the expression in a string such as `{% $states.input %}`, None if the value is not an expression."""
    if isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


@lru_cache(maxsize=8192)
def compile_jsonata(text: str, field: str | None = None, expected: str | None = None) -> Evaluator:
    """Compile an expression, given without its `{%` and `%}`, into a function of a scope.

    `field` is the field that holds it, as AWS names it: `Output/total`, `Choices[0]/Condition`. `expected` is the type
    its result must have: array, boolean, number, object or string. The function raises `ExpressionError`
    (States.QueryEvaluationError) where the expression fails, returns nothing or a value of another type. Raises
    `SyntaxProblem` if the expression does not parse.
    """
    text = text.strip()
    named = f"The JSONata expression '{text}'" + (f" specified for the field '{field}'" if field else "")
    plain = compile_plain(text)
    program = None if plain is not None else _program(text, named, field)

    def run(scope: Scope) -> Any:
        value = UNDECIDED if plain is None else plain(scope)
        if value is UNDECIDED:
            value = (program or _program(text, named, field))(scope)
        if value is MISSING:
            raise ExpressionError(QUERY_EVALUATION, f"{named} returned nothing (undefined).", field)
        if expected is not None:
            check_type(value, expected, named, field)
        return value

    return run


def compile_jsonata_template(value: Any, field: str | None = None) -> Evaluator:
    """Compile any JSON value with expressions in its strings: `Arguments`, `Output`, `Assign`.

    `field` is the field's name; expressions inside are named by their place in it, `Output/items[0]/id`. Only a string
    that is `{% ... %}` as a whole is an expression. The function raises `ExpressionError` where one fails. Raises
    `SyntaxProblem` if one does not parse.
    """
    evaluate = _compile_value(value, field or "")
    return limited(evaluate, value) if evaluate is not None else lambda scope: value


def compile_jsonata_field(value: Any, field: str, expected: str | None = None) -> Evaluator:
    """Compile a field that holds either an expression or a plain value (`Items`, `Seconds`, `Condition`).

    `field` and `expected` are as `compile_jsonata` has them; a plain value is not checked.
    """
    text = expression_text(value)
    if text is not None:
        return compile_jsonata(text, field, expected)
    return compile_jsonata_template(value, field)


def _compile_value(value: Any, field: str) -> Evaluator | None:
    """The function that fills a value in, or None for a value without expressions: it is its own result."""
    if isinstance(value, str):
        text = expression_text(value)
        return None if text is None else compile_jsonata(text, field)
    if isinstance(value, list):
        items = [(item, _compile_value(item, f"{field}[{index}]")) for index, item in enumerate(value)]
        if all(evaluate is None for _, evaluate in items):
            return None
        return lambda scope: [item if evaluate is None else evaluate(scope) for item, evaluate in items]
    if isinstance(value, dict):
        members = [
            (name, evaluate) for name, item in value.items() if (evaluate := _compile_value(item, f"{field}/{name}"))
        ]
        if not members:
            return None

        def fill(scope: Scope) -> dict[str, Any]:
            result = value.copy()
            for name, evaluate in members:
                result[name] = evaluate(scope)
            return result

        return fill
    return None


def _program(text: str, named: str, field: str | None) -> Evaluator:
    """The expression run by the library, its failures in AWS's words."""
    # Imported here so that definitions without JSONata, or with plain expressions only, never load the library.
    from asl.language.jsonata.functions import INTERNAL, JsonataFailure
    from asl.language.jsonata.programs import UnsupportedResult, compile_program

    try:
        program = compile_program(text)
    except ValueError as error:
        raise SyntaxProblem(str(error), text) from None

    def run(scope: Scope) -> Any:
        try:
            return program(scope)
        except JsonataFailure as failure:
            message = str(failure)
            if message == INTERNAL:
                cause = f"{named} {INTERNAL} during evaluation. {uuid.uuid4()}"
            else:
                # A message with a code is a sentence of its own on AWS.
                separator = "." if _CODED.match(message) else ":"
                cause = f"{named} threw an error during evaluation{separator} {message}"
        except UnsupportedResult:
            cause = f"{named} returned an unsupported result type."
        except RecursionError:
            cause = f"{named} threw an error during evaluation. The value is too deeply nested"
        raise ExpressionError(QUERY_EVALUATION, cause, field)

    return run


def check_type(value: Any, expected: str, named: str, field: str | None) -> None:
    """Raise `ExpressionError` unless the value is of the type `expected`; `named` names the expression."""
    actual = "null" if value is None else _TYPE_NAMES[type(value)]
    if actual != expected:
        raise ExpressionError(
            QUERY_EVALUATION,
            f"{named} returned an unexpected result type. Expected '{expected}', but was '{actual}' "
            f"for value: {json_text(value)}",
            field,
        )
