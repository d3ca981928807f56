"""Links the units of a project: gives every name its meaning, runs the checks of it, and builds the compiled flows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.functions import Function
from compiler.checks import PROJECT_CHECKS, duplicate_flow
from compiler.checks.base import Check, Finding, ProjectView
from compiler.compiled import CompiledFlow, FunctionSettings, FunctionUse, Project
from compiler.diagnostic import Diagnostic, Severity
from compiler.findings import Findings
from compiler.linked import Linked, resolve_names
from compiler.model import DEFAULT_MEMORY, DEFAULT_TIMEOUT, FunctionEntry
from compiler.namespaces import Namespace
from compiler.unit import Unit


@dataclass(frozen=True, slots=True)
class LinkContext:
    """What the linker needs in addition to the units.

    Attributes:
        root: The project's folder.
        texts: The content of each file by its path, for positions.
        functions: The library functions by name.
        owners: The namespace of each file that belongs to a plugin.
        checks: The checks that plugins add.
        problems: Findings of earlier stages that belong to no unit, such as files that can't be read.
    """

    root: Path
    texts: Mapping[str, str]
    functions: Mapping[str, Function]
    owners: Mapping[str, Namespace]
    checks: tuple[Check, ...]
    problems: tuple[Diagnostic, ...]


def link(units: Iterable[Unit], context: LinkContext) -> Project:
    """Link units into a project. A broken flow affects no other: it is in the result's `broken`."""
    owners = context.owners
    units = [owners[unit.path].place(unit) if unit.path in owners else unit for unit in units]
    by_name: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        by_name[unit.name].append(unit)
    findings = Findings(units, context.texts)
    _report_duplicates(by_name, findings)
    linked = resolve_names(by_name, context.functions, owners)
    _run_checks(linked, context, findings)
    kept = findings.after_silences()
    broken = _broken(by_name, kept)
    settings = _settings(linked)
    flows = {
        item.flow.name: _compiled(item, settings, owners.get(item.unit.path))
        for item in sorted(linked, key=lambda item: item.flow.name)
        if item.flow.name not in broken
    }
    diagnostics = sorted((*context.problems, *(d for items in kept.values() for d in items)), key=_sort_key)
    return Project(context.root, flows, tuple(diagnostics), broken, settings)


def _report_duplicates(by_name: Mapping[str, list[Unit]], findings: Findings) -> None:
    for name, same in by_name.items():
        if len(same) > 1:
            for unit in same:
                others = ", ".join(other.path for other in same if other is not unit)
                message = f"The flow {name!r} is also defined in {others}."
                findings.report(unit, duplicate_flow.CHECK, Finding("/name", message, "rename one of them"))


def _run_checks(linked: Iterable[Linked], context: LinkContext, findings: Findings) -> None:
    """Run the checks that look beyond one file: the compiler's, then those of plugins."""
    flows = {item.flow.name: item for item in linked}
    view = ProjectView(context.functions, flows, findings.broken_names())
    for item in flows.values():
        for check in (*PROJECT_CHECKS, *context.checks):
            assert check.project is not None
            for finding in check.project(item, view):
                if not findings.is_about_shape(item.unit, finding):
                    findings.report(item.unit, check, finding)


def _broken(
    by_name: Mapping[str, list[Unit]], kept: Mapping[str, list[Diagnostic]]
) -> dict[str, tuple[Diagnostic, ...]]:
    broken = {}
    for name, same in by_name.items():
        errors = [item for unit in same for item in kept[unit.path] if item.severity is Severity.ERROR]
        if errors:
            broken[name] = tuple(sorted(errors, key=_sort_key))
    return broken


def _sort_key(item: Diagnostic) -> tuple[str, int, int, str, str]:
    return item.sort_key


def _settings(linked: Iterable[Linked]) -> dict[str, FunctionSettings]:
    """Return the settings of each function in use."""
    requested: dict[str, list[FunctionEntry]] = {}
    for item in linked:
        for target in item.targets.values():
            if target.kind == "function":
                requested.setdefault(target.name, [])
        for entry in item.flow.functions:
            if entry.name in item.aliases:
                requested.setdefault(item.aliases[entry.name], []).append(entry)
    return {
        function: FunctionSettings(
            max((entry.timeout for entry in entries if entry.timeout), default=DEFAULT_TIMEOUT),
            max((entry.memory for entry in entries if entry.memory), default=DEFAULT_MEMORY),
        )
        for function, entries in sorted(requested.items())
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
        labels=flow.labels,
        mcp=flow.mcp,
        notify=flow.notify,
        text=item.unit.text,
    )
