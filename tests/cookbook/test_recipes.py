"""Each recipe in a project that has nothing else: it compiles without a finding, and its tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from admin.recipes import COOKBOOK, copy_recipe, recipe_files, recipes
from admin.scaffolding import PROJECT
from chalicelib.functions import discover
from compiler import compile_project
from tests.compiler.test_shipped import SHIPPED

RECIPES = list(recipes())
ROOMS = ("asl", "compiler", "plugin_manager", "stepfunctions", "pyproject.toml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without functions and flows."""
    nothing = shutil.ignore_patterns("console", "catalog.json")
    shutil.copytree(PROJECT / "chalicelib", tmp_path / "chalicelib", ignore=nothing)
    for folder in (tmp_path / "chalicelib" / "lib").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    for room in ROOMS:
        (tmp_path / room).symlink_to(PROJECT / room)
    return tmp_path


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_needs_nothing_else(project: Path, recipe: str) -> None:
    copy_recipe(recipe, project)
    compiled = compile_project(project)
    assert compiled.flows
    assert [str(finding) for finding in compiled.diagnostics] == []
    used = {use.function for flow in compiled.flows.values() for use in flow.functions}
    page = (COOKBOOK / recipe / "README.md").read_text()
    assert [name for name in discover(project) if name not in used and f"/lib/{name}" not in page] == []
    passed(project)


def passed(project: Path) -> None:
    """Run the project's tests as a user does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    options = ["-p", "no:cacheprovider", "--flow-coverage-fail-under=100"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/own"],
        cwd=project,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # other plugins only take time to load
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[1-9]\d* passed in ", done.stdout, re.MULTILINE)


def test_all_recipes_and_the_shipped_examples_fit_into_one_project(tmp_path: Path) -> None:
    project = compile_project()
    functions = {"ping"} | {use.function for flow in SHIPPED for use in project.flows[flow].functions}
    (tmp_path / "flows").mkdir()
    for flow in SHIPPED:
        shutil.copy2(PROJECT / "flows" / f"{flow}.yml", tmp_path / "flows")
    for folder in (*functions, "orders"):
        shutil.copytree(PROJECT / "chalicelib" / "lib" / folder, tmp_path / "chalicelib" / "lib" / folder)
    for recipe in RECIPES:
        functions |= {path.split("/")[2] for path in copy_recipe(recipe, tmp_path) if path.endswith("/handler.py")}
    compiled = compile_project(tmp_path)
    assert [str(finding) for finding in compiled.diagnostics] == []
    flows = [path for recipe in RECIPES for path in recipe_files(recipe) if path.startswith("flows/")]
    assert len(compiled.flows) == len(SHIPPED) + len(flows)
    assert set(discover(tmp_path)) == functions


def test_the_index_lists_every_recipe() -> None:
    index = (COOKBOOK / "README.md").read_text()
    assert re.findall(r"^\| \[(\S+)\]\(\1/README\.md\)", index, re.MULTILINE) == RECIPES
    assert sorted(path.name for path in COOKBOOK.iterdir() if path.is_dir()) == RECIPES
    assert len(RECIPES) == 10


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_page_says_what_to_expect(recipe: str) -> None:
    page = (COOKBOOK / recipe / "README.md").read_text()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == ["How it works", "Try it", "What to change", "Limits on AWS"]
    assert f"make recipe NAME={recipe}" in page
    assert "https://docs.aws.amazon.com/" in page.rpartition("## Limits on AWS")[2]
