"""What plugins add to the compiler: checks, and step shorthands. See docs/plugins.md.

A check is a `Check` (`compiler.checks`) with `file` or `project`; its id is prefixed with the plugin's name.
A shorthand is a function from the value of its key in a step to an ordinary step:

    def greet(value):                       # - greet: Ada
        return {"call": "greetings_hello", "input": {"name": value}}

A hook that fails is an error of its plugin; flows that do not need it still compile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import plugins
from chalicelib.files import read_bytes
from chalicelib.plugins import HookError, Plugin, installed, load_hook
from compiler.checks.base import Check, FileView, Finding, ProjectView
from compiler.diagnostic import Diagnostic, Severity
from compiler.file_schema import Violation
from compiler.shortform import KINDS
from compiler.source import flow_name

if TYPE_CHECKING:
    from compiler.linked import Linked

Shorthand = Callable[[Any], Any]
_NESTED = frozenset({"do", "otherwise", "parallel", "catch", "choose", "on_reject"})
"""The keys of a step that hold other steps."""
_NAMING = _NESTED | {"approve", "call", "notify"}
"""Those with names of functions and flows in or below them."""


@dataclass(frozen=True)
class Extensions:
    """What the plugins of a project add. `key` changes when the results of shorthands may change."""

    checks: tuple[Check, ...] = ()
    shorthands: Mapping[str, Shorthand] = field(default_factory=dict)
    key: str = ""
    problems: tuple[Diagnostic, ...] = ()


def extensions_of(root: Path) -> Extensions:
    """Return the extensions of the project at `root`; they are loaded once for each list of installed plugins."""
    listed = installed(root)
    known = _known.get(root)
    if known is None or known[0] is not listed:
        known = _known[root] = (listed, _load(root, listed))
    return known[1]


def expand_shorthands(steps: Any, shorthands: Mapping[str, Shorthand], pointer: str, problems: list[Violation]) -> Any:
    """Replace every shorthand by the step that it represents; its other keys (`name`, `output`, `catch`, ...) are kept.

    Args:
        steps: What is written as `steps`, or a part of it.
        shorthands: The shorthands by key.
        pointer: The JSON pointer of `steps` in the file.
        problems: Collects the shorthands that fail.

    Returns:
        The expanded steps, in the same places.
    """
    if isinstance(steps, list):
        return [expand_shorthands(step, shorthands, f"{pointer}/{i}", problems) for i, step in enumerate(steps)]
    if not isinstance(steps, dict):
        return steps
    found = [key for key in steps if key in shorthands]
    if len(found) == 1 and not _is_step(steps):
        return _expanded(steps, found[0], shorthands[found[0]], pointer, problems)
    return {
        key: expand_shorthands(value, shorthands, f"{pointer}/{key}", problems) if key in _NESTED else value
        for key, value in steps.items()
    }


def _expanded(
    step: dict[str, Any], key: str, shorthand: Shorthand, pointer: str, problems: list[Violation]
) -> dict[str, Any]:
    try:
        result = _as_json(shorthand(_as_json(step[key])))
        if not isinstance(result, dict) or not _is_step(result):
            raise TypeError(f"it returned {result!r}, which is not a step")
    except (Exception, SystemExit) as error:
        problems.append(Violation("steps", f"{pointer}/{key}", f"The shorthand {key!r} failed: {error}."))
        return {"wait": 1}  # a valid step, so that nothing else is reported because of this one
    return {**result, **{name: value for name, value in step.items() if name != key}}


def _is_step(value: dict[str, Any]) -> bool:
    return any(kind in value for kind in KINDS)


def _as_json(value: Any) -> Any:
    """Copy a value by way of JSON, so that it contains nothing else."""
    return json.loads(json.dumps(value, allow_nan=False))


def _load(root: Path, listed: Iterable[Plugin]) -> Extensions:
    checks: list[Check] = []
    shorthands: dict[str, Shorthand] = {}
    problems: list[Diagnostic] = []
    keys: list[str] = []
    for plugin in listed:
        for name, reference in plugin.checks.items():
            try:
                checks.append(_check(plugin, name, plugins.load_hook(plugin, reference)))
            except HookError as error:
                problems.append(_problem(plugin, error, root))
        for name, reference in plugin.steps.items():
            try:
                shorthands[name] = _shorthand(plugin, load_hook(plugin, reference))
                keys.append(f"{name}={plugin.folder.name}/{plugin.prefix}")
            except HookError as error:
                problems.append(_problem(plugin, error, root))
    return Extensions(tuple(checks), shorthands, ",".join(keys), tuple(problems))


def _problem(plugin: Plugin, error: HookError, root: Path) -> Diagnostic:
    file = (plugin.folder / "plugin.toml").relative_to(root).as_posix()
    return Diagnostic("plugin-hook", Severity.ERROR, f"{error}.", file, hint="update or remove the plugin")


def _check(plugin: Plugin, name: str, check: Any) -> Check:
    if not isinstance(check, Check) or (check.file is None and check.project is None):
        raise HookError(f"plugin {plugin.name}: the check {name} must be a Check with `file` or `project`")
    id = f"{plugin.name}/{name}"

    def run(linked: Linked, view: ProjectView) -> Iterator[Finding]:
        try:
            if check.project is not None:
                yield from map(_sound, check.project(linked, view))
            if check.file is not None:
                yield from map(_sound, check.file(FileView(linked.flow, linked.unit.placeholders)))
        except (Exception, SystemExit) as error:
            message = f"The check {id} failed: {type(error).__name__}: {error}."
            yield Finding("/name", message, "report it to the plugin's author", severity=Severity.WARNING)

    return replace(check, id=id, file=None, project=run)


def _sound(finding: Any) -> Finding:
    if not isinstance(finding, Finding) or not isinstance(finding.pointer, str) or not isinstance(finding.message, str):
        raise TypeError(f"it yielded {finding!r}, not a Finding with a pointer and a message")
    return finding


def _shorthand(plugin: Plugin, function: Any) -> Shorthand:
    if not callable(function):
        raise HookError(f"plugin {plugin.name}: a step shorthand must be a function, not {function!r}")
    if not plugin.prefix:
        return function  # type: ignore[no-any-return]
    texts = map(_text, plugin.flows.rglob("*.y*ml"))
    own = {folder.parent.name for folder in plugin.functions.glob("*/handler.py")} | set(map(flow_name, texts))
    return lambda value: _prefixed(function(value), plugin.prefix, own)


def _text(file: Path) -> str:
    try:
        return read_bytes(file).decode("utf-8-sig", "replace")
    except OSError:
        return ""  # the compiler reports it


def _prefixed(step: Any, prefix: str, own: Collection[str]) -> Any:
    """Prefix the names of the plugin's own functions and flows in a step that the plugin wrote."""
    if isinstance(step, str):
        return prefix + step if step in own else step
    if isinstance(step, list):
        return [_prefixed(item, prefix, own) for item in step]
    if not isinstance(step, dict):
        return step
    return {key: _prefixed(value, prefix, own) if key in _NAMING else value for key, value in step.items()}


_known: dict[Path, tuple[tuple[Plugin, ...], Extensions]] = {}
