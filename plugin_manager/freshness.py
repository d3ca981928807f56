"""Whether the installed plugins are what `config.json` asks for. Asked whenever something runs, so it reads little.

Nothing here is imported that a project without plugins would have to wait for.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from chalicelib.plugins import FOLDER, INDEX

STATE = Path(FOLDER, "state.json")
_INPUTS = ("config.json", "plugins.lock", "pyproject.toml", "requirements.txt", "requirements-local.txt")


def ensure(root: Path, *, frozen: bool = False, keep_going: bool = False) -> None:
    """Install what `config.json` asks for, unless that is done.

    Args:
        root: The project's folder.
        frozen: Install nothing but what `plugins.lock` has, and verify that it is what it was: for deployments.
        keep_going: Say what is wrong and go on with what is installed.

    Raises:
        PluginError: It cannot be installed; what was there stays.
    """
    nothing_to_do = not wants_plugins(root) if frozen else is_current(root)
    if nothing_to_do:
        return
    from plugin_manager.errors import PluginError
    from plugin_manager.install import install

    try:
        install(root, frozen=frozen)
    except PluginError as error:
        if not keep_going:
            raise
        sys.stderr.write(f"plugins: {error}\nplugins: going on with those that are installed.\n")


def wants_plugins(root: Path) -> bool:
    """Whether there is anything to do with plugins at all."""
    try:
        if json.loads((root / "config.json").read_bytes()).get("plugins"):
            return True
    except FileNotFoundError:
        pass
    except (ValueError, AttributeError):
        return True  # reading it properly says what is wrong
    return (root / INDEX).exists()


def is_current(root: Path) -> bool:
    """Whether nothing has changed since plugins were last installed."""
    if not wants_plugins(root):
        return True
    try:
        state = json.loads((root / STATE).read_bytes())
        installed = json.loads((root / INDEX).read_bytes())["plugins"]
        return state == describe(root, state["folders"], state["packages"]) and all(
            (root / plugin["folder"]).is_dir() for plugin in installed
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def describe(root: Path, folders: dict[str, Any], packages: dict[str, Any]) -> dict[str, Any]:
    """What the installed plugins depend on: files of the project, folders that plugins come from, packages."""
    return {
        "python": [*sys.version_info[:2], _stamp(Path(sys.prefix, "pyvenv.cfg"))],
        "inputs": {name: _hash(root / name) for name in _INPUTS},
        "folders": {folder: folder_stamp(Path(folder)) for folder in folders},
        "packages": {name: _package_version(name) for name in packages},
    }


def folder_stamp(folder: Path) -> str:
    """Changes with the names, sizes and times of the files in a folder; hidden ones do not count."""
    from plugin_manager.layout import GENERATED

    digest = hashlib.sha256()
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in GENERATED)
        for name in sorted(names):
            if name.startswith("."):
                continue
            status = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - many files
            digest.update(f"{parent}\0{name}\0{status.st_mtime_ns}\0{status.st_size}\0".encode("utf-8", "replace"))
    return digest.hexdigest()


def _stamp(file: Path) -> int:
    """Another one for a new file in its place: plugins' requirements are missing from a new virtual environment."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _package_version(name: str) -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
