from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from chalice.cli.filewatch.stat import StatFileWatcher

from localcloud.reloading import watch_sources_alone


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("app.py", "chalicelib/errors.py", "chalicelib/lib/ping/handler.py", "flows/a.yml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return tmp_path


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> StatFileWatcher:
    monkeypatch.setattr(StatFileWatcher, "_single_pass_poll", StatFileWatcher._single_pass_poll)  # put back afterwards
    watch_sources_alone()
    return StatFileWatcher()


def restarts(watcher: StatFileWatcher, project: Path) -> int:
    asked: list[int] = []
    watcher._single_pass_poll(str(project), lambda: asked.append(1))
    return len(asked)


@pytest.mark.parametrize("changed", ["app.py", "chalicelib/errors.py", "chalicelib/new.py"])
def test_the_applications_own_code_restarts_it(project: Path, watcher: StatFileWatcher, changed: str) -> None:
    assert restarts(watcher, project) == 0
    (project / changed).write_text("x = 1\n")
    os.utime(project / changed, (time.time() + 2, time.time() + 2))
    assert restarts(watcher, project) == 1
    assert restarts(watcher, project) == 0


@pytest.mark.parametrize(
    "changed",
    [
        "chalicelib/lib/ping/handler.py",
        "flows/a.yml",
        "chalicelib/__pycache__/errors.cpython-311.pyc",
        ".localcloud/session.json",
        "server.log",
    ],
)
def test_what_is_picked_up_anyway_does_not(project: Path, watcher: StatFileWatcher, changed: str) -> None:
    assert restarts(watcher, project) == 0
    (project / changed).parent.mkdir(exist_ok=True)
    (project / changed).write_text("x = 1\n")
    assert restarts(watcher, project) == 0
