from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import compile_project
from compiler.cache import CACHE_FILE, forget_caches

from ..isolation import REPOSITORY
from .conftest import Workspace

GOOD = "name: {}\nsteps: [hello_world]\n"
BAD = (
    "name: bad\nschedule: cron(0 12 * * * *)\nfunctions:\n"
    "  - {name: H, handler: hello_world} # flows: ignore[unused-function] later\n"
    "definition: {StartAt: A, States: {A: {Type: Task, Resource: '${nobody}', Next: B}}}\n"
)


@pytest.fixture
def project(workspace: Workspace) -> Workspace:
    for name in "abc":
        workspace.flow(GOOD.format(name), f"{name}.yml")
    workspace.flow(BAD, "bad.yml")
    return workspace


def test_unchanged_files_are_not_compiled_again(project: Workspace) -> None:
    assert project.compile().compiled_count == 4
    assert project.compile().compiled_count == 0
    forget_caches()  # another process
    assert project.compile().compiled_count == 0
    project.flow(GOOD.format("a") + "description: x\n", "a.yml")
    assert project.compile().compiled_count == 1


def test_files_that_are_gone_are_forgotten_and_a_look_at_one_forgets_none(project: Workspace) -> None:
    project.compile()
    only = project.root / "flows" / "a.yml"
    assert compile_project(project.root, [only]).compiled_count == 1  # on its own: other names mean other steps
    assert project.compile().compiled_count == 1
    only.unlink()
    project.compile()
    kept = {entry["path"] for entry in json.loads((project.root / CACHE_FILE).read_text())["units"].values()}
    assert kept == {"flows/b.yml", "flows/c.yml", "flows/bad.yml"}


def test_what_comes_from_the_cache_is_what_was_compiled(project: Workspace) -> None:
    fresh = project.compile()
    forget_caches()
    cached = project.compile()
    assert cached.diagnostics == fresh.diagnostics
    assert cached.flows == fresh.flows
    assert cached.broken == fresh.broken
    assert {flow.text for flow in cached.flows.values()} == {flow.text for flow in fresh.flows.values()}


def test_steps_are_compiled_again_when_a_name_becomes_a_flow(project: Workspace) -> None:
    project.compile()
    project.flow(GOOD.format("another"), "another.yml")
    assert project.compile().compiled_count == 4  # three files with steps, and the new one


@given(st.binary(max_size=200) | st.just(b'{"version": 1, "units": 3}') | st.just(b"[]"))
def test_a_spoilt_cache_is_no_cache(content: bytes) -> None:
    root = SPOILT.get("root")
    assert root is not None
    (root / CACHE_FILE).write_bytes(content)
    forget_caches()
    assert compile_project(root).compiled_count == 1


SPOILT: dict[str, Path] = {}


@pytest.fixture(autouse=True, scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("spoilt"))
    workspace.flow(GOOD.format("a"))
    (workspace.root / CACHE_FILE).parent.mkdir(parents=True)
    SPOILT["root"] = workspace.root


def test_an_unwritable_folder_only_costs_time(project: Workspace) -> None:
    (project.root / ".localcloud").write_text("in the way")
    assert project.compile().compiled_count == 4
    assert set(project.compile().flows) == {"a", "b", "c"}


def test_runs_at_the_same_time_do_not_harm_each_other(project: Workspace) -> None:
    for number in range(30):
        project.flow(GOOD.format(f"flow{number}"), f"flow{number}.yml")
    code = (
        "import sys; from pathlib import Path; from compiler import compile_project\n"
        "project = compile_project(Path(sys.argv[1])); print(len(project.flows), len(project.broken))"
    )
    command = [sys.executable, "-c", code, str(project.root)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) for _ in range(4)]
    assert [run.communicate()[0].split() for run in runs] == [["33", "1"]] * 4
    assert len(json.loads((project.root / CACHE_FILE).read_text())["units"]) == 34
    assert [file.name for file in (project.root / CACHE_FILE).parent.iterdir()] == [CACHE_FILE.name]
    forget_caches()
    assert project.compile().compiled_count == 0


def test_a_cache_that_cannot_be_written_is_one_line_and_no_loss(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (workspace.root / ".localcloud").write_text("")
    forget_caches()
    for name in ("a", "b"):
        workspace.flow(f"name: {name}\ndefinition: {{StartAt: A, States: {{A: {{Type: Succeed}}}}}}\n", f"{name}.yml")
        assert name in workspace.compile().flows
    assert len(caplog.records) == 1
    assert "Can't write the compiler's cache" in caplog.text
