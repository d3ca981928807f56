"""Imports a function's module at its first call and, while developing, again when its code has changed."""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from chalicelib import secrets
from chalicelib.functions import other_names
from chalicelib.functions.discovery import Function, FunctionError, shown
from chalicelib.functions.signature import Signature
from chalicelib.plugins import make_package
from chalicelib.settings import settings

_PACKAGES = ("chalicelib.lib.", "library_functions.", "library_plugins.")
"""The packages that user code is imported under."""

_loaded: dict[Path, Loaded] = {}
_watched: dict[Path, tuple[int, int]] = {}
_lock = threading.RLock()


class Loaded:
    """An imported function."""

    __slots__ = ("handler", "signature")

    def __init__(self, handler: Callable[..., Any]):
        self.handler = handler
        self.signature = Signature(handler)


def load(function: Function) -> Loaded:
    """Return the imported function; its secrets are in the environment before its module runs.

    Raises:
        FunctionError: The module has no `handler`, or exits the process on import.
        Exception: Whatever the module raises on import.
    """
    secrets.load()
    if not settings.on_lambda:
        _forget_changed()
    found = _loaded.get(function.path)
    if found is None:
        with _lock:
            found = _loaded.get(function.path)
            if found is None:
                if not settings.on_lambda:
                    secrets.reload()  # one may be new, and the module may keep what it reads on import
                found = _loaded[function.path] = import_function(function)
    return found


def prepare(function: Function) -> None:
    """Let the import of a function that is not loaded yet see secrets and files that are new.

    It is for workers on a developer's machine: they are started before the function is written.
    """
    if function.path not in _loaded:
        secrets.reload()
        importlib.invalidate_caches()


def import_function(function: Function) -> Loaded:
    """Import a function that is not loaded yet, with the environment as it is.

    Raises:
        FunctionError: The module has no `handler`, or exits the process on import.
        Exception: Whatever the module raises on import.
    """
    make_importable(function)
    with _fresh_source():
        try:
            module = importlib.import_module(function.module)
        except Exception:
            raise
        except BaseException as error:  # sys.exit and the like would end a process that only lists the functions
            raise FunctionError(f"{shown(function.path)} raises {error!r} on import") from error
        finally:
            _watch()
    handler = getattr(module, "handler", None)
    if not callable(handler):
        raise FunctionError(f"{shown(function.path)} has no function `handler`. Add `def handler(event, context): ...`")
    return Loaded(handler)


def make_importable(function: Function) -> None:
    """Let a function outside this project's `chalicelib/lib` be imported, and import modules of its folder.

    A plugin's functions may also import from each other: `from ..shared.model import Order`.
    """
    package = function.module.rpartition(".")[0]
    if function.plugin is not None:
        make_package(package.rsplit(".", 2)[0], function.folder.parent.parent)
    elif not package.startswith("chalicelib."):
        make_package(package, function.folder)


@contextmanager
def _fresh_source() -> Iterator[None]:
    """Import from source: compiled files distinguish versions by the second, and people save twice within one."""
    if settings.on_lambda:
        yield
        return
    importlib.invalidate_caches()
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def is_user_module(name: str) -> bool:
    """Whether a module of this name is the user's own code: a function, or a module that functions share."""
    return name.startswith(_PACKAGES)


def _user_modules() -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        if is_user_module(name) and module is not None:
            yield name, module


def _watch() -> None:
    for _, module in _user_modules():
        file = getattr(module, "__file__", None)
        if file and inspect.ismodule(module):
            path = Path(file)
            _watched.setdefault(path, _version(path))


def _forget_changed() -> None:
    """Forget all user modules if the file of any has changed, as they may import each other."""
    if all(_version(path) == version for path, version in list(_watched.items())):
        return
    with _lock:
        for name, _ in _user_modules():
            del sys.modules[name]
        other_names.forget()
        _loaded.clear()
        _watched.clear()


def _version(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
