"""Every check there is: those of flows, and those of definitions in `asl.language.checks`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from asl.language.checks import CHECKS as DEFINITION_CHECKS
from asl.language.diagnosis import ADVICE
from asl.language.diagnosis import Severity as DefinitionSeverity
from chalicelib.flows.checks import CHECKS
from chalicelib.flows.checks.examples import EXAMPLES
from chalicelib.flows.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """A check as the command line and SARIF describe it."""

    id: str
    severity: Severity
    summary: str
    description: str
    source: str
    wrong: str
    right: str


@cache
def all_checks() -> tuple[CheckEntry, ...]:
    """All checks by id."""
    entries = [CheckEntry(c.id, c.severity, c.summary, c.description, c.source, c.wrong, c.right) for c in CHECKS]
    for check in DEFINITION_CHECKS.values():
        severity = Severity.ERROR
        if check.severity is not DefinitionSeverity.ERROR:
            severity = Severity.ADVICE if check.code == ADVICE else Severity.WARNING
        wrong, right = EXAMPLES.get(check.id, ("", ""))
        entries.append(
            CheckEntry(check.id, severity, check.description.rstrip("."), check.description, check.source, wrong, right)
        )
    return tuple(sorted(entries, key=lambda entry: entry.id))
