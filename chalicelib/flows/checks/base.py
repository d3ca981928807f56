"""What a check is, and what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.flows.diagnostic import Severity

if TYPE_CHECKING:
    from chalicelib.flows.linked import Linked
    from chalicelib.flows.model import Flow
    from chalicelib.functions import Function


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a check found something: a pointer into the flow's file, at its key or at `offset` of its text."""

    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False
    offset: int | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """What a check that looks beyond one file sees: every flow with a name of its own, and every function."""

    functions: Mapping[str, Function]
    flows: Mapping[str, Linked]


FileCheck = Callable[["Flow"], Iterable[Finding]]
ProjectCheck = Callable[["Linked", ProjectView], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: what it finds and why, with the smallest flow that breaks it and one that does not.

    `file` looks at a file on its own, `project` at a flow among the others; a check without either is found by the
    stage that reads files. `source` is where the rule is written. In the examples, `# <-` marks the line found.
    """

    id: str
    severity: Severity
    summary: str
    description: str
    source: str
    wrong: str
    right: str
    file: FileCheck | None = None
    project: ProjectCheck | None = None
    library: Mapping[str, str] = field(default_factory=dict)
    """Functions that the examples need beside `hello_world`: name -> the source of their handler."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Other flow files that the wrong example needs."""
