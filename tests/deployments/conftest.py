"""What the deployments share: the project's package, built once per test run."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deployments import projects, runtime_api
from tests.deployments.recording import RecordedCloud


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock between test processes."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "rehearsals"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def task(shared: Path) -> Path:
    """The unzipped package. Tests must not change it."""
    with locked(shared / "package.lock"):
        project = shared / "packaged"
        if not (project / "made").exists():
            projects.package(projects.own_copy(project))
            (project / "made").touch()
    return project / "package.out" / "task"


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages in Lambda's image."""
    return runtime_api.bare_environment(tmp_path_factory.mktemp("image"))


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[RecordedCloud]:
    """An empty account."""
    cloud = RecordedCloud(tmp_path / "cloud")
    yield cloud
    cloud.close()
