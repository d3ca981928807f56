"""Runs a command of this project with the project's own Python, whichever one it was started with.

Needs only the standard library, so that it can be imported where the project's dependencies are missing.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def use_project_python(module: str, *packages: str) -> str | None:
    """Restart `python -m MODULE` with `.venv/bin/python` if this Python lacks one of `packages`.

    Args:
        module: The module that is being run.
        packages: The packages that it can't run without.

    Returns:
        None if this Python has them all, else what the user has to do. Does not return if it restarts the command.
    """
    if sys.version_info >= (3, 11) and all(find_spec(package) is not None for package in packages):
        return None
    environment = PROJECT / ".venv"
    python = environment / "bin" / "python"
    if Path(sys.prefix).resolve() != environment.resolve() and python.exists():
        sys.stdout.flush()
        os.execv(python, [str(python), "-m", module, *sys.argv[1:]])  # noqa: S606 - the project's Python, no shell
    return f"{sys.executable} lacks the project's dependencies: run `make setup`, which installs them into .venv"
