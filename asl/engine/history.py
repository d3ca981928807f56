"""The history of an execution: written as compact tuples, rendered to AWS's shape when asked for.

An event is a tuple `(kind, timestamp, previous event id, *payload)`; its id is its place in the list, from 1. What an
event holds is shared with the states that made it and never changed, so a history costs little but its tuples.
Shape and names: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.engine.jsontext import dumps

if TYPE_CHECKING:
    from asl.engine.execution import Execution

EVENT_LIMIT = 25_000
"""The most events an execution of a STANDARD state machine may have."""

Event = tuple[Any, ...]
_Details = Callable[[Event, "History", bool], dict[str, Any]]
_NOT_TRUNCATED = {"truncated": False}


class EventKind:
    """A type of event and how its payload becomes the event's details."""

    __slots__ = ("details", "key", "name")

    def __init__(self, name: str, key: str | None = None, details: _Details | None = None) -> None:
        self.name = name
        self.key = key
        self.details = details

    def __repr__(self) -> str:
        return f"EventKind({self.name!r})"


class History:
    """The events of one execution, in order. `History.raw` is the list that states append to.

    `decode` reads the events of an execution of an earlier process when they are wanted, given its input's value.
    """

    __slots__ = ("_decode", "_raw", "execution")

    def __init__(self, execution: Execution, decode: Callable[[Any], list[Event]] | None = None) -> None:
        self.execution = execution
        self._raw: list[Event] = []
        self._decode = decode

    @property
    def raw(self) -> list[Event]:
        """The list itself."""
        if self._decode is not None:
            self._raw = self._decode(self.execution.input_value)
            self._decode = None
        return self._raw

    @raw.setter
    def raw(self, events: list[Event]) -> None:
        self._raw = events

    def __len__(self) -> int:
        return list.__len__(self.raw)

    def since(self, count: int) -> list[Event]:
        """The events after the first `count`. From any thread."""
        return list.__getitem__(self.raw, slice(count, None))

    def events(
        self,
        *,
        start: int = 0,
        limit: int | None = None,
        reverse: bool = False,
        include_execution_data: bool = True,
    ) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory has them.

        Args:
            start: How many events to leave out, counted in the order that is asked for.
            limit: How many events to give at most; all if None.
            reverse: Newest first.
            include_execution_data: With inputs, outputs and variables; without, as AWS, their details stay.

        Timestamps are seconds since the epoch.
        """
        count = len(self)
        stop = count if limit is None else min(count, start + limit)
        places = range(count - 1 - start, count - 1 - stop, -1) if reverse else range(start, stop)
        return [self.event(place + 1, include_execution_data) for place in places]

    def event(self, event_id: int, include_execution_data: bool = True) -> dict[str, Any]:
        """One event by its id; IndexError if there is none."""
        raw = self.raw[event_id - 1]
        kind: EventKind = raw[0]
        event = {"timestamp": raw[1], "type": kind.name, "id": event_id, "previousEventId": raw[2]}
        if kind.key is not None and kind.details is not None:
            event[kind.key] = kind.details(raw, self, include_execution_data)
        return event

    def text(self, value: Any) -> str:
        """The JSON text of a value in an event; the execution's input is given as it was written."""
        if value is self.execution.input_value:
            return self.execution.input
        return dumps(value)


def _data(details: dict[str, Any], name: str, value: Any, history: History, included: bool) -> None:
    if included:
        details[name] = history.text(value)
    details[name + "Details"] = dict(_NOT_TRUNCATED)


def _error(details: dict[str, Any], error: str | None, cause: str | None, included: bool) -> dict[str, Any]:
    if included and error is not None:
        details["error"] = error
    if included and cause is not None:
        details["cause"] = cause
    return details


def _execution_started(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {}
    _data(details, "input", event[3], history, included)
    if event[4] is not None:
        details["roleArn"] = event[4]
    machine = history.execution.machine
    if machine.alias_arn is not None:
        details["stateMachineAliasArn"] = machine.alias_arn
    if machine.version_arn is not None:
        details["stateMachineVersionArn"] = machine.version_arn
    return details


def _output(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {}
    _data(details, "output", event[3], history, included)
    return details


def _failed(event: Event, _: History, included: bool) -> dict[str, Any]:
    return _error({}, event[3], event[4], included)


def _entered(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"name": event[3]}
    _data(details, "input", event[4], history, included)
    return details


def _exited(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"name": event[3]}
    _data(details, "output", event[4], history, included)
    if event[5]:
        if included:
            details["assignedVariables"] = {name: history.text(value) for name, value in event[5].items()}
        details["assignedVariablesDetails"] = dict(_NOT_TRUNCATED)
    return details


def _evaluation_failed(event: Event, _: History, included: bool) -> dict[str, Any]:
    details = _error({}, event[3], event[4], included)
    if event[5] is not None:
        details["location"] = event[5]
    details["state"] = event[6]
    return details


def _iteration(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"name": event[3], "index": event[4]}


def _map_started(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"length": event[3]}


def _map_run(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"mapRunArn": event[3]}


def _redriven(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"redriveCount": event[3]}


def _map_run_redriven(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"mapRunArn": event[3], "redriveCount": event[4]}


def _with_limits(details: dict[str, Any], timeout: float | None, heartbeat: float | None) -> dict[str, Any]:
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    return details


# A scheduled task's payload: task, parameters, timeout, heartbeat, credentials, token. `task` is a `TaskResource`.
# The token is there for whoever recovers the execution; it is not shown.


def _task_scheduled(event: Event, history: History, included: bool) -> dict[str, Any]:
    task = event[3]
    details = {
        "resourceType": task.type,
        "resource": task.action,
        "region": history.execution.region,
        "parameters": history.text(event[4]) if included else "",
    }
    if event[7] is not None:
        details["taskCredentials"] = event[7]
    return _with_limits(details, event[5], event[6])


def _lambda_scheduled(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"resource": event[3].arn}
    _data(details, "input", event[4], history, included)
    if event[7] is not None:
        details["taskCredentials"] = event[7]
    return _with_limits(details, event[5], None)


def _activity_scheduled(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"resource": event[3].arn}
    _data(details, "input", event[4], history, included)
    return _with_limits(details, event[5], event[6])


def _task(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {"resourceType": event[3].type, "resource": event[3].action}


def _task_output(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"resourceType": event[3].type, "resource": event[3].action}
    _data(details, "output", event[4], history, included)
    return details


def _task_error(event: Event, _: History, included: bool) -> dict[str, Any]:
    return _error({"resourceType": event[3].type, "resource": event[3].action}, event[4], event[5], included)


def _worker_output(event: Event, history: History, included: bool) -> dict[str, Any]:
    details: dict[str, Any] = {}
    _data(details, "output", event[4], history, included)
    return details


def _worker_error(event: Event, _: History, included: bool) -> dict[str, Any]:
    return _error({}, event[4], event[5], included)


def _activity_started(event: Event, _: History, __: bool) -> dict[str, Any]:
    return {} if event[4] is None else {"workerName": event[4]}


EXECUTION_STARTED = EventKind("ExecutionStarted", "executionStartedEventDetails", _execution_started)
EXECUTION_SUCCEEDED = EventKind("ExecutionSucceeded", "executionSucceededEventDetails", _output)
EXECUTION_FAILED = EventKind("ExecutionFailed", "executionFailedEventDetails", _failed)
EXECUTION_ABORTED = EventKind("ExecutionAborted", "executionAbortedEventDetails", _failed)
EXECUTION_TIMED_OUT = EventKind("ExecutionTimedOut", "executionTimedOutEventDetails", _failed)
EXECUTION_REDRIVEN = EventKind("ExecutionRedriven", "executionRedrivenEventDetails", _redriven)
EVALUATION_FAILED = EventKind("EvaluationFailed", "evaluationFailedEventDetails", _evaluation_failed)

STATE_ENTERED = {
    kind: EventKind(f"{kind}StateEntered", "stateEnteredEventDetails", _entered)
    for kind in ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
}
STATE_EXITED = {
    kind: EventKind(f"{kind}StateExited", "stateExitedEventDetails", _exited)
    for kind in ("Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map")
}
STATE_ABORTED = {kind: EventKind(f"{kind}StateAborted") for kind in ("Task", "Wait", "Parallel", "Map")}

PARALLEL_STARTED = EventKind("ParallelStateStarted")
PARALLEL_SUCCEEDED = EventKind("ParallelStateSucceeded")
PARALLEL_FAILED = EventKind("ParallelStateFailed")
MAP_STARTED = EventKind("MapStateStarted", "mapStateStartedEventDetails", _map_started)
MAP_SUCCEEDED = EventKind("MapStateSucceeded")
MAP_FAILED = EventKind("MapStateFailed")
ITERATION_STARTED = EventKind("MapIterationStarted", "mapIterationStartedEventDetails", _iteration)
ITERATION_SUCCEEDED = EventKind("MapIterationSucceeded", "mapIterationSucceededEventDetails", _iteration)
ITERATION_FAILED = EventKind("MapIterationFailed", "mapIterationFailedEventDetails", _iteration)
ITERATION_ABORTED = EventKind("MapIterationAborted", "mapIterationAbortedEventDetails", _iteration)
MAP_RUN_STARTED = EventKind("MapRunStarted", "mapRunStartedEventDetails", _map_run)
MAP_RUN_SUCCEEDED = EventKind("MapRunSucceeded")
MAP_RUN_FAILED = EventKind("MapRunFailed", "mapRunFailedEventDetails", _failed)
MAP_RUN_REDRIVEN = EventKind("MapRunRedriven", "mapRunRedrivenEventDetails", _map_run_redriven)


class TaskEvents:
    """The events of one family of tasks: `LambdaFunction...`, `Activity...` or `Task...`."""

    def __init__(self, prefix: str, scheduled: _Details, started: _Details | None, output: _Details, error: _Details):
        key = prefix[0].lower() + prefix[1:]

        def kind(suffix: str, details: _Details | None) -> EventKind:
            return EventKind(prefix + suffix, f"{key}{suffix}EventDetails", details)

        self.scheduled = kind("Scheduled", scheduled)
        self.started = kind("Started", started)
        self.start_failed = kind("StartFailed", error)
        self.submitted = kind("Submitted", output)
        self.succeeded = kind("Succeeded", output)
        self.failed = kind("Failed", error)
        self.timed_out = kind("TimedOut", error)


LAMBDA_EVENTS = TaskEvents("LambdaFunction", _lambda_scheduled, None, _worker_output, _worker_error)
ACTIVITY_EVENTS = TaskEvents("Activity", _activity_scheduled, _activity_started, _worker_output, _worker_error)
SERVICE_EVENTS = TaskEvents("Task", _task_scheduled, _task, _task_output, _task_error)
