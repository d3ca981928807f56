"""The revisions of state machines in the store, each once, named by what it holds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from asl import StateMachine
from stepfunctions.configurations import Configuration
from stepfunctions.records import Revision
from stepfunctions.store import Statement, Store


class KeptRevisions:
    """Revisions by their id in the store. Equal ones are the same object in a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_id: dict[str, Revision] = {}
        self._ids: dict[int, tuple[Revision, str]] = {}

    def add(self, revision: Revision) -> tuple[str, list[Statement]]:
        """Return a revision's id, and what has to be written for it."""
        known = self._ids.get(id(revision))
        if known is not None and known[0] is revision:
            return known[1], []
        document = _document(revision)
        name = hashlib.blake2b(document.encode(), digest_size=16).hexdigest()
        self._ids[id(revision)] = revision, name
        self._by_id.setdefault(name, revision)
        return name, [("INSERT OR IGNORE INTO revisions VALUES (?, ?)", (name, document))]

    def get(self, name: str) -> Revision:
        """Return the revision with an id."""
        revision = self._by_id.get(name)
        if revision is None:
            rows = self._store.query("SELECT document FROM revisions WHERE id = ?", name)
            revision = self._by_id[name] = _revision(json.loads(rows[0][0]))
            self._ids[id(revision)] = revision, name
        return revision


def _document(revision: Revision) -> str:
    machine = revision.compiled
    return json.dumps(
        {
            "id": revision.id,
            "machine": [machine.arn, machine.name, machine.type],
            "definition": revision.definition,
            "role": revision.role_arn,
            "configuration": revision.configuration.render(),
            "date": revision.date,
        },
        sort_keys=True,
    )


def _revision(document: dict[str, Any]) -> Revision:
    arn, name, kind = document["machine"]
    shown = document["configuration"]
    return Revision(
        id=document["id"],
        compiled=StateMachine(
            arn=arn, name=name, definition=document["definition"], type=kind, role_arn=document["role"]
        ),
        definition=document["definition"],
        role_arn=document["role"],
        configuration=Configuration(
            shown["loggingConfiguration"], shown["tracingConfiguration"], shown["encryptionConfiguration"]
        ),
        date=document["date"],
    )
