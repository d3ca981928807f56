"""Starts the real server in a copy of the project, as `make run` does, and ends it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from chalicelib.settings import PROJECT

OVERLAY = Path(__file__).parent / "project"  # functions and flows that misbehave on purpose
SHIPPED = (
    *("app.py", "config.json", "lambda-permissions.yml", "requirements.txt", ".chalice"),
    *("admin", "asl", "chalicelib", "compiler", "flows", "infrastructure", "localcloud", "plugin_manager"),
    *("rehearsal", "stepfunctions"),
)
START_SECONDS = 180  # on a busy machine
MARK = "END_TO_END_SERVER"


@dataclass
class Server:
    """A running `python -m localcloud run`, started by this process or, without `process`, by a sibling."""

    project: Path
    pid: int
    mark: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def session(self) -> dict[str, str]:
        document: dict[str, str] = json.loads((self.project / ".localcloud" / "session.json").read_text())
        return document

    @property
    def log(self) -> str:
        return log_file(self.project).read_text()

    def exit_code(self) -> int | None:
        """None while it runs; of a sibling's server it is only known whether it has ended."""
        if self.process is not None:
            return self.process.poll()
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return 0
        return 0 if state == "Z" else None

    def stop(self, seconds: float = 60) -> int:
        """Ends it as Ctrl-C does and returns the exit code.

        Raises:
            TimeoutError: It did not end; it was killed, with all that it had started.
        """
        if self.exit_code() is None:
            os.kill(self.pid, signal.SIGINT)
        deadline = time.monotonic() + seconds
        while (code := self.exit_code()) is None:
            if time.monotonic() > deadline:
                for pid in self.processes():
                    os.kill(pid, signal.SIGKILL)
                raise TimeoutError(f"the server did not end within {seconds} s of Ctrl-C:\n{self.log}")
            time.sleep(0.05)
        return code

    def processes(self) -> list[int]:
        """Every process that the server started, directly or not (Linux)."""
        return marked_processes(self.mark)


def log_file(project: Path) -> Path:
    """The file with the server's output: outside the project, which may be a clone that must stay clean."""
    return project.with_name(f"{project.name}.log")


def marked_processes(mark: str) -> list[int]:
    """The processes whose environment carries the mark."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def copy_project(target: Path, *, overlay: bool = True) -> Path:
    """A copy of what `make run` needs from the project of the tests, bytecode included."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in SHIPPED:
        source = PROJECT / entry
        if source.is_dir():
            shutil.copytree(source, target / entry, ignore=shutil.ignore_patterns("console", "deployed"))
        else:
            shutil.copy2(source, target / entry)
    if overlay:
        shutil.copytree(OVERLAY, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that points at a cloud; a server in it enforces permissions."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTEST_", "MAKE", "MFLAGS")) and name not in ("STAGE", "PORT")
    }
    configured = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "IAM": "enforce"}
    return {**kept, **configured, **variables}


def start(project: Path, command: tuple[str, ...] = (), **variables: str) -> Server:
    """Starts the server and waits until it answers.

    Raises:
        RuntimeError: It ended, or did not answer in time; with its log.
    """
    port, aws_port = free_ports(2)
    mark = uuid.uuid4().hex
    (project / ".localcloud" / "session.json").unlink(missing_ok=True)
    log = log_file(project).open("wb")
    process = subprocess.Popen(
        command or (sys.executable, "-m", "localcloud", "run"),
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment(PORT=str(port), AWS_PORT=str(aws_port), **{MARK: mark}, **variables),
        start_new_session=True,  # a Ctrl-C at the tests is not meant for it
    )
    log.close()
    server = Server(project, process.pid, mark, process)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}:\n{server.log}")
        if answers(server):
            return server
        time.sleep(0.05)
    server.stop()
    raise RuntimeError(f"the server did not answer within {START_SECONDS} s:\n{server.log}")


def answers(server: Server) -> bool:
    """Whether the API is up."""
    try:
        return requests.get(server.session["apiUrl"] + "/health", timeout=5).ok
    except (OSError, ValueError, KeyError):
        return False


def example(flow: str) -> dict[str, Any]:
    """The input that a shipped flow documents."""
    document = yaml.safe_load((PROJECT / "flows" / f"{flow}.yml").read_text())
    examples = document.get("inputSchema", {}).get("examples") or [{}]
    first: dict[str, Any] = examples[0]
    return first
