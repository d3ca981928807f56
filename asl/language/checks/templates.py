"""Payload templates: a member whose name ends with `.$` is a path or a call of an intrinsic function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView, advice
from asl.language.diagnosis import Severity
from asl.language.errors import SyntaxProblem
from asl.language.intrinsics import parse_intrinsic
from asl.language.intrinsics.calls import formats
from asl.language.model import escape_pointer
from asl.language.templates import SUFFIX, compile_template_expression

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "input-output-inputpath-params.html"
EXPRESSION = Check(
    "template-expression",
    "The value of a member that ends with .$ must be a path or an intrinsic function.",
    source=_PAGE,
)
NO_DOLLAR = Check(
    "template-no-dollar",
    "The name of a member whose value is a path or an intrinsic function must end with .$.",
    Severity.WARNING,
    "NO_DOLLAR",
    _PAGE,
)
FORMAT = advice(
    "format-arguments",
    "States.Format must have a value for each placeholder of its template.",
    DEVELOPER_GUIDE + "intrinsic-functions.html",
)

_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials")
_HOLDERS = {"ItemReader": "Parameters", "ResultWriter": "Parameters", "ItemBatcher": "BatchInput"}
MAX_DEPTH = 200


def check_state(state: StateView, report: Report) -> None:
    """Check the templates of one state."""
    if state.jsonata:
        return
    fields = state.fields
    for name in _TEMPLATES:
        if name in fields:
            _check(fields[name], state.at(name), report, 0)
    for name, inner in _HOLDERS.items():
        holder = fields.get(name)
        if isinstance(holder, dict) and inner in holder:
            _check(holder[inner], f"{state.at(name)}/{inner}", report, 0)
    for name in ("Catch", "Choices"):
        if name in fields:
            for entry, pointer in state.entries(name):
                if "Assign" in entry:
                    _check(entry["Assign"], f"{pointer}/Assign", report, 0)


def _check(value: Any, pointer: str, report: Report, depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if name.endswith(SUFFIX):
                _check_expression(name, item, pointer, report)
            elif isinstance(item, str):
                if _looks_like_expression(item):
                    message = (
                        f"The field name '{name}' should end with '.$' if its value is a path or intrinsic function"
                    )
                    report.add(NO_DOLLAR, message, f"{pointer}/{escape_pointer(name)}")
            elif isinstance(item, (dict, list)):
                _check(item, f"{pointer}/{escape_pointer(name)}", report, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)):
                _check(item, f"{pointer}/{index}", report, depth + 1)


def _check_expression(name: str, value: Any, pointer: str, report: Report) -> None:
    try:
        compile_template_expression(value, name)
    except SyntaxProblem:
        message = f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
        report.add(EXPRESSION, message, f"{pointer}/{escape_pointer(name)}", at=pointer)
        return
    if "States.Format" in value:
        for places, values in formats(parse_intrinsic(value)):
            if places != values:
                message = f"The template of States.Format has {places} placeholders, but {values} values are given"
                report.add(FORMAT, message, f"{pointer}/{escape_pointer(name)}")


def _looks_like_expression(text: str) -> bool:
    return text.startswith(("$.", "$$.", "States.")) and (text.startswith("$") or "(" in text)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, pass_state

    return {
        "template-expression": Example(
            pass_state(Parameters={"a": {"b.$": "States.Join('x')"}}),
            "/States/A/Parameters/a/b.$",
            "/States/A/Parameters/a",
            pass_state(Parameters={"a": {"b.$": "States.Format('x')"}}),
        ),
        "template-no-dollar": Example(
            pass_state(Parameters={"id": "$.order.id"}),
            "/States/A/Parameters/id",
            "/States/A/Parameters/id",
            pass_state(Parameters={"id.$": "$.order.id"}),
        ),
        "format-arguments": Example(
            pass_state(Parameters={"text.$": "States.Format('{} of {}', $.name)"}),
            "/States/A/Parameters/text.$",
            "/States/A/Parameters/text.$",
            pass_state(Parameters={"text.$": "States.Format('{} of {}', $.name, $.place)"}),
        ),
    }


RULES = Rules(
    order=70,
    checks=(EXPRESSION, NO_DOLLAR, FORMAT),
    state=check_state,
    examples=_examples,
)
