"""Visits of states: what the events of a history say about one entry into one state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

RUNNING, WAITING, RETRYING = "RUNNING", "WAITING", "RETRYING"
SUCCEEDED, CAUGHT, FAILED, TIMED_OUT, ABORTED = "SUCCEEDED", "CAUGHT", "FAILED", "TIMED_OUT", "ABORTED"
STATUSES = (RUNNING, WAITING, RETRYING, SUCCEEDED, CAUGHT, FAILED, TIMED_OUT, ABORTED)
"""What can be said of a visit.

`WAITING` is a Wait state, a task whose token somebody else holds, or an activity that no worker has taken. `RETRYING`
is between a failed attempt and the next one. `CAUGHT` failed and was caught by a catcher. `ABORTED` was ended by
something else: another branch failed, or the run was stopped. `TIMED_OUT` exceeded its own time limit or the run's.
"""

MAX_RETRIES_KEPT = 10
"""How many failed attempts of a visit are kept; the latest ones."""
MAX_FAILED_INDEXES = 100

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})

NOT_BEGUN, ITERATING, DONE, BROKEN, CUT = range(5)
"""What became of an iteration: not begun, running, succeeded, failed, aborted."""


class Visit:
    """One entry into a state. Times are seconds since 1970; `input` and `output` are JSON texts.

    `entry` is the id of the event that began the visit, and its time.

    `container` is the visit of the Parallel or Map state that the state is in, `frame` the iteration. `changed` is the
    id of the event that last changed the visit, `entered_id` of the one that began it. The `iterations` of a Map have a
    byte each.
    """

    __slots__ = (
        "assigned",
        "attempts",
        "cause",
        "changed",
        "container",
        "dropped",
        "entered",
        "entered_id",
        "error",
        "exited",
        "frame",
        "input",
        "iterations",
        "map_run_arn",
        "name",
        "next",
        "number",
        "output",
        "redriven",
        "request",
        "retries",
        "status",
        "type",
        "variables",
    )

    def __init__(self, name: str, type_: str, entry: tuple[int, float], frame: Frame, container: Visit | None) -> None:
        self.name = name
        self.type = type_
        self.status = WAITING if type_ == "Wait" else RUNNING
        self.entered_id, self.entered = entry
        self.changed = self.entered_id
        self.exited: float | None = None
        self.frame = frame
        self.container = container
        self.attempts = 0
        self.number = 1
        """How many visits of the state, in its frame, there had been with this one."""
        self.error: str | None = None
        self.cause: str | None = None
        self.input: str | None = None
        self.output: str | None = None
        self.variables: Mapping[str, str] = NO_VARIABLES
        """The variables that the state could read when it was entered, JSON texts by name."""
        self.assigned: Mapping[str, str] = NO_VARIABLES
        """The variables that it assigned when it was left."""
        self.dropped: tuple[str, ...] = ()
        """Which of input, output and variables were not kept, for lack of room."""
        self.next: str | None = None
        self.retries: tuple[tuple[float, str | None, str | None], ...] = ()
        self.request = 0
        """A hash of the task's last request, which finds the task again after a redrive."""
        self.redriven = 0
        """How many attempts there had been at the last redrive."""
        self.iterations: bytearray | None = None
        self.map_run_arn: str | None = None

    @property
    def indexes(self) -> tuple[int, ...]:
        """The index of the iteration of each Map around the state, the outermost first."""
        found: list[int] = []
        frame = self.frame
        while frame.visit is not None:
            found.append(frame.index)
            frame = frame.visit.frame
        return tuple(reversed(found))

    @property
    def has_left(self) -> bool:
        """Whether the state was left, by success or by a catcher."""
        return self.status in {SUCCEEDED, CAUGHT}

    def begin_attempt(self) -> None:
        """Note that the state is tried, perhaps again."""
        self.attempts += 1
        self.status = RUNNING
        self.error = self.cause = self.exited = None

    @property
    def following_variables(self) -> Mapping[str, str]:
        """The variables that the next state can read."""
        return {**self.variables, **self.assigned} if self.assigned else self.variables

    def set_iteration(self, index: int, what: int) -> None:
        """Note what became of an iteration."""
        iterations = self.iterations = bytearray() if self.iterations is None else self.iterations
        if index >= len(iterations):
            iterations.extend(bytes(index + 1 - len(iterations)))
        iterations[index] = what

    def iteration_counts(self) -> dict[str, Any] | None:
        """Return `{total, succeeded, failed, running, aborted, failedIndexes}` of a Map, None of other states."""
        found = self.iterations
        if found is None:
            return None
        failed: list[int] = []
        place = found.find(BROKEN)
        while place >= 0 and len(failed) < MAX_FAILED_INDEXES:
            failed.append(place)
            place = found.find(BROKEN, place + 1)
        return {
            "total": len(found),
            "succeeded": found.count(DONE),
            "failed": found.count(BROKEN),
            "running": found.count(ITERATING),
            "aborted": found.count(CUT),
            "failedIndexes": failed,
        }


class Attempt:
    """One attempt of a task that invokes a function. Times are seconds since 1970.

    `function` is the function's full name. `number` is 1 for the first attempt of the visit, `since_redrive` counts
    from the last redrive. `request_id` is that of the invocation, where the history has it. `error` is its name.
    """

    __slots__ = ("began", "ended", "error", "function", "number", "request_id", "since_redrive", "visit")

    def __init__(self, visit: Visit, began: float, function: str) -> None:
        self.visit = visit
        self.number = visit.attempts
        self.since_redrive = visit.attempts - visit.redriven
        self.began = began
        self.ended: float | None = None
        self.function = function
        self.request_id: str | None = None
        self.error: str | None = None


class Frame:
    """The execution itself, or an iteration of a Map in it: within one, a name finds the latest visit.

    `depth` says how many levels of the wanted iteration it fits; -1 if it is another one.
    """

    __slots__ = ("depth", "index", "last", "visit")

    def __init__(self, visit: Visit | None, index: int, depth: int) -> None:
        self.visit = visit
        self.index = index
        self.depth = depth
        self.last: dict[str, Visit] = {}


def variables_at(at: Visit | Frame, container: Visit | None) -> Mapping[str, str]:
    """Return the variables that a state can read which follows an event, inside a container if there is one."""
    if isinstance(at, Visit) and at is not container and at.container is container:
        return at.following_variables
    return NO_VARIABLES if container is None else container.variables
