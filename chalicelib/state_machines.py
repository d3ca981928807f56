"""When the stage's state machines were created: one ListStateMachines for all flows, cached."""

from __future__ import annotations

import logging
import threading
import time

from chalicelib import aws, times
from chalicelib.flows.catalog import catalog
from chalicelib.settings import settings

KEEP_SECONDS = 300.0
RETRY_SECONDS = 10.0
"""After a failure, or if a flow was not listed: it may have been created since."""

_log = logging.getLogger(__name__)


class CreationDates:
    """The creation dates of state machines, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dates: dict[str, str] = {}
        self._fetched = float("-inf")

    def of(self, flows: list[str]) -> dict[str, str | None]:
        """Return the creation date (ISO 8601) of each flow's state machine; None if it is unknown."""
        known = catalog().flows
        names = {flow: settings.names.state_machine(flow, known[flow].type if flow in known else "") for flow in flows}
        with self._lock:
            complete = all(name in self._dates for name in names.values())
            if time.monotonic() - self._fetched >= (KEEP_SECONDS if complete else RETRY_SECONDS):
                self._fetch()
            return {flow: self._dates.get(name) for flow, name in names.items()}

    def _fetch(self) -> None:
        self._fetched = time.monotonic()
        try:
            pages = aws.stepfunctions().get_paginator("list_state_machines").paginate()
            self._dates = {m["name"]: times.iso(m["creationDate"]) for p in pages for m in p["stateMachines"]}
        except Exception as error:
            _log.warning("The creation dates of flows could not be read: %s", type(error).__name__)


_dates = CreationDates()
of = _dates.of
