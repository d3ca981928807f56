"""Colours for terminals."""

from __future__ import annotations

from typing import TextIO

from compiler.diagnostic import Severity

SEVERITY_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.ADVICE: "36"}


class Style:
    """Adds colours to strings if the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.coloured = stream.isatty()

    def paint(self, text: str, colour: str) -> str:
        """Return `text` in an ANSI colour such as `31` or `1;31`."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured else text

    def bold(self, text: str) -> str:
        """Return `text` in bold."""
        return self.paint(text, "1")

    def faint(self, text: str) -> str:
        """Return `text` in grey."""
        return self.paint(text, "2")
