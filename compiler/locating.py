"""From pointers to lines: turns the findings of checks into diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.checks.base import Check, Finding
from compiler.diagnostic import Diagnostic
from compiler.source import Source


def diagnostic_of(check: Check, finding: Finding, source: Source, origins: Mapping[str, str]) -> Diagnostic:
    """Turn a finding into a diagnostic; `origins` maps pointers into an expanded definition to its short form."""
    pointer = origin(finding.pointer, origins)
    if pointer != finding.pointer or finding.offset is None:
        position = source.position(pointer, key=finding.at_key)
    else:
        position = source.scalar_offset(pointer, finding.offset)
    severity = finding.severity or check.severity
    return Diagnostic(check.id, severity, finding.message, source.path, position, pointer, finding.hint)


def origin(pointer: str, origins: Mapping[str, str]) -> str:
    """Return the pointer of what a value in an expanded definition was written as."""
    if not origins:
        return pointer
    known = pointer
    while known not in origins:
        if not known:
            return pointer
        known = known.rpartition("/")[0]
    return origins[known] + pointer[len(known) :]
