"""Reads a recorded history: the attempts of tasks with their outcomes, and the steps of each thread of control.

A history is a list of events as GetExecutionHistory returns them, from AWS or from `History.events`
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html). Events of branches that run side
by side are mixed in it. Which branch an event belongs to follows from the events that precede it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

EventData = Mapping[str, Any]


class NotAHistory(ValueError):
    """What was given is not the history of an execution. The message says why."""


class Frame(NamedTuple):
    """A branch inside a Parallel or Map state.

    `branch` is an iteration's index, or the name of the first state of a Parallel's branch; None for the state itself.
    """

    kind: str
    state: str
    branch: int | str | None = None
    failed: bool = False


Place = tuple[tuple[str, int | str], ...]
"""The branches that something is in, from outside to inside: each by its state's name, and its index or first state."""


@dataclass(slots=True)
class RecordedOutcome:
    """How something ended: `kind` is `succeeded`, `failed`, `start_failed` or `timed_out`.

    `event_id` is the event that says so, `time` is in seconds since the epoch.
    """

    kind: str
    event_id: int
    time: float
    output: Any = None
    assigned: dict[str, Any] | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class RecordedAttempt:
    """One attempt of a task.

    `outcome` is None if the record ends before it; `submitted` is a service's first answer.
    """

    state: str
    place: Place
    event_id: int
    resource: str
    parameters: Any
    submitted: Any = None
    is_submitted: bool = False
    outcome: RecordedOutcome | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a thread of control did.

    `what` says it in words and tells the step from others. `payload` is what a task was given, and `attempt` that task.
    """

    event_id: int
    what: str
    state: str
    payload: Any = None
    attempt: RecordedAttempt | None = None


@dataclass(slots=True)
class RecordedRun:
    """What a history says.

    `input` and `output` are JSON texts. `role_arn` is not in histories that the API returns. `status` is RUNNING if the
    history has no end. `lanes` are the steps of each thread of control; `map_runs` are the outcomes of the runs of
    each distributed Map state.
    """

    input: str = "{}"
    role_arn: str | None = None
    start: float = 0.0
    status: str = "RUNNING"
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redriven: bool = False
    attempts: dict[tuple[str, Place], list[RecordedAttempt]] = field(default_factory=dict)
    map_runs: dict[tuple[str, Place], list[RecordedOutcome]] = field(default_factory=dict)
    lanes: dict[Place, list[Step]] = field(default_factory=dict)


_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "TIMED_OUT",
}
_CONTAINERS = ("Map", "Parallel")
_TASKS = ("LambdaFunction", "Activity", "Task")
_OUTCOMES = {
    "Succeeded": "succeeded",
    "Failed": "failed",
    "TimedOut": "timed_out",
    "StartFailed": "start_failed",
    "ScheduleFailed": "start_failed",
}


def read_history(events: Iterable[EventData]) -> RecordedRun:
    """Read a history up to its end, or up to the first redrive.

    Args:
        events: All events, in any order.

    Raises:
        NotAHistory: They are not the events of one execution, or are not complete.
    """
    try:
        ordered = sorted(events, key=lambda event: int(event["id"]))
    except (TypeError, KeyError, ValueError):
        raise NotAHistory("the events are not those of GetExecutionHistory: one has no id") from None
    if not ordered or ordered[0].get("type") != "ExecutionStarted":
        raise NotAHistory("the history does not begin with ExecutionStarted: its first events are missing")
    if [int(event["id"]) for event in ordered] != list(range(1, len(ordered) + 1)):
        raise NotAHistory("the history has gaps: read all its pages")
    reader = _Reader()
    for event in ordered:
        if event.get("type") == "ExecutionRedriven":
            reader.run.redriven = True
            break
        reader.read(event)
    return reader.run


def seconds(timestamp: Any) -> float:
    """Return a timestamp in seconds since the epoch, from a number, a datetime or an ISO 8601 text.

    Raises:
        NotAHistory: It is none of these.
    """
    try:
        if isinstance(timestamp, str):
            timestamp = datetime.fromisoformat(timestamp)
        return timestamp.timestamp() if isinstance(timestamp, datetime) else float(timestamp)
    except (TypeError, ValueError):
        raise NotAHistory(f"not a timestamp: {timestamp!r}") from None


class _Reader:
    def __init__(self) -> None:
        self.run = RecordedRun()
        self._frames: dict[int, tuple[Frame, ...]] = {0: ()}
        self._states: dict[int, str] = {0: ""}
        self._entered: dict[str, tuple[Frame, ...]] = {}
        self._attempts: dict[int, RecordedAttempt] = {}

    def read(self, event: EventData) -> None:
        kind = str(event.get("type"))
        event_id, previous = int(event["id"]), int(event.get("previousEventId", 0))
        details = _details(event, kind)
        frames = self._frames.get(previous, ())
        state = self._states.get(previous, "")
        if kind == "EvaluationFailed":
            state = str(details.get("state", state))
            frames = self._entered.get(state, frames)
        elif kind == "ExecutionStarted":
            self.run.input = str(details.get("input", "{}"))
            self.run.role_arn = details.get("roleArn")
            self.run.start = seconds(event.get("timestamp", 0.0))
        elif kind in _ENDS:
            self._end(event, _ENDS[kind], details)
        elif kind.endswith("StateEntered"):
            state = str(details["name"])
            frames = self._enter(event_id, kind, state, frames)
        elif kind.endswith("StateExited"):
            state = str(details["name"])
            frames = self._exit(event, state, details, frames)
        elif kind.startswith(("MapState", "MapIteration", "MapRun", "ParallelState")):
            frames, state = self._contain(event, kind, details, frames, state)
        else:
            self._task(event, kind, details, frames, state)
        self._frames[event_id], self._states[event_id] = frames, state

    def _enter(self, event_id: int, kind: str, state: str, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        if frames and frames[-1].kind == "Parallel" and frames[-1].branch is None:
            frames = (*frames[:-1], frames[-1]._replace(branch=state))
        self._step(frames, Step(event_id, f"enters {state!r}", state))
        container = kind.removesuffix("StateEntered")
        if container in _CONTAINERS:
            frames = (*frames, Frame(container, state))
        self._entered[state] = frames
        return frames

    def _exit(self, event: EventData, state: str, details: EventData, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        outer = _outside(frames, state) if str(event["type"]).startswith(_CONTAINERS) else frames
        runs = self.run.map_runs.get((state, place_of(outer)))
        if runs and runs[-1].event_id == 0:
            assigned = {name: json.loads(text) for name, text in (details.get("assignedVariables") or {}).items()}
            runs[-1] = RecordedOutcome(
                *("succeeded", int(event["id"]), seconds(event["timestamp"]), _json(details.get("output"))), assigned
            )
        return outer

    def _contain(
        self, event: EventData, kind: str, details: EventData, frames: tuple[Frame, ...], state: str
    ) -> tuple[tuple[Frame, ...], str]:
        """What a Parallel or Map state says of itself, and of its iterations."""
        if kind.startswith("MapIteration"):
            name = str(details["name"])
            frames = (*_outside(frames, name), Frame("Map", name, int(details["index"])))
            return frames, name
        container = "Parallel" if kind.startswith("Parallel") else "Map"
        frames = _innermost(frames, container)
        if not frames:
            raise NotAHistory(f"event {event['id']} ({kind}) belongs to no {container} state")
        name = frames[-1].state
        outer = frames[:-1]
        if kind.endswith(("StateStarted", "RunStarted")):
            frames = (*outer, Frame(container, name))
        elif kind.endswith("StateFailed"):
            frames = (*outer, Frame(container, name, failed=True))
        key = name, place_of(outer)
        if kind == "MapStateStarted":
            runs = self.run.map_runs.get(key)
            if runs and runs[-1].event_id == 0:  # it was retried for a failure after its run, which no event names
                runs[-1] = RecordedOutcome("failed", int(event["id"]), seconds(event["timestamp"]))
            self._step(outer, Step(int(event["id"]), f"starts {details.get('length', 0)} iterations of {name!r}", name))
        elif kind == "MapRunStarted":
            self.run.map_runs.setdefault(key, []).append(RecordedOutcome("", 0, 0.0))
        elif kind == "MapRunFailed":
            error, cause = details.get("error"), details.get("cause")
            when = seconds(event["timestamp"])
            self.run.map_runs[key][-1] = RecordedOutcome("failed", int(event["id"]), when, error=error, cause=cause)
        return frames, name

    def _task(self, event: EventData, kind: str, details: EventData, frames: tuple[Frame, ...], state: str) -> None:
        event_id, previous = int(event["id"]), int(event.get("previousEventId", 0))
        family = next((name for name in _TASKS if kind.startswith(name)), "")
        phase = kind.removeprefix(family)
        if phase == "Scheduled":
            attempt = self._attempts[event_id] = _attempt(event_id, state, place_of(frames), family, details)
            self.run.attempts.setdefault((state, attempt.place), []).append(attempt)
            self._step(
                frames, Step(event_id, f"calls {attempt.resource} in {state!r}", state, attempt.parameters, attempt)
            )
            return
        found = self._attempts.get(previous)
        if found is None:
            return
        self._attempts[event_id] = found
        if phase == "Submitted":
            found.submitted, found.is_submitted = _json(details.get("output")), True
        elif phase in _OUTCOMES:
            found.outcome = RecordedOutcome(
                kind=_OUTCOMES[phase],
                event_id=event_id,
                time=seconds(event["timestamp"]),
                output=_json(details.get("output")),
                error=details.get("error"),
                cause=details.get("cause"),
            )

    def _end(self, event: EventData, status: str, details: EventData) -> None:
        run, event_id = self.run, int(event["id"])
        run.status = status
        run.output, run.error, run.cause = details.get("output"), details.get("error"), details.get("cause")
        if status == "FAILED":
            # A Map that was not left has failed after its run, such as by a ResultPath.
            for runs in run.map_runs.values():
                if runs[-1].event_id == 0:
                    when = seconds(event.get("timestamp", 0.0))
                    runs[-1] = RecordedOutcome("failed", event_id, when, error=run.error, cause=run.cause)
        what = f"ends {status}" + (f" with {run.error}" if status == "FAILED" and run.error else "")
        self._step((), Step(event_id, what, ""))

    def _step(self, frames: tuple[Frame, ...], step: Step) -> None:
        self.run.lanes.setdefault(place_of(frames), []).append(step)


def place_of(frames: Sequence[Frame]) -> Place:
    """Return the place that frames stand for."""
    return tuple((frame.state, frame.branch) for frame in frames if frame.branch is not None)


def _outside(frames: tuple[Frame, ...], state: str) -> tuple[Frame, ...]:
    """The frames around a state; all of them if it is not one of theirs."""
    for index, frame in enumerate(frames):
        if frame.state == state:
            return frames[:index]
    return frames


def _innermost(frames: tuple[Frame, ...], container: str) -> tuple[Frame, ...]:
    """The frames up to the state of this kind that an event speaks of.

    An event that follows the failure of a state speaks of one around it.
    """
    end = len(frames)
    if end and frames[-1].failed:
        end -= 1
    while end and frames[end - 1].kind != container:
        end -= 1
    return frames[:end]


def _attempt(event_id: int, state: str, place: Place, family: str, details: EventData) -> RecordedAttempt:
    if family == "Task":
        resource = f"{details.get('resourceType')}:{details.get('resource')}"
        payload = details.get("parameters")
    else:
        resource, payload = str(details.get("resource")), details.get("input")
    return RecordedAttempt(state, place, event_id, resource, _json(payload))


def _details(event: EventData, kind: str) -> EventData:
    _, state, phase = kind.rpartition("State")
    if state and phase in ("Entered", "Exited"):
        key = f"state{phase}EventDetails"
    else:
        key = f"{kind[0].lower()}{kind[1:]}EventDetails"
    found: EventData = event.get(key) or {}
    for name in ("inputDetails", "outputDetails"):
        if (found.get(name) or {}).get("truncated"):
            raise NotAHistory(f"event {event['id']} is truncated: read the history with its execution data")
    return found


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
