"""Renderers: what an event looks like as plain text, in colours, and as JSON. One line each, or a few."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Protocol
from zlib import crc32

from localcloud.story.events import Event
from localcloud.story.layout import clock, lay_out

TAG_WIDTH = 24
INDENT = " " * (14 + TAG_WIDTH + 2)


class Renderer(Protocol):
    """Makes text of events."""

    def render(self, event: Event) -> str:
        """Return the event's line, or lines, without the last one's end."""


class PlainRenderer:
    """Columns of plain text."""

    def render(self, event: Event) -> str:
        """See `Renderer`."""
        layout = lay_out(event)
        text = "".join(text for text, _ in layout.words).replace("\n", "\n" + INDENT)
        line = f"{clock(event.time)}  {layout.tag:<{TAG_WIDTH}}  {text}"
        return "\n".join((line, *(f"{INDENT}  {detail}" for detail in layout.details)))


_STYLES = {"good": "green", "bad": "bold red", "warning": "yellow", "faint": "dim", "name": "bold"}
_TAGS = ("cyan", "magenta", "blue", "green", "yellow", "bright_cyan", "bright_magenta", "bright_blue")


class ColourRenderer:
    """The same columns, in the colours that rich finds the terminal to have."""

    def __init__(self, terminal: Any) -> None:
        """Prepare the styles.

        Args:
            terminal: The text stream of the terminal.
        """
        from rich.console import Console

        console = Console(file=terminal)
        self._colours = console._color_system  # None for a terminal without any
        self._styles = {name: _parsed(text, console) for name, text in _STYLES.items()}
        self._tags = [_parsed(text, console) for text in _TAGS]

    def render(self, event: Event) -> str:
        """See `Renderer`."""
        layout = lay_out(event)
        tag = f"{layout.tag:<{TAG_WIDTH}}"
        if layout.key:
            tag = self._in(self._tags[crc32(layout.key.encode()) % len(self._tags)], tag)
        faint = self._styles["faint"]
        words = "".join(self._in(self._styles[style], text) if style else text for text, style in layout.words if text)
        line = f"{self._in(faint, clock(event.time))}  {tag}  " + words.replace("\n", "\n" + INDENT)
        return "\n".join((line, *(f"{INDENT}  {self._in(faint, detail)}" for detail in layout.details)))

    def _in(self, style: Any, text: str) -> str:
        rendered: str = style.render(text, color_system=self._colours)
        return rendered


def _parsed(text: str, console: Any) -> Any:
    from rich.style import Style

    style = Style.parse(text)
    return style.without_color if console.no_color else style


class JsonRenderer:
    """A JSON object a line: `time` (ISO 8601, UTC), `event`, and the fields of the event that are not empty."""

    def render(self, event: Event) -> str:
        """See `Renderer`."""
        moment = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document: dict[str, Any] = {"time": moment, "event": event.name}
        for entry in fields(event)[1:]:
            value = getattr(event, entry.name)
            if value not in (None, "", ()):
                document[entry.name] = round(value, 3) if isinstance(value, float) else value
        return json.dumps(document, ensure_ascii=False)
