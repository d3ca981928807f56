"""Retriers and catchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView, advice
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "concepts-error-handling.html"
ENTRY = Check("error-handler", "A retrier or catcher must have the required fields and no unknown ones.", source=_PAGE)
ALL = Check("states-all", "States.ALL must be the only error name of the last retrier or catcher.", source=_PAGE)
JITTER = Check("jitter-strategy", "JitterStrategy must be NONE or FULL.", source=_PAGE)
REPEATED = advice(
    "error-name-repeated", "An error name should appear in only one retrier and in only one catcher.", _PAGE
)
RESERVED = advice("error-name-reserved", "Error names that start with States. are reserved by the language.", _PAGE)
NO_RETRY = advice("task-without-retry", "A Task that calls a service should retry transient errors.", _PAGE)

_RETRIER = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
_CATCHER = frozenset({"ErrorEquals", "Next", "ResultPath", "Assign", "Output", "Comment"})
_HANDLERS = (("Retry", _RETRIER), ("Catch", _CATCHER))

ERROR_NAMES = frozenset(
    f"States.{name}"
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "Http.Socket",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)


def check_state(state: StateView, report: Report) -> None:
    """Check the retriers and catchers of one state."""
    fields = state.fields
    for field, allowed in _HANDLERS:
        if field in fields:
            _check_handlers(state, field, allowed, report)
    if state.type == "Task" and "Retry" not in fields:
        report.add(NO_RETRY, "The Task has no Retry: it fails with the first failed call", state.pointer)


def _check_handlers(state: StateView, field: str, allowed: frozenset[str], report: Report) -> None:
    seen: set[str] = set()
    entries = list(state.entries(field))
    for index, (entry, pointer) in enumerate(entries):
        for name in entry:
            if name not in allowed:
                report.add(ENTRY, f"Field '{name}' is not supported", f"{pointer}/{escape_pointer(name)}", at=pointer)
        required = ("ErrorEquals", "Next") if field == "Catch" else ("ErrorEquals",)
        missing = [name for name in required if name not in entry]
        if missing:
            report.add(ENTRY, f"These fields are required: [{', '.join(missing)}]", pointer)
        if field == "Catch" and not isinstance(entry.get("Next", ""), str):
            report.add(ENTRY, "Expected value of type [STRING]", f"{pointer}/Next")
        jitter = entry.get("JitterStrategy", "NONE")
        if field == "Retry" and jitter not in ("NONE", "FULL"):
            report.add(JITTER, "Value should be one of the following: [NONE, FULL]", f"{pointer}/JitterStrategy")
        if "ErrorEquals" in entry:
            last = index == len(entries) - 1
            _check_names(entry["ErrorEquals"], f"{pointer}/ErrorEquals", last, seen, report)


def _check_names(names: Any, pointer: str, last: bool, seen: set[str], report: Report) -> None:
    if not isinstance(names, list):
        report.add(ENTRY, "Expected value of type [ARRAY]", pointer)
        return
    if not names:
        report.add(ENTRY, "Value cannot be empty", pointer)
    for index, name in enumerate(names):
        if not isinstance(name, str):
            report.add(ENTRY, "Expected value of type [STRING]", f"{pointer}/{index}")
            continue
        if name in seen:
            report.add(REPEATED, f"An earlier entry already handles the error '{name}'", f"{pointer}/{index}")
        seen.add(name)
        if name.startswith("States.") and name not in ERROR_NAMES:
            report.add(
                RESERVED,
                f"Unknown error name '{name}': names that start with States. are reserved",
                f"{pointer}/{index}",
            )
    if "States.ALL" in names and (len(names) > 1 or not last):
        report.add(ALL, "States.ALL must appear alone and at end of list", pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import RETRY, Example, task

    return {
        "error-handler": Example(
            task(Retry=[{"MaxAttempts": 2}]), "/States/A/Retry/0", "/States/A/Retry[0]", task(Retry=RETRY)
        ),
        "states-all": Example(
            task(Retry=[*RETRY, {"ErrorEquals": ["Busy"]}]),
            "/States/A/Retry/0/ErrorEquals",
            "/States/A/Retry[0]/ErrorEquals",
            task(Retry=[{"ErrorEquals": ["Busy"]}, *RETRY]),
        ),
        "jitter-strategy": Example(
            task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "HALF"}]),
            "/States/A/Retry/0/JitterStrategy",
            "/States/A/Retry[0]/JitterStrategy",
            task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL"}]),
        ),
        "error-name-repeated": Example(
            task(Retry=[{"ErrorEquals": ["Busy"]}, {"ErrorEquals": ["Busy"]}]),
            "/States/A/Retry/1/ErrorEquals/0",
            "/States/A/Retry[1]/ErrorEquals[0]",
            task(Retry=[{"ErrorEquals": ["Busy"]}]),
        ),
        "error-name-reserved": Example(
            task(Retry=[{"ErrorEquals": ["States.TaskFail"]}]),
            "/States/A/Retry/0/ErrorEquals/0",
            "/States/A/Retry[0]/ErrorEquals[0]",
            task(Retry=[{"ErrorEquals": ["States.TaskFailed"]}]),
        ),
        "task-without-retry": Example(task(), "/States/A", "/States/A", task(Retry=RETRY)),
    }


RULES = Rules(
    order=100,
    checks=(ENTRY, ALL, JITTER, REPEATED, RESERVED, NO_RETRY),
    state=check_state,
    examples=_examples,
)
