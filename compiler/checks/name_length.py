"""Names that are too long once the stage is in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib import APP_NAME
from compiler.checks.base import Check, Finding, ProjectView, flow
from compiler.diagnostic import Severity

if TYPE_CHECKING:
    from compiler.linked import Linked

MAX_STATE_MACHINE = 80
MAX_FUNCTION = 64
STAGE = 10  # letters that a stage's name should be able to have
FLOW_LETTERS = MAX_STATE_MACHINE - len(f"{APP_NAME}--")
"""What AWS leaves for the names of stage and flow."""


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    yield from _judge("/name", "flow", linked.flow.name, MAX_STATE_MACHINE)
    for index, entry in enumerate(linked.flow.functions):
        function = linked.aliases.get(entry.name, "")
        yield from _judge(f"/functions/{index}/handler", "function", function, MAX_FUNCTION)


def _judge(pointer: str, what: str, name: str, limit: int) -> Iterator[Finding]:
    left = limit - len(APP_NAME) - 2 - len(name)  # for the stage's name
    if left < 1:
        message = (
            f"The {what}'s name has {len(name)} letters; with {APP_NAME!r} and a stage before it AWS allows {limit}."
        )
        yield Finding(pointer, message, f"{limit - len(APP_NAME) - 2 - STAGE} letters leave room for any stage")
    elif left < STAGE:
        message = (
            f"The {what}'s name leaves {left} letters for the stage's name: <app>-<stage>-<name> has at most {limit}."
        )
        yield Finding(pointer, message, "shorten it", severity=Severity.WARNING)


_LONG = "a" * 60

CHECK = Check(
    id="name-length",
    severity=Severity.ERROR,
    summary="A name is too long for AWS once application and stage are in front of it",
    description=(
        "State machines are called `<app>-<stage>-<flow>` and have at most 80 letters, functions "
        "`<app>-<stage>-<function>` and at most 64. A name that leaves fewer than ten letters for the stage "
        "is a warning."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html",
    wrong=flow(f"name: {_LONG}  # <-\n"),
    right=flow(),
    project=_project,
)
