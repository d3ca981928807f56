"""What a service keeps in its store, and when an operation has to wait for it."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

from asl.engine.tokens import TOKEN_KEY_BYTES
from stepfunctions.activities import Activities
from stepfunctions.kept_executions import CLOSED_KEPT, KeptExecutions
from stepfunctions.kept_resources import KeptResources
from stepfunctions.kept_revisions import KeptRevisions
from stepfunctions.state_machines import StateMachines
from stepfunctions.store import Store

REPORTED_AGAIN_SECONDS = 5.0
_CLOSED = "closed"
_EVENTS = frozenset({"RedriveExecution", "SendTaskFailure", "SendTaskSuccess"})
"""The operations whose effect is an event."""


class KeptState:
    """State machines, activities, executions and the key of task tokens in one database.

    Args:
        path: The database's file.
        closed_kept: How many closed executions are kept; None for `CLOSED_KEPT`.

    Raises:
        StoreUnavailable: The file cannot be opened or written.
    """

    def __init__(self, path: Path, closed_kept: int | None = None) -> None:
        self._store = Store(path)
        self._revisions = KeptRevisions(self._store)
        self.executions = KeptExecutions(self._store, self._revisions, closed_kept or CLOSED_KEPT)
        self.token_key = self._token_key()
        self._closed_cleanly = bool(self._store.query("SELECT 1 FROM settings WHERE name = ?", _CLOSED))
        self._store.submit(lambda: [("DELETE FROM settings WHERE name = ?", (_CLOSED,))]).result()

    def load(self, machines: StateMachines, activities: Activities) -> None:
        """Take state machines, activities and running executions into the service."""
        self._resources = KeptResources(self._store, self._revisions, machines, activities)
        self._resources.load()
        self._running = self.executions.load_running()

    def recover(self) -> None:
        """Let the executions continue that were running.

        After a crash, the ends of its last seconds are reported again: whoever heard of them may not have come to act.
        """
        if not self._closed_cleanly:
            for record in self.executions.last_ended(REPORTED_AGAIN_SECONDS):
                self.executions.on_change(record)
        records, self._running = self._running, []
        for record in records:
            self.executions.engine.resume(record.execution)

    def save(self, action: str, request: dict[str, Any], answer: dict[str, Any]) -> None:
        """Wait until what an operation has changed is durable.

        Raises:
            StoreUnavailable: It cannot be written.
        """
        self._resources.save(action, request, answer)
        scheduler = self.executions.engine.scheduler
        if action in _EVENTS and not scheduler.is_driving:
            done = threading.Event()
            scheduler.post(done.set)  # after what the operation has posted
            done.wait()
            self._store.submit(tuple).result()

    def close(self) -> None:
        """Write what is waiting, and close the database. The engine is closed already."""
        if not self.executions.is_ending:
            self._store.write(lambda: [("INSERT OR REPLACE INTO settings VALUES (?, 1)", (_CLOSED,))])
        self._store.close()

    def _token_key(self) -> bytes:
        name = "token key"
        rows = self._store.query("SELECT value FROM settings WHERE name = ?", name)
        if rows:
            return bytes(rows[0][0])
        key = secrets.token_bytes(TOKEN_KEY_BYTES)
        self._store.submit(lambda: [("INSERT INTO settings VALUES (?, ?)", (name, key))]).result()
        return key
