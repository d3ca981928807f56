"""Starting and ending: `make run`, its errors, `chalice local` alone, the admin scripts beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.isolation import REPOSITORY

from . import server as servers
from .client import Client, eventually
from .server import MARK, Server

Started = Callable[..., Server]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as it is shipped, which the tests here start and end one after the other."""
    return servers.copy_project(tmp_path_factory.mktemp("shipped") / "project", overlay=False)


def test_ctrl_c_leaves_no_process_and_it_starts_again(project: Path, started: Started) -> None:
    first = started(project)
    demo = Client(first.session["apiUrl"], first.session["idToken"])
    assert demo.run("orderFlow", servers.example("orderFlow"))["status"] == "SUCCEEDED"
    assert len(first.processes()) > 1
    assert first.stop() in (0, 130, -signal.SIGINT)
    assert eventually(lambda: first.processes() == [])
    assert "Traceback" not in first.log
    assert not (project / ".localcloud" / "cloud.json").exists()
    second = started(project)
    os.kill(second.pid, signal.SIGTERM)
    assert eventually(lambda: second.processes() == [])


def test_ctrl_c_while_functions_run(tmp_path: Path, started: Started) -> None:
    server = started(servers.copy_project(tmp_path / "project"))
    demo = Client(server.session["apiUrl"], server.session["idToken"])
    demo.start("e2eKill", {"pidFile": str(tmp_path / "pid"), "seconds": 50})
    pid = int(eventually(lambda: (tmp_path / "pid.0").exists() and (tmp_path / "pid.0").read_text()))
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 40
    assert eventually(lambda: server.processes() == [])
    assert not Path(f"/proc/{pid}").exists()


def test_what_it_prints(server: Server) -> None:
    session = server.session
    for key in ("apiUrl", "consoleUrl", "email", "password"):
        assert session[key] in server.log, key
    page = requests.get(session["consoleUrl"], timeout=10)
    assert page.status_code == 200
    assert "text/html" in page.headers["Content-Type"]


def test_chalice_local_alone_serves_the_same_api(tmp_path: Path) -> None:
    project = servers.copy_project(tmp_path / "project", overlay=False)
    (port,) = servers.free_ports(1)
    mark = uuid.uuid4().hex
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("chalice")), "local", "--port", str(port)],
        cwd=project,
        env=servers.environment(**{MARK: mark}),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return requests.get(f"{url}/health", timeout=20).ok
        except requests.ConnectionError:
            return False

    try:
        eventually(up, servers.START_SECONDS)
        cloud = json.loads((project / ".localcloud" / "cloud.json").read_text())
        assert (
            cloud["environment"]["USER_POOL_ID"] == requests.get(f"{url}/auth/config", timeout=20).json()["userPoolId"]
        )
        created = admin(project, "create_user", "--email", "me@example.com", "--json")
        token = admin(
            project, "get_user_token", "--email", "me@example.com", "--password", json.loads(created)["password"]
        )
        user = Client(url, token.strip())
        session = json.loads((project / ".localcloud" / "session.json").read_text())
        assert session["apiUrl"] == url
        assert user.post("/lib/ping").content == b"I am alive"
        assert user.run("dummy2StepFlow")["status"] == "SUCCEEDED"
        assert Client(url, "abc").get("/flows").status_code == 401
        assert Client(url).get("/flows").status_code == 401
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()
    assert eventually(lambda: servers.marked_processes(mark) == [])
    assert not (project / ".localcloud" / "session.json").exists()


def admin(project: Path, script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(project / "admin" / f"{script}.py"), *arguments],
        env=servers.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_admin_scripts_find_the_running_cloud(server: Server) -> None:
    email = f"{time.time_ns()}@example.com"
    created = json.loads(admin(server.project, "create_user", "--email", email, "--group", "admin", "--json"))
    token = admin(server.project, "get_user_token", "--email", email, "--password", created["password"]).strip()
    user = Client(server.session["apiUrl"], token)
    assert user.get("/auth/verify").json()["user"] == {"id": created["userId"], "email": email, "groups": ["admin"]}
    assert user.post("/lib/ping").ok
    usage = json.loads(admin(server.project, "get_user_usage", "--email", email, "--json"))
    assert usage["usage"][0]["apiCalls"] == 2
    assert email in admin(server.project, "list_users")
    admin(server.project, "delete_user", "--email", email, "--yes")
    assert email not in admin(server.project, "list_users")


@pytest.mark.skipif(
    not (shutil.which("make") and shutil.which("git") and (REPOSITORY / ".git").exists()), reason="needs make and git"
)
@pytest.mark.thorough
def test_make_run_in_a_fresh_clone(tmp_path: Path, started: Started) -> None:
    """With this checkout's environment and a console: installing again would only test the package managers."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    (clone / ".venv").symlink_to(sys.prefix)
    for requirements in clone.glob("requirements*"):
        os.utime(requirements, (0, 0))  # older than what is installed
    (clone / "chalicelib" / "console").mkdir()
    (clone / "chalicelib" / "console" / "index.html").write_text("<title>Console</title>")
    (clone / ".git" / "info" / "exclude").write_text(".venv\n")  # .gitignore means the folder, not a link
    server = started(clone, ("make", "run"))
    demo = Client(server.session["apiUrl"], server.session["idToken"])
    assert demo.post("/lib/ping").content == b"I am alive"
    for pid in server.processes():  # a terminal's Ctrl-C reaches the whole group: make, and what it runs
        os.kill(pid, signal.SIGINT)
    assert eventually(lambda: server.processes() == [])
    assert subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, check=True).stdout == b""
