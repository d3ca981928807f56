from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compiler import live_project
from compiler.compiled import Project
from compiler.live_project import LiveProject

from .conftest import FLOW, Workspace


def touch(file: Path, text: str) -> None:
    """Write a file so that its time differs, however coarse the clock of the file system is."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_changes_are_seen_at_the_next_call(workspace: Workspace) -> None:
    file = workspace.flow(FLOW)
    live = LiveProject(workspace.root)
    first = live.catalog()
    assert live.catalog() is first
    touch(file, FLOW.replace("Greets.", "Greets again."))
    assert live.catalog().flows["greet"].description == "Greets again."
    touch(file, "name: greet\n")
    broken = live.catalog()
    assert "greet" not in broken.flows
    assert "flows/flow.yml:1:1" in broken.broken["greet"][0]
    touch(file, FLOW)
    workspace.flow(FLOW.replace("greet", "second"), "second.yml")
    assert set(live.catalog().flows) == {"greet", "second"}
    (workspace.root / "flows" / "second.yml").unlink()
    assert set(live.catalog().flows) == {"greet"}


def test_a_function_that_loses_its_handler_breaks_its_flows(workspace: Workspace) -> None:
    workspace.flow(FLOW)
    live = LiveProject(workspace.root)
    assert set(live.catalog().flows) == {"greet"}
    touch(workspace.root / "chalicelib/lib/hello_world/handler.py", "def handle(): ...\n")
    assert "does not define `handler`" in live.catalog().broken["greet"][0]


def test_many_threads_get_one_catalog(workspace: Workspace) -> None:
    workspace.flow(FLOW)
    live = LiveProject(workspace.root)
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return id(live.catalog())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1


def test_project_and_catalog_of_a_changed_flow_come_from_one_compilation(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    compilations: list[Path] = []
    compile_project = live_project.compile_project

    def counted(root: Path) -> Project:
        compilations.append(root)
        return compile_project(root)

    monkeypatch.setattr(live_project, "compile_project", counted)
    file = workspace.flow(FLOW)
    live = LiveProject(workspace.root)
    assert live.project().flows["greet"].description == live.catalog().flows["greet"].description
    assert len(compilations) == 1
    touch(file, FLOW.replace("Greets.", "Greets again."))
    assert live.project().flows["greet"].description == live.catalog().flows["greet"].description == "Greets again."
    assert len(compilations) == 2
