"""Loads CDK beside other work: it waits half a second for its Node process, while Python can read the flows."""

from __future__ import annotations

import contextlib
import importlib
import threading


def begin() -> None:
    """Begin to load CDK, and return at once. Whoever imports it next waits for the rest."""
    threading.Thread(target=_load, name="load-cdk", daemon=True).start()


def _load() -> None:
    with contextlib.suppress(Exception):  # whoever needs CDK imports it again, and says what is wrong
        importlib.import_module("aws_cdk")
