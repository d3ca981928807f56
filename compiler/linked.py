"""Gives the names in a flow their meaning: what the checks that look beyond one file see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.functions import Function
from compiler.handlers import function_of_handler
from compiler.model import Flow
from compiler.namespaces import Namespace
from compiler.placeholders import Scope, Target, flow_of_reference, own_targets
from compiler.unit import Unit


@dataclass(frozen=True, slots=True)
class Linked:
    """A unit whose names are resolved; `targets` lacks those that mean nothing."""

    unit: Unit
    flow: Flow
    aliases: Mapping[str, str]
    own: Mapping[str, Target]
    targets: Mapping[str, Target]
    scope: Scope

    @property
    def definition(self) -> dict[str, Any]:
        """The flow's definition, short forms expanded."""
        assert self.flow.definition is not None
        return self.flow.definition

    @property
    def references(self) -> tuple[str, ...]:
        """The flows that this one starts or names, sorted."""
        return tuple(sorted({target.name for target in self.targets.values() if target.kind == "flow"}))


def resolve_names(
    by_name: Mapping[str, list[Unit]], functions: Mapping[str, Function], owners: Mapping[str, Namespace]
) -> list[Linked]:
    """Resolve the names of every well-formed, uniquely named flow.

    Args:
        by_name: The units of each flow name; more than one if the name is used twice.
        functions: The library functions by name.
        owners: The namespace of each file that belongs to a plugin.
    """
    good: list[tuple[Unit, Flow, dict[str, str]]] = []
    for same in by_name.values():
        unit = same[0]
        if len(same) == 1 and unit.flow is not None:
            good.append((unit, unit.flow, _aliases(unit.flow, functions)))
    aliases = ((alias, function) for _, _, own in good for alias, function in own.items())
    scope = Scope(functions, by_name, aliases)
    linked = []
    for unit, flow, own_aliases in good:
        own = own_targets(own_aliases, _references(flow, by_name))
        if unit.path in owners:
            own = {**owners[unit.path].targets, **own}
        targets: dict[str, Target] = {}
        for name in unit.placeholders:
            target = scope.resolve(name, own)
            if target is not None:
                targets[name] = target
        linked.append(Linked(unit, flow, own_aliases, own, targets, scope))
    return linked


def _aliases(flow: Flow, functions: Mapping[str, Function]) -> dict[str, str]:
    result = {}
    for entry in flow.functions:
        function = function_of_handler(entry.handler)
        if function is not None and function in functions:
            result[entry.name] = function
    return result


def _references(flow: Flow, flows: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for reference in flow.references:
        name = flow_of_reference(reference, flows)
        if name is not None:
            found[reference] = name
    return found
