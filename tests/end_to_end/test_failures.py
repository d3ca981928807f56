"""What happens to a run when the process under its task goes away."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from .client import Client, eventually, problem


def pid_in(file: Path) -> int:
    return int(eventually(lambda: file.exists() and file.read_text()))


def running(pid: int) -> bool:
    """Whether the process still runs (Linux); a zombie does not."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


def test_killing_a_worker_fails_that_task_alone_and_the_flow_recovers(demo: Client, tmp_path: Path) -> None:
    bystander = demo.start("e2eKill", {"pidFile": str(tmp_path / "bystander"), "seconds": 5})
    victim = demo.start("e2eKill", {"pidFile": str(tmp_path / "victim"), "seconds": 50})
    first = pid_in(tmp_path / "victim.0")
    assert first != pid_in(tmp_path / "bystander.0")
    os.kill(first, signal.SIGKILL)
    recovered = demo.poll("e2eKill", victim["executionId"])
    assert recovered["status"] == "SUCCEEDED", recovered
    assert recovered["output"]["attempt"] == 1
    assert recovered["output"]["pid"] != first
    untouched = demo.poll("e2eKill", bystander["executionId"])
    assert (untouched["status"], untouched["output"]["attempt"]) == ("SUCCEEDED", 0)
    assert demo.post("/lib/ping").content == b"I am alive"


def test_a_process_that_ends_itself_fails_one_task(demo: Client) -> None:
    run = demo.run("e2eCrash")
    assert run["status"] == "FAILED"
    assert "exit" in f"{run['error']} {run['cause']}".lower()
    assert demo.run("helloWorldFlow")["status"] == "SUCCEEDED"


def test_a_function_that_runs_too_long(demo: Client, tmp_path: Path) -> None:
    begun = time.monotonic()
    run = demo.run("e2eTimeout", {"pidFile": str(tmp_path / "pid")})
    assert time.monotonic() - begun < 15
    assert run["status"] == "FAILED"
    assert run["error"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in json.dumps(run["cause"])
    pid = pid_in(tmp_path / "pid")
    assert eventually(lambda: not running(pid))


def test_a_process_that_ends_itself_over_http_takes_only_its_own_call_along(demo: Client) -> None:
    problem(demo.post("/lib/e2e_crash", {}), 500)
    assert demo.post("/lib/ping").content == b"I am alive"
