"""`${...}` that means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.suggestions import suggestion
from compiler.checks.base import Check, Finding, ProjectView
from compiler.diagnostic import Severity
from compiler.placeholders import occurrences

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    if len(linked.targets) == len(linked.unit.placeholders):
        return
    listed = {entry.name for entry in linked.flow.functions}  # their handlers have been reported
    written = {"definition": linked.definition, "permissions": linked.flow.written_permissions}
    for name, pointer, offset in occurrences(written):
        if name in linked.targets or name.removesuffix("Arn") in listed:
            continue
        ambiguous = linked.scope.ambiguous.get(name)
        if ambiguous:
            message = f"${{{name}}} means {' and '.join(ambiguous)} in other flows."
            hint = "name it in this flow's `functions`"
        else:
            message = f"${{{name}}} is no function or flow that this project knows."
            hint = suggestion(name, linked.own) or suggestion(name, linked.scope.candidates(linked.own))
        yield Finding(pointer, message, hint, offset=offset)


CHECK = Check(
    id="unresolved-name",
    severity=Severity.ERROR,
    summary="`${...}` names no function or flow",
    description=(
        "A name in `${...}` is looked up among the flow's own functions, its stateMachineReferences, and what "
        "the whole project knows: an alias that other flows give a function when all mean the same one, a "
        "library function, a flow. `${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}` and `${Stage}` "
        "are known everywhere."
    ),
    source="docs/flows.md",
    wrong="""\
name: greet
functions:
  - {name: Greet, handler: hello_world}
definition:
  StartAt: A
  States:
    A:
      Type: Task
      Resource: ${GreatArn}  # <-
      End: true
""",
    right="""\
name: greet
functions:
  - {name: Greet, handler: hello_world}
definition:
  StartAt: A
  States:
    A:
      Type: Task
      Resource: ${GreetArn}
      End: true
""",
    project=_project,
)
