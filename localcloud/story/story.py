"""The story as its users see it: `put` takes what happens, and lines appear."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from localcloud.settings import SetupError
from localcloud.story.events import Dropped, Event, Notice
from localcloud.story.narrator import Narrator, Told
from localcloud.story.rendering import ColourRenderer, JsonRenderer, PlainRenderer, Renderer
from localcloud.story.writer import Writer

VARIABLE = "LOG"
MOST_A_SECOND = 400
"""How many lines a second are written for people, who cannot read more. Errors and JSON have no such bound."""


class LogFormat(StrEnum):
    """What the story looks like, the values of the variable LOG."""

    TEXT = "text"
    """For people: in colours on a terminal, plain otherwise."""
    JSON = "json"
    """A JSON object a line."""
    QUIET = "quiet"
    """As `TEXT`, but only errors."""


def log_format() -> LogFormat:
    """Return the format that the variable LOG names; `text` if it is not set.

    Raises:
        SetupError: It has another value.
    """
    value = os.environ.get(VARIABLE) or "text"
    try:
        return LogFormat(value)
    except ValueError:
        raise SetupError(f"{VARIABLE} is {value!r}: set it to text, json or quiet.") from None


class Budget:
    """Counts lines, so that there are not more in a second than people can read.

    Args:
        most: How many lines a second may have; None for any number.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._second = 0
        self._spent = 0
        self._refused = 0

    def spend(self) -> bool:
        """Return whether there may be one more line in this second."""
        if self._most is None:
            return True
        self._spent += 1
        self._refused += self._spent > self._most
        return self._spent <= self._most

    def next_second(self, *, is_last: bool = False) -> int:
        """Begin another second if it is time to, and return how many lines were refused in the one before."""
        second = int(time.time())
        if second == self._second and not is_last:
            return 0
        refused, self._refused = self._refused, 0
        self._second, self._spent = second, 0
        return refused


class Story:
    """Tells what happens on a stream.

    Args:
        stream: Where to write.
        kind: What it looks like.
        root: The project's folder.
        prefix: What the names of all functions and state machines of the stage begin with.
    """

    def __init__(self, stream: TextIO, kind: LogFormat, root: Path, prefix: str) -> None:
        self._narrator = Narrator(root, prefix)
        self._is_quiet = kind is LogFormat.QUIET
        self._budget = Budget(None if kind is LogFormat.JSON else MOST_A_SECOND)
        self._renderer: Renderer
        if kind is LogFormat.JSON:
            self._renderer = JsonRenderer()
        elif stream.isatty():
            self._renderer = ColourRenderer(stream)
        else:
            self._renderer = PlainRenderer()
        stream.flush()
        self._writer = Writer(stream.fileno(), self._lines)

    def put(self, told: Told) -> None:
        """Take what happened; from any thread, and at once."""
        self._writer.put(told)

    def close(self) -> None:
        """Tell what waits, and end."""
        self._writer.close()

    # -- called by the writer's thread

    def _lines(self, told: Iterable[Told], dropped: int, is_last: bool) -> list[str]:
        lines = []
        missing = dropped + self._budget.next_second()
        if missing:
            lines.append(self._render(Dropped(time.time(), missing)))
        for event in self._events(told, is_last):
            if event.is_error or (not self._is_quiet and self._budget.spend()):
                lines.append(self._render(event))
        if is_last and (missing := self._budget.next_second(is_last=True)):
            lines.append(self._render(Dropped(time.time(), missing)))
        return lines

    def _render(self, event: Event) -> str:
        try:
            return self._renderer.render(event)
        except Exception as error:
            return self._renderer.render(_mistake(event, error))

    def _events(self, told: Iterable[Told], is_last: bool) -> Iterator[Event]:
        for one in told:
            try:
                yield from self._narrator.tell(one)
            except Exception as error:
                yield _mistake(one, error)
        yield from self._narrator.due(everything=is_last)


def _mistake(what: object, error: Exception) -> Notice:
    """One mistake must not end the story."""
    return Notice(time.time(), f"Cannot tell {type(what).__name__}: {error!r}", "error")


def open_story(root: Path, prefix: str, stream: TextIO | None = None) -> Story:
    """Return a story on a stream, standard output by default, in the format that LOG names.

    Raises:
        SetupError: LOG has an unknown value.
    """
    return Story(stream or sys.stdout, log_format(), root, prefix)
