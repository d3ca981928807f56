"""State machines and activities in the store: with their revisions, versions, aliases and tags."""

from __future__ import annotations

import json
import threading
from typing import Any

from stepfunctions.activities import Activities, Activity
from stepfunctions.arns import parse_arn, parse_state_machine_arn
from stepfunctions.kept_revisions import KeptRevisions
from stepfunctions.records import Alias, MachineRecord, Route, Version
from stepfunctions.state_machines import StateMachines
from stepfunctions.store import Statement, Store

_CHANGES = frozenset(
    {
        *("CreateActivity", "CreateStateMachine", "CreateStateMachineAlias", "DeleteActivity", "DeleteStateMachine"),
        *("DeleteStateMachineAlias", "DeleteStateMachineVersion", "PublishStateMachineVersion", "TagResource"),
        *("UntagResource", "UpdateStateMachine", "UpdateStateMachineAlias"),
    }
)
_ARNS = (*("activityArn", "stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn", "resourceArn"),)


class KeptResources:
    """Writes state machines and activities after each operation that changes them."""

    def __init__(self, store: Store, revisions: KeptRevisions, machines: StateMachines, activities: Activities) -> None:
        self._store = store
        self._revisions = revisions
        self._machines = machines
        self._activities = activities
        self._lock = threading.Lock()

    def load(self) -> None:
        """Take what the store has into the service."""
        kept = self._store.query("SELECT kind, document FROM resources")
        found = [(kind, json.loads(document)) for kind, document in kept]
        for kind, document in sorted(found, key=lambda resource: resource[1]["sequence"]):
            if kind == "activity":
                self._activities.restore(**document)
            else:
                self._machines.restore(self._machine(document))

    def save(self, action: str, request: dict[str, Any], answer: dict[str, Any]) -> None:
        """Write what an operation may have changed, and wait until that is durable.

        Raises:
            StoreUnavailable: It cannot be written.
        """
        if action not in _CHANGES:
            return
        arn = next(str(found[name]) for found in (answer, request) for name in _ARNS if name in found)
        with self._lock:  # so that the last state written is the last one
            statements = self._statements(arn)
            done = self._store.submit(lambda: statements)
        done.result()

    def _statements(self, arn: str) -> list[Statement]:
        if parse_arn(arn).resource_type == "activity":
            activity = self._activities.get(arn)
            document, statements = None if activity is None else _activity(activity), list[Statement]()
            kind = "activity"
        else:
            arn = parse_state_machine_arn(arn).machine
            with self._machines.lock:
                machine = self._machines.get(arn)
                document, statements = (None, []) if machine is None else self._document(machine)
            kind = "stateMachine"
        if document is None:
            return [("DELETE FROM resources WHERE arn = ?", (arn,))]
        return [*statements, ("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (arn, kind, json.dumps(document)))]

    def _document(self, machine: MachineRecord) -> tuple[dict[str, Any], list[Statement]]:
        revision, statements = self._revisions.add(machine.revision)
        versions = []
        for version in machine.versions.values():
            of_version, more = self._revisions.add(version.revision)
            statements += more
            versions.append([version.arn, version.number, of_version, version.description, version.creation_date])
        aliases = [
            {
                **{name: getattr(alias, name) for name in Alias.__slots__ if name != "routes"},
                "routes": [[route.version_arn, route.weight] for route in alias.routes],
            }
            for alias in machine.aliases.values()
        ]
        plain = ("arn", "name", "type", "creation_date", "sequence", "tags", "last_version")
        document = {name: getattr(machine, name) for name in plain}
        return document | {"revision": revision, "versions": versions, "aliases": aliases}, statements

    def _machine(self, document: dict[str, Any]) -> MachineRecord:
        versions = [
            Version(arn, number, self._revisions.get(revision), description, created)
            for arn, number, revision, description, created in document.pop("versions")
        ]
        aliases = [
            Alias(**{**alias, "routes": [Route(arn, weight) for arn, weight in alias["routes"]]})
            for alias in document.pop("aliases")
        ]
        return MachineRecord(
            **{**document, "revision": self._revisions.get(document["revision"])},
            versions={version.number: version for version in versions},
            aliases={alias.name: alias for alias in aliases},
        )


def _activity(activity: Activity) -> dict[str, Any]:
    return {
        name: getattr(activity, name) for name in ("arn", "name", "creation_date", "encryption", "sequence", "tags")
    }
