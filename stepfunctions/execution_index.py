"""Which executions there are: found by their ARN, listed by machine or Map Run, the oldest closed ones forgotten."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from asl import Execution
from stepfunctions.records import Revision

CLOSED_KEPT = 10_000
"""How many closed executions are kept, whatever their machine. AWS keeps each for 90 days."""


@dataclass(slots=True, eq=False)
class ExecutionRecord:
    """A STANDARD execution, and what the service knows of it beyond the engine.

    `sequence` orders the starts. The last three fields are set for the child executions of a Map Run.
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
        """The machine's ARN as executions name it: a child of a Map Run belongs to `machine/label`."""
        return self.machine_arn if self.label is None else f"{self.machine_arn}/{self.label}"

    @property
    def sort_time(self) -> float:
        """By what ListExecutions sorts: when it stopped, or when it started or was redriven last."""
        execution = self.execution
        return execution.stop_date or execution.redrive_date or execution.start_date


class ExecutionIndex:
    """The executions of one service. Safe to use from many threads."""

    def __init__(self, closed_kept: int = CLOSED_KEPT) -> None:
        self._lock = threading.Lock()
        self._by_arn: dict[str, ExecutionRecord] = {}
        self._by_machine: dict[str, dict[str, ExecutionRecord]] = {}
        self._closed: dict[str, ExecutionRecord] = {}  # in the order of their ends
        self._closed_kept = closed_kept

    def __len__(self) -> int:
        return len(self._by_arn)

    def get(self, arn: str) -> ExecutionRecord | None:
        return self._by_arn.get(arn)

    def add(self, record: ExecutionRecord) -> ExecutionRecord:
        """Remember an execution; the record that it has already wins."""
        arn = record.execution.arn
        with self._lock:
            record = self._by_arn.setdefault(arn, record)
            self._by_machine.setdefault(record.machine_arn, {})[arn] = record
        return record

    def close(self, record: ExecutionRecord) -> None:
        """Note that the execution has ended; forget the oldest ended ones beyond the limit."""
        with self._lock:
            self._closed[record.execution.arn] = record
            while len(self._closed) > self._closed_kept:
                self._forget(self._closed.pop(next(iter(self._closed))))

    def reopen(self, record: ExecutionRecord) -> None:
        """A closed execution runs again: it must not be forgotten meanwhile."""
        with self._lock:
            self._closed.pop(record.execution.arn, None)

    def of_machine(self, machine_arn: str) -> list[ExecutionRecord]:
        with self._lock:
            return list(self._by_machine.get(machine_arn, {}).values())

    def _forget(self, record: ExecutionRecord) -> None:
        arn = record.execution.arn
        self._by_arn.pop(arn, None)
        siblings = self._by_machine.get(record.machine_arn)
        if siblings is not None:
            siblings.pop(arn, None)
            if not siblings:
                del self._by_machine[record.machine_arn]
