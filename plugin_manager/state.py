"""`.plugins/state.json`: what the installed plugins depend on. It changes when they have to be installed again.

Every `make run` reads this, so the module imports little.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib.files import read_bytes
from chalicelib.plugins import FOLDER, INDEX

STATE = Path(FOLDER, "state.json")
_INPUTS = ("config.json", "plugins.lock", "pyproject.toml", "requirements.txt", "requirements-local.txt")


def describe(root: Path, folders: Iterable[str], packages: Iterable[str]) -> dict[str, Any]:
    """Describe what the installed plugins depend on now.

    Args:
        root: The project's folder.
        folders: The folders on this machine that plugins come from.
        packages: The Python packages that plugins come from.

    Returns:
        The contents of the state file.
    """
    return {
        "python": [*sys.version_info[:2], _modified(Path(sys.prefix, "pyvenv.cfg"))],
        "inputs": {name: _hash(root / name) for name in _INPUTS},
        "folders": {folder: _folder_stamp(Path(folder)) for folder in folders},
        "packages": {name: _package_version(name) for name in packages},
    }


def is_unchanged(root: Path) -> bool:
    """Return whether the installed plugins are complete, and everything is as it was when they were installed."""
    try:
        state = json.loads(read_bytes(root / STATE))
        installed = json.loads(read_bytes(root / INDEX))["plugins"]
        return state == describe(root, state["folders"], state["packages"]) and all(
            (root / plugin["folder"]).is_dir() for plugin in installed
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _folder_stamp(folder: Path) -> str:
    """Return a hash of the names, sizes and times of the files in a folder, except hidden and generated ones."""
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


def _modified(file: Path) -> int:
    """Return when a file was written. It tells a new virtual environment, which lacks the plugins' requirements."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(file)).hexdigest()
    except OSError:
        return ""


def _package_version(name: str) -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
