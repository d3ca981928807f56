"""Runs the examples of docs/testing.md as a project of their own, and looks at what the plugin reports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = re.compile(r"```(?:python|json)\n(?:#|//) file: (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the page."""
    for name, text in EXAMPLE.findall((ROOT / "docs/testing.md").read_text()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def pytest_in(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), str(project)])
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options],
        cwd=project,
        env={**environment, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # others only take time
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_examples_pass_and_the_coverage_of_parallel_processes_is_joined(project: Path) -> None:
    done = pytest_in(project, "-p", "xdist", "-n", "2", "--flow-coverage-fail-under=100")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout
    assert "flow coverage" in done.stdout
    assert re.search(r"order +100\.0%  6/6 states, 4/4 branches\n", done.stdout)


def test_too_little_coverage_fails_and_names_what_is_missing(project: Path) -> None:
    (project / "flows/forgotten.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    done = pytest_in(project, "--flow-coverage-fail-under=50", "test_real_functions.py")
    assert done.returncode == 1
    assert re.search(r"forgotten +0\.0%  0/1 states, 0/0 branches; not: A\n", done.stdout)
    assert "How large -> Ask" in done.stdout
    assert "less than 50%: forgotten" in done.stdout


def test_a_loader_by_the_ini_option(project: Path) -> None:
    conftest = (project / "conftest.py").read_text().split("def pytest_asl_flow_loader")[0]
    (project / "loading.py").write_text(conftest.replace("pytest_plugins", "plugins") + "load = Loader()\n")
    (project / "conftest.py").write_text('pytest_plugins = ["asl.testing.plugin"]\n')
    (project / "pytest.ini").write_text("[pytest]\nasl_flow_loader = loading:load\n")
    done = pytest_in(project, "test_real_functions.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (project / "pytest.ini").write_text("[pytest]\nasl_flow_loader = loading:nothing\n")
    done = pytest_in(project, "test_real_functions.py")
    assert "must be package.module:function" in done.stdout
    (project / "pytest.ini").write_text("[pytest]\n")
    done = pytest_in(project, "test_real_functions.py")
    assert "there is no loader of flows" in done.stdout
