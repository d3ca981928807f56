"""Compares two runs, thread of control by thread of control."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asl.replay.recording import Place, RecordedRun, Step

MOST_DIFFERENCES = 20
"""How many differences of one value are shown."""

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where today's definition does something else than the record.

    Attributes:
        event_id: The first event of the record that does not fit; for one that the record lacks, the one before it.
        state: The state that does something else; empty for the execution itself.
        place: The iterations and branches that it is in.
        message: What differs, in words.
        in_data: Whether only data differs, and not the course.
    """

    event_id: int
    state: str
    place: Place
    message: str
    in_data: bool = False


def compare(recorded: RecordedRun, today: RecordedRun, tokens: Mapping[int, str]) -> list[Departure]:
    """Return where a run departs from a recorded one, in the order of the record.

    What differs with every run counts as equal: timestamps, UUIDs and task tokens. For each
    thread of control, only the first departure in its course is reported, and threads that begin after it are left out.

    Args:
        recorded: The record.
        today: A run of today's definition with the same input and the same answers.
        tokens: The task tokens of today's run, by the recorded event that the task belongs to.
    """
    found: list[Departure] = []
    departed: list[tuple[Place, int]] = []
    order = sorted(recorded.lanes.keys() | today.lanes.keys(), key=len)
    for place in order:
        before, now = recorded.lanes.get(place, []), today.lanes.get(place, [])
        first = before[0].event_id if before else 0
        if any(place[: len(outer)] == outer and (not first or first > at) for outer, at in departed):
            continue
        for departure in _compare_lanes(place, before, now, recorded, tokens):
            found.append(departure)
            if not departure.in_data:
                departed.append((place, departure.event_id))
    if not departed and recorded.status == today.status == "SUCCEEDED":
        end = recorded.lanes[()][-1].event_id
        lines = differences(_loads(recorded.output), _loads(today.output))
        found += [Departure(end, "", (), f"the output differs: {line}", in_data=True) for line in lines]
    return sorted(found, key=lambda departure: departure.event_id)


def _compare_lanes(
    place: Place, before: list[Step], now: list[Step], recorded: RecordedRun, tokens: Mapping[int, str]
) -> Iterator[Departure]:
    for old, new in zip(before, now, strict=False):
        if old.what != new.what:
            yield Departure(old.event_id, old.state or new.state, place, f"the record {old.what}, now it {new.what}")
            return
        if old.attempt is not None:
            token = tokens.get(old.event_id)
            for line in differences(old.payload, new.payload, token):
                yield Departure(old.event_id, old.state, place, f"{old.state!r} is given other data: {line}", True)
    rest = len(before) - len(now)
    last = before[-1].event_id if before else 0
    if rest > 0 and not _was_cut(recorded, place):
        step = before[len(now)]
        yield Departure(step.event_id, step.state, place, f"the record {step.what}, now nothing follows")
    elif rest < 0 and not _was_cut(recorded, place):
        step = now[len(before)]
        yield Departure(last, step.state, place, f"the record has nothing that follows, now it {step.what}")


def _was_cut(recorded: RecordedRun, place: Place) -> bool:
    """Whether the steps of a thread may end anywhere: the run goes on, was stopped, or another thread failed."""
    return recorded.status in ("RUNNING", "ABORTED", "TIMED_OUT") or (recorded.status == "FAILED" and bool(place))


def differences(old: Any, new: Any, token: str | None = None) -> list[str]:
    """Return how two JSON values differ: a line each, with a JSON Pointer to the place.

    Args:
        old: The recorded value.
        new: Today's value.
        token: The task token in today's value, if there is one.
    """
    lines = []
    for line in _differences(old, new, token, ""):
        lines.append(line)
        if len(lines) == MOST_DIFFERENCES:
            lines.append("... and more")
            break
    return lines


def _differences(old: Any, new: Any, token: str | None, pointer: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in new:
                yield f"{inner} is missing (it was {_short(old[key])})"
            elif key not in old:
                yield f"{inner} is new ({_short(new[key])})"
            else:
                yield from _differences(old[key], new[key], token, inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, token, f"{pointer}/{index}")
    elif not _equal(old, new, token):
        yield f"{pointer or 'the value'} is {_short(new)}, it was {_short(old)}"


def _equal(old: Any, new: Any, token: str | None) -> bool:
    if isinstance(old, str) and isinstance(new, str):
        if old == new:
            return True
        if token and token in new:
            pattern = ".+".join(re.escape(part) for part in new.split(token))
            return re.fullmatch(pattern, old, re.DOTALL) is not None
        return _without_moments(old) == _without_moments(new)
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _without_moments(text: str) -> str:
    return _UUID.sub("UUID", _TIMESTAMP.sub("TIME", text))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
