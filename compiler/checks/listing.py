"""All checks: those of flow files, those of definitions in `asl.language.checks`, and those of plugins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from asl.language.checks import CHECKS as DEFINITION_CHECKS
from asl.language.checks.examples import EXAMPLES, Definition
from asl.language.diagnosis import ADVICE
from asl.language.diagnosis import Severity as DefinitionSeverity
from chalicelib.settings import PROJECT
from compiler.checks import CHECKS
from compiler.checks.base import Check
from compiler.diagnostic import Severity
from compiler.extensions import extensions_of
from compiler.source import Source

LONGEST_EXAMPLE = 2_000  # characters
MARK = "  # <-"


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


def all_checks(root: Path = PROJECT) -> tuple[CheckEntry, ...]:
    """Return all checks by id, including those of the plugins of the project at `root`."""
    added = [_entry(check) for check in extensions_of(root).checks]
    return tuple(sorted([*_own_checks(), *added], key=lambda entry: entry.id))


def _entry(check: Check) -> CheckEntry:
    return CheckEntry(
        check.id, check.severity, check.summary, check.description, check.source, check.wrong, check.right
    )


@cache
def _own_checks() -> tuple[CheckEntry, ...]:
    entries = [_entry(check) for check in CHECKS]
    for check in DEFINITION_CHECKS.values():
        severity = Severity.ERROR
        if check.severity is not DefinitionSeverity.ERROR:
            severity = Severity.ADVICE if check.code == ADVICE else Severity.WARNING
        wrong, right = _examples(check.id)
        entries.append(
            CheckEntry(check.id, severity, check.description.rstrip("."), check.description, check.source, wrong, right)
        )
    return tuple(entries)


def _examples(check: str) -> tuple[str, str]:
    """Return the examples of a definition's check as flows; empty if YAML can't express the mistake."""
    example = EXAMPLES.get(check)
    if example is None:
        return "", ""
    wrong = _flow(example.broken, example.machine_type)
    right = _flow(example.right, example.machine_type)
    if not wrong or not right or len(wrong) + len(right) > LONGEST_EXAMPLE:
        return "", ""
    lines = wrong.split("\n")
    lines[Source("", wrong).position("/definition" + example.pointer).line - 1] += MARK
    return "\n".join(lines), right


def _flow(definition: Definition, machine_type: str) -> str:
    if not isinstance(definition, dict):
        return ""
    flow = {"name": "example", "type": machine_type, "definition": definition}
    if machine_type == "STANDARD":
        del flow["type"]
    return yaml.dump(flow, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes no aliases for equal values: examples are easier to read without."""

    def ignore_aliases(self, data: object) -> bool:
        return True
