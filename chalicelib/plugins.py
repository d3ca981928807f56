"""Which plugins are installed, according to `.plugins/installed.json`, which `make plugins` writes.

Each plugin has a folder of its own, `.plugins/NAME@ID/`, whose content never changes: another version is another
folder, and replacing the list switches all plugins at once. On Lambda, the list and the functions are in the package.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from chalicelib.files import read_bytes
from chalicelib.settings import PLUGIN_LIST, PROJECT

INDEX = Path(PLUGIN_LIST)
FOLDER = str(INDEX.parent)
REQUIREMENTS = Path(FOLDER, "requirements.txt")
FORMAT = 1

_log = logging.getLogger(__name__)


class HookError(Exception):
    """A plugin's hook cannot be used. The message names the plugin."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin. The project puts `prefix` before the names of its functions and flows.

    Hooks are references `module:attribute` by name: `checks` and `steps` extend the compiler, `routes` the API.
    `permissions` are IAM statements; `secrets` maps names to descriptions.
    """

    name: str
    folder: Path
    version: str = ""
    prefix: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[Mapping[str, Any], ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def functions(self) -> Path:
        return self.folder / "lib"

    @property
    def flows(self) -> Path:
        return self.folder / "flows"

    @property
    def package(self) -> str:
        """The package that its Python code is imported as; it depends on the folder, and so on the version."""
        return f"library_plugins.{self.name.replace('-', '_')}_{zlib.crc32(bytes(self.folder)):08x}"


def installed(root: Path = PROJECT) -> tuple[Plugin, ...]:
    """Return the plugins of the project at `root`, by name; the same tuple until the list changes.

    A list that cannot be read, or a plugin whose folder is missing, is logged and left out.
    """
    file = root / INDEX
    try:
        status = os.stat(file)  # noqa: PTH116 - asked at every call of a function
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        stamp = (0, 0, 0)
    known = _read.get(root)
    if known is None or known[0] != stamp:
        known = _read[root] = (stamp, _from_file(root, file))
    return known[1]


def requirements_file(root: Path = PROJECT) -> Path:
    """Return the file of requirements: `requirements.txt`, or the one that `make plugins` merged from all plugins."""
    merged = root / REQUIREMENTS
    return merged if installed(root) and merged.is_file() else root / "requirements.txt"


def load_hook(plugin: Plugin, reference: str) -> Any:
    """Import a plugin's hook, `module:attribute`, from the plugin's own folder.

    Raises:
        HookError: The hook cannot be imported, for whatever reason.
    """
    module, _, attribute = reference.partition(":")
    make_package(plugin.package, plugin.folder)
    try:
        return getattr(import_module(f"{plugin.package}.{module}"), attribute)
    except (Exception, SystemExit) as error:
        raise HookError(
            f"plugin {plugin.name}: {reference} could not be loaded: {type(error).__name__}: {error}"
        ) from error


def make_package(name: str, folder: Path) -> None:
    """Let modules in `folder` be imported as parts of the package `name`, whose parents are otherwise empty."""
    parts = name.split(".")
    with _lock:
        for end in range(1, len(parts) + 1):
            package = ".".join(parts[:end])
            if package not in sys.modules:
                module = sys.modules[package] = ModuleType(package)
                module.__path__ = [str(folder)] if end == len(parts) else []


def _from_file(root: Path, file: Path) -> tuple[Plugin, ...]:
    try:
        entries = json.loads(read_bytes(file))["plugins"]
        found = [_plugin(root, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.error("%s cannot be read; continuing without plugins (run `make plugins` to fix): %s", file, error)
        return ()
    missing = [plugin for plugin in found if not plugin.folder.is_dir()]
    for plugin in missing:
        _log.error("plugin %s: its folder %s is missing; run `make plugins` to restore it", plugin.name, plugin.folder)
    return tuple(plugin for plugin in found if plugin not in missing)


def _plugin(root: Path, entry: dict[str, Any]) -> Plugin:
    known = {key: entry[key] for key in Plugin.__slots__ if key in entry}
    return Plugin(**{**known, "folder": root / entry["folder"], "permissions": tuple(entry.get("permissions", ()))})


_read: dict[Path, tuple[tuple[int, int, int], tuple[Plugin, ...]]] = {}
_lock = threading.Lock()
