"""Parameter Store -> environment: `/<app>/<stage>/NAME` appears as `os.environ["NAME"]` before user code runs.

A variable that is already set wins. Values are never logged. If Parameter Store does not answer, a warning is logged
and known values stay, so that functions without secrets continue to work.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from chalicelib import aws
from chalicelib.settings import defines, remove_variable, set_variable, settings

RETRY_SECONDS = 30.0
"""How long to wait after a failed load, in seconds."""

_log = logging.getLogger(__name__)


class Secrets:
    """The secrets of one stage, and when they are due to be loaded again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._due = float("-inf")
        self._failed = False

    def load(self) -> None:
        """Make sure that the secrets are environment variables. Does nothing until they are due."""
        if time.monotonic() < self._due:
            return
        with self._lock:
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + self._refresh()

    def reload(self) -> None:
        """Load again although they are not due, for code that reads them only once; not right after a failure."""
        with self._lock:
            if not self._failed or time.monotonic() >= self._due:
                self._due = time.monotonic() + self._refresh()

    def forget(self) -> None:
        """Remove the variables, and load again at the next call."""
        with self._lock:
            self._apply({})
            self._due, self._failed = float("-inf"), False

    def _refresh(self) -> float:
        """Load once. Return for how many seconds that is valid."""
        if not settings.has_cloud:
            return 0.0
        try:
            found = _fetch(settings.names.secrets_prefix)
        except Exception as error:
            _log.warning(
                "Parameter Store could not be read (%s): continuing with the secrets known so far; next try in %.0f s",
                aws.error_name(error),
                RETRY_SECONDS,
            )
            self._failed = True
            return RETRY_SECONDS
        self._failed = False
        self._apply(found)
        return settings.secrets_refresh_seconds

    def _apply(self, found: dict[str, str]) -> None:
        for name in self._names - found.keys():
            remove_variable(name)
        self._names &= found.keys()
        for name, value in found.items():
            if name in self._names or not defines(name):
                set_variable(name, value)
                self._names.add(name)


def _fetch(prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    page: dict[str, Any] = {}
    while True:
        answer = aws.ssm().get_parameters_by_path(Path=prefix, WithDecryption=True, **page)
        found.update((item["Name"].removeprefix(prefix), item["Value"]) for item in answer["Parameters"])
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}


_secrets = Secrets()
load = _secrets.load
reload = _secrets.reload
forget = _secrets.forget
