"""Choice rules: the comparison operators of JSONPath, and the `Condition` of JSONata.

https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asl.language.errors import RUNTIME, ExpressionError, SyntaxProblem
from asl.language.jsonpath import compile_lookup
from asl.language.model import QueryLanguage
from asl.language.scope import MISSING, Scope
from asl.language.timestamps import parse_timestamp
from asl.language.values import is_number

Rule = Callable[[Scope], bool]

# The value of an operator as a comparable thing, or None where the value is of another type.
Reading = Callable[[Any], Any]


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_number(value: Any) -> float | None:
    return value if is_number(value) else None


def _as_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_moment(value: Any) -> datetime | None:
    return parse_timestamp(value) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A data-test operator: how it reads both sides, and how it compares them. `kind` names the type for people."""

    read: Reading
    compare: Callable[[Any, Any], bool]
    kind: str


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}

COMPARISONS: dict[str, Comparison] = {
    **{f"String{name}": Comparison(_as_text, compare, "a string") for name, compare in _ORDERS.items()},
    **{f"Numeric{name}": Comparison(_as_number, compare, "a number") for name, compare in _ORDERS.items()},
    **{f"Timestamp{name}": Comparison(_as_moment, compare, "a timestamp") for name, compare in _ORDERS.items()},
    "BooleanEquals": Comparison(_as_boolean, operator.is_, "a boolean"),
}

TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: _as_moment(value) is not None,
}

PATH_SUFFIX = "Path"
BOOLEAN_OPERATORS = ("And", "Or", "Not")
OPERATORS = frozenset(
    [
        *COMPARISONS,
        *(name + PATH_SUFFIX for name in COMPARISONS),
        *TYPE_TESTS,
        *BOOLEAN_OPERATORS,
        "IsPresent",
        "StringMatches",
    ]
)
MAX_DEPTH = 100


def compile_choice_rule(rule: Any, query_language: QueryLanguage | str, field: str = "Condition") -> Rule:
    """Compile one choice rule into a function of a scope.

    `rule` is an entry of `Choices`, or of a JSONata rule its `Condition` alone; `field` is then the condition's field
    as errors name it, `Choices[0]/Condition`. The function raises `ExpressionError` (States.Runtime) where a variable
    finds nothing, and States.QueryEvaluationError where a condition fails or is not a boolean. Raises `SyntaxProblem`
    if the rule is none.
    """
    if query_language == QueryLanguage.JSONATA:
        condition = rule.get("Condition") if isinstance(rule, dict) else rule
        if isinstance(condition, bool):
            return lambda scope: condition
        from asl.language.jsonata import compile_jsonata_field

        return compile_jsonata_field(condition, field, expected="boolean")
    return _compile(rule, 0)


def find_operator(rule: dict[str, Any]) -> str | None:
    """The name of the rule's operator, or None if it has none. A rule has one: the first counts."""
    return next((name for name in rule if name in OPERATORS), None)


def _compile(rule: Any, depth: int) -> Rule:
    if not isinstance(rule, dict):
        raise SyntaxProblem("a choice rule is an object")
    name = find_operator(rule)
    if name is None:
        raise SyntaxProblem("a choice rule has an operator, such as StringEquals, IsPresent or And")
    if depth > MAX_DEPTH:
        raise SyntaxProblem("choice rules are nested too deeply")
    operand = rule[name]
    if name in BOOLEAN_OPERATORS:
        return _compile_boolean(name, operand, depth)
    variable = rule.get("Variable")
    if not isinstance(variable, str):
        raise SyntaxProblem(f"{name} needs a Variable")
    lookup = compile_lookup(variable)
    if name == "IsPresent":
        return lambda scope: (lookup(scope) is not MISSING) is operand
    find = _required(variable)
    if name in TYPE_TESTS:
        test = TYPE_TESTS[name]
        return lambda scope: test(find(scope)) is operand
    if name == "StringMatches":
        if not isinstance(operand, str):
            raise SyntaxProblem("StringMatches compares with a string")
        matches = compile_wildcards(operand)
        return lambda scope: isinstance(text := find(scope), str) and matches(text)
    return _compile_comparison(name, operand, find)


def _compile_comparison(name: str, operand: Any, find: Callable[[Scope], Any]) -> Rule:
    if name not in COMPARISONS:
        comparison = COMPARISONS[name.removesuffix(PATH_SUFFIX)]
        if not isinstance(operand, str):
            raise SyntaxProblem(f"{name} compares with a path")
        find_other = _required(operand)
        read, compare = comparison.read, comparison.compare

        def compare_both(scope: Scope) -> bool:
            left, right = read(find(scope)), read(find_other(scope))
            return left is not None and right is not None and compare(left, right)

        return compare_both
    comparison = COMPARISONS[name]
    read, compare = comparison.read, comparison.compare
    expected = read(operand)
    if expected is None:
        raise SyntaxProblem(f"{name} compares with {comparison.kind}")

    def compare_constant(scope: Scope) -> bool:
        value = read(find(scope))
        return value is not None and compare(value, expected)

    return compare_constant


def _compile_boolean(name: str, operand: Any, depth: int) -> Rule:
    if name == "Not":
        negated = _compile(operand, depth + 1)
        return lambda scope: not negated(scope)
    if not isinstance(operand, list) or not operand:
        raise SyntaxProblem(f"{name} takes a non-empty list of rules")
    rules = [_compile(item, depth + 1) for item in operand]
    if name == "And":
        return lambda scope: all(rule(scope) for rule in rules)
    return lambda scope: any(rule(scope) for rule in rules)


def _required(path: str) -> Callable[[Scope], Any]:
    lookup = compile_lookup(path)

    def find(scope: Scope) -> Any:
        value = lookup(scope)
        if value is MISSING:
            raise ExpressionError(
                RUNTIME, f"Invalid path '{path}': The choice state's condition path references an invalid value."
            )
        return value

    return find


def compile_wildcards(pattern: str) -> Callable[[str], bool]:
    """Return the test of `StringMatches`: `*` matches any characters, and a backslash escapes the next character.

    Its time is proportional to the length of the string, unlike that of a regular expression with several `*`.
    """
    parts = [""]
    escaped = False
    for character in pattern:
        if escaped or character not in "\\*":
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append("")
    if escaped:
        parts[-1] += "\\"
    if len(parts) == 1:
        return parts[0].__eq__
    first, *middle, last = parts

    def matches(text: str) -> bool:
        if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        position, end = len(first), len(text) - len(last)
        for part in middle:
            # The earliest place leaves most room for the parts after it.
            found = text.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    return matches
