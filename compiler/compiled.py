"""The compiler's result: flows whose names are all resolved. Definitions are shared; never change them in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from chalicelib.names import Names
from compiler.diagnostic import Diagnostic, Severity
from compiler.model import Notify, Schedule
from compiler.permissions import Statement, policy_document
from compiler.placeholders import Target, replace_in_json

UNREADABLE = "unreadable-file"
"""The check of findings about files that can't be read."""


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """A library function under the name by which a flow calls it. `timeout` in seconds, `memory` in MB."""

    alias: str
    function: str
    timeout: int
    memory: int


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """How a function is deployed: the largest `timeout` (seconds) and `memory` (MB) that any flow requests."""

    timeout: int
    memory: int


@dataclass(frozen=True)
class CompiledFlow:
    """A flow ready to be created as a state machine.

    `definition` is as written (short forms expanded), with its `${...}`; `targets` maps each of them to its meaning;
    `references` are the flows that it starts; `permissions` are the statements of its role. `path` is relative to
    the project.
    """

    name: str
    description: str
    type: str
    path: Path
    definition: dict[str, Any]
    functions: tuple[FunctionUse, ...]
    references: tuple[str, ...]
    schedule: Schedule | None
    input: Any
    input_schema: dict[str, Any] | None
    access_groups: tuple[str, ...]
    permissions: tuple[Statement, ...]
    targets: Mapping[str, Target]
    plugin: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    mcp: bool = True
    notify: tuple[Notify, ...] = ()
    text: str = field(default="", repr=False, compare=False)

    def render(self, names: Names) -> str:
        """Return the definition as JSON with every `${...}` replaced by what it means in one stage."""
        return replace_in_json(self.text or json.dumps(self.definition, ensure_ascii=False), self.targets, names)

    def policy(self, names: Names) -> dict[str, Any]:
        """Return the IAM policy document of the state machine's role in one stage; it may have no statements."""
        return policy_document(self.permissions, self.targets, names)


@dataclass(frozen=True)
class Project:
    """All flows of a project.

    `broken` has the flows that can't run, each with its errors; a flow is in `flows` or in `broken`, never in both.
    `diagnostics` has every finding of every file, ordered by file and line. `settings` has each function that a flow
    uses.
    """

    root: Path
    flows: Mapping[str, CompiledFlow]
    diagnostics: tuple[Diagnostic, ...]
    broken: Mapping[str, tuple[Diagnostic, ...]]
    settings: Mapping[str, FunctionSettings] = field(default_factory=dict)
    compiled_count: int = 0
    """How many files were compiled, not taken from the cache."""

    @cached_property
    def unreadable(self) -> Mapping[str, Diagnostic]:
        """The findings about files that can't be read, by path. Nobody knows which flows are in them."""
        return {item.file: item for item in self.diagnostics if item.check == UNREADABLE}

    @cached_property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings of severity ERROR."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)
