"""Programs that test the API and are installed on their own, as their packages don't fit beside ours.

`make clients` installs those from PyPI into `.venv/clients`, and building the console the one from npm. A test that
needs one that is missing is skipped, and says so.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.isolation import REPOSITORY

FOLDER = Path(os.environ.get("CLIENTS", REPOSITORY / ".venv" / "clients"))


def python_of(name: str) -> str:
    """The interpreter of an environment; skips the test if it isn't there."""
    return program(name, "python")


def program(name: str, command: str) -> str:
    """A command of an environment; skips the test if it isn't there."""
    found = FOLDER / name / "bin" / command
    if not found.exists():
        pytest.skip(f"{name} isn't installed: run `make clients`")
    return str(found)


def openapi_typescript() -> str:
    """The generator that the console is built with; skips the test if it isn't there."""
    built = REPOSITORY / "console" / "node_modules" / ".bin" / "openapi-typescript"
    if not built.exists() or shutil.which("node") is None:
        pytest.skip("openapi-typescript isn't installed: run `make console`, with Node 20 or newer")
    return str(built)
