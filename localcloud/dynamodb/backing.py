"""The database that items are in: the cloud's own, where state is kept, or one that is gone when the cloud ends."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Any, Protocol

Statement = tuple[str, Sequence[Any]]

SCHEMA = (
    """CREATE TABLE item_areas (
        area INTEGER PRIMARY KEY, backend TEXT NOT NULL, name TEXT NOT NULL, created TEXT NOT NULL,
        indexes TEXT NOT NULL, UNIQUE (backend, name))""",
    """CREATE TABLE items (
        area INTEGER NOT NULL, hash TEXT NOT NULL, range TEXT NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (area, hash, range))""",
    """CREATE TABLE item_places (
        area INTEGER NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, range TEXT NOT NULL,
        item_hash TEXT NOT NULL, item_range TEXT NOT NULL,
        PRIMARY KEY (area, name, hash, range, item_hash, item_range)) WITHOUT ROWID""",
)
"""An area is the items of one table; `item_places` says where they are in its indexes."""


class Written(Protocol):
    """What tells of statements whether they are in the database."""

    @property
    def written(self) -> bool:
        """Whether a read would find them."""


class Backing(Protocol):
    """A database with the tables of `SCHEMA`. Requests for items take turns; writes become durable meanwhile."""

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query: what is written."""

    def enqueue(self, statements: Sequence[Statement]) -> Written:
        """Take statements, which are written together and after all that were enqueued before."""


class _Done:
    written = True


class Scratch:
    """A database of this process alone. SQLite keeps it in memory while it is small, and then in an unnamed file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock:
            return self._opened().execute(sql, parameters).fetchall()

    def enqueue(self, statements: Sequence[Statement]) -> Written:
        """Write statements."""
        with self._lock:
            connection = self._opened()
            connection.execute("BEGIN")
            for sql, parameters in statements:
                connection.execute(sql, parameters)
            connection.execute("COMMIT")
        return _Done()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -8000"):
                self._connection.execute(f"PRAGMA {pragma}")
            for sql in SCHEMA:
                self._connection.execute(sql)
        return self._connection
