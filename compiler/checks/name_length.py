"""Names that are too long with the names of application and stage in front."""

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
STAGE = 10  # characters that every stage name should be able to have
FLOW_LETTERS = MAX_STATE_MACHINE - len(f"{APP_NAME}--")
"""How many characters AWS leaves for the names of stage and flow together."""


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    yield from _judge("/name", "flow", linked.flow.name, MAX_STATE_MACHINE)
    for index, entry in enumerate(linked.flow.functions):
        function = linked.aliases.get(entry.name, "")
        yield from _judge(f"/functions/{index}/handler", "function", function, MAX_FUNCTION)


def _judge(pointer: str, what: str, name: str, limit: int) -> Iterator[Finding]:
    left = limit - len(APP_NAME) - 2 - len(name)  # for the stage's name
    if left < 1:
        message = f"The {what}'s name has {len(name)} characters; AWS allows {limit} for <app>-<stage>-<name>."
        yield Finding(
            pointer,
            message,
            f"use at most {limit - len(APP_NAME) - 2 - STAGE} characters, which leaves room for any stage",
        )
    elif left < STAGE:
        message = (
            f"The {what}'s name leaves {left} characters for the stage; AWS allows {limit} for <app>-<stage>-<name>."
        )
        yield Finding(pointer, message, "shorten it", severity=Severity.WARNING)


_LONG = "a" * 60

CHECK = Check(
    id="name-length",
    severity=Severity.ERROR,
    summary="A name is too long for AWS with application and stage in front of it",
    description=(
        "State machines are called `<app>-<stage>-<flow>`, with at most 80 characters, and functions "
        "`<app>-<stage>-<function>`, with at most 64. A name that leaves fewer than ten characters for the stage is "
        "a warning."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html",
    wrong=flow(f"name: {_LONG}  # <-\n"),
    right=flow(),
    project=_project,
)
