"""The project's flows in the testing kit: the result of a task that starts a flow."""

from __future__ import annotations

import json

import pytest

from asl.testing import FlowUnderTest
from compiler.testing import ProjectFlows

from .conftest import Workspace

CHILD = """\
name: child
definition:
  StartAt: Stop
  States:
    Stop: {Type: Fail, Error: Broken, Cause: it broke}
"""
PARENT = """\
name: parent
definition:
  StartAt: Start
  States:
    Start:
      Type: Task
      Resource: arn:aws:states:::states:startExecution%s
      Parameters:
        StateMachineArn: %s
        Input: {a: 1}
      End: true
"""


def parent(workspace: Workspace, pattern: str, machine: str = "${childStateMachine}") -> FlowUnderTest:
    workspace.flow(CHILD, "child.yml")
    workspace.flow(PARENT % (pattern, machine), "parent.yml")
    source = ProjectFlows(workspace.root)("parent")
    return FlowUnderTest(source.name, source.definition, functions=source.functions)


@pytest.mark.parametrize("pattern", [".sync", ".sync:2"])
def test_a_started_flow_that_fails_fails_the_task(workspace: Workspace, pattern: str) -> None:
    run = parent(workspace, pattern).run().assert_failed("States.TaskFailed")
    cause = json.loads(run.cause or "")
    assert {key: cause[key] for key in ("Error", "Cause", "Status", "Input")} == {
        "Error": "Broken",
        "Cause": "it broke",
        "Status": "FAILED",
        "Input": '{"a": 1}',
    }
    assert list(cause) == sorted(cause)
    assert cause["RedriveStatus"] == "REDRIVABLE"


def test_nobody_waits_for_a_started_flow(workspace: Workspace) -> None:
    assert set(parent(workspace, "").run().assert_succeeded().output) == {"ExecutionArn", "StartDate"}


def test_a_flow_that_does_not_exist_is_not_started(workspace: Workspace) -> None:
    nobody = "arn:aws:states:us-east-1:123456789012:stateMachine:nobody"
    run = parent(workspace, ".sync", nobody).run()
    run.assert_failed(
        "StepFunctions.StateMachineDoesNotExistException", cause=f"State Machine Does Not Exist: '{nobody}'"
    )
