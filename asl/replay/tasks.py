"""Lets the tasks of an execution answer as in a record, at the times and in the order in which they did."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from asl.engine.attempt import Attempt
from asl.engine.branch import Branch
from asl.engine.clock import Clock
from asl.engine.engine import Engine
from asl.engine.failures import TIMEOUT, StateFailure
from asl.engine.states.container import Container
from asl.engine.states.map import MapIterations
from asl.engine.tasks import Completion, TaskRequest, TaskRunner
from asl.replay.recording import Place, RecordedAttempt, RecordedOutcome, RecordedRun

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun
    from asl.engine.states.base import State


class RecordedClock(Clock):
    """A clock that jumps to the next timer or to the next recorded outcome when nothing else is left to do.

    Args:
        start: When it begins, in seconds since the epoch.
        on_idle: Called when nothing is left to wait for.
    """

    def __init__(self, start: float, on_idle: Callable[[], None]) -> None:
        self._now = start
        self._on_idle = on_idle
        self._due: list[tuple[float, int, int, Callable[[], None]]] = []
        self._order = count()

    def expect(self, time: float, event_id: int, call: Callable[[], None]) -> None:
        """Make a call at a time; of those due at the same time, that of the lower event id is the first."""
        heapq.heappush(self._due, (time, event_id, next(self._order), call))

    @override
    def now(self) -> float:
        return self._now

    @override
    def pause_until(self, due: float | None, working: bool) -> float | None:
        if working:
            return None  # an expression is evaluated elsewhere
        if self._due and (due is None or self._due[0][0] < due):
            time, _, _, call = heapq.heappop(self._due)
            self._now = max(self._now, time)
            call()
            return 0.0
        if due is None:
            self._on_idle()
            return None
        self._now = max(self._now, due)
        return 0.0

    @override
    def waited(self, seconds: float) -> None:
        """Do nothing: real time does not count."""

    @override
    def jump(self) -> float:
        """Return 0: nobody sets this clock."""
        return 0.0

    @override
    def bind(self, wake: Callable[[], None]) -> None:
        """Do nothing: what is due changes only while the engine runs."""


class RecordedTasks(TaskRunner):
    """A `TaskRunner` that answers as recorded. A task that is not in the record gets no answer.

    `tokens` are those that tasks were given, by the id of the event of the record that they answer to.
    """

    def __init__(self, run: RecordedRun, clock: RecordedClock) -> None:
        self._clock = clock
        self._left = {key: list(reversed(attempts)) for key, attempts in run.attempts.items()}
        self.tokens: dict[int, str] = {}

    @override
    def start(self, request: TaskRequest, completion: Completion) -> None:
        branch = cast(Attempt, completion).branch
        left = self._left.get((request.state_name, place_of_branch(branch)))
        recorded = left.pop() if left else None
        if recorded is None:
            completion.awaiting()
            return
        if request.task_token is not None:
            self.tokens[recorded.event_id] = request.task_token
        self._answer(recorded, completion)

    def _answer(self, recorded: RecordedAttempt, completion: Completion) -> None:
        outcome = recorded.outcome
        if outcome is None or outcome.kind != "start_failed":
            completion.started()
        if recorded.is_submitted:
            completion.submitted(recorded.submitted)
        completion.awaiting()
        if outcome is not None:
            self._clock.expect(outcome.time, outcome.event_id, lambda: _end(completion, outcome))


class ReplayEngine(Engine):
    """An engine in which the runs of distributed Map states, whose children have records of their own, end as recorded.

    Args:
        run: The record.
        on_idle: Called when nothing is left to wait for.
    """

    def __init__(self, run: RecordedRun, on_idle: Callable[[], None], *, region: str, account: str) -> None:
        self.recorded_clock = RecordedClock(run.start, on_idle)
        self.recorded_tasks = RecordedTasks(run, self.recorded_clock)
        self._map_runs = {key: list(reversed(outcomes)) for key, outcomes in run.map_runs.items()}
        super().__init__(self.recorded_tasks, self.recorded_clock, region, account, seed=0)

    @override
    def begin_map_run(self, run: MapRun) -> None:
        branch = run.branch
        left = self._map_runs.get((branch.state.name, place_of_branch(branch)))
        outcome = left.pop() if left else None
        if outcome is not None and outcome.kind:
            self.recorded_clock.expect(
                outcome.time, outcome.event_id, lambda: self.scheduler.post(_end_map_run, run, outcome)
            )


def place_of_branch(branch: Branch) -> Place:
    """Return the place in which a branch runs."""
    found: list[tuple[str, int | str]] = []
    owner: Any = branch.owner
    while isinstance(owner, Container):
        here = branch.index if isinstance(owner, MapIterations) else owner.state.branches[branch.index].name  # type: ignore[attr-defined]
        found.append((owner.state.name, here))
        branch = owner.branch
        owner = branch.owner
    return tuple(reversed(found))


def _end(completion: Completion, outcome: RecordedOutcome) -> None:
    if outcome.kind == "succeeded":
        completion.succeed(outcome.output)
    elif outcome.kind == "start_failed":
        completion.start_failed(outcome.error or "", outcome.cause or "")
    elif outcome.kind == "timed_out":
        completion.fail(outcome.error or TIMEOUT, outcome.cause)
    else:
        completion.fail(outcome.error, outcome.cause)


def _end_map_run(run: MapRun, outcome: RecordedOutcome) -> None:
    if outcome.kind == "failed":
        run.fail(StateFailure(outcome.error, outcome.cause))
    else:
        run.branch.resume(_exit_as_recorded, outcome)


def _exit_as_recorded(branch: Branch, outcome: RecordedOutcome) -> State:
    """Leave the state with the recorded output: what the children answered is not in the record."""
    branch.state.record_exit(branch, outcome.output, outcome.assigned)
    return branch.state.next
