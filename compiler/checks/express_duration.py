"""EXPRESS flows that run for too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

from compiler.checks.base import Check, FileView, Finding
from compiler.diagnostic import Severity

LIMIT = 300  # seconds


def _file(view: FileView) -> Iterator[Finding]:
    if view.flow.type != "EXPRESS":
        return
    for step in view.steps:
        seconds = step.state.get("Seconds")
        if step.state.get("Type") == "Wait" and isinstance(seconds, int) and seconds > LIMIT:
            message = f"The state waits for {seconds} s, but an EXPRESS flow is stopped after {LIMIT} s."
            yield Finding(step.pointer + "/Seconds", message, "make the flow STANDARD")
        timeout = step.state.get("TimeoutSeconds")
        if isinstance(timeout, int) and timeout > LIMIT:
            message = f"TimeoutSeconds is {timeout} s, but an EXPRESS flow is stopped after {LIMIT} s."
            yield Finding(step.pointer + "/TimeoutSeconds", message, severity=Severity.WARNING)
    definition = view.flow.definition or {}
    waited = shortest_wait(definition)
    if waited > LIMIT and not any(_seconds(step.state) > LIMIT for step in view.steps):
        message = f"Every path waits for at least {waited} s, but an EXPRESS flow is stopped after {LIMIT} s."
        yield Finding("/definition/StartAt", message, "make the flow STANDARD")
    timeout = definition.get("TimeoutSeconds")
    if isinstance(timeout, int) and timeout > LIMIT:
        message = f"TimeoutSeconds is {timeout} s, but an EXPRESS flow is stopped after {LIMIT} s."
        yield Finding("/definition/TimeoutSeconds", message, severity=Severity.WARNING)


def _seconds(state: Mapping[str, Any]) -> int:
    seconds = state.get("Seconds")
    return seconds if state.get("Type") == "Wait" and isinstance(seconds, int) else 0


def shortest_wait(definition: Mapping[str, Any]) -> int:
    """Return the seconds that a flow waits on its quickest path; 0 for a flow that never ends."""
    states, start = definition.get("States"), definition.get("StartAt")
    if not isinstance(states, dict) or not isinstance(start, str):
        return 0
    waiting, done = [(0, start)], set[str]()
    while waiting:
        waited, name = heappop(waiting)
        state = states.get(name)
        if name in done or not isinstance(state, dict):
            continue
        done.add(name)
        following = _following(state)
        waited += _seconds(state)
        if state.get("Type") == "Parallel" and isinstance(state.get("Branches"), list):
            waited += max((shortest_wait(item) for item in state["Branches"] if isinstance(item, dict)), default=0)
        if not following:
            return waited
        for target in following:
            heappush(waiting, (waited, target))
    return 0


def _following(state: Mapping[str, Any]) -> list[str]:
    rules = [rule for key in ("Choices", "Catch") for rule in state.get(key) or () if isinstance(rule, dict)]
    found = [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return [target for target in found if isinstance(target, str)]


_WAIT = (
    "definition:\n  StartAt: Wait\n  States:\n    Wait:\n      Type: Wait\n      Seconds: 600{mark}\n      End: true\n"
)

CHECK = Check(
    id="express-duration",
    severity=Severity.ERROR,
    summary="An EXPRESS flow runs longer than five minutes",
    description="AWS stops every EXPRESS run after five minutes: a state that waits longer never succeeds.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html",
    wrong="name: nap\ntype: EXPRESS\n" + _WAIT.replace("{mark}", "  # <-"),
    right="name: nap\ntype: STANDARD\n" + _WAIT.replace("{mark}", ""),
    file=_file,
)
