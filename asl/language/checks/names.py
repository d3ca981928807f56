"""The names of states and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl.language.checks.base import DEVELOPER_GUIDE, Check, MachineView, Report, Rules

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

DUPLICATE = Check(
    "duplicate-state", "A state's name must be unique in the whole state machine.", code="DUPLICATE_STATE_NAME"
)
LENGTH = Check(
    "state-name", "A state's name must have 1 to 80 characters.", code="INVALID_STATE_NAME", source=DEVELOPER_GUIDE
)
LABEL = Check("duplicate-label", "A Map's label must be unique in the state machine.", code="DUPLICATE_LABEL_NAME")

MAX_LENGTH = 80


def check_machine(machine: MachineView, report: Report) -> None:
    """Check the names in all flows."""
    repeated = machine.repeated
    states: set[str] = set()
    labels: set[str] = set()
    for flow in machine.flows:
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


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import DISTRIBUTED_MAP, END, Example, map_state

    return {
        "duplicate-state": Example(
            map_state({"StartAt": "A", "States": {"A": END}}),
            "/States/A/ItemProcessor/States/A",
            "/States/A/ItemProcessor/States/A",
            map_state(),
        ),
        "state-name": Example(
            {"StartAt": "A" * 81, "States": {"A" * 81: END}},
            "/States/" + "A" * 81,
            "/States/" + "A" * 81,
            {"StartAt": "A" * 80, "States": {"A" * 80: END}},
        ),
        "duplicate-label": Example(
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Map",
                        "Label": "items",
                        "ItemProcessor": {**DISTRIBUTED_MAP, "StartAt": "I", "States": {"I": END}},
                        "Next": "B",
                    },
                    "B": {
                        "Type": "Map",
                        "Label": "items",
                        "ItemProcessor": {**DISTRIBUTED_MAP, "StartAt": "J", "States": {"J": END}},
                        "End": True,
                    },
                },
            },
            "/States/B/Label",
            "/States/B/Label",
            map_state(DISTRIBUTED_MAP, Label="items"),
        ),
    }


RULES = Rules(
    order=170,
    checks=(DUPLICATE, LENGTH, LABEL),
    machine=check_machine,
    examples=_examples,
)
