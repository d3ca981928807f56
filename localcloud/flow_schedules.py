"""The schedules of flows in EventBridge Scheduler: as the flows' files say, and gone with them."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.aws_json import AwsError
from chalicelib.names import Names
from compiler.compiled import CompiledFlow
from compiler.scheduled_start import scheduled_start
from localcloud.client import InProcessClient
from localcloud.schedules import ScheduleChanges
from localcloud.state.facts import Facts

OWNED = "flow-schedules"  # the fact's name


class FlowSchedules:
    """Creates, updates and removes them.

    Which are the flows' is a fact that is kept: a schedule whose flow has gone while the cloud was off goes too, and
    one that somebody else created stays.
    """

    def __init__(self, client: InProcessClient, names: Names, facts: Facts, changes: ScheduleChanges) -> None:
        self._client = client
        self._changes = changes
        self._names = names
        self._facts = facts
        self._owned: set[str] = set(json.loads(facts.get(OWNED) or "[]"))

    def told(self) -> None:
        """Let the changes take effect: what fires schedules looks at them again."""
        self._changes.notify()

    def put(self, name: str, flow: CompiledFlow) -> None:
        """Let the schedule of the flow `name` be as its file says. One that is so already is left as it is."""
        if flow.schedule is None:
            self.remove(name)
            return
        wanted: dict[str, Any] = {
            "ScheduleExpression": flow.schedule.expression,
            "ScheduleExpressionTimezone": flow.schedule.timezone,
            "State": "ENABLED" if flow.schedule.enabled else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                **scheduled_start(flow, self._names),
                "RoleArn": f"arn:aws:iam::{self._names.account}:role/{self._names.resource('schedules')}",
            },
        }
        self._own(self._owned | {name})
        present = self._find(name)
        if present is None:
            self._client.rest("scheduler", "POST", self._path(name), wanted)
        elif not _is_as(wanted, present):
            self._client.rest("scheduler", "PUT", self._path(name), wanted)

    def remove(self, name: str) -> None:
        """Remove the schedule of the flow `name`, if it has one."""
        if name not in self._owned:
            return
        try:
            self._client.rest("scheduler", "DELETE", self._path(name))
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
        self._own(self._owned - {name})

    def remove_all_but(self, names: set[str]) -> None:
        """Remove the schedules of flows that no longer exist."""
        for name in sorted(self._owned - names):
            self.remove(name)

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            return self._client.rest("scheduler", "GET", self._path(name))
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None

    def _path(self, name: str) -> str:
        return f"/schedules/{self._names.resource(name)}"

    def _own(self, names: set[str]) -> None:
        if names != self._owned:
            self._owned = names
            self._facts.put(OWNED, json.dumps(sorted(names)))


def _is_as(wanted: Any, present: Any) -> bool:
    """Whether all that is wanted is present; the service adds what it takes for granted."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_is_as(value, present.get(key)) for key, value in wanted.items())
    return bool(wanted == present)
