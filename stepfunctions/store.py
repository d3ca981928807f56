"""The database of what outlives the process: SQLite in WAL mode, written by one thread.

Each commit is a group: everything that is waiting when the thread comes round is one transaction, so that many who
wait share one `fsync`. What nobody waits for is written with it, or after `BEHIND_SECONDS`.

A commit that fails (a full disk) fails everybody who can be refused, and is logged once a minute. What cannot be
refused, such as the end of an execution, stays in the queue and is tried again every `RETRY_SECONDS`. Whatever else
goes wrong is treated in the same way: if the thread ended, everybody would wait for ever.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.language.values import without_surrogates

_log = logging.getLogger(__name__)

BEHIND_SECONDS = 0.05
RETRY_SECONDS = 1.0
SAID_EVERY_SECONDS = 60.0
FORMAT = 1
"""The version of the schema. A database of another version is set aside."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS resources (arn TEXT PRIMARY KEY, kind TEXT, document TEXT);
CREATE TABLE IF NOT EXISTS revisions (id TEXT PRIMARY KEY, document TEXT);
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY, arn TEXT UNIQUE, name TEXT, machine TEXT, revision TEXT, version TEXT, alias TEXT,
    status TEXT, start REAL, stop REAL, redrives INTEGER DEFAULT 0, redriven REAL, redrive_token TEXT, sort REAL,
    map_run TEXT, place INTEGER DEFAULT 0, items INTEGER DEFAULT 1, error TEXT, cause TEXT, trace TEXT, input TEXT,
    output TEXT
);
CREATE INDEX IF NOT EXISTS by_machine ON executions (machine, sort, id) WHERE map_run IS NULL;
CREATE INDEX IF NOT EXISTS by_map_run ON executions (map_run, id) WHERE map_run IS NOT NULL;
CREATE INDEX IF NOT EXISTS running ON executions (id) WHERE status = 'RUNNING' AND map_run IS NULL;
CREATE INDEX IF NOT EXISTS ended ON executions (stop) WHERE stop IS NOT NULL AND map_run IS NULL;
CREATE TABLE IF NOT EXISTS events (execution INTEGER, first INTEGER, lines TEXT);
CREATE INDEX IF NOT EXISTS by_execution ON events (execution, first);
CREATE TABLE IF NOT EXISTS map_runs (arn TEXT PRIMARY KEY, execution INTEGER, number INTEGER, document TEXT);
CREATE INDEX IF NOT EXISTS of_execution ON map_runs (execution, number);
"""

Statement = tuple[str, Sequence[Any]]
Statements = Callable[[], Iterable[Statement]]


class StoreUnavailable(Exception):
    """The database cannot be written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class _Write:
    """Statements for the next commit, made by the writing thread. `refusable` ones fail with the commit."""

    statements: Statements
    done: Future[None] | None
    refusable: bool


class Store:
    """One database. Safe to use from many threads.

    Args:
        path: The file. Its folder must exist. A damaged file is renamed, and an empty database takes its place.

    Raises:
        StoreUnavailable: The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = _open_or_replace(path)
        self._reader = _connect(path)
        self._reading = threading.Lock()
        self._condition = threading.Condition()
        self._queue: list[_Write] = []
        self._urgent = False
        self._due: float | None = None
        self._closing = False
        self._failing = False
        self._said = -SAID_EVERY_SECONDS
        self._behind: Statements = tuple
        self._on_failure: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    def begin(self, behind: Statements, on_failure: Callable[[], None]) -> None:
        """Begin to write.

        Args:
            behind: Returns what has to be written that nobody waits for. The writing thread calls it for each commit.
            on_failure: Called when a commit has failed: `behind` has to return the same again.
        """
        self._behind, self._on_failure = behind, on_failure
        self._thread = threading.Thread(target=self._main, name="stepfunctions-store", daemon=True)
        self._thread.start()

    def query(self, sql: str, *arguments: Any) -> list[Any]:
        """Return the rows of a query over what is committed.

        Raises:
            StoreUnavailable: The database cannot be read.
        """
        try:
            with self._reading:
                return self._reader.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} cannot be read ({error})") from error

    def submit(self, statements: Statements, *, refusable: bool = True) -> Future[None]:
        """Write something with the next commit, at once.

        Args:
            statements: Returns the statements; called by the writing thread, once for each attempt.
            refusable: Whether it is given up when the commit fails.

        Returns:
            What is done when the statements are durable. It fails with `StoreUnavailable`.
        """
        done: Future[None] = Future()
        with self._condition:
            if self._closing:
                done.set_exception(StoreUnavailable(f"{self.path} is closed"))
                return done
            self._queue.append(_Write(statements, done, refusable))
            self._urgent = True
            self._condition.notify()
        return done

    def write(self, statements: Statements) -> None:
        """Write something that nobody waits for, before everything that is submitted after it."""
        with self._condition:
            self._queue.append(_Write(statements, None, refusable=False))
        self.soon()

    def soon(self) -> None:
        """There is something to write that nobody waits for."""
        with self._condition:
            if self._due is None:
                self._due = time.monotonic() + BEHIND_SECONDS
                self._condition.notify()

    def close(self) -> None:
        """Write what is waiting, and close the database."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
        with self._reading:
            self._reader.close()
        self._writer.close()

    # The writing thread.

    def _main(self) -> None:
        while self._wait():
            self._commit()
        self._commit()
        for left in self._queue:
            if left.done is not None:
                left.done.set_exception(StoreUnavailable(f"{self.path} is closed"))

    def _wait(self) -> bool:
        """Wait for work; False if the database is to be closed."""
        with self._condition:
            if self._failing and not self._closing:
                self._condition.wait(RETRY_SECONDS)
            while not self._urgent and not self._closing:
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._condition.wait(left)
            self._urgent, self._due = False, None
            return not self._closing

    def _commit(self) -> None:
        writes: list[_Write] = []
        try:
            # What is behind comes first: what is submitted until then has caused it, and is in the same transaction.
            behind = list(self._behind())
            with self._condition:
                writes, self._queue = self._queue, []
            if not (behind or writes):
                return
            self._writer.execute("BEGIN")
            for write in writes:
                for statement in write.statements():
                    self._execute(statement)
            for statement in behind:
                self._execute(statement)
            self._writer.execute("COMMIT")
        except Exception as error:
            self._failed(writes, error)
        else:
            if self._failing:
                self._failing = False
            for write in writes:
                if write.done is not None:
                    write.done.set_result(None)

    def _execute(self, statement: Statement) -> None:
        sql, arguments = statement
        try:
            self._writer.execute(sql, arguments)
        except UnicodeEncodeError:  # of an unpaired surrogate, which nothing should have let in
            self._writer.execute(sql, [without_surrogates(argument) for argument in arguments])

    def _failed(self, writes: list[_Write], error: Exception) -> None:
        if self._writer.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
        message = f"{self.path} cannot be written ({error}): executions cannot start or end until it can"
        self._failing = True
        now = time.monotonic()
        if now - self._said > SAID_EVERY_SECONDS:  # small commits may succeed in between
            self._said = now
            unexpected = not isinstance(error, sqlite3.Error | OSError)
            _log.error("%s", message, exc_info=error if unexpected else None)
        self._on_failure()
        with self._condition:
            self._queue[:0] = [write for write in writes if not write.refusable]
            self._urgent = True
        for write in writes:
            if write.refusable and write.done is not None:
                write.done.set_exception(StoreUnavailable(message))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _open_or_replace(path: Path) -> sqlite3.Connection:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            return _open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
            _log.error("%s is damaged (%s): moved to %s; starting without kept executions", path, error, aside.name)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            return _open(path)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{path} cannot be opened ({error})") from error


def _open(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"its format is {version}, not {FORMAT}")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok" and version:
            raise sqlite3.DatabaseError("it fails SQLite's check")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    except BaseException:
        connection.close()
        raise
    return connection
