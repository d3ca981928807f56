"""A flow whose names are looked up: what the checks that look beyond one file see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.model import Flow
from compiler.placeholders import Scope, Target
from compiler.unit import Unit


@dataclass(frozen=True, slots=True)
class Linked:
    """A unit whose names are looked up; `targets` lacks those that mean nothing."""

    unit: Unit
    flow: Flow
    aliases: Mapping[str, str]
    own: Mapping[str, Target]
    targets: Mapping[str, Target]
    scope: Scope

    @property
    def definition(self) -> dict[str, Any]:
        assert self.flow.definition is not None
        return self.flow.definition

    @property
    def references(self) -> tuple[str, ...]:
        """The flows that this one starts or names, sorted."""
        return tuple(sorted({target.name for target in self.targets.values() if target.kind == "flow"}))
