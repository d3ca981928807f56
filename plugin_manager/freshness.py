"""Installs what `config.json` asks for if something has changed. Called whenever something runs, so it reads little.

It imports nothing that would slow down a project without plugins.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from chalicelib.files import read_bytes
from chalicelib.plugins import INDEX
from plugin_manager.state import is_unchanged


def ensure(root: Path, *, frozen: bool = False, keep_going: bool = False) -> None:
    """Install what `config.json` asks for, unless that is done.

    Args:
        root: The project's folder.
        frozen: Install only what `plugins.lock` has, and verify its content: for deployments.
        keep_going: Report what is wrong, and continue with what is installed.

    Raises:
        PluginError: It cannot be installed; what was installed before remains.
    """
    nothing_to_do = not wants_plugins(root) if frozen else is_current(root)
    if nothing_to_do:
        return
    from plugin_manager.errors import PluginError
    from plugin_manager.install import Options, install

    try:
        install(root, Options(frozen=frozen))
    except PluginError as error:
        if not keep_going:
            raise
        sys.stderr.write(f"plugins: {error}\nplugins: continuing with those that are installed.\n")


def wants_plugins(root: Path) -> bool:
    """Return whether the project asks for plugins, or has any installed."""
    try:
        if json.loads(read_bytes(root / "config.json")).get("plugins"):
            return True
    except FileNotFoundError:
        pass
    except (OSError, ValueError, AttributeError, RecursionError):
        return True  # installing reads it properly and reports what is wrong
    return (root / INDEX).exists()


def is_current(root: Path) -> bool:
    """Return whether nothing has changed since plugins were last installed."""
    return not wants_plugins(root) or is_unchanged(root)
