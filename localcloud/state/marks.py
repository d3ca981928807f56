"""Until when each schedule has fired: so that a restart neither loses a firing nor repeats it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from localcloud.state.database import Database, NotDurable

MIGRATIONS = [
    ["CREATE TABLE schedule_marks (key TEXT PRIMARY KEY, version TEXT NOT NULL, moment TEXT NOT NULL) WITHOUT ROWID"]
]


class Marks(Protocol):
    """The moment up to which a schedule has fired, or since when it counts; of one version of it."""

    def get(self, key: str, version: str) -> datetime | None: ...

    def put(self, marks: Mapping[str, tuple[str, datetime]]) -> None: ...

    def keep_only(self, keys: Iterable[str]) -> None: ...


class MarksInMemory:
    """Marks that end with the process."""

    def __init__(self) -> None:
        self._marks: dict[str, tuple[str, datetime]] = {}

    def get(self, key: str, version: str) -> datetime | None:
        """Return the mark, None if that version of the schedule has none."""
        found = self._marks.get(key)
        return found[1] if found is not None and found[0] == version else None

    def put(self, marks: Mapping[str, tuple[str, datetime]]) -> None:
        """Set marks: version and moment by the schedules' keys."""
        self._marks.update(marks)

    def keep_only(self, keys: Iterable[str]) -> None:
        """Forget all marks but these."""
        kept = set(keys)
        self._marks = {key: mark for key, mark in self._marks.items() if key in kept}


class KeptMarks(MarksInMemory):
    """Marks in the database. One that can't be written counts until the cloud stops: the log has the reason."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        database.prepare("schedules", MIGRATIONS)
        self._database = database
        for key, version, moment in database.read("SELECT key, version, moment FROM schedule_marks"):
            self._marks[key] = version, datetime.fromisoformat(moment)

    def put(self, marks: Mapping[str, tuple[str, datetime]]) -> None:
        """Set marks; they are durable on return."""
        super().put(marks)
        self._commit(
            "INSERT OR REPLACE INTO schedule_marks VALUES (?, ?, ?)",
            [(key, version, moment.isoformat()) for key, (version, moment) in marks.items()],
        )

    def keep_only(self, keys: Iterable[str]) -> None:
        """Forget all marks but these."""
        before = set(self._marks)
        super().keep_only(keys)
        self._commit("DELETE FROM schedule_marks WHERE key = ?", [(key,) for key in before - set(self._marks)])

    def _commit(self, sql: str, rows: list[tuple[str, ...]]) -> None:
        if rows:
            with contextlib.suppress(NotDurable):
                self._database.commit([(sql, row) for row in rows])
