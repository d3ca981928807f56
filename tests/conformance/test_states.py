"""What became of the states, of every history that AWS has recorded, if this machine has them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.runs.states.fold import Fold, Wanted
from chalicelib.runs.states.outline import Outline
from chalicelib.runs.states.visits import ABORTED, CAUGHT, FAILED, SUCCEEDED, TIMED_OUT

_DATA = ("input", "output", "parameters")


def recorded() -> Iterator[dict[str, Any]]:
    with Path(os.environ["ASL_RECORDED"]).open() as lines:
        yield from (record for record in map(json.loads, lines) if record.get("expected_history"))


def as_answered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as GetExecutionHistory has them: with times, and values as JSON texts."""
    found = []
    for number, event in enumerate(sorted(events, key=lambda event: event["id"])):
        copy = {**event, "timestamp": float(number)}
        for key, details in event.items():
            if isinstance(details, dict):
                texts = {name: json.dumps(details[name]) for name in _DATA if name in details}
                copy[key] = {**details, **texts}
        found.append(copy)
    return found


@pytest.mark.skipif("ASL_RECORDED" not in os.environ, reason="ASL_RECORDED is not set to a file of recorded cases")
def test_recorded_histories() -> None:
    count = 0
    for record in recorded():
        events = record["expected_history"]
        if any(isinstance(event["id"], list) for event in events):
            continue  # events side by side were recorded without their ids
        count += 1
        outline = Outline(json.loads(record["definition"]))
        one, by_one = Fold(Wanted(), outline.failures()), Fold(Wanted(), outline.failures())
        answered = as_answered(events)
        one.add(answered)
        for event in answered:
            by_one.add([event])
        assert_consistent(one, outline, record)
        assert [visit.status for visit in by_one.kept.values()] == [visit.status for visit in one.kept.values()]
    assert count > 300


def assert_consistent(one: Fold, outline: Outline, record: dict[str, Any]) -> None:
    """The statuses fit the execution's end."""
    last = record["expected_history"][-1]["type"]
    if not last.startswith("Execution") or last == "ExecutionStarted":
        return
    visits = list(one.kept.values())
    outside = {visit.status for visit in visits if visit.container is None}
    everywhere = {visit.status for visit in visits}
    assert one.status == record["expected_status"] or record["expected_status"] is None, record["id"]
    assert everywhere <= {SUCCEEDED, CAUGHT, FAILED, TIMED_OUT, ABORTED}, record["id"]
    if one.status == SUCCEEDED:
        assert outside <= {SUCCEEDED, CAUGHT}, record["id"]
    elif one.status == FAILED:
        assert outside & {FAILED, TIMED_OUT}, record["id"]
    for visit in visits:
        place = outline.named(visit.name)
        assert place is not None, record["id"]
        assert place.type == visit.type, record["id"]
        assert visit.attempts or visit.status != SUCCEEDED, record["id"]
        counts = visit.iteration_counts()
        assert counts is None or counts["running"] == 0, record["id"]
