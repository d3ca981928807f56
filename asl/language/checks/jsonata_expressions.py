"""The expressions of JSONata states: their syntax, and what AWS doesn't support in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView
from asl.language.jsonata import check_jsonata
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "transforming-data.html"
DELIMITERS = Check("jsonata-delimiters", "An expression must start with {% and end with %}.", source=_PAGE)
EXPRESSION = Check(
    "jsonata-syntax", "An expression must be valid JSONata.", code="INVALID_JSONATA_EXPRESSION", source=_PAGE
)
UNSUPPORTED = Check(
    "jsonata-unsupported",
    "An expression can read only $states and variables at its top level.",
    code="UNSUPPORTED_JSONATA_EXPRESSION",
    source=_PAGE,
)
ERROR_OUTPUT = Check(
    "jsonata-error-output",
    "Only Assign and Output of a catcher can read $states.errorOutput.",
    code="UNSUPPORTED_JSONATA_EXPRESSION",
    source=_PAGE,
)
RESULT = Check(
    "jsonata-result",
    "Only Assign and Output of a Task, Map or Parallel can read $states.result.",
    code="UNSUPPORTED_JSONATA_EXPRESSION",
    source=_PAGE,
)

# Fields without expressions, or whose expressions belong to states of their own.
_SKIPPED = frozenset(
    {"Type", "Comment", "QueryLanguage", "Next", "End", "Default", "Resource", "Label", "Retry"}
    | {"Branches", "ItemProcessor", "Iterator"}
)
_HAVE_RESULTS = ("Task", "Map", "Parallel")  # no set: a type may be anything here
_OF_RESULTS = frozenset({"Assign", "Output"})
_ERROR_OUTPUT = re.compile(r"\$states\s*\.\s*errorOutput(?!\w)")
_RESULT = re.compile(r"\$states\s*\.\s*result(?!\w)")
MAX_DEPTH = 200

Hidden = list[tuple[Check, re.Pattern[str], str]]


def check_state(state: StateView, report: Report) -> None:
    """Check the expressions of one state."""
    if not state.jsonata:
        return
    for name, value in state.fields.items():
        if name not in _SKIPPED and isinstance(value, (str, dict, list)):
            hidden = [] if name == "Catch" else [(ERROR_OUTPUT, _ERROR_OUTPUT, "$states.errorOutput")]
            if name not in _OF_RESULTS or state.type not in _HAVE_RESULTS:
                hidden.append((RESULT, _RESULT, "$states.result"))
            _check(value, state.at(name), report, hidden, 0)


def _check(value: Any, pointer: str, report: Report, hidden: Hidden, depth: int) -> None:
    """Check the expressions in a value. `hidden` are the members of $states that they can't read."""
    if isinstance(value, str):
        if value.startswith("{%") or value.endswith("%}"):
            _check_text(value, pointer, report, hidden)
    elif depth > MAX_DEPTH:
        return
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, (str, dict, list)) and name not in ("Next", "Comment"):
                _check(item, f"{pointer}/{escape_pointer(name)}", report, hidden, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (str, dict, list)):
                _check(item, f"{pointer}/{index}", report, hidden, depth + 1)


def _check_text(text: str, pointer: str, report: Report, hidden: Hidden) -> None:
    if not (text.startswith("{%") and text.endswith("%}") and len(text) >= 4):
        report.add(DELIMITERS, "JSONata string must start with {% and end with %}", pointer)
        return
    expression = text[2:-2].strip()
    finding = check_jsonata(expression)
    if finding is not None:
        code, message = finding
        report.add(EXPRESSION if code == EXPRESSION.code else UNSUPPORTED, message, pointer)
        return
    for check, pattern, name in hidden:
        if pattern.search(expression):
            report.add(check, f"Reference to '{name}' is not supported.", pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, jsonata_state

    return {
        "jsonata-delimiters": Example(
            jsonata_state(Output="{% $states.input"),
            "/States/A/Output",
            "/States/A/Output",
            jsonata_state(Output="{% $states.input %}"),
        ),
        "jsonata-syntax": Example(
            jsonata_state(Output={"a": ["{% 1 + %}"]}),
            "/States/A/Output/a/0",
            "/States/A/Output/a[0]",
            jsonata_state(Output={"a": ["{% 1 + 1 %}"]}),
        ),
        "jsonata-unsupported": Example(
            jsonata_state(Output="{% order.id %}"),
            "/States/A/Output",
            "/States/A/Output",
            jsonata_state(Output="{% $states.input.order.id %}"),
        ),
        "jsonata-error-output": Example(
            jsonata_state(Output="{% $states.errorOutput.Error %}"),
            "/States/A/Output",
            "/States/A/Output",
            jsonata_state(Output="{% $states.input %}"),
        ),
        "jsonata-result": Example(
            jsonata_state(Output="{% $states.result.a %}"),
            "/States/A/Output",
            "/States/A/Output",
            jsonata_state(Output="{% $states.input.a %}"),
        ),
    }


RULES = Rules(
    order=80,
    checks=(DELIMITERS, EXPRESSION, UNSUPPORTED, ERROR_OUTPUT, RESULT),
    state=check_state,
    examples=_examples,
)
