"""Executions and Map Runs as rows of the store, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from asl import Execution
from asl.engine.event_codec import decode_events, encode_event
from asl.engine.history import Event
from asl.engine.journal import RecordedExecution
from stepfunctions.store import Statement, Store

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun

COLUMNS = (
    "id, arn, name, machine, revision, version, alias, status, start, stop, redrives, redriven, redrive_token, "
    "map_run, place, items, error, cause, trace, input, output"
)
SELECT = f"SELECT {COLUMNS} FROM executions"  # noqa: S608  (both are constants)
_BATCH = 500
"""How many events a row has at most, so that a part of a long history can be deleted."""


class ExecutionRow:
    """Where an execution that runs is in the store. `written` counts the events that are there, or will be soon.

    With the last one the row is `complete`, before the execution itself has that event.
    """

    __slots__ = ("complete", "durable", "id", "written")

    def __init__(self, row_id: int, written: int = 0) -> None:
        self.id = row_id
        self.written = written
        self.durable = written
        self.complete = False

    def roll_back(self) -> None:
        """Forget what was to be written: the commit has failed."""
        self.written = self.durable
        self.complete = False

    def new_events(self, execution: Execution, last: Event | None = None) -> Iterable[Statement]:
        """Return the statements that add the events that are not in the store.

        Args:
            execution: The execution.
            last: The event that ends it, which is not in its history yet.
        """
        if self.complete:
            return
        history = execution.history
        if self.written > len(history):  # it was cut because it was full
            yield "DELETE FROM events WHERE execution = ?", (self.id,)
            self.written = 0
        events = history.since(self.written)
        if last is not None:
            events.append(last)
        raw, value = history.raw, execution.input_value
        lines = [encode_event(event, raw, value) for event in events]
        for start in range(0, len(lines), _BATCH):
            batch = "\n".join(lines[start : start + _BATCH])
            yield "INSERT INTO events VALUES (?, ?, ?)", (self.id, self.written + start, batch)
        self.written += len(lines)
        self.complete = last is not None


def recorded_execution(store: Store, row: Sequence[Any]) -> RecordedExecution:
    """Return the record of an execution from a row of `SELECT`. Its events are read when they are wanted."""
    row_id, arn, name, _, _, _, _, status, start, stop, redrives, redriven, _, _, place, items = row[:16]
    error, cause, trace, given, output = row[16:]

    def events(value: Any) -> list[Event]:
        rows = store.query("SELECT lines FROM events WHERE execution = ? ORDER BY first", row_id)
        return decode_events((line for (lines,) in rows for line in lines.split("\n")), value)

    return RecordedExecution(
        arn=arn,
        name=name,
        input=given,
        start_date=start,
        events=events,
        status=status,
        stop_date=stop,
        output=output,
        error=error,
        cause=cause,
        redrive_count=redrives,
        redrive_date=redriven,
        trace_header=trace,
        place=place,
        items=items,
    )


def map_run_statement(row_id: int, number: int, run: MapRun) -> Statement:
    """Return what writes a Map Run of an execution as it is now."""
    document = {
        "status": run.status,
        "start": run.start_date,
        "stop": run.stop_date,
        "concurrency": run.max_concurrency,
        "count": run.tolerated_failure_count,
        "percentage": run.tolerated_failure_percentage,
        "redrives": run.redrive_count,
        "redriven": run.redrive_date,
        "items": run.item_counts(),
        "executions": run.execution_counts(),
    }
    return "INSERT OR REPLACE INTO map_runs VALUES (?, ?, ?, ?)", (run.arn, row_id, number, json.dumps(document))


class KeptMapRun:
    """A Map Run of an execution that has ended, with what `asl.engine.map_run.MapRun` shows."""

    def __init__(
        self, arn: str, document: str, execution: Execution, children: Callable[[str], list[Execution]]
    ) -> None:
        shown = json.loads(document)
        self.arn = arn
        self.execution = execution
        self.status: str = shown["status"]
        self.start_date: float = shown["start"]
        self.stop_date: float | None = shown["stop"]
        self.max_concurrency: int = shown["concurrency"]
        self.tolerated_failure_count: float | None = shown["count"]
        self.tolerated_failure_percentage: float | None = shown["percentage"]
        self.redrive_count: int = shown["redrives"]
        self.redrive_date: float | None = shown["redriven"]
        self._items: dict[str, int] = shown["items"]
        self._executions: dict[str, int] = shown["executions"]
        self._children = children

    @property
    def executions(self) -> list[Execution]:
        """The child executions, in the order of their starts."""
        return self._children(self.arn)

    def item_counts(self) -> dict[str, int]:
        """How many items there are in each status, as DescribeMapRun has them."""
        return self._items

    def execution_counts(self) -> dict[str, int]:
        """How many child executions there are in each status, as DescribeMapRun has them."""
        return self._executions
