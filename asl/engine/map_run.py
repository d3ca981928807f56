"""A Map Run: the child executions of one run of a distributed Map state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch
from asl.engine.execution import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution
from asl.engine.failures import StateFailure
from asl.engine.jsontext import loads
from asl.engine.machine import StateMachine
from asl.engine.names import new_name
from asl.engine.recovery import recovered, replay

if TYPE_CHECKING:
    from asl.engine.journal import RecordedExecution
    from asl.engine.states.distributed import DistributedMap

THRESHOLD_EXCEEDED = "States.ExceedToleratedFailureThreshold"
MOST_CHILDREN = 10_000
"""The maximum number of child executions that run at the same time."""

StartChild = Callable[["MapRun", Any], Execution]
"""Starts a child of a Map Run with an input, a JSON value. The child begins later, in the run's lane."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many items a run reads, and how many items and bytes go into a batch; 0 means as many as there are."""

    items: int = 0
    batch_items: int = 0
    batch_bytes: int = 0


def new_arn(execution: Execution, label: str) -> str:
    """The ARN of a new run of the distributed Map state that has this label."""
    engine = execution.engine
    return f"arn:aws:states:{engine.region}:{engine.account}:mapRun:{execution.machine.name}/{label}:{new_name()}"


class MapRun(Blocker):
    """The run of a distributed Map state. What it shows may be read from any thread.

    `execution` is the parent, `executions` are the children in the order of their start, `source` is the state's
    selected input with the items in it. Dates are seconds since the epoch. A failure threshold that is None is not set.
    """

    def __init__(self, branch: Branch, state: DistributedMap, arn: str, start_child: StartChild) -> None:
        execution = branch.execution
        machine = execution.machine
        engine = execution.engine
        label = arn.rsplit(":", 1)[0].rsplit("/", 1)[1]
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
        self.arn = arn
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
        self.source: tuple[Any, list[Any]] = (None, [])
        self.limits = Limits()
        self._inputs: list[Any] = []
        self._items_in: list[int] = []
        self._following = 0
        self._running: set[Execution] = set()
        self._counts = dict.fromkeys((SUCCEEDED, FAILED, TIMED_OUT, ABORTED), 0)
        self._items = dict(self._counts)
        self._places: dict[Execution, int] = {}
        self._known: dict[int, RecordedExecution] | None = None
        self._continue = False
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

    @property
    def has_begun(self) -> bool:
        """Whether it has children, which redriving continues with."""
        return bool(self.executions or self._known)

    def start(self) -> None:
        """Find the items and begin."""
        self.state.find_items(self.branch, self)

    def begin(self, inputs: list[Any], items_in: list[int]) -> None:
        """Let the first children begin. `items_in` says how many items each input has."""
        self._inputs = inputs
        self._items_in = items_in
        if self._known is not None:
            self._take_known()
        self._start_more()

    def know(self, children: Sequence[RecordedExecution]) -> None:
        """The execution is recovered: these children were written down. Of each place, the last one counts."""
        self._known = {child.place: child for child in children}

    def show_known(self) -> None:
        """The run has ended in the record: count its children, and list them."""
        known = [child for _, child in sorted((self._known or {}).items())]
        self._items_in = [child.items for child in known]
        self._inputs = [None] * len(known)
        self._following = len(known)
        self.executions = [recovered(self.execution.engine, self.machine, child, None, self) for child in known]
        self._places = {child: place for place, child in enumerate(self.executions)}
        for child in known:
            if child.status in self._counts:
                self._counts[child.status] += 1
                self._items[child.status] += child.items

    def succeed_as_recorded(self) -> None:
        """The run has succeeded in the record."""
        known = sorted((self._known or {}).items())
        outputs = [loads(child.output or "null") for _, child in known if child.status == SUCCEEDED]
        self._end(SUCCEEDED)
        self.state.succeed(self.branch, self, outputs)

    def items_of(self, child: Execution) -> int:
        """How many items a child's input has."""
        place = self.place_of(child)
        return self._items_in[place] if place < len(self._items_in) else 1

    def _take_known(self) -> None:
        """Let the children that have ended count, and the others continue."""
        known, self._known = self._known or {}, None
        self.executions.clear()
        self._places.clear()
        self._counts = dict.fromkeys(self._counts, 0)
        self._items = dict(self._counts)
        engine = self.execution.engine
        for place, recorded in sorted(known.items()):
            if place >= len(self._inputs):  # the source has fewer items than before
                continue
            ended = recorded.status != RUNNING
            again = not ended or (self._continue and recorded.status != SUCCEEDED)
            if again and self.machine.is_express:
                self._start(place)
                continue
            child = recovered(engine, self.machine, recorded, None, self)
            self._places[child] = place
            self.executions.append(child)
            if again:
                self._running.add(child)
                engine.scheduler.soon_in(child.lane, self._resume, child, ended)
            else:
                self._counts[child.status] += 1
                self._items[child.status] += self._items_in[place]
        self._following = max((place + 1 for place in known), default=0)
        if self._too_many_failures():
            self.fail(StateFailure(THRESHOLD_EXCEEDED, "The specified tolerated failure threshold was exceeded"))

    @staticmethod
    def _resume(child: Execution, ended: bool) -> None:
        if ended:
            child.redrive()
        else:
            replay(child)

    def update(self) -> None:
        """A limit has changed."""
        if self.status == RUNNING and self._inputs:
            self._start_more()

    def _start_more(self) -> None:
        if self.status != RUNNING:
            return
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

    def iterations_of(self, child: Execution) -> tuple[int, ...]:
        """The index of a child's item in each Map around it, the outermost first."""
        return (*self.branch.iterations(), self.place_of(child))

    def place_of(self, child: Execution) -> int:
        """The position of a child's input among the inputs."""
        return self._places.get(child, 0)

    def reopen(self, date: float) -> None:
        """Show that the run is redriven."""
        self.status = RUNNING
        self.stop_date = None
        self.redrive_count += 1
        self.redrive_date = date

    def restart(self) -> None:
        """Redrive: what has not succeeded runs again, EXPRESS children as new executions."""
        again = [child for child in self.executions if child.status != SUCCEEDED]
        self.reopen(self.execution.engine.now())
        if self._known is not None:
            self._continue = True
            self.start()
            return
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
