"""Colours, where there is a terminal to show them."""

from __future__ import annotations

from typing import TextIO

from compiler.diagnostic import Severity

SEVERITY_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.ADVICE: "36"}


class Style:
    """Paints texts, or leaves them alone when the stream is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.coloured = stream.isatty()

    def paint(self, text: str, colour: str) -> str:
        """`text` in an ANSI colour, `31` or `1;31`."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured else text

    def bold(self, text: str) -> str:
        """`text` in bold."""
        return self.paint(text, "1")

    def faint(self, text: str) -> str:
        """`text` in grey."""
        return self.paint(text, "2")
