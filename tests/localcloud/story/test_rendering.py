"""What each event looks like: plain, in colours, as JSON."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator

import pytest

from localcloud.story.events import (
    Dropped,
    Event,
    FunctionFailed,
    FunctionPrinted,
    ItemFailed,
    MapDone,
    Notice,
    Omitted,
    RequestServed,
    RequestsRepeated,
    RunEnded,
    RunStarted,
    StateWaits,
    TryFailed,
)
from localcloud.story.layout import _time_of_day, duration
from localcloud.story.rendering import ColourRenderer, JsonRenderer, PlainRenderer

NOON = 1_790_000_000.25
RUN = ("orderFlow", "01a21a8c-22b6-7ae1-a55b-bd2d0bc355b1")
STATE = (*RUN, "Charge", (3,))
CALL = ("charge", "req-1", *STATE, 2)
DIRECT = ("charge", "req-1", "", "", "", (), 0)
EVENTS: list[tuple[Event, str]] = [
    (
        RequestServed(NOON, "POST", "/run/orderFlow", 202, 14.4, "a@example.com"),
        "request                   POST   /run/orderFlow  202  14 ms  a@example.com",
    ),
    (RequestServed(NOON, "GET", "/flows", 401, 0.2), "request                   GET    /flows  401  0 ms"),
    (
        RequestsRepeated(NOON, "GET", "/runs", 200, 37, 20.0, "a@example.com"),
        "request                   GET    /runs  200  37 more in 20 s  a@example.com",
    ),
    (RunStarted(NOON, *RUN), "orderFlow c355b1          started"),
    (RunStarted(NOON, *RUN, "redriven"), "orderFlow c355b1          redriven"),
    (RunStarted(NOON, "orderFlow", "mine", "continued"), "orderFlow mine            continues after the restart"),
    (RunEnded(NOON, *RUN, "SUCCEEDED", 0.2), "orderFlow c355b1          succeeded after 200 ms"),
    (RunEnded(NOON, *RUN, "ABORTED", 61), "orderFlow c355b1          stopped after 1 min 1 s"),
    (
        RunEnded(NOON, *RUN, "TIMED_OUT", 3.0, "States.Timeout"),
        "orderFlow c355b1          timed out after 3 s: States.Timeout",
    ),
    (
        TryFailed(NOON, *STATE, 1, "Declined", "no funds", ("handler.py:3 in handler: raise x",), 2.0),
        "orderFlow c355b1          Charge[3] failed (try 1): Declined: no funds; retry in 2 s\n"
        "                                          handler.py:3 in handler: raise x",
    ),
    (
        TryFailed(NOON, *STATE, 2, "Declined", None, caught_by="Refund"),
        "orderFlow c355b1          Charge[3] failed (try 2): Declined; caught, continues with Refund",
    ),
    (
        StateWaits(NOON, *STATE, None, "arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        "orderFlow c355b1          Charge[3] waits for SendTaskSuccess or SendTaskFailure with its task token",
    ),
    (
        StateWaits(NOON, *STATE, None, "arn:aws:states:us-east-1:123456789012:activity:print"),
        "orderFlow c355b1          Charge[3] waits for a worker of the activity print",
    ),
    (
        MapDone(NOON, *RUN, "Each", (), 5000, 3, 2.5),
        "orderFlow c355b1          Each has done 5,000 items in 2.5 s, 3 of them failed",
    ),
    (ItemFailed(NOON, *RUN, "item-7", "FAILED", "Bad", "no"), "orderFlow c355b1          item item-7 failed: Bad: no"),
    (Omitted(NOON, *RUN, "Charge", (), "lines", 4980), "orderFlow c355b1          Charge 4,980 more lines"),
    (FunctionPrinted(NOON, *CALL, "hello"), "orderFlow c355b1          Charge[3] charge | hello"),
    (FunctionPrinted(NOON, *DIRECT, "hello"), "charge                    | hello"),
    (
        FunctionFailed(NOON, *DIRECT, "ValueError: no"),
        "charge                    failed: ValueError: no  request id req-1",
    ),
    (Notice(NOON, "flow x: added"), "cloud                     flow x: added"),
    (Dropped(NOON, 1234), "cloud                     1,234 lines are missing here: there were too many at once"),
]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    _time_of_day.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    _time_of_day.cache_clear()


@pytest.mark.parametrize(("event", "text"), EVENTS)
def test_plain(event: Event, text: str) -> None:
    assert PlainRenderer().render(event) == f"14:13:20.250  {text}"


def test_a_wait_says_until_when() -> None:
    line = PlainRenderer().render(StateWaits(NOON, *STATE, NOON + 90))
    assert line.endswith("Charge[3] waits 1 min 30 s, until 14:14:50")
    line = PlainRenderer().render(StateWaits(NOON, *STATE, NOON + 90_000))
    assert line.endswith("Charge[3] waits until 2026-09-22 15:13:20")


def test_further_lines_of_a_message_stay_in_its_column() -> None:
    first, second = PlainRenderer().render(FunctionPrinted(NOON, *DIRECT, "one\ntwo")).splitlines()
    assert second.index("two") == first.index("| one")


@pytest.mark.parametrize("event", [event for event, _ in EVENTS])
def test_json_has_the_fields_that_are_not_empty(event: Event) -> None:
    line = JsonRenderer().render(event)
    document = json.loads(line)
    assert "\n" not in line
    assert (document["time"], document["event"]) == ("2026-09-21T14:13:20.250Z", event.name)
    assert None not in document.values()


def test_json_of_a_failed_try() -> None:
    event = TryFailed(NOON, *STATE, 1, "Declined", "no funds", ("handler.py:3",), 2.0)
    assert json.loads(JsonRenderer().render(event)) == {
        "time": "2026-09-21T14:13:20.250Z",
        "event": "try-failed",
        "flow": "orderFlow",
        "run": RUN[1],
        "state": "Charge",
        "iterations": [3],
        "attempt": 1,
        "error": "Declined",
        "message": "no funds",
        "frames": ["handler.py:3"],
        "retry_seconds": 2.0,
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = os.openpty()
    with open(theirs, "w") as stream:  # noqa: PTH123 - a descriptor, not a path
        yield stream
    os.close(ours)


@pytest.mark.parametrize(("event", "text"), EVENTS)
def test_colours_change_no_word(terminal: object, event: Event, text: str) -> None:
    line = ColourRenderer(terminal).render(event)
    assert "\x1b[" in line
    assert re.sub(r"\x1b\[[0-9;]*m", "", line) == f"14:13:20.250  {text}"


def test_runs_side_by_side_have_colours_of_their_own(terminal: object) -> None:
    renderer = ColourRenderer(terminal)
    tags = {renderer.render(RunStarted(NOON, "f", f"run-{number}")).split("f run-")[0] for number in range(20)}
    assert len(tags) > 3


def test_no_colours_where_nobody_wants_them(terminal: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in ColourRenderer(terminal).render(EVENTS[0][0])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "12 ms"),
        (1, "1 s"),
        (1.26, "1.3 s"),
        (59.9, "59.9 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
