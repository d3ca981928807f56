"""Choice rules: one operator each, and an operand of the operator's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView
from asl.language.checks.paths import check_reference
from asl.language.choice import BOOLEAN_OPERATORS, COMPARISONS, MAX_DEPTH, OPERATORS, TYPE_TESTS
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "state-choice.html"
RULE = Check(
    "choice-rule", "A choice rule must have exactly one operator, and Next only at its top level.", source=_PAGE
)
OPERAND = Check("choice-operand", "A choice rule must compare with a value of the operator's type.", source=_PAGE)

_SELECTORS = (*BOOLEAN_OPERATORS, "Variable", "Condition")
_DATA_OPERATORS = OPERATORS.difference(BOOLEAN_OPERATORS)
_OWN_FIELDS = frozenset({"Comment", "Variable", "Condition", *OPERATORS})
_TOP_FIELDS = _OWN_FIELDS | {"Next", "Assign", "Output"}
_TYPE_NAMES = {"a string": "[STRING]", "a number": "[NUMBER]", "a boolean": "[BOOLEAN]"}


def check_state(state: StateView, report: Report) -> None:
    """Check the rules of one Choice state."""
    if state.type != "Choice":
        return
    for rule, pointer in state.entries("Choices"):
        if "Next" not in rule:
            report.add(RULE, "These fields are required: [Next]", pointer)
        elif not isinstance(rule["Next"], str):
            report.add(RULE, "Expected value of type [STRING]", f"{pointer}/Next")
        if state.jsonata:
            _check_condition(rule, pointer, report)
        else:
            _check_rule(rule, pointer, report, _TOP_FIELDS, 0)


def _check_condition(rule: dict[str, Any], pointer: str, report: Report) -> None:
    condition = rule.get("Condition")
    if "Condition" not in rule:
        if "Variable" not in rule:
            report.add(RULE, "These fields are required: [Condition]", pointer)
    elif not isinstance(condition, (bool, str)):
        report.add(OPERAND, "Expected value of type [STRING, BOOLEAN]", f"{pointer}/Condition")


def _check_rule(rule: Any, pointer: str, report: Report, allowed: frozenset[str], depth: int) -> None:
    if not isinstance(rule, dict):
        report.add(RULE, "Expected value of type [OBJECT]", pointer)
        return
    if depth > MAX_DEPTH:
        report.add(RULE, "The rules are too deeply nested", pointer)
        return
    if not rule.keys() <= allowed:
        for name in rule:
            if name not in allowed:
                report.add(RULE, f"Field '{name}' is not supported", f"{pointer}/{escape_pointer(name)}", at=pointer)
    selectors = [name for name in _SELECTORS if name in rule]
    if len(selectors) != 1:
        names = ", ".join(_SELECTORS)
        report.add(RULE, f"The object must have only one of the following fields, [{names}]", pointer)
        return
    match selectors[0]:
        case "Not":
            _check_rule(rule["Not"], f"{pointer}/Not", report, _OWN_FIELDS, depth + 1)
        case "And" | "Or" as name:
            _check_rules(rule[name], f"{pointer}/{name}", report, depth)
        case "Variable":
            _check_comparison(rule, pointer, report)


def _check_rules(rules: Any, pointer: str, report: Report, depth: int) -> None:
    if not isinstance(rules, list):
        report.add(RULE, "Expected value of type [ARRAY]", pointer)
    elif not rules:
        report.add(RULE, "Value cannot be empty", pointer)
    else:
        for index, inner in enumerate(rules):
            _check_rule(inner, f"{pointer}/{index}", report, _OWN_FIELDS, depth + 1)


def _check_comparison(rule: dict[str, Any], pointer: str, report: Report) -> None:
    check_reference(rule["Variable"], f"{pointer}/Variable", report, started=True)
    found = [name for name in rule if name in _DATA_OPERATORS]
    if len(found) != 1:
        if found:
            report.add(RULE, f"There should only be one of the following fields: [{', '.join(found)}]", pointer)
        else:
            report.add(RULE, "This object should have a comparison operator, such as StringEquals", pointer)
        return
    name = found[0]
    operand, place = rule[name], f"{pointer}/{name}"
    if name in TYPE_TESTS or name == "IsPresent":
        if not isinstance(operand, bool):
            report.add(OPERAND, "Expected value of type [BOOLEAN]", place)
    elif name == "StringMatches":
        if not isinstance(operand, str):
            report.add(OPERAND, "Expected value of type [STRING]", place)
    elif name not in COMPARISONS:
        check_reference(operand, place, report, started=True)
    else:
        comparison = COMPARISONS[name]
        if comparison.read(operand) is None:
            expected = _TYPE_NAMES.get(comparison.kind)
            report.add(
                OPERAND,
                f"Expected value of type {expected}" if expected else "String does not match RFC3339 timestamp",
                place,
            )


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, choice

    return {
        "choice-rule": Example(
            choice(Variable="$.x", IsNull=True, IsString=True),
            "/States/A/Choices/0",
            "/States/A/Choices[0]",
            choice(Variable="$.x", IsNull=True),
        ),
        "choice-operand": Example(
            choice(Variable="$.x", NumericEquals="7"),
            "/States/A/Choices/0/NumericEquals",
            "/States/A/Choices[0]/NumericEquals",
            choice(Variable="$.x", NumericEquals=7),
        ),
    }


RULES = Rules(
    order=90,
    checks=(RULE, OPERAND),
    state=check_state,
    examples=_examples,
)
