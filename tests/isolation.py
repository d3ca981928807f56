"""The project that the framework's tests work on: this repository, with examples of the framework's own for user code.

Whoever clones the repository replaces its functions, flows and settings. No test of the framework may depend on them,
valid or not. So the tests see a copy of the repository in which those files come from `tests/project/`. Python modules
are imported from the repository itself, except the user's.
"""

from __future__ import annotations

import atexit
import compileall
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "tests" / "project"
OWN = REPOSITORY / "tests" / "own"
USERS_FILES = (
    *("flows", "chalicelib/lib", "tests/own", "config.json", "plugins.lock", "lambda-permissions.yml"),
    *("infrastructure/stages.py", ".chalice/config.json", "vendor"),
    *("requirements.in", "requirements.txt", "requirements-local.txt", "requirements-dev.txt"),
)
"""What users change (docs/upgrading.md), by path in the repository."""
VARIABLE = "FRAMEWORK_TEST_PROJECT"
"""Names the copy for the other processes of a test run."""

# Installed packages: linked, not copied.
_SHARED = ("node_modules", "console/node_modules", ".venv", ".chalice/deployments")
_GENERATED = (
    "*_cache",
    ".git",
    "node_modules",
    ".hypothesis",
    ".localcloud",
    ".plugins",
    "cdk.out",
    "chalice.out",
    "deployed",
)


def runs_only_own_tests(config: pytest.Config) -> bool:
    """Whether all tests that were asked for are the user's, which work on the user's project."""
    asked = [Path(str(argument).partition("::")[0]) for argument in config.known_args_namespace.file_or_dir]
    return bool(asked) and all(_is_own(config.invocation_params.dir / path) for path in asked)


def _is_own(path: Path) -> bool:
    return path.resolve().is_relative_to(OWN)


def isolate() -> None:
    """Let the framework's modules see the copy, which the first process of the run writes."""
    if VARIABLE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="framework-tests-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[VARIABLE] = str(write_project(folder / "project"))
        _compile(folder / "project")
    project = Path(os.environ[VARIABLE])

    import chalicelib.lib
    import infrastructure
    from chalicelib import settings

    settings.PROJECT = project
    chalicelib.lib.__path__ = [str(project / "chalicelib" / "lib")]
    spec = importlib.util.spec_from_file_location("infrastructure.stages", project / "infrastructure" / "stages.py")
    assert spec is not None and spec.loader is not None
    module = infrastructure.stages = importlib.util.module_from_spec(spec)  # type: ignore[attr-defined]
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)


def _compile(project: Path) -> None:
    """Compile the modules once: every server that a test starts runs a copy of them."""
    for package in project.glob("*/__init__.py"):
        if package.parent.name != "tests":
            compileall.compile_dir(package.parent, quiet=2)


def write_project(target: Path) -> Path:
    """Copy the repository without what is the user's or generated, and put the framework's examples there."""
    generated = shutil.ignore_patterns(*_GENERATED)
    left_out = {REPOSITORY / path for path in (*USERS_FILES, *_SHARED)}

    def ignore(folder: str, names: list[str]) -> set[str]:
        return generated(folder, names) | {name for name in names if Path(folder, name) in left_out}

    shutil.copytree(REPOSITORY, target, ignore=ignore, symlinks=True)
    for path in _SHARED:
        source = (REPOSITORY / path).resolve()
        if path == ".chalice/deployments":
            source.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            (target / path).symlink_to(source)
    shutil.copytree(EXAMPLES, target, dirs_exist_ok=True)
    return target
