"""Which fields states and flows can have and must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, FlowView, Report, Rules, StateView
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "statemachine-structure.html"
STATE_TYPE = Check("state-type", "Type must be one of the eight state types.", source=_PAGE)
UNKNOWN = Check("unknown-field", "A state may have only the fields that its type supports.", source=_PAGE)
REQUIRED = Check("required-field", "A state or flow must have all required fields.", source=_PAGE)
EXCLUSIVE = Check("exclusive-fields", "Fields that exclude each other can't be combined.", source=_PAGE)
FLOW_SHAPE = Check("flow-shape", "StartAt must be a string, and States an object of states.", source=_PAGE)

_EVERYWHERE = {"Type", "Comment", "QueryLanguage"}
_DATA = {"InputPath", "OutputPath", "Output", "Assign"}
_TRANSITION = {"Next", "End"}
_RESULT = {"Parameters", "Arguments", "ResultSelector", "ResultPath", "Retry", "Catch"}

FIELDS: dict[str, frozenset[str]] = {
    name: frozenset(_EVERYWHERE | own)
    for name, own in {
        "Pass": _DATA | _TRANSITION | {"Parameters", "Result", "ResultPath"},
        "Task": _DATA
        | _TRANSITION
        | _RESULT
        | {"Resource", "Credentials"}
        | {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
        "Choice": _DATA | {"Choices", "Default"},
        "Wait": _DATA | _TRANSITION | {"Seconds", "Timestamp", "SecondsPath", "TimestampPath"},
        "Succeed": {"InputPath", "OutputPath", "Output"},
        "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
        "Parallel": _DATA | _TRANSITION | _RESULT | {"Branches"},
        "Map": _DATA
        | _TRANSITION
        | (_RESULT - {"Arguments"})
        | {
            "ItemProcessor",
            "Iterator",
            "Items",
            "ItemsPath",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
        }
        | {"MaxConcurrency", "MaxConcurrencyPath", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath"}
        | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
    }.items()
}
STATE_TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")

_REQUIRED: dict[str, tuple[str, ...]] = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
_TERMINAL = ("Choice", "Succeed", "Fail")

# Fields of which a state has at most one. The order is that of AWS's messages.
_EXCLUSIVE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Task": (("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    "Wait": (("SecondsPath", "Seconds", "TimestampPath", "Timestamp"),),
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
    "Map": (
        ("ItemProcessor", "Iterator"),
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ),
}
# Fields of which a state has exactly one.
_ONE_OF: dict[str, tuple[str, ...]] = {
    "Wait": ("SecondsPath", "Seconds", "TimestampPath", "Timestamp"),
    "Map": ("ItemProcessor", "Iterator"),
}
_FLOW_FIELDS = frozenset({"StartAt", "States", "Comment", "ProcessorConfig"})


def check_state(state: StateView, report: Report) -> None:
    """Check the fields of one state."""
    fields, kind = state.fields, state.type
    if "Type" not in fields:
        report.add(REQUIRED, "These fields are required: [Type]", state.pointer)
        return
    known = FIELDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        names = ", ".join(STATE_TYPES)
        report.add(STATE_TYPE, f"The field 'Type' should have one of these values: [{names}]", state.at("Type"))
        return
    if not fields.keys() <= known:
        for name in fields:
            if name not in known:
                report.add(UNKNOWN, f"Field '{name}' is not supported", state.at(name), at=state.pointer)
    _check_required(state, kind, report)
    if kind not in _TERMINAL:
        _check_transition(state, fields, report)


def _check_required(state: StateView, kind: str, report: Report) -> None:
    """Check the fields that the type requires, and those that exclude each other."""
    fields = state.fields
    missing = [name for name in _REQUIRED.get(kind, ()) if name not in fields]
    if missing:
        report.add(REQUIRED, f"These fields are required: [{', '.join(missing)}]", state.pointer)
    for group in _EXCLUSIVE.get(kind, ()):
        if sum(name in fields for name in group) > 1:
            report.add(
                EXCLUSIVE, f"There should only be one of the following fields: [{', '.join(group)}]", state.pointer
            )
    one_of = _ONE_OF.get(kind)
    if one_of and fields.keys().isdisjoint(one_of):
        report.add(
            REQUIRED, f"This object should have only one of the following fields: [{', '.join(one_of)}]", state.pointer
        )


def _check_transition(state: StateView, fields: dict[str, Any], report: Report) -> None:
    ends = fields.get("End", False)
    if ends is not False and ends is not True:
        report.add(FLOW_SHAPE, "Expected value of type [BOOLEAN]", state.at("End"))
    if "Next" in fields:
        if ends is True:
            report.add(EXCLUSIVE, "There should only be one of the following fields: [Next, End]", state.pointer)
    elif ends is False:
        report.add(REQUIRED, "This object should have only one of the following fields: [Next, End]", state.pointer)


def check_flow(flow: FlowView, report: Report) -> None:
    """Check `StartAt` and `States` of a machine, branch or processor."""
    fields = flow.fields
    missing = [name for name in ("States", "StartAt") if name not in fields]
    if missing:
        report.add(REQUIRED, f"These fields are required: [{', '.join(missing)}]", flow.pointer)
    if flow.parent is not None:
        for name in fields:
            if name not in _FLOW_FIELDS:
                report.add(
                    UNKNOWN,
                    f"Field '{name}' is not supported",
                    f"{flow.pointer}/{escape_pointer(name)}",
                    at=flow.pointer,
                )
    if not isinstance(fields.get("StartAt", ""), str):
        report.add(FLOW_SHAPE, "Expected value of type [STRING]", f"{flow.pointer}/StartAt")
    states = fields.get("States", flow)
    if isinstance(states, dict):
        if not states:
            report.add(FLOW_SHAPE, "Value cannot be empty", f"{flow.pointer}/States")
        elif len(flow.states) != len(states):
            for name, state in states.items():
                if not isinstance(state, dict):
                    pointer = f"{flow.pointer}/States/{escape_pointer(name)}"
                    report.add(FLOW_SHAPE, "Expected value of type [OBJECT]", pointer)
    elif states is not flow:
        report.add(FLOW_SHAPE, "Expected value of type [OBJECT]", f"{flow.pointer}/States")


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, one, pass_state, task

    return {
        "state-type": Example(one({"Type": "Lambda"}), "/States/A/Type", "/States/A/Type", task()),
        "unknown-field": Example(
            pass_state(Resultpath="$.r"), "/States/A/Resultpath", "/States/A", pass_state(ResultPath="$.r")
        ),
        "required-field": Example(one({"Type": "Task"}), "/States/A", "/States/A", task()),
        "exclusive-fields": Example(
            one({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}),
            "/States/A",
            "/States/A",
            one({"Type": "Fail", "ErrorPath": "$.e"}),
        ),
        "flow-shape": Example({"StartAt": "A", "States": {}}, "/States", "/States", pass_state()),
    }


RULES = Rules(
    order=20,
    checks=(STATE_TYPE, UNKNOWN, REQUIRED, EXCLUSIVE, FLOW_SHAPE),
    flow=check_flow,
    state=check_state,
    examples=_examples,
)
