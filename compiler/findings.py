"""The findings of a project's files while it is linked.

Checks of this stage find pointers only. A file is read again for the positions of those that were found, which is rare,
so that no stage keeps the nodes of every file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compiler.checks import SILENCEABLE_ERRORS
from compiler.checks.base import Check, Finding
from compiler.diagnostic import Diagnostic, Severity
from compiler.locating import diagnostic_of
from compiler.repair import SHAPE_CHECKS, is_about_shape
from compiler.silencing import apply_silences
from compiler.source import Source
from compiler.unit import Unit


class Findings:
    """Collects findings by file: those that the units come with, and those that are reported here.

    Args:
        units: The files that are linked.
        texts: The content of each file by its path, for positions.
    """

    def __init__(self, units: Iterable[Unit], texts: Mapping[str, str]) -> None:
        self._units = {unit.path: unit for unit in units}
        self._texts = texts
        self._found = {path: list(unit.diagnostics) for path, unit in self._units.items()}
        self._shapes = {
            path: [item.pointer for item in unit.diagnostics if item.check in SHAPE_CHECKS]
            for path, unit in self._units.items()
        }
        self._sources: dict[str, Source] = {}

    def report(self, unit: Unit, check: Check, finding: Finding) -> None:
        """Add a finding of a check."""
        self._found[unit.path].append(diagnostic_of(check, finding, self._source(unit.path), unit.origins))

    def is_about_shape(self, unit: Unit, finding: Finding) -> bool:
        """Return whether a finding is about a part of the file whose shape has been reported."""
        return is_about_shape(finding.pointer, self._shapes[unit.path])

    def broken_names(self) -> frozenset[str]:
        """Return the names of the flows with an error so far."""
        return frozenset(
            unit.name
            for path, unit in self._units.items()
            if any(item.severity is Severity.ERROR for item in self._found[path])
        )

    def after_silences(self) -> dict[str, list[Diagnostic]]:
        """Return what no comment silences, by file."""
        return {
            path: apply_silences(path, found, self._units[path].silences, SILENCEABLE_ERRORS)
            for path, found in self._found.items()
        }

    def _source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = Source(path, self._texts[path])
        return self._sources[path]
