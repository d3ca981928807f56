"""The command line runs with the project's own Python, whichever one it is started with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def checked_out(root: Path) -> Path:
    for name in ("compiler", "chalicelib", "asl"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def run(python: Path, root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "compiler", "explain", "flow-cycle"]
    return subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=120, check=False)


def test_a_python_without_the_dependencies_hands_over_to_the_projects_own(bare_python: Path, tmp_path: Path) -> None:
    root = checked_out(tmp_path)
    (root / ".venv").symlink_to(Path(sys.prefix))
    done = run(bare_python, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("flow-cycle  error\n")


def test_without_an_environment_it_says_how_to_set_it_up(bare_python: Path, tmp_path: Path) -> None:
    done = run(bare_python, checked_out(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {bare_python} lacks the project's dependencies: run `make setup`, which installs them into .venv\n"
    )
