"""Payload templates: JSON with paths and intrinsic functions in the members whose names end with `.$`.

https://states-language.net/spec.html#payload-template. They fill `Parameters`, `ResultSelector`, `ItemSelector`,
`BatchInput` and the `Assign` of JSONPath states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.language.errors import SyntaxProblem
from asl.language.intrinsics import compile_intrinsic
from asl.language.jsonpath import compile_lookup, compile_path, parse_path
from asl.language.jsonpath.syntax import Index
from asl.language.scope import Scope
from asl.language.sizes import limited

Evaluator = Callable[[Scope], Any]

SUFFIX = ".$"


def compile_payload_template(template: Any) -> Evaluator:
    """Compile a template into a function of a scope. What it returns shares constant parts with the template.

    The function raises `ExpressionError` where an expression fails. Raises `SyntaxProblem` if a member that ends with
    `.$` is neither a path nor a call of an intrinsic function.
    """
    evaluate = _compile(template)
    return limited(evaluate, template) if evaluate is not None else lambda scope: template


def compile_template_expression(text: Any, field: str) -> Evaluator:
    """Compile the value of one member that ends with `.$`; `field` is its name, as errors show it."""
    if isinstance(text, str):
        if text.startswith("$"):
            return _compile_path(text, field)
        if text.lstrip().startswith("States."):
            return compile_intrinsic(text)
    raise SyntaxProblem(
        f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call", str(text)
    )


def _compile_path(text: str, field: str) -> Evaluator:
    """Compile a path. In a template, an index past the end of an array is null on AWS, not a path that finds nothing.

    A name that is missing is an error there, as everywhere.
    """
    find = compile_path(text, field)
    path = parse_path(text)
    last = path.selectors[-1] if path.selectors else None
    if not field.endswith(SUFFIX) or not path.definite or not isinstance(last, Index):
        return find
    array = compile_lookup(text[: text.rindex("[")])
    position = last.position

    def evaluate(scope: Scope) -> Any:
        items = array(scope)
        return None if isinstance(items, list) and not -len(items) <= position < len(items) else find(scope)

    return evaluate


def _compile(value: Any) -> Evaluator | None:
    """The function that fills a value in, or None for a value without expressions: it is its own result."""
    if isinstance(value, dict):
        return _compile_object(value)
    if isinstance(value, list):
        evaluators = [_compile(item) for item in value]
        if not any(evaluators):
            return None
        items = list(zip(value, evaluators, strict=True))
        return lambda scope: [item if evaluate is None else evaluate(scope) for item, evaluate in items]
    return None


def _compile_object(value: dict[str, Any]) -> Evaluator | None:
    constants: dict[str, Any] = {}
    members: list[tuple[str, Evaluator]] = []
    for name, item in value.items():
        if name.endswith(SUFFIX):
            target = name.removesuffix(SUFFIX)
            evaluate: Evaluator | None = compile_template_expression(item, name)
        else:
            target = name
            evaluate = _compile(item)
        # A constant keeps the place of a member that is filled in, so that members stay in the template's order.
        constants[target] = item
        if evaluate is not None:
            members.append((target, evaluate))
    if not members:
        return None

    def fill(scope: Scope) -> dict[str, Any]:
        result = constants.copy()
        for name, evaluate in members:
            result[name] = evaluate(scope)
        return result

    return fill
