"""`make recipe` lists recipes and copies one; it never overwrites anything."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from admin import recipes
from admin.recipes import copy_recipe, main, recipe_files
from admin.scaffolding import PROJECT, ScaffoldError


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_recipe_is_copied_where_a_project_has_such_files(tmp_path: Path) -> None:
    written = copy_recipe("flow-of-flows", tmp_path)
    assert contents(tmp_path) == recipe_files("flow-of-flows")
    assert sorted(written) == [
        "chalicelib/lib/open_account/handler.py",
        "chalicelib/lib/pack_welcome_kit/handler.py",
        "flows/onboardCustomer.yml",
        "flows/openAccount.yml",
        "flows/shipWelcomeKit.yml",
        "tests/own/test_flow_of_flows.py",
    ]


def test_existing_files_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    mine = {"flows/openAccount.yml": "name: mine\n", "chalicelib/lib/open_account/handler.py": "mine = 1\n"}
    for path, text in mine.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(ScaffoldError) as refusal:
        copy_recipe("flow-of-flows", tmp_path)
    assert all(str(tmp_path / path) in str(refusal.value) for path in mine)
    assert str(refusal.value).endswith(" already exist")
    assert contents(tmp_path) == mine


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "bookTrip.yml").symlink_to(tmp_path / "elsewhere.yml")
    with pytest.raises(ScaffoldError, match=r"bookTrip\.yml already exists$"):
        copy_recipe("saga", tmp_path)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("sagas", "did you mean saga?"), ("zzz", "the recipes are agent-loop, "), ("../saga", "saga"), ("", "")],
)
def test_an_unknown_recipe(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert f"there is no recipe {name!r}" in shown.err
    assert hint in shown.err


def test_the_command_copies_and_says_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipes, "PROJECT", tmp_path)
    assert main(["saga"]) == 0
    shown = capsys.readouterr().out
    assert contents(tmp_path) == recipe_files("saga")
    assert set(contents(tmp_path)) <= set(shown.splitlines())
    assert "make test ARGS=tests/own/test_saga.py" in shown
    assert "docs/cookbook/saga/README.md" in shown


def test_make_lists_the_recipes() -> None:
    # A machine's name in the environment is not the name of a recipe.
    environment = {**os.environ, "NAME": "my-laptop"}
    command = ["make", "--no-print-directory", "recipe"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = dict(re.findall(r"^([a-z0-9-]+)  +(\S.*)$", done.stdout, re.MULTILINE))
    assert listed == recipes.recipes()
    assert all(title for title in listed.values())


def test_make_passes_the_name_on() -> None:
    command = ["make", "--no-print-directory", "recipe", "NAME=sagaa"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "there is no recipe 'sagaa': did you mean saga?" in done.stderr
