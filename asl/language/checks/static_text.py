"""Paths in fields where AWS doesn't evaluate them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView
from asl.language.diagnosis import Severity
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

RESULT = Check(
    "pass-result-static",
    "The Result of a Pass state is static: paths in it are not evaluated.",
    Severity.WARNING,
    "PASS_RESULT_IS_STATIC",
    DEVELOPER_GUIDE + "state-pass.html",
)
NO_PATH = Check(
    "field-no-path",
    "The name of a field that contains a path must end with Path.",
    Severity.WARNING,
    "NO_PATH",
    DEVELOPER_GUIDE + "state-fail.html",
)

MAX_DEPTH = 200


def check_state(state: StateView, report: Report) -> None:
    """Check the constant strings of one state that look like paths."""
    if state.jsonata:
        return
    if state.type == "Pass" and "Result" in state.fields:
        _check_result(state.fields["Result"], state.at("Result"), report, 0)
    elif state.type == "Fail":
        for name in ("Error", "Cause"):
            value = state.fields.get(name)
            if isinstance(value, str) and value.startswith(("$.", "$$.")):
                report.add(NO_PATH, f"The value looks like a path: use the field '{name}Path'", state.at(name))


def _check_result(value: Any, pointer: str, report: Report, depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            place = f"{pointer}/{escape_pointer(name)}"
            if name.endswith(".$") and isinstance(item, str) and item.startswith(("$", "States.")):
                report.add(RESULT, "The Result of a Pass state is static: use Parameters for paths", place)
            elif isinstance(item, (dict, list)):
                _check_result(item, place, report, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_result(item, f"{pointer}/{index}", report, depth + 1)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, one, pass_state

    return {
        "pass-result-static": Example(
            pass_state(Result={"id.$": "$.order.id"}),
            "/States/A/Result/id.$",
            "/States/A/Result/id.$",
            pass_state(Parameters={"id.$": "$.order.id"}),
        ),
        "field-no-path": Example(
            one({"Type": "Fail", "Cause": "$.reason"}),
            "/States/A/Cause",
            "/States/A/Cause",
            one({"Type": "Fail", "CausePath": "$.reason"}),
        ),
    }


RULES = Rules(
    order=140,
    checks=(RESULT, NO_PATH),
    state=check_state,
    examples=_examples,
)
