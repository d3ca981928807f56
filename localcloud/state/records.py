"""The tables for moto's state.

There is a record for each back end and one for each of its entries; large bytes are kept once, by their content.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.state.database import Database, Statement

MIGRATIONS = [
    [
        # Entries keep the order in which they came, which scans and queues show.
        """CREATE TABLE records (
            number INTEGER PRIMARY KEY, backend TEXT NOT NULL, part TEXT NOT NULL, name TEXT NOT NULL,
            data BLOB NOT NULL, UNIQUE (backend, part, name))""",
        "CREATE TABLE blobs (digest TEXT PRIMARY KEY, data BLOB NOT NULL)",
        """CREATE TABLE blob_uses (
            backend TEXT NOT NULL, part TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
            PRIMARY KEY (backend, part, name, digest)) WITHOUT ROWID""",
    ]
]

_PUT = """INSERT INTO records (backend, part, name, data) VALUES (?, ?, ?, ?)
    ON CONFLICT (backend, part, name) DO UPDATE SET data = excluded.data"""
_OF_ENTRY = "WHERE backend = ? AND part = ? AND name = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. Without data it is to be removed, and without a name all records of its part.

    A part is a table, bucket or queue; the record of a back end itself has an empty part and an empty name.
    """

    part: str
    name: str | None
    data: bytes | str | None
    blobs: Mapping[str, bytes] = field(default_factory=dict)


class Records:
    """Reads records, and turns entries into statements. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        database.prepare("moto", MIGRATIONS)
        self._database = database
        database.commit([("DELETE FROM blobs WHERE digest NOT IN (SELECT digest FROM blob_uses)", ())])
        self._lock = threading.Lock()
        self._blobs = {digest for (digest,) in database.read("SELECT digest FROM blobs")}
        self._with_blobs: set[tuple[str, str, str]] = set(
            database.read("SELECT DISTINCT backend, part, name FROM blob_uses")
        )
        self._digests: dict[str, bytes] = {}  # of the back ends' own records, as last written

    def backends(self) -> list[str]:
        """Return the names of the back ends that have a record."""
        return [name for (name,) in self._database.read("SELECT backend FROM records WHERE part = '' AND name = ''")]

    def own(self, backend: str) -> Any:
        """Return the data of a back end's own record. Raises LookupError where it is missing."""
        sql = "SELECT data FROM records WHERE backend = ? AND part = '' AND name = ''"
        rows = self._database.read(sql, [backend])
        if not rows:
            raise LookupError("its own record is missing")
        return rows[0][0]

    def entries(self, backend: str) -> list[tuple[Any, ...]]:
        """Return a back end's other records in the order in which they came: part, name and data."""
        sql = "SELECT part, name, data FROM records WHERE backend = ? AND part <> '' ORDER BY number"
        return self._database.read(sql, [backend])

    def blob(self, digest: str) -> bytes:
        """Return large bytes. Raises LookupError where they are missing."""
        rows = self._database.read("SELECT data FROM blobs WHERE digest = ?", [digest])
        if not rows:
            raise LookupError(f"the bytes {digest} are missing")
        return bytes(rows[0][0])

    def put_aside(self, backend: str) -> str:
        """Give what can't be read another name, so that it is not overwritten; the name."""
        name = f"unreadable {time.strftime('%Y%m%d-%H%M%S')} {backend}"
        renamed = ("UPDATE records SET backend = ? WHERE backend = ?", (name, backend))
        self._database.commit([renamed, ("UPDATE blob_uses SET backend = ? WHERE backend = ?", (name, backend))])
        return name

    def statements(self, backend: str, entries: Iterable[Entry]) -> list[Statement]:
        """Return what writes the entries. A back end's own record is written only if it has changed."""
        statements: list[Statement] = []
        with self._lock:
            for entry in entries:
                if entry.name is None:
                    statements.append(("DELETE FROM records WHERE backend = ? AND part = ?", (backend, entry.part)))
                    continue
                key = (backend, entry.part, entry.name)
                if entry.data is None:
                    statements.append((f"DELETE FROM records {_OF_ENTRY}", key))  # noqa: S608
                elif not entry.part:
                    content = entry.data.encode() if isinstance(entry.data, str) else entry.data
                    digest = hashlib.sha256(content).digest()
                    if self._digests.get(backend) == digest:
                        continue
                    self._digests[backend] = digest
                    statements.append((_PUT, (*key, entry.data)))
                else:
                    statements.append((_PUT, (*key, entry.data)))
                if key in self._with_blobs:
                    statements.append((f"DELETE FROM blob_uses {_OF_ENTRY}", key))  # noqa: S608
                    self._with_blobs.discard(key)
                if entry.blobs:
                    self._with_blobs.add(key)
                    for blob_digest, data in entry.blobs.items():
                        if blob_digest not in self._blobs:
                            self._blobs.add(blob_digest)
                            statements.append(("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (blob_digest, data)))
                        statements.append(("INSERT OR IGNORE INTO blob_uses VALUES (?, ?, ?, ?)", (*key, blob_digest)))
        return statements
