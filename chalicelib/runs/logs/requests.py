"""Sorts the lines of log streams by invocation.

An environment of Lambda handles one invocation at a time and has a stream of its own, so what is between the START and
the REPORT of an invocation was written by it, whether the line says so or not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PLATFORM = re.compile(rf"(START|END|REPORT) RequestId: ({_UUID})")
_OTHER_PLATFORM = re.compile(r"(INIT_START|INIT_REPORT|EXTENSION|TELEMETRY|LOGS|RESTORE_START|RESTORE_REPORT)\b")
_OWN_ID = re.compile(rf"(?:\S+Z |RequestId: )({_UUID}) (?:Task timed out|Error: )")
_DURATION = re.compile(r"\tDuration: ([0-9.]+) ms")
_SEGMENT = re.compile(r"\tSegmentId: ([0-9a-f]{16})")
_JSON_KINDS = {"platform.start": "START", "platform.runtimeDone": "END", "platform.report": "REPORT"}


class LogEvent(NamedTuple):
    """An event of CloudWatch Logs. `time` is in milliseconds since 1970."""

    stream: str
    time: int
    message: str


class Invocation(NamedTuple):
    """An invocation that has ended. Times are milliseconds since 1970; `segment` is its segment's id in the trace."""

    request_id: str
    function: str
    stream: str
    began: int
    ended: int
    segment: str | None


class Mark(NamedTuple):
    """A line of Lambda itself: `kind` is START, END, REPORT, or empty for others, which concern no invocation."""

    kind: str
    request_id: str


def mark_of(message: str) -> Mark | None:
    """Return which of Lambda's own lines it is; None for the lines of functions."""
    match = _PLATFORM.match(message)
    if match is not None:
        return Mark(match[1], match[2])
    if message.startswith('{"time":') and '"type":"platform.' in message.replace(" ", ""):
        document = _object(message)
        record = document.get("record")
        request_id = str(record.get("requestId", "")) if isinstance(record, dict) else ""
        return Mark(_JSON_KINDS.get(str(document.get("type")), ""), request_id)
    return Mark("", "") if _OTHER_PLATFORM.match(message) else None


def invocation_of(function: str, event: LogEvent) -> Invocation | None:
    """Return the invocation that a REPORT is about; None for other lines."""
    mark = mark_of(event.message)
    if mark is None or mark.kind != "REPORT":
        return None
    segment = _SEGMENT.search(event.message)
    duration = _DURATION.search(event.message)
    milliseconds = float(duration[1]) if duration is not None else _json_duration(event.message)
    began = event.time - int(milliseconds) - 1
    return Invocation(
        mark.request_id, function, event.stream, began, event.time, None if segment is None else segment[1]
    )


def lines_by_request(events: Iterable[LogEvent]) -> Mapping[str, list[LogEvent]]:
    """Return the lines of functions by the ids of their invocations, each in the order in which they were written.

    Args:
        events: Events of any streams, those of a stream in order.
    """
    found: dict[str, list[LogEvent]] = {}
    current: dict[str, str] = {}  # by stream
    pending: dict[str, list[LogEvent]] = {}
    for event in events:
        mark = mark_of(event.message)
        lines = pending.setdefault(event.stream, [])
        if mark is None:
            own = _OWN_ID.match(event.message)
            if own is not None and own[1] != current.get(event.stream):  # said after the invocation's REPORT
                found.setdefault(own[1], []).append(event)
            else:
                lines.append(event)
        elif mark.kind == "START":
            before = current.get(event.stream)
            if before is not None:  # it has no REPORT
                found.setdefault(before, []).extend(lines)
                lines.clear()
            current[event.stream] = mark.request_id
        elif mark.kind == "REPORT":
            found.setdefault(mark.request_id, []).extend(lines)
            lines.clear()
            current.pop(event.stream, None)
    for stream, request_id in current.items():
        found.setdefault(request_id, []).extend(pending[stream])
    return found


def _object(message: str) -> dict[str, Any]:
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _json_duration(message: str) -> float:
    record = _object(message).get("record")
    metrics = record.get("metrics") if isinstance(record, dict) else None
    value = metrics.get("durationMs") if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else 0.0
