"""Finds plugins, functions, flows and steps with the same name. Each error names both sides and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chalicelib.files import read_bytes
from chalicelib.functions.discovery import name_problem, resource_name
from compiler.project import files_of
from compiler.source import flow_name
from plugin_manager.errors import PluginError
from plugin_manager.layout import flow_paths, function_names
from plugin_manager.obtain import Obtained

_WAY_OUT = 'rename one of the two, or give one a prefix in config.json: {"source": "...", "prefix": "acme_"}'

Claim = tuple[str, str, str]
"""The key by which two names are the same, the name, and who uses it."""


def check_names(root: Path, plugins: Sequence[Obtained]) -> None:
    """Check that no two things have the same name, among the plugins and between them and the project.

    Args:
        root: The project's folder.
        plugins: The plugins, with their files.

    Raises:
        PluginError: The message has a line for each clash.
    """
    problems = [
        *_twice("plugin", map(_plugin, plugins)),
        *_twice("function", [*_project_functions(root), *_plugin_functions(plugins)]),
        *_twice("flow", [*_project_flows(root), *_plugin_flows(plugins)]),
        *_twice("step", [(name, name, p.label) for p in plugins for name in p.manifest.steps]),
        *_impossible(plugins),
    ]
    if problems:
        raise PluginError("\n  ".join([f"names clash: {_WAY_OUT}", *problems]))


def _plugin(plugin: Obtained) -> Claim:
    name = plugin.manifest.name
    return resource_name(name).lower(), name, plugin.wanted.source.label


def _twice(kind: str, claims: Iterable[Claim]) -> Iterator[str]:
    first: dict[str, Claim] = {}
    for claim in claims:
        other = first.setdefault(claim[0], claim)
        if other is not claim:
            same = repr(claim[1]) if claim[1] == other[1] else f"{other[1]!r} and {claim[1]!r} (the same name on AWS)"
            yield f"{kind} {same}: {other[2]} and {claim[2]}"


def _impossible(plugins: Sequence[Obtained]) -> Iterator[str]:
    for plugin in plugins:
        for name, path in function_names(plugin.files):
            problem = name_problem(plugin.wanted.prefix + name)
            if problem:
                yield f"{plugin.label}, {path}: {problem}"


def _project_functions(root: Path) -> Iterator[Claim]:
    for handler in sorted((root / "chalicelib" / "lib").glob("*/handler.py")):
        name = handler.parent.name
        yield resource_name(name), name, str(handler.relative_to(root))


def _plugin_functions(plugins: Sequence[Obtained]) -> Iterator[Claim]:
    for plugin in plugins:
        for name, path in function_names(plugin.files):
            name = plugin.wanted.prefix + name
            yield resource_name(name), name, f"{plugin.label}, {path}"


def _project_flows(root: Path) -> Iterator[Claim]:
    folder = root / "flows"
    for file in sorted(files_of([folder])) if folder.is_dir() else ():
        try:
            name = flow_name(read_bytes(file).decode("utf-8-sig", "replace"))
        except OSError:
            continue  # the compiler reports it
        if name:
            yield name, name, str(file.relative_to(root.resolve()))


def _plugin_flows(plugins: Sequence[Obtained]) -> Iterator[Claim]:
    for plugin in plugins:
        for path in flow_paths(plugin.files):
            name = flow_name(plugin.files[path].decode("utf-8-sig", "replace"))
            if name:
                name = plugin.wanted.prefix + name
                yield name, name, f"{plugin.label}, {path}"
