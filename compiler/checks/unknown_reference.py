"""References to flows that do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.suggestions import suggestion
from compiler.checks.base import Check, Finding, ProjectView, flow
from compiler.diagnostic import Severity
from compiler.placeholders import STATE_MACHINE, flow_of_reference

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    known = linked.scope.flows
    for index, reference in enumerate(linked.flow.references):
        pointer = f"/stateMachineReferences/{index}"
        name = flow_of_reference(reference, known)
        if name is None:
            hint = suggestion(reference, [*known, *(item + STATE_MACHINE for item in known)])
            yield Finding(pointer, f"There is no flow {reference.removesuffix(STATE_MACHINE)!r}.", hint)
        elif name in view.broken:
            yield Finding(pointer, f"The flow {name!r} is broken.", severity=Severity.WARNING)


CHECK = Check(
    id="unknown-reference",
    severity=Severity.ERROR,
    summary="A state machine reference refers to no flow",
    description=(
        "`stateMachineReferences` lists flows by name or as `<name>StateMachine`. It is optional: `${...}` finds "
        "flows without it."
    ),
    source="docs/flows.md",
    wrong=flow(tail="stateMachineReferences:\n  - gretStateMachine  # <-\n"),
    right=flow(),
    project=_project,
)
