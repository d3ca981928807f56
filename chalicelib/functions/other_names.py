"""The package `functions`, which exists only as names.

`functions.base.api_usage.handler` is `chalicelib.usage`, which has the usage decorator, and `functions.lib.NAME` is the
function NAME with its modules. They are the same module objects as under the real names: nothing is imported twice.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader, MetaPathFinder

    from chalicelib.functions.discovery import Function
else:  # base classes of types only: `importlib.abc` would make cold starts slower
    Loader = MetaPathFinder = object

PACKAGE = "functions"
USAGE = f"{PACKAGE}.base.api_usage.handler"
_LIBRARY = f"{PACKAGE}.lib"
_PACKAGES = frozenset({f"{PACKAGE}.base", f"{PACKAGE}.base.api_usage", _LIBRARY})


def install(find: Callable[[str], Function | None] | None = None) -> None:
    """Let `functions` be imported in this process, unless there is a real package of this name.

    Args:
        find: Finds a function by the Python name of its folder; by default, one of the project.
    """
    finders = [finder for finder in sys.meta_path if isinstance(finder, _Finder)]
    if not finders:
        finders = [_Finder()]
        sys.meta_path[:0] = finders  # first: the parts of the packages it names are found by their files as well
    if find is not None:
        finders[0].find_function = find


def forget() -> None:
    """Forget what was imported as `functions.lib`: the functions' code has changed."""
    for name in [name for name in sys.modules if name == _LIBRARY or name.startswith(f"{_LIBRARY}.")]:
        del sys.modules[name]


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.find_function: Callable[[str], Function | None] = _find

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == PACKAGE:
            found = PathFinder.find_spec(fullname)
            is_real = found is not None and found.loader is not None and found.origin is not None
            return None if is_real else ModuleSpec(fullname, _Empty(), is_package=True)
        if not fullname.startswith(f"{PACKAGE}.") or not _is_ours():
            return None
        if fullname in _PACKAGES:
            return ModuleSpec(fullname, _Empty(), is_package=True)
        real = "chalicelib.usage" if fullname == USAGE else _real_name(fullname, self.find_function)
        return ModuleSpec(fullname, _Alias(real)) if real else None


def _is_ours() -> bool:
    spec = getattr(sys.modules.get(PACKAGE), "__spec__", None)
    return spec is not None and isinstance(spec.loader, _Empty)


class _Empty(Loader):
    """Loads a package that only has others in it."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Alias(_Empty):
    """Loads a module that has another name as well."""

    def __init__(self, real: str):
        self._real = real

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = importlib.import_module(self._real)  # which the import system then takes


def _find(python_name: str) -> Function | None:
    from chalicelib.functions.discovery import find_by_python_name

    return find_by_python_name(python_name)


def _real_name(name: str, find: Callable[[str], Function | None]) -> str | None:
    """Return the name under which the module of a function is imported; None if it is no function's."""
    if not name.startswith(f"{_LIBRARY}."):
        return None
    folder, _, module = name.removeprefix(f"{_LIBRARY}.").partition(".")
    from chalicelib.functions.loading import make_importable

    function = find(folder)
    if function is None:  # a folder that functions share
        return f"chalicelib.lib.{folder}{'.' + module if module else ''}"
    make_importable(function)
    package = function.module.rpartition(".")[0]
    return f"{package}.{module}" if module else package
