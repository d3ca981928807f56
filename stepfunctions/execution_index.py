"""Keeps the STANDARD executions by ARN and by state machine, and drops the oldest closed ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asl import Engine, Execution
from stepfunctions.paging import page
from stepfunctions.records import Revision

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun

CLOSED_KEPT = 10_000
"""How many closed executions are kept, of all state machines together. AWS keeps each for 90 days."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class ExecutionRecord:
    """A STANDARD execution, and what the service knows about it beyond the engine.

    `sequence` orders executions by their start. The last three fields are set for the child executions of a Map Run.
    """

    execution: Execution
    machine_arn: str
    revision: Revision
    version_arn: str | None
    alias_arn: str | None
    sequence: int
    redrive_token: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    map_run_arn: str | None = None
    label: str | None = None
    item_count: int | None = None

    @property
    def is_open(self) -> bool:
        return self.execution.status == "RUNNING"

    @property
    def listed_machine_arn(self) -> str:
        """The state machine's ARN in answers: a child of a Map Run belongs to `machine/label`."""
        return self.machine_arn if self.label is None else f"{self.machine_arn}/{self.label}"

    @property
    def sort_time(self) -> float:
        """The time that ListExecutions sorts by: of the stop, or else of the last redrive or the start."""
        execution = self.execution
        return execution.stop_date or execution.redrive_date or execution.start_date


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions of a state machine are listed; None stands for all."""

    machine_arn: str
    version_arn: str | None = None
    alias_arn: str | None = None
    status: str | None = None
    redriven: bool | None = None

    def columns(self) -> dict[str, str]:
        """Return what has to be equal, by name."""
        wanted = {
            "machine": self.machine_arn,
            "version": self.version_arn,
            "alias": self.alias_arn,
            "status": self.status,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def matches(self, record: ExecutionRecord) -> bool:
        """Return whether an execution of the state machine is listed."""
        execution = record.execution
        return (
            self.version_arn in (None, record.version_arn)
            and self.alias_arn in (None, record.alias_arn)
            and self.status in (None, execution.status)
            and self.redriven in (None, execution.redrive_count > 0)
        )


class ExecutionIndex:
    """The executions of one service. Safe to use from many threads.

    `engine` runs them, and is set once it exists. `on_change(record)` is called with every new status of an execution
    that was recovered.
    """

    engine: Engine
    on_change: Callable[[ExecutionRecord], None]

    def __init__(self, closed_kept: int = CLOSED_KEPT) -> None:
        self._lock = threading.Lock()
        self._by_arn: dict[str, ExecutionRecord] = {}
        self._by_machine: dict[str, dict[str, ExecutionRecord]] = {}
        self._closed: dict[str, ExecutionRecord] = {}  # in the order in which they ended
        self._closed_kept = closed_kept

    def get(self, arn: str) -> ExecutionRecord | None:
        """Return the execution with an ARN, if there is one."""
        return self._by_arn.get(arn)

    def add(self, record: ExecutionRecord, *, refusable: bool = True) -> ExecutionRecord:
        """Keep an execution. If it already has a record, that one is returned.

        Args:
            record: The execution.
            refusable: Whether somebody calls `confirm`, who can be refused.
        """
        arn = record.execution.arn
        with self._lock:
            record = self._by_arn.setdefault(arn, record)
            self._by_machine.setdefault(record.machine_arn, {})[arn] = record
        return record

    def close(self, record: ExecutionRecord) -> None:
        """Count the execution as closed, and drop the oldest closed ones beyond the limit."""
        with self._lock:
            self._closed[record.execution.arn] = record
            while len(self._closed) > self._closed_kept:
                self._drop(self._closed.pop(next(iter(self._closed))))

    def reopen(self, record: ExecutionRecord) -> None:
        """Count the execution as open: while it runs again it must not be dropped."""
        with self._lock:
            self._closed.pop(record.execution.arn, None)

    def confirm(self, record: ExecutionRecord) -> None:
        """Wait until the execution is kept, so that its start can be acknowledged.

        Raises:
            ServiceError: InternalFailure: it cannot be kept. It is dropped.
        """

    def drop(self, record: ExecutionRecord) -> None:
        """Forget an execution."""
        with self._lock:
            self._drop(record)

    def list_page(
        self, wanted: ExecutionFilter, request: dict[str, Any], fingerprint: str
    ) -> tuple[Sequence[ExecutionRecord], str | None]:
        """Return one page of the executions of a state machine, newest first. See `page`."""
        matching = [record for record in self.of_machine(wanted.machine_arn) if wanted.matches(record)]
        matching.sort(key=place, reverse=True)
        return page(matching, request, place, fingerprint)

    def map_run(self, arn: str) -> MapRun | None:
        """Return the Map Run with an ARN, if its execution is kept."""
        run: MapRun | None = self.engine.map_run(arn)
        return run if run is not None and self.get(run.execution.arn) is not None else None

    def closed_map_runs(self, machine_arn: str) -> Iterable[MapRun]:
        """Return the Map Runs of a state machine's executions that `of_machine` doesn't return."""
        return ()

    def of_machine(self, machine_arn: str) -> list[ExecutionRecord]:
        """Return the executions of a state machine that are in memory, those of its versions and aliases included."""
        with self._lock:
            return list(self._by_machine.get(machine_arn, {}).values())

    def _drop(self, record: ExecutionRecord) -> None:
        arn = record.execution.arn
        self._by_arn.pop(arn, None)
        siblings = self._by_machine.get(record.machine_arn)
        if siblings is not None:
            siblings.pop(arn, None)
            if not siblings:
                del self._by_machine[record.machine_arn]


def place(record: ExecutionRecord) -> list[float]:
    """Return the position of an execution in lists."""
    return [record.sort_time, record.sequence]
