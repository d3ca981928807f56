"""Findings that are as we want them: `infrastructure/excused.yml`, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from infrastructure.errors import DeploymentError
from infrastructure.linting.findings import Finding

EXCUSES = Path(__file__).parent.parent / "excused.yml"
_KEYS = {"rule", "where", "why"}


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a rule does not apply to resources: `where` is a pattern of their logical ids."""

    rule: str
    where: str
    why: str

    def excuses(self, finding: Finding) -> bool:
        """Whether this is the excuse for a finding."""
        return self.rule == finding.rule and fnmatchcase(finding.resource, self.where)


def read_excuses(file: Path) -> list[Excuse]:
    """Read the excuses of a file.

    Raises:
        DeploymentError: An entry is not `{rule, where?, why}`, or has no reason.
    """
    import yaml

    entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    excuses = []
    for number, entry in enumerate(entries, 1):
        if not (isinstance(entry, dict) and {"rule", "why"} <= entry.keys() <= _KEYS and str(entry["why"]).strip()):
            raise DeploymentError(f"{file.name}: entry {number}: must have rule and why, and may have where")
        excuses.append(Excuse(entry["rule"], entry.get("where", "*"), entry["why"]))
    return excuses


def unexcused(findings: Iterable[Finding], excuses: Sequence[Excuse]) -> list[Finding]:
    """Return the findings that no excuse excuses."""
    return sorted({finding for finding in findings if not any(excuse.excuses(finding) for excuse in excuses)})


def unused(findings: Sequence[Finding], excuses: Iterable[Excuse]) -> list[Excuse]:
    """Return the excuses that excuse no finding."""
    return [excuse for excuse in excuses if not any(excuse.excuses(finding) for finding in findings)]
