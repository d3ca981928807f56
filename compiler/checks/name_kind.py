"""A flow where a function is expected, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from compiler.checks.base import Check, Finding, ProjectView
from compiler.diagnostic import Severity
from compiler.placeholders import APPROVALS_ARN, PLACEHOLDER
from compiler.states import Step, steps_of

if TYPE_CHECKING:
    from compiler.linked import Linked

_HINTS = {
    "function": "start a flow with arn:aws:states:::states:startExecution.sync:2 and StateMachineArn",
    "flow": "call a function by its ARN as Resource",
}
_KINDS = {
    "function": "a function",
    "flow": "a flow",
    "pseudo": "a property of the deployment",
    "framework": "a function",
}


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    if not linked.targets:
        return
    for step in steps_of(linked.definition, "/definition"):
        for pointer, value, wanted in _places(step):
            match = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
            target = linked.targets.get(match[1]) if match else None
            if target is not None and target.kind != wanted and (target.kind, wanted) != ("framework", "function"):
                message = f"Expected a {wanted}, but {value} is {_KINDS[target.kind]}."
                yield Finding(pointer, message, _HINTS[wanted] if target.kind in _HINTS else "")


def _places(step: Step) -> Iterator[tuple[str, Any, str]]:
    """Yield the values of a Task that must be ARNs: pointer, value, and whether of a function or a flow."""
    if step.state.get("Type") != "Task":
        return
    yield f"{step.pointer}/Resource", step.state.get("Resource"), "function"
    for key in ("Parameters", "Arguments"):
        arguments = step.state.get(key)
        if isinstance(arguments, dict):
            yield f"{step.pointer}/{key}/FunctionName", arguments.get("FunctionName"), "function"
            payload = arguments.get("Payload")
            if isinstance(payload, dict) and arguments.get("FunctionName") == f"${{{APPROVALS_ARN}}}":
                yield f"{step.pointer}/{key}/Payload/notify", payload.get("notify"), "function"
            yield f"{step.pointer}/{key}/StateMachineArn", arguments.get("StateMachineArn"), "flow"


_TEXT = """\
name: outer
definition:
  StartAt: Greet
  States:
    Greet:
      Type: Task
      Resource: ${@@@
      TimeoutSeconds: 30
      End: true
"""

CHECK = Check(
    id="name-kind",
    severity=Severity.ERROR,
    summary="A name refers to a flow where a function is expected, or the reverse",
    description=(
        "A Task's Resource and FunctionName take a function, StateMachineArn takes a flow. AWS would accept "
        "the ARN, and every run would fail."
    ),
    source="docs/flows.md",
    wrong=_TEXT.replace("@@@", "inner}  # <-"),
    right=_TEXT.replace("@@@", "hello_world}"),
    project=_project,
    others={"inner.yml": "name: inner\nsteps:\n  - {call: hello_world, timeout: 30}\n"},
)
