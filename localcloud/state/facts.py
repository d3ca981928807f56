"""Single values that the cloud keeps for itself: the demo user's password, which schedules are the project's."""

from __future__ import annotations

from typing import Protocol

from localcloud.state.database import Database

MIGRATIONS = [["CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"]]


class Facts(Protocol):
    """Values by their names."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...


class FactsInMemory:
    """Values that end with the process."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Return the value, None if there is none."""
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        """Set a value."""
        self._values[name] = value


class KeptFacts:
    """Values in the database. `put` raises NotDurable."""

    def __init__(self, database: Database) -> None:
        database.prepare("facts", MIGRATIONS)
        self._database = database
        self._values: dict[str, str] = dict(database.read("SELECT name, value FROM facts"))

    def get(self, name: str) -> str | None:
        """Return the value, None if there is none."""
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        """Set a value; it is durable on return."""
        if self._values.get(name) != value:
            self._values[name] = value
            self._database.commit([("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))])
