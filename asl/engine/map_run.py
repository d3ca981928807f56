"""A Map Run: the child executions of one run of a distributed Map state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch
from asl.engine.execution import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution
from asl.engine.failures import StateFailure
from asl.engine.machine import StateMachine
from asl.engine.names import new_name

if TYPE_CHECKING:
    from asl.engine.states.distributed import DistributedMap

THRESHOLD_EXCEEDED = "States.ExceedToleratedFailureThreshold"
MOST_CHILDREN = 10_000
"""The maximum number of child executions that run at the same time."""

StartChild = Callable[["MapRun", Any], Execution]
"""Starts a child of a Map Run with an input, a JSON value. The child begins later, in the run's lane."""


class MapRun(Blocker):
    """The run of a distributed Map state. What it shows may be read from any thread.

    `execution` is the parent, `executions` are the children in the order of their start. Dates are seconds since the
    epoch. A failure threshold that is None is not set.
    """

    def __init__(self, branch: Branch, state: DistributedMap, label: str, start_child: StartChild) -> None:
        execution = branch.execution
        machine = execution.machine
        engine = execution.engine
        self.branch = branch
        self.state = state
        self.execution = execution
        self.machine = StateMachine(
            f"{machine.arn}/{label}",
            f"{machine.name}/{label}",
            machine.definition,
            state.execution_type,
            machine.role_arn,
        )
        self.arn = f"arn:aws:states:{engine.region}:{engine.account}:mapRun:{machine.name}/{label}:{new_name()}"
        self.status = RUNNING
        self.start_date = engine.now()
        self.stop_date: float | None = None
        self.max_concurrency = 0
        self.tolerated_failure_count: float | None = None
        self.tolerated_failure_percentage: float | None = None
        self.redrive_count = 0
        self.redrive_date: float | None = None
        self.executions: list[Execution] = []
        self.started_event = 0
        self._start_child = start_child
        self._inputs: list[Any] = []
        self._items_in: list[int] = []
        self._following = 0
        self._running: set[Execution] = set()
        self._counts = dict.fromkeys((SUCCEEDED, FAILED, TIMED_OUT, ABORTED), 0)
        self._items = dict(self._counts)
        self._places: dict[Execution, int] = {}
        execution.map_runs.append(self)
        engine.map_runs[self.arn] = self

    def __repr__(self) -> str:
        return f"<MapRun {self.arn} {self.status}>"

    def execution_counts(self) -> dict[str, int]:
        """How many child executions there are in each status, as DescribeMapRun has them."""
        return self._shown(self._counts, len(self._running), len(self._inputs) - self._following, len(self._inputs))

    def item_counts(self) -> dict[str, int]:
        """How many items there are in each status, as DescribeMapRun has them."""
        total = sum(self._items_in)
        running = sum(self._items_in[self._places[child]] for child in tuple(self._running))
        return self._shown(self._items, running, sum(self._items_in[self._following :]), total)

    def _shown(self, ended: dict[str, int], running: int, pending: int, total: int) -> dict[str, int]:
        return {
            "pending": pending,
            "running": running,
            "succeeded": ended[SUCCEEDED],
            "failed": ended[FAILED],
            "timedOut": ended[TIMED_OUT],
            "aborted": ended[ABORTED],
            "total": total,
            "resultsWritten": total if self.state.writer is not None and self.status == SUCCEEDED else 0,
        }

    # Called by the scheduler.

    def begin(self, inputs: list[Any], items_in: list[int]) -> None:
        """Let the first children begin. `items_in` says how many items each input has."""
        self._inputs = inputs
        self._items_in = items_in
        self._start_more()

    def update(self) -> None:
        """A limit has changed."""
        if self.status == RUNNING and self._inputs:
            self._start_more()

    def _start_more(self) -> None:
        width = min(self.max_concurrency or MOST_CHILDREN, MOST_CHILDREN)
        while self._following < len(self._inputs) and len(self._running) < width:
            self._start(self._following)
            self._following += 1
        if not self._running and self._following >= len(self._inputs):
            self._end(SUCCEEDED)
            self.state.children_done(self.branch, self)

    def _start(self, place: int) -> None:
        child = self._start_child(self, self._inputs[place])
        self._places[child] = place
        self._running.add(child)
        self.executions.append(child)

    def child_changed(self, child: Execution) -> None:
        """A child has begun or ended."""
        if child.status == RUNNING or child not in self._running:
            return
        self._running.discard(child)
        self._counts[child.status] += 1
        self._items[child.status] += self._items_in[self._places[child]]
        if self.status != RUNNING:
            return
        if child.status != SUCCEEDED and self._too_many_failures():
            self.fail(StateFailure(THRESHOLD_EXCEEDED, "The specified tolerated failure threshold was exceeded"))
        else:
            self._start_more()

    def _too_many_failures(self) -> bool:
        failed = self._items[FAILED] + self._items[TIMED_OUT] + self._items[ABORTED]
        percent = self.tolerated_failure_percentage
        if self.tolerated_failure_count is None and percent is None:
            return failed > 0
        if self.tolerated_failure_count is not None and failed > self.tolerated_failure_count:
            return True
        return percent is not None and failed * 100 > percent * max(1, sum(self._items_in))

    def fail(self, failure: StateFailure) -> None:
        """The run fails, and with it the state."""
        self._end(FAILED)
        self._abort_children()
        self.state.run_failed(self.branch, failure)

    @override
    def cancel(self) -> None:
        if self.status == RUNNING:
            self._end(ABORTED)
            self._abort_children()

    def _abort_children(self) -> None:
        for child in tuple(self._running):
            child.abort(None, None)

    def _end(self, status: str) -> None:
        self.status = status
        self.stop_date = self.execution.engine.now()

    def succeeded_children(self) -> list[Execution]:
        """The children that succeeded, in the order of their items."""
        return [child for child in self.executions if child.status == SUCCEEDED]

    def restart(self) -> None:
        """Redrive: what has not succeeded runs again, EXPRESS children as new executions."""
        again = [child for child in self.executions if child.status != SUCCEEDED]
        self.status = RUNNING
        self.stop_date = None
        self.redrive_count += 1
        self.redrive_date = self.execution.engine.now()
        for child in again:
            place = self._places[child]
            self._counts[child.status] -= 1
            self._items[child.status] -= self._items_in[place]
            if self.machine.is_express:
                self.executions.remove(child)
                self._start(place)
            else:
                self._running.add(child)
                child.redrive()
        if not again:
            self._start_more()
