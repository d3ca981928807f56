"""Tests that are written from recorded runs pass on the definition that made the record, and fail on another."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asl.replay import read_history
from asl.testing import FlowUnderTest
from asl.testing.recorder import test_source as written
from tests.asl.engine.conftest import flow
from tests.asl.engine.recovered_machines import BAD, BRANCHES, CATCH, CHAINS, END, RETRY
from tests.asl.replay.test_replay import INPUT, execute

INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}


class Flows:
    """Stands for the fixture: all names are one flow."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition

    def load(self, name: str) -> FlowUnderTest:
        return FlowUnderTest(name, self.definition)


def run_written(source: str, definition: dict[str, Any]) -> None:
    space: dict[str, Any] = {}
    exec(compile(source, "test_written.py", "exec"), space)
    (test,) = (value for name, value in space.items() if name.startswith("test_"))
    test(Flows(definition))


@pytest.mark.parametrize("name", ["task", "choice", "wait", "failed", "timed out", "variables", "jsonata"])
def test_a_chain(name: str) -> None:
    definition = CHAINS[name]
    source = written(read_history(execute(definition).history.events()), "theFlow")
    assert source.startswith('"""The flow theFlow as it ran once.')
    assert "def test_the_flow_as_recorded(flows):" in source
    run_written(source, definition)


@pytest.mark.parametrize("name", ["parallel", "map", "nested"])
def test_branches(name: str) -> None:
    source = written(read_history(execute(BRANCHES[name]).history.events()), "f")
    run_written(source, BRANCHES[name])


def test_retries_and_a_catch() -> None:
    definition = flow(("T", {**BAD, "Retry": RETRY, "Catch": CATCH}), ("End", END))
    source = written(read_history(execute(definition).history.events()), "f")
    assert "flow.task('T').fails('E', 'c')" in source
    run_written(source, definition)


def test_another_definition_fails() -> None:
    source = written(read_history(execute(CHAINS["choice"]).history.events()), "f")
    changed = copy.deepcopy(CHAINS["choice"])
    changed["States"]["C"]["Choices"][0]["NumericEquals"] = 2
    with pytest.raises(AssertionError, match="the run did not succeed"):
        run_written(source, changed)


def test_the_answer_of_a_function_is_shown_without_its_wrapping() -> None:
    definition = flow(("T", INVOKE))
    recorded = FlowUnderTest("f", definition, functions={"f": lambda event: {"paid": 1}}).run(INPUT)
    source = written(read_history(recorded.events), "f")
    assert "flow.task('T').returns_payload({'paid': 1})" in source
    run_written(source, definition)


def test_the_file_is_valid_for_pytest(tmp_path: Path) -> None:
    source = written(read_history(execute(BRANCHES["map"]).history.events()), "my-Flow")
    file = tmp_path / "test_written.py"
    file.write_text(source)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
