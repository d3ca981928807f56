"""The life of a plugin: written by the script, pushed, added with a token, served, updated, broken, removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end import server as servers
from tests.end_to_end.client import Client, eventually, problem
from tests.end_to_end.server import Server

from .conftest import TOKEN, GitServer, MakeRemote, Remote, example_files, git

NAME = "my-private-plugin"
FUNCTION, FLOW = "my_private_plugin_greet", "myPrivatePluginFlow"


@pytest.fixture
def remote(make_remote: MakeRemote) -> Remote:
    """The plugin as the script writes it, pushed to a bare repository."""
    remote = make_remote(NAME, {})
    script = servers.PROJECT / "admin" / "create_plugin.py"
    subprocess.run([sys.executable, script, NAME, "--folder", remote.clone.with_name("new")], check=True)
    written = remote.clone.with_name("new")
    git("remote", "add", "origin", str(remote.bare), folder=written)
    git("commit", "--quiet", "-m", "Initial commit", folder=written)
    git("push", "--quiet", "--force", "origin", "main", folder=written)
    return Remote(remote.bare, written)


@pytest.fixture
def server(tmp_path: Path, remote: Remote, git_server: GitServer) -> Iterator[Server]:
    """`make run` in a project that asks for the plugin and has not fetched it yet."""
    project = servers.copy_project(tmp_path / "project", overlay=False)
    asks_for(project, git_server.url(NAME))
    running = servers.start(project, GITHUB_TOKEN=TOKEN)
    yield running
    running.stop()


def asks_for(project: Path, *sources: str) -> None:
    (project / "config.json").write_text(json.dumps({"plugins": sources}))


def make_plugins(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "plugin_manager", *arguments],
        cwd=project,
        env=servers.environment(GITHUB_TOKEN=TOKEN),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_life_of_a_plugin(server: Server, remote: Remote, make_remote: MakeRemote, git_server: GitServer) -> None:
    demo = Client(server.session["apiUrl"], server.session["idToken"])

    assert demo.post(f"/lib/{FUNCTION}", {"name": "Ada"}).json() == {"message": "Hello Ada"}
    (listed,) = [function for function in demo.get("/lib").json()["functions"] if function["name"] == FUNCTION]
    assert listed["plugin"] == NAME and listed["inputSchema"]["properties"]["name"]
    assert demo.get(f"/flows/{FLOW}").json()["plugin"] == NAME
    run = demo.run(FLOW, {"name": "Ada"})
    assert run["output"] == {"first": "Hello Ada", "second": "Hello everybody who says Hello Ada"}

    # Add another one, with a route, a step shorthand, a schedule, permissions and a secret.
    make_remote("greetings", example_files())
    asks_for(server.project, git_server.url(NAME), git_server.url("greetings") + "@main")
    assert "Allow s3:GetObject on arn:aws:s3:::greetings-" in make_plugins(server.project, "--yes")
    greeted = eventually(lambda: (answer := demo.get("/plugins/greetings/hello/Ada", language="fr")).ok and answer)
    assert greeted.json()["text"] == "Bonjour Ada"
    problem(Client(demo.url).get("/plugins/greetings/hello/Ada"), 401)
    described = demo.get("/openapi.json").json()["paths"]["/plugins/greetings/hello/{name}"]
    assert [parameter["name"] for parameter in described["get"]["parameters"]] == ["name"]
    assert demo.run("greetingsFlow", {"name": "Ada"})["output"] == {"greetings": ["Hallo Ada", "Bonjour Ada"]}
    assert demo.get("/flows/greetingsFlow").json()["schedule"]["expression"] == "cron(0 8 ? * MON-FRI *)"

    # Update the first while the server is running.
    handler = remote.clone / "lib" / FUNCTION / "handler.py"
    handler.write_text(handler.read_text().replace("Hello", "Moin"))
    (remote.clone / "lib" / "broken").mkdir()
    (remote.clone / "lib" / "broken" / "handler.py").write_text("import a_module_that_nobody_has\n")
    commit = remote.push()
    assert commit[:12] in make_plugins(server.project, "--update", NAME)
    eventually(lambda: demo.post(f"/lib/{FUNCTION}", {"name": "Ada"}).json() == {"message": "Moin Ada"})
    assert demo.run(FLOW, {"name": "Ada"})["output"]["first"] == "Moin Ada"

    # A function that cannot be imported breaks nothing else.
    problem(demo.post("/lib/broken", {}), 500)
    assert demo.post("/lib/ping").status_code == 200
    eventually(lambda: "a_module_that_nobody_has" in server.log)

    # Remove both.
    asks_for(server.project)
    make_plugins(server.project)
    eventually(lambda: demo.post(f"/lib/{FUNCTION}", {}).status_code == 404)
    problem(demo.post(f"/run/{FLOW}", {"name": "Ada"}), 404)
    eventually(lambda: demo.get("/plugins/greetings/hello/Ada").status_code == 404)
    assert demo.post("/lib/ping").status_code == 200

    written = [file.read_bytes() for file in server.project.rglob("*") if file.is_file()]
    assert not [content for content in [*written, server.log.encode()] if TOKEN.encode() in content]


def test_the_tests_that_it_brings(tmp_path: Path, remote: Remote) -> None:
    project = servers.copy_project(tmp_path / "project", overlay=False)
    (project / "config.json").write_text(json.dumps({"plugins": [{"source": remote.url, "prefix": "acme_"}]}))
    make_plugins(project)
    done = subprocess.run(
        [sys.executable, "-m", "plugin_manager", "--test"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert f"{FLOW}  100.0%" in done.stdout and f"acme_{FLOW}" not in done.stdout
