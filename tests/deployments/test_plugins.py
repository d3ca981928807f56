"""A plugin in the deployed package: its functions and routes under AWS's runtime client."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deployments import projects
from tests.deployments.runtime_api import LambdaRuntime, api_event
from tests.deployments.test_package_under_lambda import NOWHERE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric is for Linux alone")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the example plugin from a folder."""
    project = projects.own_copy(tmp_path_factory.mktemp("plugins") / "project")
    projects.add_example_plugin(project)
    return project


@pytest.fixture(scope="module")
def task(project: Path) -> Path:
    return projects.package(project)


def test_nothing_is_deployed_that_nobody_has_agreed_to(tmp_path: Path) -> None:
    project = projects.own_copy(tmp_path / "project")
    (project / "config.json").write_text(json.dumps({"plugins": [str(projects.EXAMPLE_PLUGIN)]}))
    for command in (["chalice", "package", "out"], [sys.executable, "-m", "infrastructure.preflight"]):
        done = projects.run(command, project, {})
        assert done.returncode != 0
        assert "greetings-plugin is not in plugins.lock" in done.stderr
        assert "Traceback" not in done.stderr


def test_only_what_runs_is_in_the_package(task: Path) -> None:
    (plugin,) = (path for path in (task / ".plugins").iterdir() if path.is_dir())
    found = sorted(str(path.relative_to(plugin)) for path in plugin.rglob("*") if path.is_file())
    assert found == [
        "hooks/checks.py",
        "hooks/routes.py",
        "hooks/steps.py",
        "lib/greetings_hello/handler.py",
        "lib/shared/words.py",
    ]
    assert sorted(path.name for path in (task / ".plugins").iterdir()) == [plugin.name, "installed.json"]
    assert not (task / "plugin_manager").exists() and not (task / "config.json").exists()


def test_function_task_and_route_answer(task: Path, bare: Path) -> None:
    variables: dict[str, Any] = {**NOWHERE, "GREETINGS_SIGNATURE": "Yours"}
    expected = {"text": "Hello Ada", "signature": "Yours"}
    body = {"name": "Ada"}
    with LambdaRuntime(task, bare, "app.app", variables) as runtime:
        event = api_event("POST", "/lib/{function_name}", "/lib/greetings_hello", body, function_name="greetings_hello")
        called = runtime.invoke(event).result
        route = "/plugins/greetings/hello/{name}"
        greeted = runtime.invoke(api_event("GET", route, "/plugins/greetings/hello/Ada", name="Ada")).result
    assert json.loads(called["body"]) == expected
    assert json.loads(greeted["body"]) == {"text": "Hello Ada", "askedBy": "user-1"}
    with LambdaRuntime(task, bare, "app.greetings_hello", variables) as runtime:
        assert runtime.invoke(body).result == expected


def test_the_same_plugin_makes_the_same_package(project: Path, task: Path) -> None:
    (before,) = (project / "package.out").glob("*.zip")
    content = before.read_bytes()
    shutil.rmtree(project / ".plugins")
    for package in (project / ".chalice" / "deployments").glob("*.zip"):
        package.unlink()
    projects.must(projects.run(["chalice", "package", "--stage", "dev", "again"], project, {}))
    assert (project / "again" / "deployment.zip").read_bytes() == content
