"""A run of a flow, and what can be said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from asl.engine.execution import Execution
from asl.replay.comparing import differences
from asl.testing.remote import RemoteExecution
from asl.testing.stubs import TaskCall

ANYTHING: Any = object()
"""Stands for an output that is not looked at."""

Transition = tuple[str, str | None]


class FlowRun:
    """A run that has ended.

    `path` lists the states in the order in which they were entered, those inside Parallel and Map states included.
    `calls` are the attempts of tasks, in order. Assertions fail with the course of the run in their message.
    """

    def __init__(self, flow: str, execution: Execution | RemoteExecution, calls: Sequence[TaskCall]) -> None:
        self.flow = flow
        self.execution = execution
        self.calls = list(calls)
        self._histories = [each.history.events() for each in _with_children(execution)]

    def __repr__(self) -> str:
        return f"<FlowRun of {self.flow}: {self.status}, {' -> '.join(self.path)}>"

    @property
    def status(self) -> str:
        """SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.execution.status

    @property
    def output(self) -> Any:
        """The output as a JSON value; None unless the run succeeded."""
        return None if self.execution.output is None else json.loads(self.execution.output)

    @property
    def error(self) -> str | None:
        """The error's name, if the run failed."""
        return self.execution.error

    @property
    def cause(self) -> str | None:
        """The error's cause, if the run failed."""
        return self.execution.cause

    @property
    def seconds(self) -> float:
        """How long the run took, in its own time."""
        return (self.execution.stop_date or self.execution.start_date) - self.execution.start_date

    @property
    def events(self) -> list[dict[str, Any]]:
        """The history, as GetExecutionHistory has it."""
        return self._histories[0]

    @property
    def path(self) -> list[str]:
        """The states in the order in which they were entered."""
        return [details["name"] for _, details in self._entered()]

    @property
    def transitions(self) -> set[Transition]:
        """Which state led to which; the end is None."""
        found: set[Transition] = set()
        for events in self._histories:
            exits = {event["id"]: _details(event)["name"] for event in events if event["type"].endswith("StateExited")}
            for event in events:
                if event["type"].endswith("StateEntered"):
                    before = exits.pop(event["previousEventId"], None)
                    found.add((before if before is not None else "", _details(event)["name"]))
            found |= {(name, None) for name in exits.values()}
        return found

    def visits(self, state: str) -> int:
        """How often a state was entered."""
        return self.path.count(state)

    def retries(self, state: str) -> int:
        """How often the task of a state was tried again, over all its visits."""
        return max(0, sum(call.state == state for call in self.calls) - self.visits(state))

    def input_of(self, state: str, visit: int = 0) -> Any:
        """The input of a state, a JSON value; that of its first visit, or another (-1 is the last)."""
        return self._pick(state, visit, [json.loads(details["input"]) for _, details in self._entered(state)])

    def output_of(self, state: str, visit: int = 0) -> Any:
        """The output of a state, a JSON value, as `input_of`."""
        return self._pick(state, visit, [json.loads(details["output"]) for _, details in self._exited(state)])

    def payloads(self, state: str) -> list[Any]:
        """What the task of a state was given, attempt after attempt."""
        return [call.payload for call in self.calls if call.state == state]

    def assert_succeeded(self, *, output: Any = ANYTHING, like: Any = ANYTHING) -> FlowRun:
        """The run succeeded.

        Args:
            output: The output that it must have.
            like: An output from which timestamps and UUIDs may differ.

        Raises:
            AssertionError: It did not, or has another output.
        """
        self._assert(self.status == "SUCCEEDED", f"the run did not succeed: {self.status}")
        if output is not ANYTHING:
            self._assert(self.output == output, f"the output is {self.output!r}, not {output!r}")
        if like is not ANYTHING:
            found = differences(like, self.output)
            self._assert(not found, f"the output differs: {'; '.join(found)}")
        return self

    def assert_failed(self, error: str | None = None, *, cause: str | None = None) -> FlowRun:
        """The run failed, with this error, and with a cause that contains this string, if they are given."""
        self._assert(self.status in ("FAILED", "TIMED_OUT"), f"the run did not fail: {self.status}")
        if error is not None:
            self._assert(self.error == error, f"the error is {self.error!r}, not {error!r}")
        if cause is not None:
            self._assert(cause in (self.cause or ""), f"the cause does not contain {cause!r}")
        return self

    def assert_path(self, *states: str) -> FlowRun:
        """These states were entered, in this order, and no others."""
        self._assert(self.path == list(states), f"the path is not {' -> '.join(states)}")
        return self

    def assert_entered(self, *states: str) -> FlowRun:
        """These states were entered, in any order."""
        missing = [state for state in states if state not in self.path]
        self._assert(not missing, f"never entered: {', '.join(missing)}")
        return self

    def assert_not_entered(self, *states: str) -> FlowRun:
        """These states were never entered."""
        found = [state for state in states if state in self.path]
        self._assert(not found, f"entered: {', '.join(found)}")
        return self

    def _assert(self, holds: bool, what: str) -> None:
        if not holds:
            lines = [f"flow {self.flow!r}: {what}", f"  path: {' -> '.join(self.path) or '(none)'}"]
            if self.error is not None:
                lines.append(f"  error: {self.error}: {self.cause}")
            raise AssertionError("\n".join(lines))

    def _entered(self, state: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        return self._of_kind("StateEntered", state)

    def _exited(self, state: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        return self._of_kind("StateExited", state)

    def _of_kind(self, kind: str, state: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        for events in self._histories:
            for event in events:
                if event["type"].endswith(kind):
                    details = _details(event)
                    if state is None or details["name"] == state:
                        yield event["type"], details

    def _pick(self, state: str, visit: int, values: list[Any]) -> Any:
        try:
            return values[visit]
        except IndexError:
            self._assert(False, f"the state {state!r} has no visit {visit}: it had {len(values)}")


def _with_children(execution: Execution | RemoteExecution) -> Iterator[Execution | RemoteExecution]:
    yield execution
    for run in execution.map_runs:
        for child in run.executions:
            yield from _with_children(child)


def _details(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event.get("stateEnteredEventDetails") or event["stateExitedEventDetails"]
    return found
