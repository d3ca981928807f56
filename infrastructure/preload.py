"""Loads CDK in the background: it waits half a second for its Node process, in which Python can read the flows."""

from __future__ import annotations

import contextlib
import importlib
import threading


def begin() -> None:
    """Start to load CDK, and return at once. The next import of it waits until it is loaded."""
    threading.Thread(target=_load, name="load-cdk", daemon=True).start()


def _load() -> None:
    with contextlib.suppress(Exception):  # the next import of CDK raises the same, and that is reported
        importlib.import_module("aws_cdk")
