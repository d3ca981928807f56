"""What is done with recorded runs of the server: `python -m compiler replay`, `record`, and tests on its stage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .client import Client
from .server import Server

KIT = ("-p", "asl.testing.plugin", "-o", "asl_flow_loader=compiler.testing:load", "-p", "no:cacheprovider")


def call(server: Server, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=server.project,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # other plugins only take time to load
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def replay(server: Server, run: str, *options: str) -> tuple[int, str]:
    return call(server, "compiler", "--root", str(server.project), "replay", run, *options)


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


def test_a_run_becomes_a_test(server: Server, demo: Client, tmp_path: Path) -> None:
    started = demo.start("orderFlow", demo.get("/flows/orderFlow").json()["inputSchema"]["examples"][0])
    assert demo.poll("orderFlow", started["executionId"])["status"] == "SUCCEEDED"
    code, source = call(server, "compiler", "--root", str(server.project), "record", started["executionId"])
    assert code == 0, source
    file = tmp_path / "test_recorded.py"
    file.write_text(source)
    code, output = call(server, "pytest", "-q", *KIT, str(file))
    assert code == 0, output


def test_a_test_on_the_running_stage(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "test_stage.py"
    file.write_text(
        """
def test_runs(flows):
    run = flows.load("helloWorldFlow").run()
    run.assert_succeeded()
    assert run.calls and run.path

def test_stubs(flows):
    flows.load("helloWorldFlow").task("Anything")
"""
    )
    code, output = call(server, "pytest", "-q", "-rs", *KIT, "--stage", "local", str(file))
    assert code == 0, output
    assert "1 passed, 1 skipped" in output
    assert "not on the stage 'local': it stubs the task of 'Anything'" in output
