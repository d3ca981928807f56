"""Finds the functions: the folders of `chalicelib/lib/`, and of plugins, with a `handler.py`."""

from __future__ import annotations

import keyword
import logging
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chalicelib import plugins
from chalicelib.files import why_unreadable
from chalicelib.plugins import Plugin
from chalicelib.settings import PROJECT

_log = logging.getLogger(__name__)

RESERVED = frozenset({"api_handler", "default_role", "rest_api"}) | {
    *("APP_NAME", "Any", "Chalice", "PROJECT", "annotations", "api", "app", "approvals", "attach", "logs"),
    *("gc", "registration", "run_status", "run_sweep", "settings", "webhooks"),
}
"""Names of the deployment's own resources, and those that `app.py` uses."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
MAX_NAME = 255
"""Characters of a folder's name; file systems refuse longer ones."""


class FunctionError(Exception):
    """A function cannot be served or deployed."""


class InvalidNameError(FunctionError):
    """A folder's name cannot be the name of a function."""


class UnreadableFunctionError(FunctionError):
    """A function's file can't be read."""


class ClashError(FunctionError):
    """Two functions would be the same one on AWS. The message names both files."""


def shown(file: Path) -> str:
    """Return a file's path for people: within the project, from its folder."""
    return str(file.relative_to(PROJECT) if file.is_relative_to(PROJECT) else file)


@dataclass(frozen=True, slots=True)
class Function:
    """A library function on disk; it is not imported yet."""

    name: str
    """The folder's name: `POST /lib/<name>`."""
    python_name: str
    """The name as an identifier: the Lambda handler is `app.<python_name>`."""
    folder: Path
    module: str
    """The dotted name that `handler.py` is imported under."""
    plugin: str | None = None

    @property
    def path(self) -> Path:
        return self.folder / "handler.py"


def discover(root: Path = PROJECT) -> dict[str, Function]:
    """Return all functions of the project at `root` by name, sorted.

    Raises:
        InvalidNameError: A folder's name cannot be the name of a function.
        ClashError: Two functions would share a Lambda function or a CloudFormation resource.
    """
    found, problems = survey(root)
    for problem in problems:
        if not isinstance(problem, UnreadableFunctionError):  # one of those concerns nobody but its callers
            raise problem
    return found


def survey(root: Path = PROJECT) -> tuple[dict[str, Function], list[FunctionError]]:
    """Return the functions that can be called here, by name, sorted, and what prevents a deployment.

    Functions that clash only on AWS are both included; one with an invalid name is not.
    """
    found: dict[str, Function] = {}
    by_resource: dict[str, Function] = {}
    problems: list[FunctionError] = []
    for function in sorted(_candidates(root), key=lambda f: f.name):
        unreadable = why_unreadable(function.path)
        if unreadable:
            problems.append(UnreadableFunctionError(f"{shown(function.path)} can't be read: {unreadable}."))
            continue
        problem = name_problem(function.name)
        if problem:
            problems.append(InvalidNameError(f"{function.path}: {problem}. Rename the folder."))
            continue
        other = by_resource.setdefault(resource_name(function.name), function)
        if other is not function:
            message = (
                f"{other.path} and {function.path} would be the same function on AWS: {_way_out(other, function)} "
                "(names that differ only in hyphens, underscores or capitals are the same)"
            )
            problems.append(ClashError(message))
        found.setdefault(function.name, function)
    return found, problems


def served(root: Path = PROJECT) -> dict[str, Function]:
    """Return the functions that can be called, by name, sorted; log what prevents a deployment."""
    found, problems = survey(root)
    for problem in problems:
        _log.warning("%s", problem)
    return found


def find(name: str, root: Path = PROJECT) -> Function | None:
    """Return the function `name`, None if there is none. It reads only the function's own folder."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        return None
    for library, plugin in _libraries(root):
        prefix = plugin.prefix if plugin else ""
        folder = library / name.removeprefix(prefix)
        if name.startswith(prefix) and not why_unreadable(folder / "handler.py"):
            return _function(folder, plugin, root)
    return None


def find_by_python_name(python_name: str, root: Path = PROJECT) -> Function | None:
    """Return the function whose Lambda handler is `app.<python_name>`, None if there is none."""
    exact = find(python_name, root)
    if exact is not None and python_name not in RESERVED:
        return exact
    return next(
        (
            function
            for function in _candidates(root)
            if function.python_name == python_name
            and function.name not in RESERVED
            and not why_unreadable(function.path)
        ),
        None,
    )


def _way_out(one: Function, other: Function) -> str:
    plugin = one.plugin or other.plugin
    if plugin is not None:
        return f"rename one of the folders, or give the plugin {plugin} a prefix in config.json and run `make plugins`"
    return f"rename one of the folders {one.name!r} and {other.name!r}"


def _libraries(root: Path) -> Iterator[tuple[Path, Plugin | None]]:
    yield root / "chalicelib" / "lib", None
    for plugin in plugins.installed(root):
        yield plugin.functions, plugin


def _candidates(root: Path) -> Iterator[Function]:
    for library, plugin in _libraries(root):
        try:
            folders = list(library.iterdir())
        except OSError:
            continue
        for folder in folders:
            if not folder.name.startswith((".", "__")) and os.path.lexists(folder / "handler.py"):
                yield _function(folder, plugin, root)


def _function(folder: Path, plugin: Plugin | None, root: Path) -> Function:
    if plugin is not None:
        name = plugin.prefix + folder.name
        module = f"{plugin.package}.lib.{folder.name}.handler"
        return Function(name, name.replace("-", "_"), folder, module, plugin.name)
    python_name = folder.name.replace("-", "_")
    if root == PROJECT:
        module = f"chalicelib.lib.{folder.name}.handler"
    else:  # of another project: the folder makes the name unique
        module = f"library_functions.{python_name}_{zlib.crc32(bytes(folder)):08x}.handler"
    return Function(folder.name, python_name, folder, module)


def name_problem(name: str) -> str:
    """Return why `name` cannot be the name of a function, the empty string if it can."""
    python_name = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        why = "a name consists of ASCII letters, digits, hyphens and underscores, and begins with a letter"
    elif python_name in RESERVED:
        why = f"the name is reserved (as are {', '.join(sorted(RESERVED - {python_name}))})"
    elif keyword.iskeyword(python_name):
        why = "the name is a Python keyword"
    else:
        return ""
    return f"{name!r} cannot be the name of a function: {why}"


def resource_name(name: str) -> str:
    """Return the logical id that the deployment makes of a name; CloudFormation's are alphanumeric."""
    return "".join(part[0].upper() + part[1:] for part in re.split("[-_]", name) if part)
