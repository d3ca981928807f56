"""What an event says to a person: columns, and the words in them with a style each."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localcloud.story.events import (
    Dropped,
    Event,
    FunctionEvent,
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
    StateEvent,
    StateWaits,
    TryFailed,
)

_RANDOM_END = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|msg_[0-9a-f]{32}")  # of runs, of webhooks
SHORT_ID = 6
LONGEST_NAME = 16

Words = tuple[tuple[str, str], ...]
"""Text and its style: `good`, `bad`, `warning`, `faint`, `name`, or empty for none."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A line with its columns.

    Attributes:
        tag: Whose line it is: `request`, a flow and the short id of its run, or a function.
        key: What the colour of the tag depends on: the run, so that runs side by side can be told apart.
        words: What the line says.
        details: Further lines, which belong to it.
    """

    tag: str
    key: str
    words: Words
    details: tuple[str, ...] = ()


def short_id(run: str) -> str:
    """Return the end of a run's id: a UUID of version 7 begins with the time, which runs side by side share."""
    return run[-SHORT_ID:] if _RANDOM_END.fullmatch(run) else run[-LONGEST_NAME:]


def duration(seconds: float) -> str:
    """Return a duration as people write it."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def clock(seconds: float) -> str:
    """Return the time of day on this machine, with milliseconds."""
    return f"{_time_of_day(int(seconds))}.{int(seconds % 1 * 1000):03}"


@lru_cache(maxsize=8)  # most lines are of the same second
def _time_of_day(seconds: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def lay_out(event: Event) -> Layout:
    """Return what an event says to a person."""
    return _LAYOUTS[type(event)](event)


def _status_style(status: int) -> str:
    return "good" if status < 400 else "warning" if status < 500 else "bad"


def _request(event: RequestServed) -> Layout:
    words = (
        (f"{event.method:<6} {event.path}", ""),
        (f"  {event.status}", _status_style(event.status)),
        (f"  {event.milliseconds:.0f} ms", "faint"),
        (f"  {event.user}" if event.user else "", "faint"),
    )
    return Layout("request", "", words)


def _repeated(event: RequestsRepeated) -> Layout:
    words = (
        (f"{event.method:<6} {event.path}", ""),
        (f"  {event.status}", _status_style(event.status)),
        (f"  {event.count} more in {duration(event.seconds)}", "faint"),
        (f"  {event.user}" if event.user else "", "faint"),
    )
    return Layout("request", "", words)


def _of_run(flow: str, run: str, words: Words, details: tuple[str, ...] = ()) -> Layout:
    return Layout(f"{flow} {short_id(run)}", run, words, details)


def _run_started(event: RunStarted) -> Layout:
    words = {"started": "started", "redriven": "redriven", "continued": "continues after the restart"}
    return _of_run(event.flow, event.run, ((words[event.how], "name"),))


_ENDS = {
    "SUCCEEDED": ("succeeded", "good"),
    "FAILED": ("failed", "bad"),
    "TIMED_OUT": ("timed out", "bad"),
    "ABORTED": ("stopped", "warning"),
}


def _run_ended(event: RunEnded) -> Layout:
    word, style = _ENDS[event.status]
    words = ((word, style), (f" after {duration(event.seconds)}", ""), (_error(event.error, event.message, ": "), ""))
    return _of_run(event.flow, event.run, words)


def _error(error: str | None, message: str | None, before: str) -> str:
    parts = [part for part in (error, message) if part]
    return before + ": ".join(parts) if parts else ""


def _state_name(event: StateEvent | FunctionEvent) -> str:
    return event.state + "".join(f"[{index}]" for index in event.iterations)


def _try_failed(event: TryFailed) -> Layout:
    if event.retry_seconds is not None:
        outcome = (f"; retry in {duration(event.retry_seconds)}", "warning")
    elif event.caught_by is not None:
        outcome = (f"; caught, continues with {event.caught_by}", "warning")
    else:
        outcome = ("", "")
    words = (
        (_state_name(event), "name"),
        (" failed", "warning" if outcome[0] else "bad"),
        (f" (try {event.attempt})", "faint"),
        (_error(event.error, event.message, ": "), ""),
        outcome,
    )
    return _of_run(event.flow, event.run, words, event.frames)


def _waits(event: StateWaits) -> Layout:
    if event.until is not None:
        left = event.until - event.time
        what = f" waits {duration(left)}, until {clock(event.until)[:8]}"
        if left >= 86_400:
            what = f" waits until {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(event.until))}"
    elif event.waits_for is not None and ":activity:" in event.waits_for:
        what = f" waits for a worker of the activity {event.waits_for.rsplit(':', 1)[1]}"
    else:
        what = " waits for SendTaskSuccess or SendTaskFailure with its task token"
    return _of_run(event.flow, event.run, ((_state_name(event), "name"), (what, "")))


def _map_done(event: MapDone) -> Layout:
    items = "1 item" if event.items == 1 else f"{event.items:,} items"
    failed = f", {event.failed:,} of them failed" if event.failed else ""
    words = ((_state_name(event), "name"), (f" has done {items} in {duration(event.seconds)}", ""), (failed, "warning"))
    return _of_run(event.flow, event.run, words)


def _item_failed(event: ItemFailed) -> Layout:
    words = (
        (f"item {short_id(event.item)} ", "name"),
        (_ENDS[event.status][0], "warning"),
        (_error(event.error, event.message, ": "), ""),
    )
    return _of_run(event.flow, event.run, words)


def _omitted(event: Omitted) -> Layout:
    return _of_run(
        event.flow, event.run, ((f"{event.state} ", "name"), (f"{event.count:,} more {event.what}", "faint"))
    )


def _of_function(event: FunctionEvent, words: Words, details: tuple[str, ...] = ()) -> Layout:
    if not event.run:
        return Layout(event.function, event.request_id, words, details)
    place = (f"{_state_name(event)} ", "name"), (f"{event.function} ", "faint")
    return _of_run(event.flow, event.run, (*place, *words), details)


def _printed(event: FunctionPrinted) -> Layout:
    return _of_function(event, (("| ", "faint"), (event.message, "")))


def _function_failed(event: FunctionFailed) -> Layout:
    # A problem document has nothing else that leads here; the failure of a run is found by the run.
    request = "" if event.run else f"  request id {event.request_id}"
    return _of_function(event, (("failed: ", "bad"), (event.message, ""), (request, "faint")), event.frames)


def _notice(event: Notice) -> Layout:
    style = {"info": "", "warning": "warning"}.get(event.level, "bad")
    return Layout("cloud", "", ((event.message, style),), event.details)


def _dropped(event: Dropped) -> Layout:
    text = f"{event.count:,} lines are missing here: there were too many at once"
    return Layout("cloud", "", ((text, "warning"),))


_LAYOUTS: dict[type[Event], Callable[[Any], Layout]] = {
    Dropped: _dropped,
    FunctionFailed: _function_failed,
    FunctionPrinted: _printed,
    ItemFailed: _item_failed,
    MapDone: _map_done,
    Notice: _notice,
    Omitted: _omitted,
    RequestServed: _request,
    RequestsRepeated: _repeated,
    RunEnded: _run_ended,
    RunStarted: _run_started,
    StateWaits: _waits,
    TryFailed: _try_failed,
}
