"""The names of states and labels."""

from __future__ import annotations

from asl.language.checks.base import DEVELOPER_GUIDE, Check, FlowView, Report

DUPLICATE = Check(
    "duplicate-state", "A state's name is unique in the whole state machine.", code="DUPLICATE_STATE_NAME"
)
LENGTH = Check(
    "state-name", "A state's name has 1 to 80 characters.", code="INVALID_STATE_NAME", source=DEVELOPER_GUIDE
)
LABEL = Check("duplicate-label", "A Map's label is unique in the state machine.", code="DUPLICATE_LABEL_NAME")

CHECKS = (DUPLICATE, LENGTH, LABEL)

MAX_LENGTH = 80


def check_machine(flows: list[FlowView], repeated: dict[int, list[str]], report: Report) -> None:
    """The names in all flows. `repeated` has the member names that the text of an object repeats, by its identity."""
    states: set[str] = set()
    labels: set[str] = set()
    for flow in flows:
        for name, state in flow.states.items():
            if name in states:
                report.add(DUPLICATE, f"Duplicate State name: {name}", state.pointer)
            states.add(name)
            if not 1 <= len(name) <= MAX_LENGTH:
                report.add(LENGTH, f"State name must have 1 to {MAX_LENGTH} characters: {name}", state.pointer)
            label = state.fields.get("Label")
            if isinstance(label, str):
                if label in labels:
                    report.add(LABEL, f"Duplicate Label name: {label}", state.at("Label"))
                labels.add(label)
        for name in repeated.get(id(flow.fields.get("States")), ()) if repeated else ():
            state_view = flow.states.get(name)
            pointer = state_view.pointer if state_view is not None else f"{flow.pointer}/States"
            report.add(DUPLICATE, f"Duplicate State name: {name}", pointer)
