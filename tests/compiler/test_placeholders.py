"""By which names `${...}` finds functions."""

from __future__ import annotations

import pytest

from .conftest import Workspace

FLOW = """\
name: f
{functions}
definition:
  StartAt: A
  States:
    A: {{Type: Task, Resource: "${{{name}}}", TimeoutSeconds: 5, End: true}}
"""


@pytest.mark.parametrize("suffix", ["", "Arn", "FunctionArn", "LambdaFunctionArn"])
@pytest.mark.parametrize(
    ("name", "form"),
    [("slow", "slow"), ("slow", "Slow"), ("slow_task", "slow_task"), ("slow_task", "SlowTask"), ("my-task", "MyTask")],
)
@pytest.mark.parametrize("alias", [False, True], ids=["library", "own"])
def test_one_rule_for_functions_and_a_flows_own_names(
    workspace: Workspace, name: str, form: str, suffix: str, alias: bool
) -> None:
    if alias:
        name = name.replace("-", "_")  # which a flow's own names may not have
        functions = f"functions: [{{name: {name}, handler: hello_world, timeout: 5}}]"
    else:
        workspace.function(name)
        functions = ""
    workspace.flow(FLOW.format(functions=functions, name=form + suffix))
    project = workspace.compile()
    assert not project.broken
    assert [use.function for use in project.flows["f"].functions] == ["hello_world" if alias else name]


@pytest.mark.parametrize("name", ["slowFunction", "my_task", "SLOW", "slow_Arn"])
def test_nothing_else_is_a_name(workspace: Workspace, name: str) -> None:
    workspace.function("slow")
    workspace.function("my-task")
    workspace.flow(FLOW.format(functions="", name=name))
    assert "unresolved-name" in [item.check for item in workspace.compile().diagnostics]


def test_the_flows_own_name_wins_in_every_form(workspace: Workspace) -> None:
    workspace.function("slow")
    workspace.flow(
        FLOW.format(functions="functions: [{name: slow, handler: hello_world, timeout: 5}]", name="slowFunctionArn")
    )
    assert [use.function for use in workspace.compile().flows["f"].functions] == ["hello_world"]
