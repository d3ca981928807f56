"""Findings for people: position, message, and the line with carets under what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unicodedata import combining, east_asian_width

from chalicelib.files import read_text
from compiler.cli.terminal import SEVERITY_COLOURS, Style
from compiler.diagnostic import Diagnostic, Severity

MAX_WIDTH = 160  # columns of an excerpt


def render_text(diagnostics: Iterable[Diagnostic], root: Path, style: Style) -> Iterator[str]:
    """Yield the lines of a report.

    Args:
        diagnostics: The findings.
        root: The project's folder, from which excerpts are read.
        style: The colours.
    """
    lines_of = _files(root)
    for item in diagnostics:
        severity = style.paint(item.severity, SEVERITY_COLOURS[item.severity])
        place = style.bold(f"{item.file}:{item.line}:{item.column}")
        yield f"{place}: {severity}: {item.message} {style.faint(f'[{item.check}]')}"
        yield from _excerpt(item, lines_of(item.file), style)
        if item.hint:
            yield f"      {style.faint('=')} {item.hint}"


def summary(diagnostics: Iterable[Diagnostic], flows: int) -> str:
    """Return a summary such as `6 flows: 1 error, 2 warnings`."""
    counts = dict.fromkeys(Severity, 0)
    for item in diagnostics:
        counts[item.severity] += 1
    parts = [
        f"{count} {severity if count == 1 or severity is Severity.ADVICE else severity + 's'}"
        for severity, count in counts.items()
        if count
    ]
    return f"{flows} flow{'' if flows == 1 else 's'}: {', '.join(parts) or 'nothing wrong'}"


def _excerpt(item: Diagnostic, lines: list[str], style: Style) -> Iterator[str]:
    if not 0 < item.line <= len(lines):
        return
    line = lines[item.line - 1]
    if len(line) > MAX_WIDTH:
        return
    position = item.position
    end = position.end_column if position.end_line == position.line else len(line) + 1
    width = max(1, min(end, len(line) + 1) - position.column)
    margin = f"{item.line:>5} | "
    start = position.column - 1
    before = "".join("\t" if letter == "\t" else " " * _cells(letter) for letter in line[:start])
    caret = style.paint("^" * max(1, sum(map(_cells, line[start : start + width]))), SEVERITY_COLOURS[item.severity])
    yield f"{style.faint(margin)}{line}"
    yield f"{style.faint('      | ')}{before}{caret}"


def _cells(letter: str) -> int:
    """Return how many columns of a terminal a character takes up."""
    if letter < "\u0300":
        return 1
    return 0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1


def _files(root: Path) -> Callable[[str], list[str]]:
    known: dict[str, list[str]] = {}

    def lines(file: str) -> list[str]:
        if file not in known:
            try:
                known[file] = read_text(root / file).splitlines()
            except (OSError, UnicodeDecodeError):
                known[file] = []
        return known[file]

    return lines
