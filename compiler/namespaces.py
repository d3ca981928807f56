"""The names of a plugin's flows and functions, and the prefix that the project gives them.

Inside a plugin its own names refer to its own flows and functions, without the prefix, which the plugin does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from chalicelib.plugins import Plugin
from compiler.handlers import function_of_handler
from compiler.permissions import derive_statements
from compiler.placeholders import Target, flow_names, flow_of_reference, function_names
from compiler.source import flow_name
from compiler.unit import Unit


@dataclass(frozen=True)
class Namespace:
    """The names of one plugin, as it writes them."""

    plugin: str
    prefix: str
    functions: frozenset[str]
    flows: frozenset[str]

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """What the plugin's names mean in its own flows; empty without a prefix, as they mean the same everywhere."""
        if not self.prefix:
            return {}
        found = {name: Target("flow", self.prefix + flow) for flow in sorted(self.flows) for name in flow_names(flow)}
        for function in sorted(self.functions, reverse=True):
            found |= dict.fromkeys(function_names(function), Target("function", self.prefix + function))
        return found

    def place(self, unit: Unit) -> Unit:
        """Return the unit of one of its flows with the project's names for the flow and for what it refers to."""
        if not self.prefix:
            return unit
        name = self.prefix + unit.name
        flow = unit.flow
        if flow is None or flow.definition is None:
            return replace(unit, name=name)
        functions = tuple(
            replace(entry, handler=self.prefix + function)
            if (function := function_of_handler(entry.handler)) in self.functions and function is not None
            else entry
            for entry in flow.functions
        )
        references = tuple(
            self.prefix + own if (own := flow_of_reference(reference, self.flows)) else reference
            for reference in flow.references
        )
        statements = derive_statements(name, flow.definition, flow.permissions, flow.denied)
        flow = replace(flow, name=name, functions=functions, references=references)
        return replace(unit, name=name, flow=flow, statements=statements)


def namespace_of(plugin: Plugin, texts: Mapping[str, str]) -> Namespace:
    """Return the namespace of a plugin; `texts` are the contents of its flow files by path."""
    functions = frozenset(handler.parent.name for handler in plugin.functions.glob("*/handler.py"))
    flows = frozenset(name for text in texts.values() if (name := flow_name(text)))
    return Namespace(plugin.name, plugin.prefix, functions, flows)


def namespaces(plugins: tuple[Plugin, ...], texts: Mapping[str, str], root: Path) -> dict[str, Namespace]:
    """Return the namespace of each file of `texts` (by path relative to `root`) that belongs to a plugin."""
    found: dict[str, Namespace] = {}
    for plugin in plugins:
        start = plugin.flows.relative_to(root).as_posix() + "/"
        own = {path: text for path, text in texts.items() if path.startswith(start)}
        found |= dict.fromkeys(own, namespace_of(plugin, own))
    return found
