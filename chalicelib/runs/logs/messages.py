"""Reads what a line says: its level and its message, however it was written.

`print` writes the text alone. Python's `logging` writes level, time and request id before it, by Lambda's own format.
Powertools' Logger, and `logging` where the function's log format is JSON, write an object.
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LOGGED = re.compile(rf"\[([A-Z]+)\]\t[0-9T:.\-]+Z\t(?:{_UUID})?\t(.*)", re.DOTALL)
_RAISED = re.compile(r"\[([A-Z]+)\] (.*)", re.DOTALL)
_RUNTIME = re.compile(rf"(?:\S+Z {_UUID} (Task timed out after .*)|RequestId: {_UUID} (Error: .*))", re.DOTALL)


class Message(NamedTuple):
    """The level, one of `LEVELS`, and the text."""

    level: str
    text: str


def read(line: str) -> Message:
    """Return what a line says. One that names no level has the level `INFO`."""
    line = line.rstrip()
    if line.startswith("{"):
        found = _of_object(line)
        if found is not None:
            return found
    for pattern in (_LOGGED, _RAISED):
        match = pattern.fullmatch(line)
        if match is not None and match[1] in LEVELS:
            return Message(match[1], match[2])
    match = _RUNTIME.fullmatch(line)
    return Message("INFO", line) if match is None else Message("ERROR", match[1] or match[2])


def _of_object(line: str) -> Message | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    level = next((str(document[key]).upper() for key in ("level", "levelname", "severity") if key in document), "INFO")
    if level not in LEVELS:
        level = "INFO"
    text = next((document[key] for key in ("message", "msg", "errorMessage") if key in document), None)
    if text is None:
        return Message(level, line)
    if not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)
    trace = document.get("exception") or document.get("stackTrace")
    if isinstance(trace, list):
        trace = "".join(map(str, trace))
    return Message(level, f"{text}\n{trace}" if isinstance(trace, str) else text)
