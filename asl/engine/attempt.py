"""One attempt of a Task state: what its runner, its worker or its deadline say, as events and as the state's result."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch
from asl.engine.failures import TIMEOUT, StateFailure, too_large
from asl.engine.history import Event, EventKind
from asl.engine.jsontext import PAYLOAD_LIMIT, size_bound
from asl.engine.observing import Waiting, place_of
from asl.engine.scheduler import Timer
from asl.engine.tasks import Cancel, Completion, TaskRequest
from asl.language.errors import RUNTIME

if TYPE_CHECKING:
    from asl.engine.states.base import State
    from asl.engine.states.task import Task

_log = logging.getLogger(__name__)

ANSWER_PATIENCE = 1.0
"""Seconds for which a call that hands a task over may still answer, once the task's token has ended the task."""


class Attempt(Completion, Blocker):
    """A `Completion`: its public methods may be called from any thread; the scheduler then does what they ask for.

    The attempt is `working`, in the clock's sense, from its start until its end, or until it only waits for whoever has
    the token.
    """

    __slots__ = (
        "_cancel",
        "_deadline",
        "_heard_at",
        "_heartbeat",
        "_held",
        "_patience",
        "_scheduled_at",
        "_started",
        "_submitted",
        "_working",
        "branch",
        "open",
        "request",
        "state",
    )

    def __init__(self, branch: Branch, state: Task, request: TaskRequest) -> None:
        self.branch = branch
        self.state = state
        self.request = request
        self.open = True
        self._started = False
        self._submitted: Any = None
        self._working = False
        self._cancel: Cancel | None = None
        self._deadline: Timer | None = None
        self._heartbeat: Timer | None = None
        self._held: tuple[Any, ...] | None = None
        self._patience: Timer | None = None
        self._heard_at = 0.0
        self._scheduled_at = 0.0

    @property
    def waits(self) -> bool:
        """The task has been handed over, and whoever has its token ends it."""
        return self.open and self._started and not self._working

    # Called from any thread: see `Completion`.

    @override
    def started(self, worker_name: str | None = None) -> None:
        self._post(self._on_started, worker_name)

    @override
    def start_failed(self, error: str, cause: str) -> None:
        self._post(self._on_start_failed, error, cause)

    @override
    def submitted(self, output: Any) -> None:
        self._post(self._on_submitted, output)

    @override
    def awaiting(self) -> None:
        self._post(self._set_working, False)

    @override
    def succeed(self, result: Any) -> None:
        self._post_outcome(self._on_success, result)

    @override
    def fail(self, error: str | None, cause: str | None) -> None:
        self._post_outcome(self._on_failure, error, cause)

    def succeed_by_token(self, result: Any) -> None:
        """Whoever has the token reports a result."""
        self._post_token(self._on_success, result)

    def fail_by_token(self, error: str | None, cause: str | None) -> None:
        """Whoever has the token reports a failure."""
        self._post_token(self._on_failure, error, cause)

    def heartbeat(self) -> None:
        """Whoever has the token is alive."""
        if self.open:
            self.branch.execution.engine.scheduler.post(self._guarded, self._on_heartbeat, ())

    def _post(self, call: Any, *args: Any) -> None:
        if self.open:
            self.branch.execution.engine.scheduler.post(self._in_turn, self._guarded, call, args)

    def _post_outcome(self, call: Any, *args: Any) -> None:
        if self.open:
            self.branch.execution.engine.scheduler.post(self._arrived, call, args)

    def _post_token(self, call: Any, *args: Any) -> None:
        if self.open:
            self.branch.execution.engine.scheduler.post(self._arrived_by_token, call, args)

    # Called by the scheduler. The branches beside this one first do what they can: of branches that begin together,
    # AWS writes that all tasks are scheduled, then that all are started, and only then how the first of them ended.

    def _in_turn(self, call: Any, *args: Any) -> None:
        lane = self.branch.execution.lane
        if lane.calls:
            self.branch.execution.engine.scheduler.soon_in(lane, call, *args)
        else:
            call(*args)

    def _arrived(self, call: Any, args: tuple[Any, ...]) -> None:
        if self.open and self._deadline is not None:
            self._deadline.cancel()  # it came in time, whenever its turn is
        self._in_turn(self._in_turn, self._guarded, call, args)

    def _arrived_by_token(self, call: Any, args: tuple[Any, ...]) -> None:
        """A worker may be faster than the answer of the call that handed the task over: TaskSubmitted comes first."""
        in_progress = self._working and self._submitted is None and not self.state.resource.is_activity
        if not self.open or not in_progress:
            self._arrived(call, args)
        elif self._held is None:
            engine = self.branch.execution.engine
            self._cancel_timers()
            engine.tokens.close(self.request.task_token or "")
            self._held = (call, *args)
            self._patience = engine.scheduler.at(engine.now() + ANSWER_PATIENCE, self._release)

    def _release(self) -> None:
        if self._held is not None:
            (call, *args), self._held = self._held, None
            self._arrived(call, tuple(args))

    def _guarded(self, call: Any, args: tuple[Any, ...]) -> None:
        if self.open:
            call(*args)

    def begin(self) -> None:
        """Schedule the task, with its deadlines, and hand it out."""
        branch, request = self.branch, self.request
        engine = branch.execution.engine
        branch.blocker = self
        self._record(
            self.state.resource.events.scheduled,
            request.parameters,
            request.timeout_seconds,
            request.heartbeat_seconds,
            request.credentials,
            request.task_token,
        )
        recorded = branch.events[-1]
        if recorded[4] is not request.parameters or recorded[8] is not request.task_token:  # it is recovered
            self.request = request = _as_recorded(request, recorded)
            branch.token = request.task_token
        self._scheduled_at = now = engine.now()
        if request.timeout_seconds is not None:
            due = now + request.timeout_seconds
            self._deadline = engine.scheduler.at(due, self._on_deadline)
        if request.task_token is not None:
            engine.tokens.open(request.task_token, self)
            if not self.state.resource.is_activity:
                self._expect_heartbeat()
        self._set_working(not self.state.resource.is_activity)
        if self.state.resource.is_activity:
            self._tell_waiting()
        self._hand_out(lambda: engine.tasks.start(request, self))

    def hand_out_again(self) -> None:
        """The execution is recovered: open the token and give the task to the runner, which has forgotten it.

        What only waits for its token is not given again: a worker has it. What a service has accepted is handed to the
        runner's `resume`, if it has one.
        """
        request, resource = self.request, self.state.resource
        engine = self.branch.execution.engine
        if request.task_token is not None:
            engine.tokens.open(request.task_token, self)
        if self._heartbeat is not None:  # nobody could send one while the process was away
            self._expect_heartbeat()
        if resource.waits_for_token and (self._submitted is not None or (resource.is_activity and self._started)):
            return
        resume = getattr(engine.tasks, "resume", None)
        if self._submitted is not None and resume is not None:
            self._hand_out(lambda: resume(request, self, self._submitted))
        else:
            self._hand_out(lambda: engine.tasks.start(request, self))

    def replay(self, event: Event) -> None:
        """Let happen again what an event of the record says of the task."""
        kinds, kind = self.state.resource.events, event[0]
        if kind is kinds.started:
            self._on_started(event[4])
        elif kind is kinds.submitted:
            self._on_submitted(event[4])
        elif kind is kinds.succeeded:
            self._on_success(event[4])
        elif kind is kinds.timed_out:
            limit = self.request.timeout_seconds
            in_time = limit is None or event[1] < self._scheduled_at + limit
            self._end_badly(kind, event[4], event[5], silent=in_time)
        else:
            self._end_badly(kind, event[4], event[5])

    def _hand_out(self, start: Callable[[], Cancel | None]) -> None:
        try:
            self._cancel = start()
        except KeyboardInterrupt:
            raise
        except BaseException as problem:
            _log.exception("the task runner failed to start %s", self.request.resource)
            self.fail(RUNTIME, f"The task runner failed: {type(problem).__name__}: {problem}")

    def cancel(self) -> None:
        """The branch is over: give the work up."""
        if self._close() and self._cancel is not None:
            try:
                self._cancel()
            except Exception:
                _log.exception("the task runner failed to cancel %s", self.request.resource)

    def _on_started(self, worker_name: str | None = None) -> None:
        if not self._started:
            self._started = True
            self._record(self.state.resource.events.started, worker_name)
            if self.state.resource.is_activity:
                self._expect_heartbeat()

    def _on_start_failed(self, error: str, cause: str) -> None:
        self._end_badly(self.state.resource.events.start_failed, error, cause)

    def _on_submitted(self, output: Any) -> None:
        self._on_started()
        self._submitted = {} if output is None else output
        self._record(self.state.resource.events.submitted, output)
        if self._held is not None:
            self._release()
        elif self.state.resource.waits_for_token:
            self._set_working(False)
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        engine = self.branch.execution.engine
        if engine.observer is not None:
            engine.observer(Waiting(engine.now(), place_of(self.branch), resource=self.request.resource))

    def _on_success(self, result: Any) -> None:
        self._on_started()
        resource = self.state.resource
        try:
            bound = size_bound(result)
        except (TypeError, ValueError) as problem:
            self._on_failure(RUNTIME, f"The result of the task {resource.arn} is not a JSON value: {problem}")
            return
        if bound > PAYLOAD_LIMIT:
            failure = too_large(resource.type or resource.arn)
            self._on_failure(failure.error, failure.cause)
            return
        self._close()
        self._record(resource.events.succeeded, result)
        self._resume(_finish, self.state, result, bound)

    def _on_failure(self, error: str | None, cause: str | None) -> None:
        if self._held is not None:  # the call failed, but the task had ended before
            self._release()
            return
        self._on_started()
        self._end_badly(self.state.resource.events.failed, error, cause)

    def _on_deadline(self) -> None:
        if self.open:
            self._time_out()

    def _time_out(self, silent: bool = False) -> None:
        if not self.state.resource.is_activity:
            self._on_started()
        cancel = self._cancel
        self._end_badly(self.state.resource.events.timed_out, TIMEOUT, None, silent)
        if cancel is not None:
            cancel()

    def _end_badly(self, kind: EventKind, error: str | None, cause: str | None, silent: bool = False) -> None:
        self._close()
        self._record(kind, error, cause)
        self._resume(_raise, StateFailure(error, cause, silent=silent))

    # Heartbeats: one timer, which is set again only when it fires.

    def _expect_heartbeat(self) -> None:
        if self.request.heartbeat_seconds is not None:
            if self._heartbeat is not None:
                self._heartbeat.cancel()
            self._heard_at = self.branch.execution.engine.now()
            self._set_heartbeat_timer()

    def _set_heartbeat_timer(self) -> None:
        due = self._heard_at + (self.request.heartbeat_seconds or 0)
        self._heartbeat = self.branch.execution.engine.scheduler.at(due, self._on_silence)

    def _on_heartbeat(self) -> None:
        self._heard_at = self.branch.execution.engine.now()

    def _on_silence(self) -> None:
        if not self.open:
            return
        if self._heard_at + (self.request.heartbeat_seconds or 0) > self.branch.execution.engine.now():
            self._set_heartbeat_timer()
        else:
            self._time_out(silent=True)

    def _close(self) -> bool:
        if not self.open:
            return False
        self.open = False
        self._set_working(False)
        self._cancel_timers()
        if self.request.task_token is not None:
            self.branch.execution.engine.tokens.close(self.request.task_token)
        return True

    def _cancel_timers(self) -> None:
        for timer in (self._deadline, self._heartbeat, self._patience):
            if timer is not None:
                timer.cancel()

    def _set_working(self, working: bool) -> None:
        if working != self._working:
            self._working = working
            self.branch.execution.engine.scheduler.working += 1 if working else -1

    def _record(self, kind: EventKind, *payload: Any) -> None:
        branch = self.branch
        now = branch.execution.engine.now()
        branch.events.append((kind, now, branch.previous, self.state.resource, *payload))
        branch.previous = branch.base = len(branch.events)
        if branch.execution.engine.journal is not None:
            branch.execution.engine.journal.appended(branch.execution)

    def _resume(self, step: Any, *args: Any) -> None:
        self.branch.resume(step, *args)


def _as_recorded(request: TaskRequest, scheduled: Event) -> TaskRequest:
    _, _, _, _, parameters, timeout, heartbeat, credentials, token = scheduled
    return replace(
        request,
        parameters=parameters,
        timeout_seconds=timeout,
        heartbeat_seconds=heartbeat,
        credentials=credentials,
        task_token=token,
    )


def _finish(branch: Branch, state: Task, result: Any, bound: int) -> State:
    return state.leave(branch, result, bound)


def _raise(branch: Branch, failure: StateFailure) -> State:
    raise failure
