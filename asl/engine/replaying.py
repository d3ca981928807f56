"""Interprets an execution again, with its recorded events as the script. `asl.engine.recovery` is the way in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from asl.engine.attempt import Attempt
from asl.engine.branch import Branch, act, advance, take_step
from asl.engine.failures import StateFailure
from asl.engine.history import (
    EVALUATION_FAILED,
    EXECUTION_ABORTED,
    EXECUTION_FAILED,
    EXECUTION_REDRIVEN,
    EXECUTION_SUCCEEDED,
    EXECUTION_TIMED_OUT,
    ITERATION_STARTED,
    MAP_RUN_FAILED,
    MAP_RUN_SUCCEEDED,
    MAP_STARTED,
    PARALLEL_STARTED,
    Event,
)
from asl.engine.jsontext import size_bound
from asl.engine.replay_log import ENTRIES, EXITS, ReplayLog, key_of
from asl.engine.scheduler import Abandoned, Timer
from asl.engine.states.parallel import ParallelRun

if TYPE_CHECKING:
    from asl.engine.execution import Execution
    from asl.engine.machine import StateMachine
    from asl.engine.map_run import MapRun
    from asl.engine.states.base import State

_ENDS = frozenset((EXECUTION_SUCCEEDED, EXECUTION_FAILED, EXECUTION_ABORTED, EXECUTION_TIMED_OUT))
_CUTS = frozenset((EXECUTION_ABORTED, EXECUTION_TIMED_OUT))
_BEFORE_EXPRESSIONS = frozenset((*ENTRIES, ITERATION_STARTED, PARALLEL_STARTED, MAP_STARTED))
"""What a step writes before it evaluates something. If nothing follows, the engine takes the step: that may last."""


class NotReplayable(Exception):
    """The recorded events are not those of an execution of this definition.

    `event_id` is the id of the first one that does not fit.
    """

    def __init__(self, event_id: int, event: Event) -> None:
        super().__init__(f"the definition does not lead to the event {event_id} ({event[0].name}) of its history")
        self.event_id = event_id


class _NotNext(Abandoned):
    """The step that is taken does not make the next recorded event, or not at once."""


class _Step:
    """A step that a branch will take, with the ids of the events that it has made when it was tried before.

    `number` orders the steps as they became ready.
    """

    __slots__ = ("_before", "args", "branch", "call", "made", "number")

    def __init__(self, number: int, branch: Branch, call: Any, args: tuple[Any, ...]) -> None:
        self.number = number
        self.branch = branch
        self.call = call
        self.args = args
        self.made: list[int] = []
        self._before: dict[str, Any] | None = None

    def keep(self) -> None:
        """Remember how the branch is before the step."""
        branch = self.branch
        self._before = {name: getattr(branch, name) for name in Branch.__slots__}
        self._before["retries"] = None if branch.retries is None else dict(branch.retries)

    def restore(self) -> None:
        """Let the branch be as it was before the step was tried, if it was."""
        for name, value in (self._before or {}).items():
            setattr(self.branch, name, value)


class Replay:
    """One replay. For the states it is the engine, with its scheduler, tokens, runner and journal."""

    def __init__(self, execution: Execution, log: ReplayLog) -> None:
        self._execution = execution
        self._engine = engine = execution.engine
        self._log = log
        self._events: list[Event] = list.__getitem__(log, slice(None))
        self._followed = {event[2] for event in self._events if event[0] not in _CUTS}
        self._entered_after = {event[2]: event[3] for event in self._events if event[0] in ENTRIES}
        self._fails = {event[6] for event in self._events if event[0] is EVALUATION_FAILED}
        self._cursor = 0
        self._moment: float = execution.start_date
        self._steps: dict[int, list[_Step]] = {}
        self._numbers = count()
        self._step: _Step | None = None
        self._made: deque[int] = deque()
        self._attempts: dict[int, Attempt] = {}
        self._runs: list[MapRun] = []
        self._ended = False
        self._timers: dict[Timer, float] = {}
        self._waits: dict[int, Timer] = {}
        self._waiting: dict[int, Branch] = {}
        self.is_replay = True
        self.observer = None
        self.scheduler = self.tokens = self.tasks = self.patience = self.journal = self
        self.region, self.account, self.random = engine.region, engine.account, engine.random
        self.map_runs = engine.map_runs
        self.branch: Branch | None = None
        self.working = 0

    def run(self) -> None:
        """Bring the execution to where its record ends.

        Raises:
            NotReplayable: the record is not one of this definition.
        """
        execution = self._execution
        program = self._engine.program_of(execution.machine)
        run = execution.map_run
        start, timeout = (program.start, program.timeout_seconds) if run is None else (run.state.start, None)
        execution.begin(start, len(execution.input) * 4, timeout)
        while self._cursor < len(self._events):
            event = self._events[self._cursor]
            try:
                going_on = self._proceed(event)
            except _NotNext:
                going_on = False
            if not going_on:
                raise NotReplayable(self._cursor + 1, event)

    def hand_over(self) -> None:
        """Let the engine continue."""
        engine, log = self._engine, self._log
        scheduler = engine.scheduler
        scheduler.working += self.working
        for timer, due in self._timers.items():
            if not timer.cancelled:
                scheduler.set(timer, due)
        for run in self._runs:
            if run.branch.open and not self._ended:
                act(run.branch, run.start)
        if self._ended:
            return
        for step in sorted((step for steps in self._steps.values() for step in steps), key=lambda step: step.number):
            step.restore()
            log.again |= {key_of(self._events[made - 1]): made for made in step.made}
            for value in step.args:
                if isinstance(value, StateFailure):
                    value.since = self._time_of(step.branch)
            step.branch.resume(step.call, *step.args)
        for attempt in self._attempts.values():
            if attempt.open:
                attempt.hand_out_again()

    # What makes the next event.

    def _proceed(self, event: Event) -> bool:
        """Let something happen that makes the event, or leads to it; False if nothing does."""
        kind, previous = event[0], event[2]
        if any(self._take(step) for step in tuple(self._steps.get(previous, ()))):
            return True
        attempt = self._attempts.get(previous)
        if attempt is not None and attempt.open and kind in vars(attempt.state.resource.events).values():
            self._report(self._attempts.pop(previous), event)
            return True
        if self._ring(previous):
            return True
        if kind in (MAP_RUN_SUCCEEDED, MAP_RUN_FAILED):
            for run in self._runs:
                if run.branch.previous == previous:
                    self._end_run(run, event)
                    return True
        if kind in _CUTS:
            self._log.last = self._cursor
            self._execution.cut("", kind, event[3], event[4])
            return True
        if kind is EXECUTION_REDRIVEN:
            self._redrive(event)
            return True
        # An expression's failure follows what came before the state; other events follow another branch's.
        if any(self._take(step) for steps in tuple(self._steps.values()) for step in tuple(steps)):
            return True
        if any(self._ring(place) for place in tuple(self._waits) if self._waiting[place].base == previous):
            return True
        return kind in EXITS and self._force_exit(event)

    def _force_exit(self, event: Event) -> bool:
        """Leave a state whose expressions, evaluated again, do not lead out of it: they were random."""
        for step in tuple(self._steps.get(event[2], ())):
            branch = step.branch
            if branch.open and branch.state.exited_event is event[0] and branch.state.name == event[3]:
                self._remove(step)
                branch.state.record_exit(branch, event[4], event[5])
                self._follow(branch, branch.state.next)
                return True
        return False

    def _take(self, step: _Step) -> bool:
        """Take a step of a branch. If it does not make the next events, it is as if it had not been tried."""
        branch = step.branch
        self._remove(step)
        if not branch.open:
            return True
        step.restore()
        step.keep()
        made = len(step.made)
        self._step, self._made, self._moment = step, deque(step.made), self._time_of(branch)
        branch.blocker = None
        try:
            state = take_step(branch, step.call, step.args)
        except _NotNext:
            step.restore()
            if step.made:
                # What comes next finds the branch where it is in the record, though the step has yet to be taken.
                branch.previous = step.made[-1]
                if step.call is _enter:
                    branch.state = step.args[0]
                    branch.entered_id = step.made[0]
            self._steps.setdefault(branch.previous, []).append(step)
            return len(step.made) > made
        finally:
            self._step = None
            self._made.clear()
        if state is not None:
            self._follow(branch, state)
        return True

    def _remove(self, step: _Step) -> None:
        place = step.branch.previous
        steps = self._steps[place]
        steps.remove(step)
        if not steps:
            del self._steps[place]

    def _follow(self, branch: Branch, state: State) -> None:
        """A branch goes to its next state: to the one that it went to before, if it had come so far."""
        last = self._events[branch.previous - 1] if branch.previous else None
        if last is not None and last[0] in EXITS:
            branch.size = size_bound(branch.data)
            name = self._entered_after.get(branch.previous)
            if name is not None and name != state.name:
                state = next((found for found in branch.state.following() if found.name == name), state)
        if not state.kind and isinstance(branch.owner, ParallelRun):  # whose history does not show it
            state.enter(branch)
        else:
            self._add(branch, _enter, (state,))

    def _add(self, branch: Branch, call: Any, args: tuple[Any, ...]) -> None:
        self._steps.setdefault(branch.previous, []).append(_Step(next(self._numbers), branch, call, args))

    def _ring(self, place: int) -> bool:
        timer = self._waits.pop(place, None)
        if timer is None or timer.cancelled:
            return False
        del self._timers[timer]
        timer.call(*timer.args)
        return True

    def _report(self, attempt: Attempt, event: Event) -> None:
        """What the runner, a worker or a deadline said of a task."""
        self._moment = event[1]
        attempt.replay(event)
        if attempt.open:
            self._attempts[attempt.branch.previous] = attempt

    def _end_run(self, run: MapRun, event: Event) -> None:
        self._moment = event[1]
        if event[0] is MAP_RUN_FAILED:
            run.fail(StateFailure(event[3], event[4]))
        else:
            if run.state.writer is not None and self._cursor + 1 == len(self._events):
                raise _NotNext  # what the writer answered is not in the record yet
            run.succeed_as_recorded()
        self._runs.remove(run)
        run.show_known()

    def _redrive(self, event: Event) -> None:
        self._moment = event[1]
        self._ended = False
        self._steps.clear()
        self._attempts.clear()
        self._waits.clear()
        self._runs.clear()
        self._log.last = self._cursor
        self._execution.go_on_again()

    def _time_of(self, branch: Branch) -> float:
        """When the last event of a branch was."""
        time: float = self._events[branch.previous - 1][1] if branch.previous else self._execution.start_date
        return time

    # What the log asks.

    def find(self, event: Event) -> int:
        """The id of the recorded event that an event is.

        Raises:
            _NotNext: it is not the next one.
        """
        if self._made:
            found = self._made.popleft()
        else:
            if self._cursor >= len(self._events) or key_of(event) != key_of(self._events[self._cursor]):
                raise _NotNext
            self._cursor = found = self._cursor + 1
            if self._step is not None:
                self._step.made.append(found)
        recorded = self._events[found - 1]
        self._moment = recorded[1]
        kind = recorded[0]
        fails = kind in ENTRIES and recorded[3] in self._fails  # by an event that follows what came before
        if kind in _BEFORE_EXPRESSIONS and found not in self._followed and not fails:
            raise _NotNext
        return found

    # What states ask of the engine.

    def now(self) -> float:
        """The time of the event that is replayed."""
        return self._moment

    def execution_arn(self, machine: StateMachine, name: str) -> str:
        """Return the ARN that the engine gives an execution."""
        return self._engine.execution_arn(machine, name)

    def check_task(self, request: Any) -> None:
        """See `Engine`: a task that was scheduled was not refused."""
        event = self._events[self._cursor] if self._cursor < len(self._events) else None
        if event is None or not event[0].name.endswith("Scheduled"):
            self._engine.check_task(request)

    def begin_map_run(self, run: MapRun) -> None:
        """See `Engine`: its end is in the record, or the engine begins it."""
        journal = self._engine.journal
        run.know(journal.children(run.arn) if journal is not None else ())
        self._runs.append(run)

    def restart_map_run(self, run: MapRun) -> None:
        """Show a Map Run as restarted; the engine continues it after the replay."""
        run.reopen(self._moment)
        self._runs.append(run)

    # Of its journal.

    def holds_back(self, _: Execution) -> bool:
        """See `Journal`: here the status stays as it is."""
        return True

    def appended(self, execution: Execution) -> None:
        """See `Journal`: there is nothing new."""

    def ending(self, execution: Execution, _status: str, event: Event, _tell: Callable[[], None]) -> None:
        """See `Journal`: everybody knows how it ended."""
        self.working -= 1
        execution.end_of_replay()
        self._log.append(event)
        self._ended = True

    # Of its tokens and its runner.

    def issue(self) -> str:
        """See `Tokens`; the token is in the event."""
        return ""

    def open(self, token: str, attempt: Attempt) -> None:
        """Do nothing: tokens are opened when the replay is over."""

    def close(self, token: str) -> None:
        """Do nothing: no token is open during a replay."""

    def start(self, _: Any, completion: Any) -> None:
        """Start nothing: the record has the outcome, or the engine starts the task afterwards."""
        self._attempts[completion.branch.previous] = completion

    # Of its scheduler and its patience.

    def soon_in(self, _lane: Any, call: Any, *args: Any) -> None:
        """See `Scheduler`: branches take their steps when it is their turn in the record."""
        assert call is advance
        branch, step, arguments = args
        self._add(branch, step, arguments)

    def at(self, due: float, call: Any, *args: Any, by_date: bool = False) -> Timer:
        """Note a timer; it is set in the scheduler when the replay is over."""
        timer = Timer(call, args, by_date)
        self._timers[timer] = due
        if call.__func__ is Branch.resume:
            branch = call.__self__
            self._waits[branch.previous], self._waiting[branch.previous] = timer, branch
        return timer

    @property
    def is_driving(self) -> bool:
        """Return whether the calling thread drives the scheduler."""
        return self._engine.scheduler.is_driving

    def help(self, until: Callable[[], bool] | None = None) -> None:
        """Drive the scheduler."""
        self._engine.scheduler.help(until)

    def post(self, call: Any, *args: Any) -> None:
        """Make the call in the scheduler."""
        self._engine.scheduler.post(call, *args)

    def give_turn(self) -> None:
        """Keep the turn: a replay is short."""

    def elsewhere(self, call: Callable[[], Any]) -> Any:
        """Make the call at once."""
        return call()


def _enter(branch: Branch, state: State) -> State | None:
    branch.state = state
    return state.enter(branch)
