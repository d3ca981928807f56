"""`${...}` that can't be resolved."""

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
            message = f"${{{name}}} is ambiguous: in other flows it means {' and '.join(ambiguous)}."
            hint = "list it in this flow's `functions`"
        else:
            message = f"${{{name}}} doesn't match any function or flow in this project."
            hint = suggestion(name, linked.own) or suggestion(name, linked.scope.candidates(linked.own))
        yield Finding(pointer, message, hint, offset=offset)


CHECK = Check(
    id="unresolved-name",
    severity=Severity.ERROR,
    summary="`${...}` doesn't match any function or flow",
    description=(
        "A name in `${...}` is looked up among the flow's own functions, its stateMachineReferences, and the names "
        "of the whole project: an alias of other flows if all of them mean the same function, a library function, a "
        "flow. `${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}`, `${Stage}` and `${ResourcePrefix}` are "
        "known everywhere."
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
