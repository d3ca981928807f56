"""An execution: its status, its history, and how it begins and ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from asl.engine.branch import Branch, Owner, advance, timestamp
from asl.engine.failures import TIMEOUT, StateFailure
from asl.engine.history import (
    EVENT_LIMIT,
    EXECUTION_ABORTED,
    EXECUTION_FAILED,
    EXECUTION_REDRIVEN,
    EXECUTION_STARTED,
    EXECUTION_SUCCEEDED,
    EXECUTION_TIMED_OUT,
    Event,
    EventKind,
    History,
)
from asl.engine.jsontext import loads
from asl.engine.lanes import Lane
from asl.engine.machine import StateMachine
from asl.engine.observing import change_of
from asl.engine.recovery import replay
from asl.engine.scheduler import Timer
from asl.language.errors import RUNTIME

if TYPE_CHECKING:
    from asl.engine.engine import Engine
    from asl.engine.journal import RecordedExecution
    from asl.engine.map_run import MapRun
    from asl.engine.states.base import State

_log = logging.getLogger(__name__)

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
TIMED_OUT = "TIMED_OUT"
ABORTED = "ABORTED"

EXPRESS_TIMEOUT = 300
"""The seconds after which an EXPRESS execution times out."""

EXPRESS_EVENTS = 250_000
"""The events after which an EXPRESS execution counts as timed out. AWS counts only the time, which a clock that skips
does not let pass while states run."""

OnChange = Callable[["Execution"], None]

_reopening = threading.Lock()
"""Of two that redrive an execution at the same time one succeeds. It is held for a few instructions."""


class Execution(Owner):
    """One execution of a state machine. What it shows may be read from any thread.

    `input` is the text that it was started with. `output` is a JSON text, made when asked for; `error` and `cause` say
    why it failed. Dates are seconds since the epoch. `map_runs` are the runs of its distributed Map states, `map_run`
    the one that it is a child of. `unplayed` holds while a recovered execution has not been replayed.
    """

    __slots__ = (
        "_context",
        "_done",
        "_ending",
        "_on_change",
        "_output_value",
        "_timer",
        "arn",
        "cause",
        "engine",
        "error",
        "event_limit",
        "history",
        "input",
        "input_value",
        "lane",
        "machine",
        "map_run",
        "map_runs",
        "name",
        "redrive_count",
        "redrive_date",
        "root",
        "start_date",
        "status",
        "stop_date",
        "timeout_seconds",
        "trace_header",
        "unplayed",
    )

    def __init__(  # noqa: PLR0913  (made for each execution: a record in between would take time)
        self,
        engine: Engine,
        machine: StateMachine,
        arn: str,
        name: str,
        *,
        input_text: str,
        input_value: Any,
        trace_header: str | None = None,
        on_change: OnChange | None = None,
        map_run: MapRun | None = None,
    ) -> None:
        self.engine = engine
        self.machine = machine
        self.arn = arn
        self.name = name
        self.input = input_text
        self.input_value = input_value
        self.trace_header = trace_header
        self.status = RUNNING
        self.error: str | None = None
        self.cause: str | None = None
        self.start_date = engine.now()
        self.timeout_seconds: float | None = None
        self.stop_date: float | None = None
        self.redrive_count = 0
        self.redrive_date: float | None = None
        self.history = History(self)
        self.event_limit = EXPRESS_EVENTS if machine.is_express else EVENT_LIMIT
        self.map_run = map_run
        self.lane: Lane = Lane(engine.scheduler.account) if map_run is None else map_run.execution.lane
        self.map_runs: list[MapRun] = []
        self.root: Branch | None = None
        self._output_value: Any = None
        self._context: dict[str, Any] | None = None
        self._on_change = on_change
        self._done: threading.Event | None = None
        self._ending = False
        self.unplayed = False
        self._timer: Timer | None = None

    def __repr__(self) -> str:
        return f"<Execution {self.name} {self.status}>"

    @property
    def region(self) -> str:
        """The region that the history shows."""
        return self.engine.region

    @property
    def output(self) -> str | None:
        """The output as a JSON text, None unless the execution succeeded."""
        return self.history.text(self._output_value) if self.status == SUCCEEDED else None

    @property
    def output_value(self) -> Any:
        """The output as a JSON value, not to be changed; None unless the execution succeeded."""
        return self._output_value

    @property
    def context(self) -> dict[str, Any]:
        """The context object's part that all states of the execution share."""
        if self._context is None:
            execution = {
                "Id": self.arn,
                "Input": self.input_value,
                "StartTime": timestamp(self.start_date),
                "Name": self.name,
                "RoleArn": self.machine.role_arn,
            }
            if not self.machine.is_express:
                execution["RedriveCount"] = self.redrive_count
                if self.redrive_date is not None:
                    execution["RedriveTime"] = timestamp(self.redrive_date)
            machine = {"Id": self.machine.arn, "Name": self.machine.name}
            self._context = {"Execution": execution, "StateMachine": machine}
        return self._context

    @property
    def run(self) -> Execution:
        """The execution that was started: this one, unless it is a child of a Map Run."""
        return self if self.map_run is None else self.map_run.execution.run

    @property
    def is_open(self) -> bool:
        """Whether it runs and is not about to end."""
        return self.status == RUNNING and not self._ending

    @property
    def is_ending(self) -> bool:
        """Whether it is about to end, and waits for its journal."""
        return self._ending

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the execution has ended; False if `timeout` real seconds pass before.

        Raises RuntimeError where waiting would be for ever: in what the engine's own thread calls.
        """
        if self.status == RUNNING:
            if self.engine.scheduler.is_driving:
                raise RuntimeError("a task runner or an on_change callback cannot wait for an execution; use on_change")
            self.engine.scheduler.help(self._until(timeout))
        if self.status != RUNNING:
            return True
        event = self._done
        if event is None:
            event = self._done = threading.Event()
        # The end sets the status first and looks for a waiter then, so one of the two sees the other.
        if self.status != RUNNING:
            return True
        return event.wait(timeout)

    def _until(self, timeout: float | None) -> Callable[[], bool]:
        if timeout is None:
            return lambda: self.status != RUNNING
        end = time.monotonic() + timeout
        return lambda: self.status != RUNNING or time.monotonic() > end

    # Called by the scheduler.

    def begin(self, start: State, size: int, timeout_seconds: float | None) -> None:
        """Write the first event and let the first state begin."""
        raw = self.history.raw
        raw.append((EXECUTION_STARTED, self.start_date, 0, self.input_value, self.machine.role_arn))
        self.root = Branch(self, self, start, self.input_value, size)
        self.timeout_seconds = timeout_seconds
        self.set_timeout(timeout_seconds)
        self.changed()
        self.engine.scheduler.soon_in(self.lane, advance, self.root, _begin, (start,))

    def set_timeout(self, seconds: float | None) -> None:
        """Let the execution time out after so many seconds from now."""
        if self.machine.is_express:
            seconds = EXPRESS_TIMEOUT if seconds is None else min(seconds, EXPRESS_TIMEOUT)
        if seconds is not None:
            self._timer = self.engine.scheduler.at(self.engine.now() + seconds, self._time_out)

    @override
    def succeeded(self, branch: Branch) -> None:
        self._output_value = branch.data
        self._end(SUCCEEDED, EXECUTION_SUCCEEDED, branch.previous, branch.data)

    @override
    def iterations_of(self, branch: Branch) -> tuple[int, ...]:
        return () if self.map_run is None else self.map_run.iterations_of(self)

    @override
    def failed(self, branch: Branch, failure: StateFailure) -> None:
        self.error, self.cause = failure.error, failure.cause
        self._end(FAILED, EXECUTION_FAILED, branch.previous, failure.error, failure.cause)

    def reopen(self) -> bool:
        """Show at once that the execution is redriven, from whichever thread; False if it cannot be.

        Until `go_on` the scheduler has nothing to do with the execution, so that nobody else writes these fields.
        """
        with _reopening:
            if (self.root is None and not self.unplayed) or self.status not in (FAILED, TIMED_OUT, ABORTED):
                return False
            self.redrive_count += 1
            self.redrive_date = self.engine.now()
            self.stop_date = self.error = self.cause = self._context = self._done = None
            self.status = RUNNING
            return True

    def go_on(self) -> None:
        """Go on with what has not succeeded, once the execution is reopened."""
        if self.unplayed:
            replay(self)
        if self.root is not None and self.status == RUNNING:
            self.go_on_again()

    def go_on_again(self) -> None:
        """Write that the execution is redriven, and let it."""
        self._ending = False
        raw = self.history.raw
        raw.append((EXECUTION_REDRIVEN, self.redrive_date, len(raw), self.redrive_count))
        self.set_timeout(self.timeout_seconds)
        self.changed()
        if self.root is not None:
            self.root.redrive(len(raw))

    def redrive(self) -> None:
        """RedriveExecution, for who is in the scheduler already."""
        if self.reopen():
            self.go_on()

    def abort(self, error: str | None, cause: str | None) -> None:
        """StopExecution."""
        if self.is_open:
            self.cut(ABORTED, EXECUTION_ABORTED, error, cause)

    def _time_out(self) -> None:
        if self.is_open:
            self.cut(TIMED_OUT, EXECUTION_TIMED_OUT, TIMEOUT, None)

    def exceed_event_limit(self) -> None:
        """The history is full: the last event that fits says so."""
        if self.machine.is_express:
            self._time_out()
        elif self.is_open:
            del self.history.raw[EVENT_LIMIT - 1 :]
            cause = f"The execution reached the maximum number of history events ({EVENT_LIMIT})."
            self.cut(FAILED, EXECUTION_FAILED, "States.Runtime", cause)

    def cut(self, status: str, kind: EventKind, error: str | None, cause: str | None) -> None:
        """End in the middle."""
        if self.root is not None:
            self.root.cancel()
        self.error, self.cause = error, cause
        self._end(status, kind, len(self.history.raw), error, cause)

    def _end(self, status: str, kind: EventKind, previous: int, *payload: Any) -> None:
        event = (kind, self.engine.now(), previous, *payload)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        journal = self.engine.journal
        if journal is None or not journal.holds_back(self):
            self._close(status, event)
            return
        scheduler = self.engine.scheduler
        self._ending = True
        scheduler.working += 1  # so that a clock that skips does not skip to the deadline of whoever waits for the end
        journal.ending(self, status, event, lambda: scheduler.post(self._tell_end, status, event))

    # For `recovery`.

    def take_over(self, recorded: RecordedExecution) -> None:
        """Be as it was written down."""
        self.start_date = recorded.start_date
        self.status, self.stop_date = recorded.status, recorded.stop_date
        self.error, self.cause = recorded.error, recorded.cause
        self.redrive_count, self.redrive_date = recorded.redrive_count, recorded.redrive_date
        if recorded.output is not None:
            same = recorded.output == recorded.input  # the history shows the input as it was written
            self._output_value = self.input_value if same else loads(recorded.output)
        self.history = History(self, recorded.events)
        self.unplayed = True

    def begin_as_recorded(self) -> None:
        """Begin at last: nothing but the start was written down."""
        program = self.engine.program_of(self.machine)
        start, timeout = program.start, program.timeout_seconds
        if self.map_run is not None:
            start, timeout = self.map_run.state.start, None
        self.begin(start, len(self.input) * 4, timeout)

    def end_of_replay(self) -> None:
        """What has ended in the record has ended."""
        self._ending = False

    def fail_recovery(self, cause: str) -> None:
        """Fail, if the execution runs, since its record does not let it continue. It cannot be redriven."""
        if self.root is not None:
            self.root.cancel()
            self.root = None
        if self.is_open:
            self.cut(FAILED, EXECUTION_FAILED, RUNTIME, cause)

    def _tell_end(self, status: str, event: Event) -> None:
        self.engine.scheduler.working -= 1
        self._ending = False
        self._close(status, event)

    def _close(self, status: str, event: Event) -> None:
        self.history.raw.append(event)
        self.stop_date = event[1]
        if status == SUCCEEDED or self.machine.is_express:
            self.root = None
        self.status = status
        if self._done is not None:
            self._done.set()
        self.changed()

    def changed(self) -> None:
        """Tell whoever wanted to know that the status has changed."""
        if self.engine.is_replay:
            return
        if self.engine.journal is not None:
            self.engine.journal.appended(self)
        if self._on_change is not None:
            try:
                self._on_change(self)
            except Exception:
                _log.exception("on_change of %s failed", self.arn)
        if self.engine.observer is not None and (self.map_run is None or self.status in (FAILED, TIMED_OUT)):
            self.engine.observer(change_of(self))
        if self.map_run is not None:
            self.map_run.child_changed(self)


def _begin(_: Branch, start: State) -> State:
    return start
