"""Keeps the logs of functions in a SQLite file, as the log groups and streams that Lambda writes to.

A stream has the lines of one invocation after the other, between Lambda's own lines: START, END and REPORT. Lines come
from the pool's threads into a queue; one thread writes them, many at a time. A power cut may lose the last ones.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
import sys
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib import times
from localcloud.workers.lines import InvocationEnd, PoolEntry, ReportKind, WorkerReport

MAX_RUN = 8 * 1024 * 1024
MAX_TOTAL = 128 * 1024 * 1024
"""Characters that are kept of one run, and in all. Beyond that, the oldest lines are dropped, a tenth at a time."""
GROUP_PREFIX = "/aws/lambda/"
_KNOWN_SIZES = 1_000  # of runs, in memory; there may be hundreds of thousands with lines

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY, log_group TEXT NOT NULL, stream TEXT NOT NULL, time INTEGER NOT NULL,
    run TEXT NOT NULL, own INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS lines_by_time ON lines (log_group, time, id);
CREATE INDEX IF NOT EXISTS lines_by_stream ON lines (log_group, stream, id);
CREATE INDEX IF NOT EXISTS lines_by_run ON lines (run, id);
"""


class Line(NamedTuple):
    """A line of a log stream. `time` is in milliseconds since 1970."""

    id: int
    stream: str
    time: int
    message: str


class LogStore:
    """The log groups of functions.

    Args:
        file: The database file; None keeps the lines in memory.
        max_run: How many characters are kept of one run.
        max_total: How many are kept in all.
    """

    def __init__(self, file: Path | None, *, max_run: int = MAX_RUN, max_total: int = MAX_TOTAL) -> None:
        self._max_run, self._max_total = max_run, max_total
        self._queue: queue.SimpleQueue[PoolEntry | InvocationEnd | threading.Event | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._database = _open(file)
        self.created = int(self._database.execute("PRAGMA user_version").fetchone()[0]) * 1000
        """When the store was made, in milliseconds since 1970: how old a group is in which nothing was written."""
        self._streams: dict[str, str] = {}  # of the invocations that have begun
        self._free: defaultdict[str, list[str]] = defaultdict(list)
        self._started = 0
        self._sizes = OrderedDict[str, int]()  # of the runs that wrote last
        self._total = self._database.execute("SELECT COALESCE(SUM(LENGTH(message)), 0) FROM lines").fetchone()[0]
        self._thread = threading.Thread(target=self._write_on, name="function-logs", daemon=True)
        self._thread.start()

    def take(self, entry: PoolEntry | InvocationEnd) -> None:
        """Keep a line, or note the end of an invocation. Returns at once."""
        self._queue.put(entry)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._queue.put(None)
        self._thread.join(10)
        with self._lock:
            self._database.close()

    # -- what is there

    def groups(self) -> list[tuple[str, int, int]]:
        """Return the log groups, with the time of their first line and their size."""
        sql = "SELECT log_group, MIN(time), SUM(LENGTH(message)) FROM lines GROUP BY log_group ORDER BY log_group"
        return self._read(sql)

    def has(self, group: str) -> bool:
        """Return whether anything was written to a log group."""
        return bool(self._read("SELECT 1 FROM lines WHERE log_group = ? LIMIT 1", [group]))

    def forget(self, group: str) -> None:
        """Delete a log group with its lines; those of later invocations create it again, as Lambda does."""
        rows = self._read("SELECT run, LENGTH(message) FROM lines WHERE log_group = ?", [group])
        with self._lock, self._database:
            self._database.execute("DELETE FROM lines WHERE log_group = ?", [group])
            for run, size in rows:
                self._count(run, -size)

    def streams(self, group: str) -> list[tuple[str, int, int]]:
        """Return the streams of a group, with the times of their first and last lines."""
        sql = "SELECT stream, MIN(time), MAX(time) FROM lines WHERE log_group = ? GROUP BY stream ORDER BY stream"
        return self._read(sql, [group])

    def lines(
        self, group: str, where: str = "1", parameters: Sequence[Any] = (), order: str = "time, id"
    ) -> list[Line]:
        """Return lines of a group.

        Args:
            group: The group's name.
            where: A condition on the columns `id`, `stream`, `time` and `message`, and perhaps a limit in `order`.
            parameters: The values of its parameters.
            order: What the lines are ordered by.
        """
        sql = f"SELECT id, stream, time, message FROM lines WHERE log_group = ? AND {where} ORDER BY {order}"  # noqa: S608
        return [Line(*row) for row in self._read(sql, [group, *parameters])]

    def _read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        written = threading.Event()
        self._queue.put(written)
        written.wait(5)
        with self._lock:
            return self._database.execute(sql, parameters).fetchall()

    # -- the thread that writes

    def _write_on(self) -> None:
        going_on = True
        while going_on:
            entries = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(entries) < 5_000:
                    entries.append(self._queue.get_nowait())
            going_on = None not in entries
            try:
                with self._lock:
                    self._write([entry for entry in entries if not isinstance(entry, threading.Event) and entry])
            except Exception as error:  # the disk is full, perhaps: functions run on, and this thread must
                sys.stderr.write(f"Lines of functions could not be kept: {error}\n")
            for entry in entries:
                if isinstance(entry, threading.Event):
                    entry.set()

    def _write(self, entries: Iterable[PoolEntry | InvocationEnd]) -> None:
        rows = [row for entry in entries for row in self._rows(entry)]
        if not rows:
            return
        with self._database:
            self._database.executemany(
                "INSERT INTO lines (log_group, stream, time, run, own, message) VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            for row in rows:
                self._count(row[3], len(row[5]))
            for run in {row[3] for row in rows} - {""}:
                if self._size_of(run) > self._max_run:
                    self._drop(run)
            if self._total > self._max_total:
                self._drop(None)

    def _count(self, run: str, size: int) -> None:
        self._total += size
        if run in self._sizes:
            self._sizes[run] += size

    def _size_of(self, run: str) -> int:
        """Return how many characters are kept of a run."""
        if run not in self._sizes:
            sql = "SELECT COALESCE(SUM(LENGTH(message)), 0) FROM lines WHERE run = ?"
            self._sizes[run] = self._database.execute(sql, [run]).fetchone()[0]
            while len(self._sizes) > _KNOWN_SIZES:
                self._sizes.popitem(last=False)
        self._sizes.move_to_end(run)
        return self._sizes[run]

    def _rows(self, entry: PoolEntry | InvocationEnd) -> list[tuple[str, str, int, str, int, str]]:
        group, moment = GROUP_PREFIX + entry.function, time.time()
        if isinstance(entry, InvocationEnd):
            first = self._begin(group, entry.request_id, entry.began, "")
            stream = self._streams.pop(entry.request_id)
            self._free[group].append(stream)
            at = int(entry.ended * 1000)
            end = (group, stream, at, "", 1, f"END RequestId: {entry.request_id}\n")
            return [*first, end, (group, stream, at, "", 1, _report(entry))]
        if not entry.function or (isinstance(entry, WorkerReport) and entry.kind is ReportKind.MISTAKE):
            return []
        text = entry.text
        if isinstance(entry, WorkerReport):
            if entry.kind is ReportKind.TIMEOUT:
                text = f"{times.iso(entry.time)} {entry.request_id} {text}"
            else:
                text = f"RequestId: {entry.request_id} Error: {text}"
        moment = entry.time
        first = self._begin(group, entry.request_id, moment, entry.source.run) if entry.request_id else []
        stream = self._streams.get(entry.request_id, "local/[$LATEST]between-invocations")
        return [*first, (group, stream, int(moment * 1000), entry.source.run, 0, text + "\n")]

    def _begin(self, group: str, request_id: str, moment: float, run: str) -> list[tuple[str, str, int, str, int, str]]:
        """Give an invocation a stream that no other one writes to, and return the line that it begins with."""
        if request_id in self._streams:
            return []
        if self._free[group]:
            stream = self._free[group].pop()
        else:
            self._started += 1
            day = time.strftime("%Y/%m/%d", time.gmtime(moment))
            stream = f"{day}/[$LATEST]{time.time_ns() & 0xFFFFFFFFFFFF:012x}{self._started:08x}"
        self._streams[request_id] = stream
        return [(group, stream, int(moment * 1000), run, 1, f"START RequestId: {request_id} Version: $LATEST\n")]

    def _drop(self, run: str | None) -> None:
        """Drop the oldest lines of a run, or of all, and let the last of them say so."""
        limit = self._max_total if run is None else self._max_run
        excess = (self._total if run is None else self._sizes[run]) - int(limit * 0.9)
        condition, parameters = ("1", []) if run is None else ("run = ? AND own = 0", [run])
        dropped: list[tuple[int, str, int, int]] = []
        rows = self._database.execute(
            f"SELECT id, run, LENGTH(message), own FROM lines WHERE {condition} ORDER BY id",  # noqa: S608
            parameters,
        )
        for row in rows:
            if excess <= 0:
                break
            excess -= row[2]
            dropped.append(row)
        rows.close()
        if not dropped:
            return
        for _, of, size, _ in dropped:
            self._count(of, -size)
        last = next((row for row in reversed(dropped) if not row[3]), dropped[-1])
        of_what = "the logs of all runs" if run is None else "this run's log"
        note = f"[localcloud] Older lines were dropped here: {of_what} exceeded {limit // 1024} KB.\n"
        self._count(last[1], len(note))
        ids = [(row[0],) for row in dropped if row is not last]
        self._database.executemany("DELETE FROM lines WHERE id = ?", ids)
        self._database.execute("UPDATE lines SET message = ?, own = 1 WHERE id = ?", [note, last[0]])


def _report(end: InvocationEnd) -> str:
    duration = max(0.0, end.ended - end.began) * 1000
    text = (
        f"REPORT RequestId: {end.request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {int(duration) + 1} ms\t"
        f"Memory Size: {end.memory} MB\tMax Memory Used: {end.memory} MB\t\n"
    )
    if end.trace.sampled:
        text += f"XRAY TraceId: {end.trace.root}\tSegmentId: {end.trace.segment}\tSampled: true\t\n"
    return text


def _open(file: Path | None) -> sqlite3.Connection:
    """Open the file; a damaged one is replaced, as the lines in it are worth less than a start."""
    for attempt in (1, 2):
        if file is not None:  # SQLite gives the files beside it the same permissions
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(str(file) if file is not None else ":memory:", check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                connection.execute(f"PRAGMA user_version = {int(time.time())}")
                connection.commit()
        except sqlite3.DatabaseError as error:
            connection.close()
            if attempt == 2 or file is None:
                raise
            sys.stderr.write(f"{file} is damaged ({error}): the lines of functions in it are lost.\n")
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
        else:
            return connection
    raise AssertionError("unreachable: the second attempt returns or raises")
