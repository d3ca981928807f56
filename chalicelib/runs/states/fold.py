"""One pass over the events of an execution: which visit of which state each one belongs to, and what it says of it.

An event names the one that it follows (`previousEventId`). In branches and iterations that run side by side, this chain
says where an event belongs: an event continues the visit that its predecessor belongs to, a StateEntered begins one
beside or inside it, and events that name a state (StateExited, MapIterationSucceeded) lead out to it. Two details of
AWS's histories are not as they seem: an iteration follows the last event of the iteration whose place it takes, and
after a redrive, what is continued follows ExecutionRedriven. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.runs.states.events import REQUEST_ID, Event, details_of, function_of, seconds_of
from chalicelib.runs.states.visits import (
    ABORTED,
    BROKEN,
    CAUGHT,
    CUT,
    DONE,
    FAILED,
    ITERATING,
    MAX_RETRIES_KEPT,
    RETRYING,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    WAITING,
    Attempt,
    Frame,
    Visit,
    variables_at,
)

Reason = tuple[str | None, str | None]
"""An error and its cause."""

MAX_KEPT = MAX_ASSIGNED = 32 * 1024 * 1024
"""Characters of inputs and outputs, and of assigned variables, that a pass keeps; further ones are left out."""

ENDS = {
    "ExecutionSucceeded": SUCCEEDED,
    "ExecutionFailed": FAILED,
    "ExecutionAborted": ABORTED,
    "ExecutionTimedOut": TIMED_OUT,
}

_CONTAINERS = frozenset({"Map", "Parallel"})


class Wanted(NamedTuple):
    """Which visits a pass keeps with their data.

    `iteration` is a level of nesting each: a Map's name and an index; empty for the execution itself. `state` is the
    one state whose visits are all kept; None for the latest visit of each state. With `functions`, all attempts of
    tasks that invoke functions are kept, wherever they are; `visits` is how many visits of any states are kept as well,
    without their data.
    """

    iteration: tuple[tuple[str, int], ...] = ()
    state: str | None = None
    functions: bool = False
    visits: int = 0


class Fold:
    """The state of the pass. `add` takes the events in the order of their ids.

    Args:
        wanted: Which visits to keep.
        failures: The constant errors and causes of Fail states, by their names: the history doesn't have them.
    """

    def __init__(self, wanted: Wanted, failures: Mapping[str, Reason] = MappingProxyType({})) -> None:
        self.wanted = wanted
        self._failures = failures
        self.last_id = 0
        self.status = RUNNING
        self.kept: dict[tuple[str, int], Visit] = {}
        """The wanted visits: by the state's name and 0 or, if all visits of one state are wanted, their number."""
        self.kept_size = 0
        self.assigned_size = 0
        self.visits: list[Visit] = []
        self.visits_left_out = 0
        self.attempts: list[Attempt] = []
        self._attempts: dict[int, Attempt] = {}  # those without an end, by the ids of their visits
        self._root = Frame(None, 0, 0)
        self._where: list[Visit | Frame] = [self._root]
        self._unfinished: dict[int, Visit] = {}
        self._redriven: dict[int, Visit] = {}
        self._exit: Visit | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Take the next events. Those that are known are skipped."""
        where, handlers = self._where, _HANDLERS
        for event in events:
            event_id = event["id"]
            if event_id <= self.last_id:
                continue
            previous = event["previousEventId"]
            while len(where) < event_id:  # never in a whole history
                where.append(self._root)
            at = where[previous] if 0 <= previous < event_id else self._root
            kind = event["type"]
            handler = handlers.get(kind) or _handler(kind)
            found = at if handler is None else handler(self, event, at)
            where.append(found)
            self.last_id = event_id
            if isinstance(found, Visit):
                found.changed = event_id

    # -- states

    def _entered(self, event: Event, at: Visit | Frame) -> Visit:
        details = event["stateEnteredEventDetails"]
        name, event_id = details["name"], event["id"]
        if self._redriven and (again := self._continued(at, lambda visit: visit.name == name)) is not None:
            container, frame = again.container, again.frame
        elif isinstance(at, Frame):
            container, frame = at.visit, at
        else:
            inside = at.type in _CONTAINERS and not at.has_left
            container, frame = (at if inside else at.container), at.frame
            if at.has_left and at.next is None:
                at.next = name
        visit = Visit(name, event["type"].removesuffix("StateEntered"), (event_id, seconds_of(event)), frame, container)
        visit.variables = variables_at(at, container)
        before = frame.last.get(name)
        if before is not None:
            visit.number = before.number + 1
        frame.last[name] = visit
        self._unfinished[event_id] = visit
        if self.wanted.visits:
            if len(self.visits) < self.wanted.visits:
                self.visits.append(visit)
            else:
                self.visits_left_out += 1
        if visit.type == "Fail":
            visit.status, visit.exited, visit.attempts = FAILED, visit.entered, 1
            visit.error, visit.cause = self._failures.get(name, (None, None))
        elif visit.type not in {"Task", "Map", "Parallel"}:
            visit.attempts = 1
        if frame.depth == len(self.wanted.iteration):
            self._keep(visit)
            self._set_data(visit, "input", details.get("input"))
        return visit

    def _exited(self, event: Event, at: Visit | Frame) -> Visit:
        details = event["stateExitedEventDetails"]
        visit = self._named(details["name"], at)
        visit.exited = seconds_of(event)
        caught = visit.error is not None or visit.cause is not None or visit.status in {RETRYING, FAILED, TIMED_OUT}
        if visit.type in {"Task", "Map", "Parallel"} and not visit.attempts:
            caught = True  # a catcher took what failed before the first attempt
        visit.status = CAUGHT if caught else SUCCEEDED
        self._unfinished.pop(visit.entered_id, None)
        if visit.type in _CONTAINERS:
            self._drop_inside(visit)
        self._assign(visit, details.get("assignedVariables"))
        if self._is_kept(visit):
            self._set_data(visit, "output", details.get("output"))
        return visit

    def _aborted(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        type_ = event["type"].removesuffix("StateAborted")
        visit = self._up(at, lambda visit: visit.type == type_ and not visit.has_left)
        if visit is None:
            return at
        if visit.status not in {FAILED, TIMED_OUT}:
            # AWS also writes this event for the task that failed and ended its branch.
            visit.status = _failure_status(visit) if visit.status == RETRYING else ABORTED
            visit.exited = seconds_of(event)
        return visit

    # -- tasks

    def _scheduled(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        details = details_of(event)
        request = hash((details.get("resource"), details.get("parameters") or details.get("input")))
        if self._redriven:
            at = (
                self._continued(at, lambda visit: visit.type == "Task" and visit.request == request)
                or self._continued(at, lambda visit: visit.type == "Task")
                or at
            )
        if isinstance(at, Visit):
            at.begin_attempt()
            at.request = request
            if self.wanted.functions and (function := function_of(details)) is not None:
                attempt = self._attempts[at.entered_id] = Attempt(at, seconds_of(event), function)
                self.attempts.append(attempt)
            if event["type"] == "ActivityScheduled":
                at.status = WAITING
        return at

    def _task_started(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        if isinstance(at, Visit) and at.status == WAITING:
            at.status = RUNNING
        return at

    def _submitted(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        if isinstance(at, Visit) and str(details_of(event).get("resource")).endswith(".waitForTaskToken"):
            at.status = WAITING
        return at

    def _succeeded(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        if self._attempts and isinstance(at, Visit):
            self._end_attempt(at, event, details_of(event).get("output"))
        return at

    def _end_attempt(self, visit: Visit, event: Event, text: str | None, error: str | None = None) -> None:
        attempt = self._attempts.pop(visit.entered_id, None)
        if attempt is not None:
            attempt.error = error
            attempt.ended = seconds_of(event)
            match = REQUEST_ID.search(text or "")
            attempt.request_id = None if match is None else match[1]

    def _failed(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        """An attempt has failed; what follows says whether it is made again."""
        if isinstance(at, Visit):
            details = details_of(event)
            if self._attempts:
                self._end_attempt(at, event, details.get("cause"), str(details.get("error") or "States.Timeout"))
            timed_out = event["type"].endswith("TimedOut")
            at.error = details.get("error", "States.Timeout" if timed_out else None)
            at.cause = details.get("cause")
            at.status = RETRYING
            at.retries = (*at.retries, (seconds_of(event), at.error, at.cause))[-MAX_RETRIES_KEPT:]
            at.exited = None
        return at

    def _evaluation_failed(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        details = details_of(event)
        frame = at if isinstance(at, Frame) else at.frame
        name = details.get("state")
        visit = frame.last.get(name) if isinstance(name, str) else None
        if visit is None or visit.has_left:
            visit = self._unfinished_named(name) or (at if isinstance(at, Visit) else None)
        if visit is None:
            return at
        visit.error, visit.cause = details.get("error"), details.get("cause")
        visit.status, visit.attempts = RETRYING, max(visit.attempts, 1)
        return visit

    # -- Parallel and Map

    def _container_started(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        type_ = event["type"].removesuffix("StateStarted")
        visit = self._continued(at, lambda visit: visit.type == type_) if self._redriven else None
        visit = visit or self._up(at, lambda visit: visit.type == type_ and visit.status in {RUNNING, RETRYING})
        if visit is None:
            return at
        if visit.attempts:  # an attempt before this one failed
            visit.error, visit.cause = _reason(at)
            visit.retries = (*visit.retries, (seconds_of(event), visit.error, visit.cause))[-MAX_RETRIES_KEPT:]
            self._drop_inside(visit)
        visit.begin_attempt()
        if type_ == "Map":
            visit.iterations = bytearray(details_of(event).get("length", 0))
        return visit

    def _container_ended(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        type_, _, what = event["type"].partition("State")
        visit = self._up(at, lambda visit: visit.type == type_ and visit.status in {RUNNING, RETRYING})
        if visit is None:
            return at
        if what == "Failed":
            if visit.error is None and visit.cause is None:
                visit.error, visit.cause = _reason(at)
            self._fail_up_to(at, visit, event)
            visit.status = FAILED
            visit.exited = seconds_of(event)
            visit.retries = (*visit.retries, (seconds_of(event), visit.error, visit.cause))[-MAX_RETRIES_KEPT:]
        return visit

    def _iteration_started(self, event: Event, at: Visit | Frame) -> Frame:
        details = details_of(event)
        visit, index = self._named(details["name"], at), details["index"]
        visit.set_iteration(index, ITERATING)
        visit.changed = event["id"]
        iteration, outer = self.wanted.iteration, visit.frame.depth
        fits = 0 <= outer < len(iteration) and iteration[outer] == (visit.name, index)
        return Frame(visit, index, outer + 1 if fits else -1)

    def _iteration_ended(self, event: Event, at: Visit | Frame) -> Visit:
        details = details_of(event)
        visit = self._named(details["name"], at)
        what = {"Succeeded": DONE, "Failed": BROKEN}.get(event["type"].removeprefix("MapIteration"), CUT)
        if what == BROKEN:
            visit.error, visit.cause = _reason(at)
            self._fail_up_to(at, visit, event)
        visit.set_iteration(details["index"], what)
        return visit

    def _map_run(self, event: Event, at: Visit | Frame) -> Visit | Frame:
        """MapRunStarted and MapRunRedriven."""
        visit = self._continued(at, lambda visit: visit.type == "Map") if self._redriven else None
        found = visit or at
        if isinstance(found, Visit):
            found.map_run_arn = details_of(event).get("mapRunArn", found.map_run_arn)
            if visit is not None:
                visit.begin_attempt()
        return found

    # -- the execution

    def _redrive(self, event: Event, at: Visit | Frame) -> Frame:
        self.status = RUNNING
        self._redriven = dict(self._unfinished)
        for visit in self._unfinished.values():
            visit.changed = event["id"]
            visit.exited = None
            visit.redriven = visit.attempts
            if visit.type in _CONTAINERS:
                visit.status = RUNNING
                visit.error = visit.cause = None
                if visit.iterations is not None:
                    visit.iterations = visit.iterations.translate(_CONTINUED)
            else:
                visit.status = WAITING if visit.type == "Wait" else RUNNING
        return self._root

    def _ended(self, event: Event, at: Visit | Frame) -> Frame:
        self.status = ENDS[event["type"]]
        details, moment = details_of(event), seconds_of(event)
        if self.status == FAILED and isinstance(at, Visit) and not at.has_left:
            at.error = details.get("error") if at.error is None else at.error
            at.cause = details.get("cause") if at.cause is None else at.cause
            self._fail_up_to(at, None, event)
        for visit in self._unfinished.values():
            if visit.status in {FAILED, TIMED_OUT, ABORTED}:
                continue
            visit.changed = event["id"]
            visit.exited = moment
            if visit.status == RETRYING and self.status == FAILED:
                visit.status = _failure_status(visit)
            else:
                visit.status = TIMED_OUT if self.status == TIMED_OUT else ABORTED
            if visit.iterations is not None:
                visit.iterations = visit.iterations.translate(_CUT_OFF)
        return self._root

    # -- finding visits

    def _named(self, name: str, at: Visit | Frame) -> Visit:
        """Return the visit of a state that an event names: the one around its predecessor, or the latest."""
        visit = self._up(at, lambda visit: visit.name == name) or self._unfinished_named(name)
        if visit is None:  # the history has no beginning
            visit = Visit(name, "", (self.last_id, 0.0), self._root, None)
        return visit

    def _unfinished_named(self, name: Any) -> Visit | None:
        return next((visit for visit in reversed(self._unfinished.values()) if visit.name == name), None)

    @staticmethod
    def _up(at: Visit | Frame, fits: Callable[[Visit], bool]) -> Visit | None:
        """Return the innermost visit that fits, of the one at hand and those around it."""
        visit = at.visit if isinstance(at, Frame) else at
        while visit is not None and not fits(visit):
            visit = visit.container
        return visit

    def _continued(self, at: Visit | Frame, fits: Callable[[Visit], bool]) -> Visit | None:
        """Return the first of the visits that a redrive continues that fits, if the event follows the redrive."""
        if at is not self._root:
            return None
        found = next((visit for visit in self._redriven.values() if fits(visit)), None)
        if found is not None:
            del self._redriven[found.entered_id]
            self._mark_continued(found)
        return found

    @staticmethod
    def _mark_continued(visit: Visit) -> None:
        """Say of the iterations around a visit that they are running."""
        frame = visit.frame
        while frame.visit is not None:
            frame.visit.set_iteration(frame.index, ITERATING)
            frame = frame.visit.frame

    # -- what ends along with others

    def _fail_up_to(self, at: Visit | Frame, outer: Visit | None, event: Event) -> None:
        """Everything from the predecessor outwards has failed, up to a visit around it."""
        visit = at.visit if isinstance(at, Frame) else at
        error, cause = _reason(at)
        while visit is not None and visit is not outer:
            if not visit.has_left and visit.status not in {FAILED, TIMED_OUT}:
                visit.error = error if visit.error is None else visit.error
                visit.cause = cause if visit.cause is None else visit.cause
                visit.status = _failure_status(visit)
                visit.exited = seconds_of(event)
                visit.changed = event["id"]
            if visit.container is not None and visit.container is not outer and visit.frame.visit is visit.container:
                visit.container.set_iteration(visit.frame.index, BROKEN)
            visit = visit.container

    def _drop_inside(self, container: Visit) -> None:
        """What is unfinished inside a container that was left, or that begins again, is not continued."""
        inside = [
            visit
            for visit in self._unfinished.values()
            if visit is not container and self._up(visit, lambda around: around is container) is not None
        ]
        for visit in inside:
            del self._unfinished[visit.entered_id]
            if visit.status not in {FAILED, TIMED_OUT, ABORTED}:
                visit.status = _failure_status(visit) if visit.status == RETRYING else ABORTED

    # -- what is kept

    def _keep(self, visit: Visit) -> None:
        state = self.wanted.state
        if state is not None and visit.name != state:
            return
        key = (visit.name, 0 if state is None else visit.number)
        former = self.kept.pop(key, None)
        if former is not None:
            self.kept_size -= len(former.input or "") + len(former.output or "")
            former.input = former.output = None
        self.kept[key] = visit

    def _is_kept(self, visit: Visit) -> bool:
        return self.kept.get((visit.name, 0 if self.wanted.state is None else visit.number)) is visit

    def _assign(self, visit: Visit, assigned: Mapping[str, str] | None) -> None:
        if not assigned:
            return
        size = sum(map(len, assigned.values()))
        if self.assigned_size + size > MAX_ASSIGNED:
            visit.dropped = (*visit.dropped, "variables")
            return
        self.assigned_size += size
        visit.assigned = assigned

    def _set_data(self, visit: Visit, which: str, text: str | None) -> None:
        if text is None or not self._is_kept(visit):
            return
        if self.kept_size + len(text) > MAX_KEPT:
            visit.dropped = (*visit.dropped, which)
            return
        self.kept_size += len(text)
        setattr(visit, which, text)


_CONTINUED = bytes.maketrans(bytes([BROKEN, CUT]), bytes([ITERATING, ITERATING]))
_CUT_OFF = bytes.maketrans(bytes([ITERATING]), bytes([CUT]))


def _failure_status(visit: Visit) -> str:
    return TIMED_OUT if visit.error == "States.Timeout" and visit.type == "Task" else FAILED


def _reason(at: Visit | Frame) -> Reason:
    return (at.error, at.cause) if isinstance(at, Visit) else (None, None)


_Handler = Callable[[Fold, Event, "Visit | Frame"], "Visit | Frame"]

_HANDLERS: dict[str, _Handler | None] = {}
_BY_PART: tuple[tuple[str, str, _Handler], ...] = (
    ("", "StateEntered", Fold._entered),
    ("", "StateExited", Fold._exited),
    ("", "StateAborted", Fold._aborted),
    ("MapIterationStarted", "", Fold._iteration_started),
    ("MapIteration", "", Fold._iteration_ended),
    ("MapRunStarted", "", Fold._map_run),
    ("MapRunRedriven", "", Fold._map_run),
    ("MapRunFailed", "", Fold._failed),
    ("MapRunAborted", "", Fold._failed),
    ("MapRun", "", lambda fold, event, at: at),
    ("MapState", "Started", Fold._container_started),
    ("ParallelState", "Started", Fold._container_started),
    ("MapState", "", Fold._container_ended),
    ("ParallelState", "", Fold._container_ended),
    ("EvaluationFailed", "", Fold._evaluation_failed),
    ("ExecutionRedriven", "", Fold._redrive),
    ("ExecutionStarted", "", lambda fold, event, at: fold._root),
    ("Execution", "", Fold._ended),
    ("", "Scheduled", Fold._scheduled),
    ("", "Submitted", Fold._submitted),
    ("", "StartFailed", Fold._failed),
    ("", "SubmitFailed", Fold._failed),
    ("", "ScheduleFailed", Fold._failed),
    ("", "TimedOut", Fold._failed),
    ("", "Failed", Fold._failed),
    ("", "Started", Fold._task_started),
    ("", "Succeeded", Fold._succeeded),
)


def _handler(kind: str) -> _Handler | None:
    """Return what takes events of a type; None if they say nothing of a state's visit."""
    found = next((take for start, end, take in _BY_PART if kind.startswith(start) and kind.endswith(end)), None)
    _HANDLERS[kind] = found
    return found
