"""`make run`: what it prints and writes, what it survives, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc import jwt

from localcloud.api import source_stamp
from localcloud.attach import api_url
from localcloud.discovery import running_cloud
from localcloud.signing_key import load_signing_key
from tests.end_to_end import server as servers

START_SECONDS = 180.0  # on a busy machine


def copy_project(folder: Path) -> Path:
    return servers.copy_project(folder, overlay=False)


def wait_until(condition: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.05)
    return found


class Running:
    """`python -m localcloud run` in a copy of the project, on free ports."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.log_file = project / "run.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "run"],
            cwd=project,
            env={**os.environ, "PORT": "0", "AWS_PORT": "0"},
            stdout=self.log_file.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_until(lambda: self.session_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log

    @property
    def session_file(self) -> Path:
        return self.project / ".localcloud" / "session.json"

    @property
    def session(self) -> dict[str, str]:
        document: dict[str, str] = json.loads(self.session_file.read_text())
        return document

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.session["apiUrl"] + path, timeout=30, **options)

    def post(self, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": self.session["idToken"]}
        return requests.post(self.session["apiUrl"] + path, json=body or {}, headers=headers, timeout=30)

    def api_process(self) -> int:
        return next(pid for pid in children(self.process.pid) if "localcloud.api_process" in command_line(pid))

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def children(process_id: int) -> list[int]:
    """All processes below one, by /proc."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    pending = [process_id]
    while pending:
        pending += (next_ones := below.get(pending.pop(), []))
        found += next_ones
    return found


def command_line(process_id: int) -> str:
    try:
        return (Path("/proc") / str(process_id) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def port_in_use() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def run_briefly(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "localcloud", "run"],
        cwd=project,
        env={**os.environ, "PORT": "0", "AWS_PORT": "0", **variables},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(copy_project(tmp_path_factory.mktemp("run")))
    yield running
    running.stop()


def test_session_file_has_all_and_is_private(running: Running) -> None:
    assert set(running.session) == {"apiUrl", "consoleUrl", "awsEndpoint", "email", "password", "idToken"}
    assert running.session["consoleUrl"] == running.session["apiUrl"] + "/console"
    assert running.session["email"] == "demo@example.com"
    assert len(running.session["password"]) >= 20
    assert stat.S_IMODE(running.session_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.session_file.parent.stat().st_mode) == 0o700
    for name, value in running.session.items():
        if name != "idToken":
            wait_until(lambda value=value: value in running.log)  # the file comes first
    assert running.session["idToken"] not in running.log
    labels = re.findall(r"^([A-Z][A-Za-z ]*?)  ", running.log, flags=re.MULTILINE)
    assert labels == ["API", "Console", "AWS endpoint", "User", "Password", "Token"]
    (command,) = re.findall(r"^ +(TOKEN=.*)$", running.log, flags=re.MULTILINE)
    shown = subprocess.run(
        ["sh", "-c", f'{command}; echo "$TOKEN"'], cwd=running.project, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == running.session["idToken"]


FLAKY = """
class PaymentDeclined(Exception):
    pass


def handler(event, context):
    print("charging", event["amount"])
    raise PaymentDeclined("no funds")
"""
FLAKY_FLOW = """
name: flakyFlow
definition:
  StartAt: Charge
  States:
    Charge:
      Type: Task
      Resource: ${flakyArn}
      Retry: [{ErrorEquals: [PaymentDeclined], IntervalSeconds: 1, MaxAttempts: 1}]
      End: true
"""


def test_the_story_of_a_failing_run_with_a_retry(running: Running) -> None:
    handler = running.project / "chalicelib" / "lib" / "flaky" / "handler.py"
    handler.parent.mkdir()
    handler.write_text(FLAKY)
    (running.project / "flows" / "flakyFlow.yml").write_text(FLAKY_FLOW)
    run = running.post("/run/flakyFlow?wait=20", {"amount": 7}).json()
    assert run["status"] == "FAILED"
    tag = f"flakyFlow {run['executionId'][-6:]}"
    wait_until(lambda: "POST   /run/flakyFlow  200" in running.log)
    wait_until(lambda: f"{tag}          failed after" in running.log)
    lines = running.log[running.log.index(f"{tag}          started") :].splitlines()
    told = [re.sub(r"^[\d:.]{12}  ", "", line) for line in lines if tag in line or "handler.py" in line]
    frame = " " * 42 + 'chalicelib/lib/flaky/handler.py:8 in handler: raise PaymentDeclined("no funds")'
    failed = f"{tag}          Charge failed (try %d): PaymentDeclined: no funds"
    assert told[:-1] == [
        f"{tag}          started",
        f"{tag}          Charge flaky | charging 7",
        failed % 1 + "; retry in 1 s",
        frame,
        f"{tag}          Charge flaky | charging 7",
        failed % 2,
        frame,
    ]
    assert re.fullmatch(rf"{tag}          failed after [\d.]+ s: PaymentDeclined: no funds", told[-1])
    assert re.search(r"request +POST   /run/flakyFlow  200  \d+ ms  demo@example.com", running.log)


def test_a_token_of_another_cloud_is_told_to_be_old(running: Running) -> None:
    key = load_signing_key(None)
    token = jwt.encode({"alg": "RS256", "kid": key.kid}, {"sub": "me", "token_use": "id"}, key)
    answer = running.get("/flows", headers={"Authorization": token})
    assert answer.status_code == 401
    assert "before `make reset`" in answer.json()["detail"]
    assert ".localcloud/session.json" in answer.json()["detail"]


def test_the_root_leads_to_the_console(running: Running) -> None:
    assert running.get("/", allow_redirects=False).headers["Location"] == "/console/"
    assert "text/html" in running.get("/").headers["Content-Type"]


@pytest.mark.parametrize("arguments", [["run"], ["--port", "0"]])
def test_a_second_start_says_where_the_first_one_is(running: Running, arguments: list[str]) -> None:
    before = running.session
    for variables in ({"PORT": before["apiUrl"].rsplit(":", 1)[1]}, {"PORT": "0"}):
        ended = subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=running.project,
            env={**os.environ, "AWS_PORT": "0", **variables},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (1, 1, "")
        assert (
            f"This project already runs: API {before['apiUrl']}, AWS endpoint {before['awsEndpoint']}" in ended.stderr
        )
        assert f"(process {running.process.pid})" in ended.stderr
    assert running.session == before
    assert running_cloud(running.project) is not None


def test_a_second_start_that_keeps_nothing_runs_beside_the_first(running: Running) -> None:
    before = running.session
    with (running.project / "second.log").open("w+") as log:
        second = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "run"],
            cwd=running.project,
            env={**os.environ, "PORT": "0", "AWS_PORT": "0", "STATE": "memory"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        folder = running.project / ".localcloud" / f"beside-{second.pid}"
        wait_until(lambda: (folder / "session.json").exists() or second.poll() is not None)
        session = json.loads((folder / "session.json").read_text())
        assert requests.get(session["apiUrl"] + "/flows", headers={"Authorization": session["idToken"]}, timeout=30).ok
        foreign = requests.get(session["apiUrl"] + "/flows", headers={"Authorization": before["idToken"]}, timeout=30)
        assert (foreign.status_code, "STATE=memory" in foreign.json()["detail"]) == (401, True)
        second.send_signal(signal.SIGINT)
        assert second.wait(30) == 0
        assert f"Token         .localcloud/beside-{second.pid}/session.json" in Path(log.name).read_text()
    assert not folder.exists()
    assert (running.session, running.get("/health").status_code) == (before, 200)


def test_a_port_that_a_project_has_names_its_folder(running: Running, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems don't tell who has a port")
    ended = run_briefly(copy_project(tmp_path), PORT=running.session["apiUrl"].rsplit(":", 1)[1])
    assert f"the project in {running.project} (process {running.process.pid}) listens there" in ended.stderr


def test_it_serves_functions_and_flows(running: Running) -> None:
    assert running.get("/health").status_code == 200
    assert running.post("/lib/ping").text == "I am alive"
    run = running.post("/run/helloWorldFlow?wait=20", {"name": "Ada"})
    assert (run.status_code, run.json()["status"]) == (200, "SUCCEEDED")


def test_a_new_function_is_served_at_once_and_as_edited(running: Running) -> None:
    handler = running.project / "chalicelib" / "lib" / "new-one" / "handler.py"
    handler.parent.mkdir()
    for number in range(3):
        handler.write_text(f"def handler(event, context):\n    return {number}\n")
        assert running.post("/lib/new-one").json() == number


def test_a_new_flow_is_served_at_once_and_as_edited(running: Running) -> None:
    file = running.project / "flows" / "fresh.yml"
    for number in range(3):
        state = {"Type": "Pass", "Result": {"n": number}, "End": True}
        file.write_text(f"name: freshFlow\ndefinition: {json.dumps({'StartAt': 'A', 'States': {'A': state}})}\n")
        run = running.post("/run/freshFlow?wait=20").json()
        assert (run["status"], run["output"]) == ("SUCCEEDED", {"n": number})


def test_changed_application_code_is_served_without_a_refused_connection(running: Running) -> None:
    meta = running.project / "chalicelib" / "api" / "meta.py"
    first = running.api_process()
    source = meta.read_text()
    assert '"ok"' in source
    meta.write_text(source.replace('"ok"', '"changed"'))
    seen: list[str] = []

    def changed() -> bool:
        seen.append(running.get("/health").json()["status"])
        return seen[-1] == "changed"

    wait_until(changed)
    assert set(seen) <= {"ok", "changed"}
    wait_until(lambda: command_line(first) == "")
    assert "chalicelib/api/meta.py changed" in running.log


def test_broken_application_code_leaves_what_was_served(running: Running) -> None:
    app = running.project / "app.py"
    source = app.read_text()
    app.write_text(source + "\nthis is no Python\n")
    wait_until(lambda: "still runs the code as it was" in running.log)
    assert "SyntaxError" in running.log
    assert running.get("/health").status_code == 200
    app.write_text(source)
    wait_until(lambda: "API restarted" in running.log.rsplit("still runs the code", 1)[1])
    assert running.get("/health").status_code == 200


def test_the_api_is_started_again_when_it_dies(running: Running) -> None:
    first = running.api_process()
    os.kill(first, signal.SIGKILL)
    assert running.get("/health").status_code == 200  # the connection waits for the new process
    assert running.api_process() != first


def test_running_cloud_is_found(running: Running) -> None:
    environment = running_cloud(running.project)
    assert environment is not None
    assert environment["AWS_ENDPOINT_URL"] == running.session["awsEndpoint"]


@pytest.mark.parametrize("variable", ["PORT", "AWS_PORT"])
def test_a_port_in_use_is_said_in_one_line(tmp_path: Path, variable: str) -> None:
    project = copy_project(tmp_path)
    with port_in_use() as taken:
        port = taken.getsockname()[1]
        ended = run_briefly(project, **{variable: str(port)})
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"Port {port} cannot be used" in ended.stderr
    assert f"with {variable}" in ended.stderr
    assert list((project / ".localcloud").iterdir()) == []


def test_a_port_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    ended = run_briefly(copy_project(tmp_path), PORT="http")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "PORT is 'http'" in ended.stderr


def test_an_unwritable_folder_is_said_in_one_line(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    (project / ".localcloud").write_text("in the way")
    ended = run_briefly(project)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"Cannot write to {project / '.localcloud'}" in ended.stderr


def test_being_terminated_leaves_nothing(tmp_path: Path) -> None:
    running = Running(copy_project(tmp_path))
    assert running.post("/run/helloWorldFlow?wait=20").status_code == 200
    processes = children(running.process.pid)
    assert len(processes) >= 2
    assert running.stop(signal.SIGTERM) == 0
    wait_until(lambda: not any(command_line(pid) for pid in processes), 30)
    assert [file.name for file in (tmp_path / ".localcloud").iterdir() if file.suffix == ".json"] == []
    assert "Traceback" not in running.log


def test_json_is_one_object_a_line_and_a_terminal_gets_colours(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    variables = {**os.environ, "PORT": "0", "AWS_PORT": "0", "TERM": "xterm"}
    variables.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "localcloud", "run"]

    def asked_once(**streams: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=project, start_new_session=True, **streams)
        session = project / ".localcloud" / "session.json"
        wait_until(lambda: session.exists() or process.poll() is not None)
        requests.get(json.loads(session.read_text())["apiUrl"] + "/health", timeout=30).raise_for_status()
        process.send_signal(signal.SIGINT)
        return process

    process = asked_once(env={**variables, "LOG": "json"}, stdout=subprocess.PIPE)
    said, _ = process.communicate(timeout=START_SECONDS)
    ready, request = (json.loads(line) for line in said.decode().splitlines())
    assert (ready["event"], ready["sessionFile"]) == ("ready", ".localcloud/session.json")
    assert (request["event"], request["path"], request["status"]) == ("request", "/health", 200)
    ours, theirs = os.openpty()
    process = asked_once(env=variables, stdout=theirs)
    assert process.wait(START_SECONDS) == 0
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "\x1b[32m  200\x1b[0m" in shown


@pytest.mark.parametrize(
    "seconds", [0.6, pytest.param(0.3, marks=pytest.mark.thorough), pytest.param(1.2, marks=pytest.mark.thorough)]
)
def test_stopping_amid_the_start_says_nothing_but_that(tmp_path: Path, seconds: float) -> None:
    project = copy_project(tmp_path)
    with (project / "run.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "run"],
            cwd=project,
            env={**os.environ, "PORT": "0", "AWS_PORT": "0"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C: the whole group
        assert process.wait(START_SECONDS) in (0, -signal.SIGINT)
    said = (project / "run.log").read_text()
    assert "Traceback" not in said
    assert "cannot be served" not in said
    assert not list(project.glob(".localcloud/*.json"))


def test_a_killed_server_leaves_no_process(tmp_path: Path) -> None:
    running = Running(copy_project(tmp_path))
    assert running.post("/run/helloWorldFlow?wait=20").status_code == 200
    processes = children(running.process.pid)
    assert running.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not any(command_line(pid) for pid in processes), 30)
    assert running.session_file.exists()
    assert running_cloud(tmp_path) is None  # though its file is left
    with port_in_use() as taken:
        run_briefly(tmp_path, PORT=str(taken.getsockname()[1]))
    assert not running.session_file.exists()  # nobody mistakes it for that of the next start


def test_the_url_of_chalice_local() -> None:
    assert api_url(["chalice", "local"]) == "http://127.0.0.1:8000"
    assert api_url(["chalice", "local", "--port", "9000"]) == "http://127.0.0.1:9000"
    assert api_url(["chalice", "local", "--host=0.0.0.0", "--port=1"]) == "http://0.0.0.0:1"


def test_functions_are_not_among_the_watched_sources(tmp_path: Path) -> None:
    for name in ("app.py", "chalicelib/usage.py", "chalicelib/lib/ping/handler.py", "chalicelib/api/meta.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert set(source_stamp(tmp_path)) == {"app.py", "chalicelib/usage.py", "chalicelib/api/meta.py"}
