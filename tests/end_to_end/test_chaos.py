"""Runs of many kinds while processes are killed: each start that was acknowledged ends, once.

`CHAOS_KILLS` says how many processes are killed; the seed is in every message, and `CHAOS_SEED` repeats it.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from . import server as servers
from .client import Client, eventually
from .server import Server

KILLS = int(os.environ.get("CHAOS_KILLS") or 10)
SEED = int(os.environ.get("CHAOS_SEED") or 20261127)
CLIENTS = 6
ENDS_SECONDS = 120
RETRY = "Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 1, MaxAttempts: 8, BackoffRate: 1}]"
FLOWS = {
    "chaosTask": f"""
functions: [{{name: HelloFunction, handler: hello_world}}]
definition:
  StartAt: Hello
  States: {{Hello: {{Type: Task, Resource: "${{HelloFunctionArn}}", {RETRY}, End: true}}}}""",
    "chaosWait": """
definition: {StartAt: Wait, States: {Wait: {Type: Wait, Seconds: 1, Next: Done}, Done: {Type: Pass, End: true}}}""",
    "chaosMap": f"""
functions: [{{name: HelloFunction, handler: hello_world}}]
definition:
  StartAt: Each
  States:
    Each:
      Type: Map
      ItemsPath: $.items
      ItemProcessor:
        StartAt: Hello
        States: {{Hello: {{Type: Task, Resource: "${{HelloFunctionArn}}", {RETRY}, End: true}}}}
      End: true""",
    "chaosNested": """
definition:
  StartAt: Nest
  States:
    Nest:
      Type: Task
      Resource: arn:aws:states:::states:startExecution.sync:2
      Parameters: {StateMachineArn: "${chaosWait}", Input: {}}
      End: true""",
}


class Chaos:
    """A server that is killed in parts or as a whole, and clients that start runs until they are told to stop."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._random = random.Random(SEED)
        self._server = servers.start(project)
        self._stopping = threading.Event()
        self.acknowledged: dict[str, tuple[str, str]] = {}
        self.doubled: list[tuple[str, str, str]] = []

    @property
    def server(self) -> Server:
        """The server that runs now."""
        return self._server

    def client(self) -> Client:
        """Return the demo user, as the server knows it now."""
        session = self._server.session
        return Client(session["apiUrl"], session["idToken"])

    def stop(self) -> None:
        """Let the clients end."""
        self._stopping.set()

    def start_runs(self, number: int) -> None:
        """Start runs one after another; each start is repeated, with its key, until it is acknowledged."""
        chance = random.Random(SEED + number)
        while not self._stopping.is_set():
            flow, key = chance.choice(sorted(FLOWS)), uuid.uuid4().hex
            while (execution := self._start(flow, key)) is None:
                time.sleep(0.1)
            self.acknowledged[key] = flow, execution
            again = self._start(flow, key) if chance.random() < 0.3 else None
            if again not in (None, execution):
                self.doubled.append((key, execution, again or ""))
            time.sleep(chance.random() / 5)

    def _start(self, flow: str, key: str) -> str | None:
        try:
            answer = self.client().post(f"/run/{flow}", {"items": [1, 2, 3]}, headers={"Idempotency-Key": key})
            return str(answer.json()["executionId"]) if answer.status_code == 202 else None
        except (requests.RequestException, OSError, ValueError, KeyError):  # it is being killed, or starts again
            return None

    def kill(self) -> str:
        """Kill a process amid starts, and start the server again if it was the first one; what it was for."""
        before = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) >= before + CLIENTS, servers.START_SECONDS)
        time.sleep(self._random.uniform(0, 1.0))
        role = self._random.choice(("cloud", "api", "worker", "worker"))
        if role == "cloud":
            os.kill(self._server.pid, signal.SIGKILL)
            eventually(lambda: self._server.exit_code() is not None)
            self._server = servers.start(self._project)
            return role
        processes = [pid for pid in self._server.processes() if pid != self._server.pid]
        of_role = [pid for pid in processes if (b"api_process" in _command(pid)) is (role == "api")]
        if of_role:
            os.kill(self._random.choice(of_role), signal.SIGKILL)
        return role


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.thorough
def test_every_acknowledged_run_ends_once(tmp_path: Path) -> None:
    project = servers.copy_project(tmp_path / "project")
    for name, text in FLOWS.items():
        (project / "flows" / f"{name}.yml").write_text(f"name: {name}{text}\n")
    chaos = Chaos(project)
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            working = [pool.submit(chaos.start_runs, number) for number in range(CLIENTS)]
            try:
                killed = [chaos.kill() for _ in range(KILLS)]
            finally:
                chaos.stop()
            for one in working:
                one.result(60)
        where = f"seed {SEED}, killed: {' '.join(killed)}"
        assert not chaos.doubled, where
        assert len(chaos.acknowledged) > KILLS, where
        eventually(lambda: servers.answers(chaos.server))
        _assert_ended_once(chaos, where)
    finally:
        chaos.server.stop()


def _assert_ended_once(chaos: Chaos, where: str) -> None:
    demo = chaos.client()
    deadline = time.monotonic() + ENDS_SECONDS
    ended: dict[str, str] = {}
    for flow, execution in chaos.acknowledged.values():
        while True:
            run = demo.get(f"/run/{flow}/{execution}")
            assert run.status_code == 200, (run.text, where)
            if run.json()["status"] != "RUNNING":
                break
            assert time.monotonic() < deadline, (run.json(), where)
            time.sleep(0.1)
        ended[execution] = run.json()["status"]
        events = [event["type"] for page in demo.pages(f"/run/{flow}/{execution}/history", "events") for event in page]
        ends = [each for each in events if each.startswith("Execution") and each != "ExecutionStarted"]
        assert ends == [f"Execution{ended[execution].title()}"], (events, where)
    listed = [run for page in demo.pages("/runs", "executions", limit=100, startedBy="user") for run in page]
    by_id = {run["executionId"]: run["status"] for run in listed}
    assert len(by_id) == len(listed), where
    assert by_id.keys() >= ended.keys(), where
    assert {execution: by_id[execution] for execution in ended} == ended, where
    assert "RUNNING" not in by_id.values(), where
