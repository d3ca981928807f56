"""The index of executions over the store: running ones in memory, ended ones on disk."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from typing_extensions import override

from asl import Execution, StateMachine
from asl.engine.execution import SUCCEEDED
from asl.engine.history import Event
from asl.engine.journal import RecordedExecution
from stepfunctions.errors import internal_failure
from stepfunctions.execution_index import ExecutionFilter, ExecutionIndex, ExecutionRecord
from stepfunctions.execution_rows import SELECT, ExecutionRow, KeptMapRun, map_run_statement, recorded_execution
from stepfunctions.kept_revisions import KeptRevisions
from stepfunctions.paging import page_of
from stepfunctions.store import Statement, Store, StoreUnavailable

CLOSED_KEPT = 100_000
"""How many closed executions the store keeps, of all state machines together."""
DAYS_KEPT = 90
"""For how many days, as AWS."""
_PRUNED_EVERY = 500
_RECENT = 32
"""How many executions that were read from the store stay in memory, with their histories."""

_INSERT = (
    "INSERT INTO executions (id, arn, name, machine, revision, version, alias, status, start, sort, map_run, place, "
    "items, trace, input) VALUES (?, ?, ?, ?, ?, ?, ?, 'RUNNING', ?, ?, ?, ?, ?, ?, ?)"
)
_END = "UPDATE executions SET status = ?, stop = ?, sort = ?, error = ?, cause = ?, output = ? WHERE id = ?"
_REOPEN = (
    "UPDATE executions SET status = 'RUNNING', stop = NULL, error = NULL, cause = NULL, redrives = ?, redriven = ?, "
    "sort = ?, redrive_token = ? WHERE id = ?"
)
_PRUNE = (
    "DELETE FROM executions WHERE id IN "
    "(SELECT id FROM executions WHERE stop IS NOT NULL AND map_run IS NULL AND stop < ?)",
    "DELETE FROM executions WHERE id IN "
    "(SELECT id FROM executions WHERE stop IS NOT NULL AND map_run IS NULL ORDER BY stop DESC LIMIT -1 OFFSET ?)",
)
_ORPHANS = (
    "DELETE FROM events WHERE execution NOT IN (SELECT id FROM executions)",
    "DELETE FROM map_runs WHERE execution NOT IN (SELECT id FROM executions)",
    "DELETE FROM executions WHERE map_run IS NOT NULL AND map_run NOT IN (SELECT arn FROM map_runs)",
)


class KeptExecutions(ExecutionIndex):
    """The executions of one service, in a store. It is the engine's `Journal`, too.

    EXPRESS executions are not kept.

    Args:
        store: The database.
        revisions: The revisions of state machines in it.
        closed_kept: How many closed executions are kept.
    """

    def __init__(self, store: Store, revisions: KeptRevisions, closed_kept: int = CLOSED_KEPT) -> None:
        super().__init__(closed_kept)
        self._store = store
        self._revisions = revisions
        self._rows: dict[Execution, ExecutionRow] = {}
        self._starting: dict[str, Future[None]] = {}
        self._dirty: set[Execution] = set()
        self._taken: list[tuple[Execution, ExecutionRow]] = []
        self._known: WeakValueDictionary[str, ExecutionRecord] = WeakValueDictionary()
        self._recent: OrderedDict[str, ExecutionRecord] = OrderedDict()
        self._next = (store.query("SELECT MAX(id) FROM executions")[0][0] or 0) + 1
        self._ended = 0
        store.begin(self._behind, self._commit_failed)

    # -- the index ----------------------------------------------------------------------------------------------

    @override
    def get(self, arn: str) -> ExecutionRecord | None:
        record = self._by_arn.get(arn) or self._known.get(arn)
        if record is not None:
            return record
        rows = self._store.query(f"{SELECT} WHERE arn = ?", arn)
        # A child whose Map Run is in memory is found there, as it is now.
        if not rows or self.engine.map_runs.get(rows[0][13] or "") is not None:
            return None
        return self._record(rows[0])

    @override
    def add(self, record: ExecutionRecord, *, refusable: bool = True) -> ExecutionRecord:
        arn = record.execution.arn
        with self._lock:
            known = self._by_arn.get(arn)
            if known is None:
                ended = self._known.get(arn)  # one that is redriven, or ended at once: it has its row
                known = ended if ended is not None and ended.execution is record.execution else None
            if known is not None:
                return known
            self._hold(record)
            row = self._rows[record.execution] = ExecutionRow(self._new_id())
            record.sequence = row.id
            self._starting[arn] = self._store.submit(
                lambda: self._insert(row, record.execution, record), refusable=refusable
            )
        return record

    @override
    def confirm(self, record: ExecutionRecord) -> None:
        started = self._starting.get(record.execution.arn)
        if started is None or self.engine.scheduler.is_driving:
            return  # or else what an execution starts is written with what that execution does next
        try:
            started.result()
        except StoreUnavailable as error:
            with self._lock:
                self._drop(record)
                self._rows.pop(record.execution, None)
            self.engine.stop(record.execution)
            raise internal_failure(str(error)) from None
        finally:
            self._starting.pop(record.execution.arn, None)

    @override
    def close(self, record: ExecutionRecord) -> None:
        with self._lock:
            self._drop(record)
            self._starting.pop(record.execution.arn, None)
            if self._rows.pop(record.execution, None) is not None:
                self._remember(record)

    @override
    def reopen(self, record: ExecutionRecord) -> None:
        execution = record.execution
        if execution.redrive_count == 0 or execution in self._rows:
            return
        with self._lock:
            self._hold(record)
            row_id = self._store.query("SELECT id FROM executions WHERE arn = ?", execution.arn)[0][0]
            self._rows[execution] = ExecutionRow(row_id, len(execution.history) - 1)
            self._dirty.add(execution)
        redrive = (
            execution.redrive_count,
            execution.redrive_date,
            execution.redrive_date,
            record.redrive_token,
            row_id,
        )
        self._store.write(lambda: [(_REOPEN, redrive)])

    @override
    def list_page(
        self, wanted: ExecutionFilter, request: dict[str, Any], fingerprint: str
    ) -> tuple[Sequence[ExecutionRecord], str | None]:
        where, arguments = ["map_run IS NULL"], list[Any]()
        for column, value in wanted.columns().items():
            where.append(f"{column} = ?")
            arguments.append(value)
        if wanted.redriven is not None:
            where.append("redrives > 0" if wanted.redriven else "redrives = 0")

        def fetch(last: Any, count: int) -> list[ExecutionRecord]:
            place = [] if last is None else ["(sort, id) < (?, ?)"]
            found = self._store.query(
                f"{SELECT} WHERE {' AND '.join(where + place)} ORDER BY sort DESC, id DESC LIMIT ?",
                *arguments,
                *(last or ()),
                count,
            )
            return [self._listed(row) for row in found]

        return page_of(fetch, request, lambda record: [record.sort_time, record.sequence], fingerprint)

    def _listed(self, row: Sequence[Any]) -> ExecutionRecord:
        return self._by_arn.get(row[1]) or self._known.get(row[1]) or self._record(row, remembers=False)

    @override
    def map_run(self, arn: str) -> Any:
        live = self.engine.map_run(arn)
        if live is not None:
            return live
        rows = self._store.query(
            "SELECT executions.arn FROM map_runs JOIN executions ON executions.id = map_runs.execution "
            "WHERE map_runs.arn = ?",
            arn,
        )
        record = self.get(rows[0][0]) if rows else None
        runs = record.execution.map_runs if record is not None else ()
        return next((run for run in runs if run.arn == arn), None)

    @override
    def closed_map_runs(self, machine_arn: str) -> Iterable[Any]:
        rows = self._store.query(
            "SELECT DISTINCT executions.arn FROM map_runs JOIN executions ON executions.id = map_runs.execution "
            "WHERE executions.machine = ? AND executions.status <> 'RUNNING'",
            machine_arn,
        )
        for (arn,) in rows:
            record = self.get(arn)
            if record is not None:
                yield from record.execution.map_runs

    # -- from the store -----------------------------------------------------------------------------------------

    def load_running(self) -> list[ExecutionRecord]:
        """Take the executions into memory that were running when the last process ended; they do not continue yet."""
        rows = self._store.query(f"{SELECT} WHERE status = 'RUNNING' AND map_run IS NULL ORDER BY id")
        counts = dict(
            self._store.query(
                "SELECT execution, SUM(LENGTH(lines) - LENGTH(REPLACE(lines, CHAR(10), '')) + 1) FROM events "
                "WHERE execution IN (SELECT id FROM executions WHERE status = 'RUNNING') GROUP BY execution"
            )
        )
        records = []
        for row in rows:
            record = self._record(row, remembers=False, runs=False)
            with self._lock:
                self._hold(record)
                self._rows[record.execution] = ExecutionRow(row[0], counts.get(row[0], 0))
            records.append(record)
        return records

    def last_ended(self, seconds: float) -> list[ExecutionRecord]:
        """Return the executions that ended in the last seconds of what was written."""
        ((last,),) = self._store.query("SELECT MAX(stop) FROM executions WHERE map_run IS NULL AND stop IS NOT NULL")
        rows = self._store.query(f"{SELECT} WHERE map_run IS NULL AND stop >= ? ORDER BY stop", (last or 0.0) - seconds)
        return [self._record(row, remembers=False) for row in rows]

    def _record(self, row: Sequence[Any], *, remembers: bool = True, runs: bool = True) -> ExecutionRecord:
        row_id, arn, _, machine_arn, revision_id, version, alias = row[:7]
        revision = self._revisions.get(revision_id)
        compiled = revision.compiled
        if version is not None:
            compiled = replace(compiled, version_arn=version, alias_arn=alias)
        map_run_arn, label = row[13], None
        if map_run_arn is not None:
            label = map_run_arn.rsplit(":", 1)[0].rsplit("/", 1)[1]
        changed: list[ExecutionRecord] = []
        execution = self._execution(compiled, row, changed)
        if runs:
            execution.map_runs.extend(self._map_runs(row_id, execution, compiled))
        record = ExecutionRecord(
            execution,
            machine_arn,
            revision,
            version,
            alias,
            row_id,
            redrive_token=row[12],
            map_run_arn=map_run_arn,
            label=label,
            item_count=None if map_run_arn is None else 1,
        )
        changed.append(record)
        with self._lock:
            record = self._known.setdefault(arn, record)
            if remembers:
                self._remember(record)
        return record

    def _execution(self, machine: StateMachine, row: Sequence[Any], records: Sequence[ExecutionRecord]) -> Execution:
        def changed(_: Execution) -> None:
            for record in records:
                self.on_change(record)

        return self.engine.recover(machine, recorded_execution(self._store, row), on_change=changed)

    def _map_runs(self, row_id: int, execution: Execution, machine: StateMachine) -> Iterable[Any]:
        def children(arn: str) -> list[Execution]:
            label = arn.rsplit(":", 1)[0].rsplit("/", 1)[1]
            of_run = replace(machine, arn=f"{machine.arn}/{label}", name=f"{machine.name}/{label}")
            rows = self._store.query(f"{SELECT} WHERE map_run = ? ORDER BY id", arn)
            return [self._execution(of_run, row, ()) for row in rows]

        rows = self._store.query("SELECT arn, document FROM map_runs WHERE execution = ? ORDER BY number", row_id)
        return [KeptMapRun(arn, document, execution, children) for arn, document in rows]

    def _hold(self, record: ExecutionRecord) -> None:
        arn = record.execution.arn
        self._by_arn[arn] = record
        self._by_machine.setdefault(record.machine_arn, {})[arn] = record

    def _remember(self, record: ExecutionRecord) -> None:
        arn = record.execution.arn
        self._known[arn] = record
        self._recent[arn] = record
        self._recent.move_to_end(arn)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _new_id(self) -> int:
        self._next += 1
        return self._next - 1

    @property
    def is_ending(self) -> bool:
        """Whether an end has been written, or is to be, of which nobody has heard."""
        return any(execution.is_ending for execution in tuple(self._rows))

    # -- the engine's journal -----------------------------------------------------------------------------------

    def appended(self, execution: Execution) -> None:
        """Write new events of an execution soon."""
        if execution in self._rows or (execution.map_run is not None and execution.map_run.execution in self._rows):
            self._dirty.add(execution)
            self._store.soon()

    def holds_back(self, execution: Execution) -> bool:
        """See `Journal`: nobody sees an end that is not durable. Ends of a Map Run's children are the Map Run's."""
        return execution in self._rows and execution.map_run is None

    def ending(self, execution: Execution, status: str, event: Event, tell: Callable[[], None]) -> None:
        """Write the end of an execution, then let it be told."""
        row = self._rows[execution]

        def statements() -> Iterable[Statement]:
            self._taken.append((execution, row))
            yield from row.new_events(execution, event)
            yield from self._map_run_statements(execution, row)
            output = execution.history.text(execution.output_value) if status == SUCCEEDED else None
            yield _END, (status, event[1], event[1], execution.error, execution.cause, output, row.id)

        self._store.submit(statements, refusable=False).add_done_callback(lambda _: tell())
        self._prune_sometimes()

    def children(self, map_run_arn: str) -> Sequence[RecordedExecution]:
        """Return the recorded children of a Map Run."""
        rows = self._store.query(f"{SELECT} WHERE map_run = ? ORDER BY id", map_run_arn)
        return [recorded_execution(self._store, row) for row in rows]

    # -- the store's thread -------------------------------------------------------------------------------------

    def _behind(self) -> Iterable[Statement]:
        for execution, row in self._taken:  # of the last commit, which succeeded
            row.durable = row.written
            if execution.map_run is not None and execution.status != "RUNNING":
                self._rows.pop(execution, None)
        self._taken.clear()
        statements: list[Statement] = []
        while self._dirty:
            statements += self._statements_of(self._dirty.pop())
        return statements

    def _statements_of(self, execution: Execution) -> Iterable[Statement]:
        statements: list[Statement] = []
        row = self._rows.get(execution)
        run = execution.map_run
        if row is None and run is not None:
            row, statements = self._child_row(execution)
        if row is None:
            return statements
        self._taken.append((execution, row))
        if not execution.machine.is_express:
            statements += row.new_events(execution)
        if run is not None and execution.status != "RUNNING":
            stop, output = execution.stop_date, execution.output
            statements.append((_END, (execution.status, stop, stop, execution.error, execution.cause, output, row.id)))
        elif run is not None and execution.redrive_count:
            date = execution.redrive_date
            statements.append((_REOPEN, (execution.redrive_count, date, date, None, row.id)))
        statements += self._map_run_statements(execution, row)
        return statements

    def _child_row(self, child: Execution) -> tuple[ExecutionRow | None, list[Statement]]:
        """The row of a Map Run's child, which the engine has started, recovered or redriven."""
        run = child.map_run
        parent = self._by_arn.get(run.execution.arn) if run is not None else None
        if run is None or parent is None:
            return None, []
        known = self._store.query("SELECT id FROM executions WHERE arn = ?", child.arn)
        if known:
            row = ExecutionRow(known[0][0])
            row.written = len(self._written_lines(row.id))
            statements: list[Statement] = []
        else:
            row = ExecutionRow(self._new_id())
            statements = list(self._insert(row, child, parent))
        self._rows[child] = row
        return row, statements

    def _written_lines(self, row_id: int) -> list[str]:
        rows = self._store.query("SELECT lines FROM events WHERE execution = ? ORDER BY first", row_id)
        return [line for (lines,) in rows for line in lines.split("\n")]

    def _insert(self, row: ExecutionRow, execution: Execution, record: ExecutionRecord) -> Iterable[Statement]:
        revision, statements = self._revisions.add(record.revision)
        yield from statements
        run = execution.map_run
        start = execution.start_date
        yield (
            _INSERT,
            (
                row.id,
                execution.arn,
                execution.name,
                record.machine_arn,
                revision,
                record.version_arn,
                record.alias_arn,
                start,
                start,
                None if run is None else run.arn,
                0 if run is None else run.place_of(execution),
                1 if run is None else run.items_of(execution),
                execution.trace_header,
                execution.input,
            ),
        )

    @staticmethod
    def _map_run_statements(execution: Execution, row: ExecutionRow) -> Iterable[Statement]:
        return [
            map_run_statement(row.id, number, run)
            for number, run in enumerate(execution.map_runs)
            if not isinstance(run, KeptMapRun)
        ]

    def _commit_failed(self) -> None:
        for execution, row in self._taken:
            row.roll_back()
            self._dirty.add(execution)
        self._taken.clear()

    def _prune_sometimes(self) -> None:
        self._ended += 1
        if self._ended % _PRUNED_EVERY == 0:
            self._store.write(self._prune)

    def _prune(self) -> Iterable[Statement]:
        oldest, most = _PRUNE
        yield oldest, (time.time() - DAYS_KEPT * 86_400,)
        yield most, (self._closed_kept,)
        for statement in _ORPHANS:
            yield statement, ()
