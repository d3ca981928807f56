"""One thing that a linter says of one resource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A finding: the rule, the stage and its template, and the logical id of the resource, if it is about one."""

    rule: str
    stage: str
    template: str
    resource: str
    message: str

    def __str__(self) -> str:
        place = "/".join(part for part in (self.stage, self.template, self.resource) if part)
        return f"{place}: {self.rule}: {self.message}"
