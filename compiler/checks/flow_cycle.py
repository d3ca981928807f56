"""Flows that start themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compiler.checks.base import Check, Finding, ProjectView
from compiler.diagnostic import Severity
from compiler.placeholders import occurrences

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    name = linked.flow.name
    between = view.cyclic.get(name)
    if between is None:
        return
    first = between[0] if between else name
    way = " -> ".join([name, *between, name])
    for placeholder, pointer, _ in occurrences(linked.definition):
        target = linked.targets.get(placeholder)
        if target is not None and target.kind == "flow" and target.name == first:
            hint = "if a Choice ends it, silence this line and say what ends it"
            yield Finding("/definition" + pointer, f"The flow starts itself: {way}.", hint)


_WRONG = """\
name: loop
definition:
  StartAt: Again
  States:
    Again:
      Type: Task
      Resource: arn:aws:states:::states:startExecution
      Parameters:
        StateMachineArn: ${loopStateMachine}  # <-
        Input.$: $
      End: true
"""

CHECK = Check(
    id="flow-cycle",
    severity=Severity.ERROR,
    summary="A flow starts itself, directly or through others",
    description=(
        "Each run would start another one, endlessly, and each costs money. If a Choice ends the recursion, silence "
        "the line and say what ends it."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/dg/tutorial-continue-new.html",
    wrong=_WRONG,
    right=_WRONG.replace("  # <-", "  # flows: ignore[flow-cycle] the input shrinks and ends empty"),
    project=_project,
    silenceable=True,
)
