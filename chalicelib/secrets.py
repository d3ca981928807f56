"""Parameter Store -> environment: `/<app>/<stage>/NAME` appears as `os.environ["NAME"]` before user code runs.

A variable that is set otherwise wins. Values are never logged. Out of reach, Parameter Store costs a warning in the log:
functions that need no secret work on, and known values stay.
"""

from __future__ import annotations

import logging
import threading
import time

from chalicelib import aws
from chalicelib.settings import defines, remove_variable, set_variable, settings

RETRY_SECONDS = 30.0
"""How long a failed load is not repeated."""

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_ours: set[str] = set()
_expires = 0.0


def load() -> None:
    """Make sure that the stage's secrets are environment variables. Costs nothing until they are due again."""
    global _expires
    if time.monotonic() < _expires:
        return
    with _lock:
        if time.monotonic() < _expires:
            return
        try:
            found = _fetch(settings.names.secrets_prefix)
        except Exception as error:
            _expires = time.monotonic() + RETRY_SECONDS
            _log.warning(
                "Parameter Store is out of reach (%s): functions run without new secrets; next try in %.0f s",
                type(error).__name__,
                RETRY_SECONDS,
            )
            return
        _apply(found)
        _expires = time.monotonic() + settings.secrets_refresh_seconds


def forget() -> None:
    """Load again at the next call, and take back the variables that were set."""
    global _expires
    with _lock:
        _expires = 0.0
        _apply({})


def _fetch(prefix: str) -> dict[str, str]:
    pages = aws.ssm().get_paginator("get_parameters_by_path").paginate(Path=prefix, WithDecryption=True)
    return {item["Name"].removeprefix(prefix): item["Value"] for page in pages for item in page["Parameters"]}


def _apply(found: dict[str, str]) -> None:
    for name in _ours - found.keys():
        remove_variable(name)
        _ours.discard(name)
    for name, value in found.items():
        if name in _ours or not defines(name):
            set_variable(name, value)
            _ours.add(name)
