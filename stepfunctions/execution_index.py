"""Keeps the STANDARD executions by ARN and by state machine, and drops the oldest closed ones."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from asl import Execution
from stepfunctions.records import Revision

CLOSED_KEPT = 10_000
"""How many closed executions are kept, of all state machines together. AWS keeps each for 90 days."""


@dataclass(slots=True, eq=False)
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


class ExecutionIndex:
    """The executions of one service. Safe to use from many threads."""

    def __init__(self, closed_kept: int = CLOSED_KEPT) -> None:
        self._lock = threading.Lock()
        self._by_arn: dict[str, ExecutionRecord] = {}
        self._by_machine: dict[str, dict[str, ExecutionRecord]] = {}
        self._closed: dict[str, ExecutionRecord] = {}  # in the order in which they ended
        self._closed_kept = closed_kept

    def get(self, arn: str) -> ExecutionRecord | None:
        """Return the execution with an ARN, if there is one."""
        return self._by_arn.get(arn)

    def add(self, record: ExecutionRecord) -> ExecutionRecord:
        """Keep an execution. If it already has a record, that one is returned."""
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

    def of_machine(self, machine_arn: str) -> list[ExecutionRecord]:
        """Return the executions of a state machine, those of its versions and aliases included."""
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
