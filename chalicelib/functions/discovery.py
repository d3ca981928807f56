"""Which functions there are: each folder of `chalicelib/lib/`, and of a plugin, with a `handler.py`."""

from __future__ import annotations

import keyword
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chalicelib import plugins
from chalicelib.settings import PROJECT

RESERVED = frozenset({"api_handler", "default_role", "rest_api"}) | {
    *("APP_NAME", "Any", "Chalice", "PROJECT", "annotations", "api", "app", "attach", "logs"),
    *("registration", "run_status", "settings"),
}
"""Names that the deployment gives to its own resources, and those that `app.py` uses."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class FunctionError(Exception):
    """The functions on disk cannot be served as they are."""


class InvalidNameError(FunctionError):
    """A folder's name cannot be a function's."""


class ClashError(FunctionError):
    """Two functions would be one on AWS; names both files."""


@dataclass(frozen=True, slots=True)
class Function:
    """A library function as it lies on disk; nothing of it is imported."""

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
    """All functions of the project at `root` by name, sorted.

    Raises `InvalidNameError` for a name that cannot be served, and `ClashError` for two that would share a Lambda
    function or a CloudFormation resource; both name the files.
    """
    found: dict[str, Function] = {}
    by_resource: dict[str, Function] = {}
    for function in sorted(_candidates(root), key=lambda f: f.name):
        _check_name(function)
        other = by_resource.setdefault(_resource_name(function.name), function)
        if other is not function:
            raise ClashError(
                f"{other.path} and {function.path} would be the same function on AWS: rename one of the folders "
                f"{other.name!r} and {function.name!r} (hyphens, underscores and capitals do not tell names apart)"
            )
        found[function.name] = function
    return found


def find(name: str, root: Path = PROJECT) -> Function | None:
    """The function `name`, None if there is none. Looks at its own folder alone, however many there are."""
    if not _NAME.fullmatch(name):
        return None
    for folder, plugin in _libraries(root):
        if (folder / name / "handler.py").is_file():
            return _function(folder / name, plugin, root)
    return None


def find_by_python_name(python_name: str, root: Path = PROJECT) -> Function | None:
    """The function whose Lambda handler is `app.<python_name>`."""
    exact = find(python_name, root)
    if exact is not None and python_name not in RESERVED:
        return exact
    return next((f for f in _candidates(root) if f.python_name == python_name and f.name not in RESERVED), None)


def _libraries(root: Path) -> Iterator[tuple[Path, str | None]]:
    yield root / "chalicelib" / "lib", None
    for plugin in plugins.installed(root):
        yield plugin.functions, plugin.name


def _candidates(root: Path) -> Iterator[Function]:
    for library, plugin in _libraries(root):
        if not library.is_dir():
            continue
        for folder in library.iterdir():
            if not folder.name.startswith((".", "__")) and (folder / "handler.py").is_file():
                yield _function(folder, plugin, root)


def _function(folder: Path, plugin: str | None, root: Path) -> Function:
    python_name = folder.name.replace("-", "_")
    if plugin is None and root == PROJECT:
        module = f"chalicelib.lib.{folder.name}.handler"
    else:  # of a plugin or another project: told apart by where it lies
        module = f"library_functions.{python_name}_{zlib.crc32(bytes(folder)):08x}.handler"
    return Function(folder.name, python_name, folder, module, plugin)


def _check_name(function: Function) -> None:
    name = function.name
    if not _NAME.fullmatch(name):
        why = "a name has ASCII letters, digits, hyphens and underscores, and begins with a letter"
    elif function.python_name in RESERVED:
        why = f"the name is reserved (as are {', '.join(sorted(RESERVED - {function.python_name}))})"
    elif keyword.iskeyword(function.python_name):
        why = "the name is a keyword of Python"
    else:
        return
    raise InvalidNameError(f"{function.path}: {name!r} cannot be a function's name: {why}. Rename the folder.")


def _resource_name(name: str) -> str:
    """What the deployment makes of a name for CloudFormation, whose logical ids are alphanumeric."""
    return "".join(part[0].upper() + part[1:] for part in re.split("[-_]", name) if part)
