"""A SQLite file whose commits are durable before they return, and shared by all who commit at the same time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from localcloud.notices import notice

Statement = tuple[str, Sequence[Any]]
"""An SQL statement and the values of its parameters."""


class NotDurable(Exception):
    """A change could not be written; the message names the reason."""


class NewerSchema(Exception):
    """The tables were written by a newer version of this project."""


class Ticket:
    """Statements on their way to the disk.

    It is settled once they were tried, and written once they are there: after a failure, that may come later.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.settled = False
        self.written = False
        self.failure: NotDurable | None = None


class Database:
    """One database file. Safe to use from many threads.

    Statements are written in the order in which they are enqueued. Whoever waits first writes for all who wait by
    then: one transaction, one flush to the disk (WAL, synchronous=FULL). What could not be written is kept, and
    written before anything newer, so that a change is never there without those that it builds on.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or create it. A damaged file is set aside, and an empty one takes its place.

        Raises:
            NotDurable: The file can't be opened or written.
        """
        self.path = path
        self._pending: list[Ticket] = []
        self._unwritten: list[Ticket] = []
        self._reader: sqlite3.Connection | None = None
        self._queue_lock = threading.Lock()
        self._connection_lock = threading.Lock()
        self._failing = False
        self._closed = False
        try:
            try:
                self._connection = _open(path)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                set_aside(path, str(error))
                self._connection = _open(path)
        except (sqlite3.Error, OSError) as error:
            raise NotDurable(f"{path}: {error}") from None

    def prepare(self, component: str, migrations: Sequence[Sequence[str]]) -> None:
        """Bring a component's tables up to date.

        Args:
            component: The name under which the version of its tables is kept.
            migrations: The SQL statements that lead from each version to the next; the first creates the tables.

        Raises:
            NewerSchema: The tables were written by a version that knows more migrations.
            NotDurable: The tables can't be written.
        """
        found = self.read("SELECT version FROM versions WHERE component = ?", [component])
        version = found[0][0] if found else 0
        if version > len(migrations):
            raise NewerSchema(f"{self.path} was written by a newer version ({component} {version})")
        if version == len(migrations):
            return
        statements: list[Statement] = [(sql, ()) for migration in migrations[version:] for sql in migration]
        statements.append(("INSERT OR REPLACE INTO versions VALUES (?, ?)", (component, len(migrations))))
        self.commit(statements)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query: what is committed."""
        with self._connection_lock:
            return self._connection.execute(sql, parameters).fetchall()

    def read_beside(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query without waiting for those who write. Callers take turns."""
        if self._reader is None:
            self._reader = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
            self._reader.execute("PRAGMA query_only = ON")
        return self._reader.execute(sql, parameters).fetchall()

    def enqueue(self, statements: Sequence[Statement]) -> Ticket:
        """Take statements to be written together, after all that were enqueued before; `wait` makes them durable."""
        ticket = Ticket(statements)
        with self._queue_lock:
            self._pending.append(ticket)
        return ticket

    def wait(self, tickets: Iterable[Ticket]) -> None:
        """Return once what the tickets stand for is on the disk.

        Raises:
            NotDurable: It could not be written, for example because the disk is full.
        """
        failure = None
        for ticket in tickets:
            if not ticket.settled:
                with self._connection_lock:
                    if not ticket.settled:
                        self._write_pending()
            failure = failure or ticket.failure
        if failure is not None:
            raise NotDurable(str(failure))

    def commit(self, statements: Sequence[Statement]) -> None:
        """Write statements together, and return once they are durable.

        Raises:
            NotDurable: They could not be written, for example because the disk is full.
        """
        self.wait([self.enqueue(statements)])

    def close(self) -> None:
        """Write what waits, and close the file."""
        with self._connection_lock:
            if not self._closed:
                self._write_pending()
                self._closed = True
                self._connection.close()
                if self._reader is not None:
                    self._reader.close()

    def _write_pending(self) -> None:
        with self._queue_lock:
            tickets, self._pending = self._pending, []
        failure = None
        unwritten = [*self._unwritten, *tickets]
        try:
            self._write([statement for ticket in unwritten for statement in ticket.statements])
            self._unwritten = []
            for ticket in unwritten:
                ticket.written = True
            if self._failing:
                self._failing = False
                notice(f"{self.path.parent}: changes are kept again.")
        except (sqlite3.Error, OSError) as error:
            failure = NotDurable(str(error))
            self._unwritten = unwritten
            if not self._failing and not self._closed:
                self._failing = True
                notice(f"{self.path.parent}: changes can't be kept ({error}): requests that change something fail.")
        except Exception:  # one has a value that SQLite can't take, and must not keep the others from the disk
            self._unwritten = []
            for ticket in unwritten:
                self._write_alone(ticket)
        for ticket in tickets:
            ticket.failure = ticket.failure or failure
            ticket.settled = True

    def _write_alone(self, ticket: Ticket) -> None:
        try:
            self._write(list(ticket.statements))
            ticket.written = True
        except Exception as error:
            ticket.failure = NotDurable(str(error))
            if isinstance(error, sqlite3.Error | OSError):
                self._unwritten.append(ticket)

    def _write(self, statements: list[Statement]) -> None:
        if not statements:
            return
        if self._closed:
            raise sqlite3.OperationalError("the local cloud has stopped")
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for sql, parameters in statements:
                connection.execute(sql, parameters)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
                connection.execute("ROLLBACK")
            raise


def set_aside(path: Path, reason: str) -> None:
    """Rename a damaged file and what belongs to it, and say so."""
    name = f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for suffix in ("-wal", "-shm", ""):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(path.with_name(name + suffix))
    first_words = " ".join(reason.split())[:100]
    notice(f"{path} is damaged ({first_words}): it is now {name}, and this cloud starts empty.")


def _open(path: Path) -> sqlite3.Connection:
    if str(path) != ":memory:":
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS flushes to the disk only when asked twice
        # Reads every page, some 100 MB a second: what is damaged shows now, and not in the middle of a request.
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        connection.execute("CREATE TABLE IF NOT EXISTS versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the file is at fault, and not the disk or its permissions."""
    return type(error) is sqlite3.DatabaseError or "malformed" in str(error)
