"""`python -m compiler replay` on runs of the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .client import Client
from .server import Server


def replay(server: Server, run: str, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "compiler", "--root", str(server.project), "replay", run, *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=server.project, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_run_by_its_id_its_arn_and_a_file(server: Server, demo: Client, tmp_path: Path) -> None:
    started = demo.start("orderFlow", demo.get("/flows/orderFlow").json()["inputSchema"]["examples"][0])
    assert demo.poll("orderFlow", started["executionId"])["status"] == "SUCCEEDED"
    file = tmp_path / "history.json"
    file.write_text(demo.get(f"/run/orderFlow/{started['executionId']}/history", limit=1000).text)
    for run, *options in (
        [started["executionId"]],
        [started["executionArn"]],
        [str(file), "--flow", "orderFlow"],
    ):
        code, output = replay(server, run, *options)
        assert (code, output.splitlines()[-1].partition("(")[0]) == (0, "orderFlow: does what the record says ")


def test_another_definition_departs(server: Server, demo: Client) -> None:
    run = demo.run("helloWorldFlow")
    code, output = replay(server, run["executionId"], "--flow", "dummy2StepFlow")
    assert code == 1
    assert "departs at event 2: the record enters" in output


def test_what_there_is_no_history_of(server: Server, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for run, options, message in (
        ("00000000-0000-0000-0000-000000000000", (), "has no run"),
        ("nothing", ("--flow", "orderFlow"), "GET /run/orderFlow/nothing/history"),
        (str(broken), ("--flow", "orderFlow"), f"can't read {broken}"),
        ("arn:aws:states:us-east-1:123456789012:execution:other-x-y:z", (), "is no execution of this project"),
    ):
        code, output = replay(server, run, *options)
        assert (code, message in output) == (2, True), output
