"""The user's code is not the framework's: whatever it is, the framework's tests and checks pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import isolation, user_code

Write = Callable[[Path], Path]

# The tests that work on a project with examples, one of each kind; docs/testing.md says how to run all.
READERS = (
    "tests/test_architecture.py",
    "tests/admin/test_scaffolding.py::test_functions_of_the_project_and_a_flow",
    "tests/chalicelib/api/test_functions.py::TestShipped",
    "tests/chalicelib/functions/test_discovery.py",
    "tests/chalicelib/test_app.py",
    "tests/compiler/test_cli.py::TestCheck",
    "tests/compiler/test_file_schema.py",
    "tests/compiler/test_shipped.py::test_nothing_is_wrong_with_them",
    "tests/compiler/test_shipped.py::test_each_succeeds_with_each_example",
    "tests/infrastructure/test_chalice_config.py",
    "tests/infrastructure/test_stages.py",
    "tests/infrastructure/test_synthesis.py::test_an_unknown_stage_is_one_line",
)


def run(project: Path, *command: str | Path, code: int = 0) -> str:
    """Run a command in a clone, as its user does, and return what it prints."""
    inherited = ("PYTEST_", "MAKE", "MFLAGS", "AWS_", "PYTHONPATH", isolation.VARIABLE)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(inherited)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=project,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # of plugins that only take time to load
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def make(project: Path, *verbs: str, code: int = 0) -> str:
    """Run verbs of the Makefile with the packages that are installed."""
    (project / ".venv").is_symlink() or pytest.skip("the tests run without the Makefile's environment")
    return run(project, "make", "-o", ".venv/.installed", "-o", ".venv/.installed-local", *verbs, code=code)


@pytest.fixture(
    params=[
        pytest.param(user_code.write_own, id="own"),
        pytest.param(user_code.write_empty, id="empty", marks=pytest.mark.thorough),
        pytest.param(user_code.write_valid, id="valid", marks=pytest.mark.thorough),
    ],
    scope="module",
)
def clone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose user has changed everything that is the user's."""
    write: Write = request.param
    return write(tmp_path_factory.mktemp("clone") / "project")


def test_lint_is_the_frameworks(clone: Path) -> None:
    make(clone, "lint")


@pytest.mark.thorough
def test_the_frameworks_tests_pass(clone: Path) -> None:
    user_code.add(clone, user_code.HALF_WRITTEN)
    run(clone, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *READERS)


@pytest.mark.thorough
def test_types_and_all_files_of_tests_are_the_frameworks(tmp_path: Path) -> None:
    clone = user_code.write_own(tmp_path / "project")
    user_code.add(clone, {path: text for path, text in user_code.HALF_WRITTEN.items() if path.endswith("handler.py")})
    run(clone, sys.executable, "-m", "mypy", "-p", "chalicelib")
    collected = run(clone, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only")
    assert "tests/compiler/test_shipped.py" in collected
    assert "tests/own" not in collected


class TestCheck:
    def test_it_reports_every_mistake_of_the_users(self, tmp_path: Path) -> None:
        project = user_code.write_own(tmp_path / "project")
        user_code.add(project, {"config.json": '{"plugins": []}', **user_code.HALF_WRITTEN})
        printed = make(project, "check", code=2)
        for line in (
            "flows/invalidFlow.yml:3:12: error: ",
            "error: chalicelib/lib/half_written/handler.py, line 1: SyntaxError: expected ':'",
            "error: chalicelib/lib/lacks_package/handler.py, line 1: ModuleNotFoundError: No module named "
            "'no_such_package' (run `make add PACKAGE=no-such-package`)",
            "error: chalicelib/lib/lacks_package/handler.py, line 1: moto is installed here and missing on AWS, as "
            "requirements.in does not have it: run `make add PACKAGE=moto`",
            "error: chalicelib/lib/raises/handler.py, line 1: RuntimeError: not finished",
            "chalicelib/lib/greet/handler.py would be the same function on AWS",
            "error: lambda-permissions.yml, statement 1: expected Effect, Action and Resource",
            "error: infrastructure/stages.py, line 1: SyntaxError: '{' was never closed",
            "error: requirements.in: no-such-package is not in requirements.txt: run `make lock`",
            "tests/own/test_mine.py:1: in <module>",
        ):
            assert line in printed
        assert "my-function" not in printed

    def test_a_project_without_mistakes_passes_with_its_own_tests(self, tmp_path: Path) -> None:
        assert "1 passed" in make(user_code.write_valid(tmp_path / "project"), "check")

    def test_a_project_without_code_passes(self, tmp_path: Path) -> None:
        assert "no errors" in make(user_code.write_empty(tmp_path / "project"), "check")
