"""Links the units of a project: gives every name its meaning, and builds the compiled flows.

Diagnoses of this stage carry pointers alone. A file is read again for the positions of those that were found, which is
rare, so that no stage keeps the nodes of every file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from chalicelib.functions import Function
from compiler.checks import PROJECT_CHECKS, SILENCEABLE_ERRORS, duplicate_flow
from compiler.checks.base import Check, Finding, ProjectView
from compiler.compiled import CompiledFlow, FunctionSettings, FunctionUse, Project
from compiler.diagnostic import Diagnostic, Severity
from compiler.handlers import function_of_handler
from compiler.linked import Linked
from compiler.locating import diagnostic_of
from compiler.model import DEFAULT_MEMORY, DEFAULT_TIMEOUT, Flow, FunctionEntry
from compiler.namespaces import Namespace
from compiler.placeholders import Scope, Target, flow_of_reference, own_targets
from compiler.repair import SHAPE_CHECKS, is_about_shape
from compiler.silencing import apply_silences
from compiler.source import Source
from compiler.unit import Unit


def link(
    root: Path,
    units: Iterable[Unit],
    texts: Mapping[str, str],
    functions: Mapping[str, Function],
    *,
    owners: Mapping[str, Namespace] = MappingProxyType({}),
    checks: Iterable[Check] = (),
    problems: Iterable[Diagnostic] = (),
    compiled_count: int = 0,
) -> Project:
    """Link the units of `root` into a project. `texts` are the files' texts by path, for positions.

    `owners` are the plugins of those files that are not the project's own, `checks` what plugins look for besides.
    """
    units = [owners[unit.path].place(unit) if unit.path in owners else unit for unit in units]
    by_name: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        by_name[unit.name].append(unit)
    found: dict[str, list[Diagnostic]] = {unit.path: list(unit.diagnostics) for unit in units}
    read = _Reader(texts)
    for name, same in by_name.items():
        if len(same) > 1:
            for unit in same:
                others = ", ".join(other.path for other in same if other is not unit)
                finding = Finding("/name", f"The flow {name!r} is also defined in {others}.", "rename one of them")
                found[unit.path].append(diagnostic_of(duplicate_flow.CHECK, finding, read(unit.path), unit.origins))
    linked = _look_up(by_name, functions, owners)
    broken_already = {unit.name for unit in units if any(item.severity is Severity.ERROR for item in found[unit.path])}
    shapes = {unit.path: [d.pointer for d in unit.diagnostics if d.check in SHAPE_CHECKS] for unit in units}
    view = ProjectView(functions, {item.flow.name: item for item in linked}, frozenset(broken_already))
    for item in linked:
        for check in (*PROJECT_CHECKS, *checks):
            assert check.project is not None
            for finding in check.project(item, view):
                path = item.unit.path
                if is_about_shape(finding.pointer, shapes[path]):
                    continue
                found[path].append(diagnostic_of(check, finding, read(path), item.unit.origins))
    kept = {unit.path: apply_silences(unit.path, found[unit.path], unit.silences, SILENCEABLE_ERRORS) for unit in units}
    broken: dict[str, tuple[Diagnostic, ...]] = {}
    for name, same in by_name.items():
        errors = [d for unit in same for d in kept[unit.path] if d.severity is Severity.ERROR]
        if errors:
            broken[name] = tuple(sorted(errors, key=lambda d: d.sort_key))
    settings = _settings(linked)
    flows = {
        item.flow.name: _compiled(item, settings, owners.get(item.unit.path))
        for item in sorted(linked, key=lambda item: item.flow.name)
        if item.flow.name not in broken
    }
    diagnostics = sorted([*problems, *(d for items in kept.values() for d in items)], key=lambda d: d.sort_key)
    return Project(root, flows, tuple(diagnostics), broken, settings, compiled_count)


def _look_up(
    by_name: Mapping[str, list[Unit]], functions: Mapping[str, Function], owners: Mapping[str, Namespace]
) -> list[Linked]:
    """Give the names of every well-formed, uniquely named flow their meaning."""
    good: list[tuple[Unit, Flow, dict[str, str]]] = []
    for same in by_name.values():
        unit = same[0]
        if len(same) == 1 and unit.flow is not None:
            good.append((unit, unit.flow, _aliases(unit.flow, functions)))
    aliases = ((alias, function) for _, _, own in good for alias, function in own.items())
    scope = Scope(functions, by_name, aliases)
    linked = []
    for unit, flow, own_aliases in good:
        references = {}
        for reference in flow.references:
            flow_name = flow_of_reference(reference, by_name)
            if flow_name is not None:
                references[reference] = flow_name
        own = own_targets(own_aliases, references)
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


def _settings(linked: Iterable[Linked]) -> dict[str, FunctionSettings]:
    """The settings of each function in use."""
    asked: dict[str, list[FunctionEntry]] = {}
    for item in linked:
        for target in item.targets.values():
            if target.kind == "function":
                asked.setdefault(target.name, [])
        for entry in item.flow.functions:
            if entry.name in item.aliases:
                asked.setdefault(item.aliases[entry.name], []).append(entry)
    return {
        function: FunctionSettings(
            max((entry.timeout for entry in entries if entry.timeout), default=DEFAULT_TIMEOUT),
            max((entry.memory for entry in entries if entry.memory), default=DEFAULT_MEMORY),
        )
        for function, entries in sorted(asked.items())
    }


def _compiled(item: Linked, settings: Mapping[str, FunctionSettings], owner: Namespace | None) -> CompiledFlow:
    flow = item.flow
    uses = dict(item.aliases)
    named = set(uses.values())
    for target in item.targets.values():
        if target.kind == "function" and target.name not in named:
            uses[target.name] = target.name
    return CompiledFlow(
        name=flow.name,
        description=flow.description,
        type=flow.type,
        path=Path(item.unit.path),
        definition=item.definition,
        functions=tuple(
            FunctionUse(alias, function, settings[function].timeout, settings[function].memory)
            for alias, function in sorted(uses.items())
        ),
        references=item.references,
        schedule=flow.schedule,
        input=flow.input,
        input_schema=flow.input_schema,
        access_groups=flow.access.groups if flow.access else (),
        permissions=item.unit.statements,
        targets=item.targets,
        plugin=owner.plugin if owner else None,
        text=item.unit.text,
    )


class _Reader:
    """Reads the files of findings again for their positions, each at most once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.sources: dict[str, Source] = {}

    def __call__(self, path: str) -> Source:
        if path not in self.sources:
            self.sources[path] = Source(path, self.texts[path])
        return self.sources[path]
