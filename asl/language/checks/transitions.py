"""Transitions: every target exists, every state is reachable, and every state can reach a terminal state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asl.language.checks.base import Check, FlowView, MachineView, Report, Rules, StateView, advice
from asl.language.diagnosis import Diagnosis, Severity

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

TARGET = Check(
    "dangling-target", "StartAt, Next and Default must name states of the same flow.", code="MISSING_TRANSITION_TARGET"
)
UNREACHABLE = Check("unreachable-state", "Every state must be reachable.", code="MISSING_TRANSITION_TARGET")
NO_END = Check("no-terminal-state", "A state machine must have a terminal state.", code="MISSING_END_STATE")
ENDLESS = advice("endless-loop", "Every state should be able to reach a terminal state.")


def check_machine(machine: MachineView, report: Report) -> None:
    """Check the transitions of all flows."""
    top = machine.flows[0]
    ends = any(_is_terminal(state) for state in top.states.values())
    for flow in machine.flows:
        targets = {name: list(_targets(state)) for name, state in flow.states.items()}
        _check_targets(flow, targets, report)
        # Without a terminal state AWS doesn't look for unreachable states.
        if ends or flow is not top:
            _check_reachable(flow, targets, report)
    if top.states and not ends:
        report.diagnoses.append(
            Diagnosis(Severity.ERROR, NO_END.code, "Workflow has no terminal state", "/States", NO_END.id)
        )


def _is_terminal(state: StateView) -> bool:
    return state.type in ("Succeed", "Fail") or state.fields.get("End") is True


def _targets(state: StateView) -> Iterator[tuple[str, str]]:
    """Yield the names of the states that follow a state, each with its pointer."""
    fields = state.fields
    for field in ("Next", "Default"):
        name = fields.get(field)
        if isinstance(name, str):
            yield name, f"{state.pointer}/{field}"
    for field in ("Choices", "Catch"):
        if field in fields:
            for entry, pointer in state.entries(field):
                name = entry.get("Next")
                if isinstance(name, str):
                    yield name, f"{pointer}/Next"


def following_states(state: StateView) -> list[str]:
    """Return the names of the states that follow a state."""
    return [name for name, _ in _targets(state)]


def _check_targets(flow: FlowView, targets: dict[str, list[tuple[str, str]]], report: Report) -> None:
    states = flow.fields.get("States")
    if not isinstance(states, dict):
        return
    if isinstance(flow.start_at, str) and flow.start_at not in states:
        report.add(TARGET, f"Missing 'Next' target: {flow.start_at}", f"{flow.pointer}/StartAt")
    for following in targets.values():
        for name, pointer in following:
            if name not in states:
                report.add(TARGET, f"Missing 'Next' target: {name}", pointer)


def _check_reachable(flow: FlowView, targets: dict[str, list[tuple[str, str]]], report: Report) -> None:
    if not isinstance(flow.start_at, str):
        return
    reached = {flow.start_at}
    waiting = [flow.start_at]
    while waiting:
        for name, _ in targets.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    for name, state in flow.states.items():
        if name not in reached:
            report.add(UNREACHABLE, f'State "{name}" is not reachable.', state.pointer)
    _check_ends(flow, targets, reached, report)


def _check_ends(flow: FlowView, targets: dict[str, list[tuple[str, str]]], reached: set[str], report: Report) -> None:
    """Warn about loops without an exit. A state without a target, or with an unknown one, has another diagnosis."""
    sources: dict[str, list[str]] = {}
    ending: list[str] = []
    for name, state in flow.states.items():
        following = targets[name]
        if not following or _is_terminal(state) or any(target not in flow.states for target, _ in following):
            ending.append(name)
        for target, _ in following:
            sources.setdefault(target, []).append(name)
    good = set(ending)
    while ending:
        for name in sources.get(ending.pop(), ()):
            if name not in good:
                good.add(name)
                ending.append(name)
    for name, state in flow.states.items():
        if name in reached and name not in good:
            report.add(ENDLESS, f"State '{name}' can never reach a terminal state", state.pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import END, Example, loop, pass_state

    return {
        "dangling-target": Example(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Bee"}, "B": END}},
            "/States/A/Next",
            "/States/A/Next",
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": END}},
        ),
        "unreachable-state": Example(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}, "B": END}},
            "/States/B",
            "/States/B",
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": END}},
        ),
        "no-terminal-state": Example(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}, "/States", "", pass_state()
        ),
        "endless-loop": Example(loop(Next="B"), "/States/B", "/States/B", loop(Next="A")),
    }


RULES = Rules(
    order=160,
    checks=(TARGET, UNREACHABLE, NO_END, ENDLESS),
    machine=check_machine,
    examples=_examples,
)
