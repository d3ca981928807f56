"""Handlers that can't be called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compiler.checks.base import Check, Finding, ProjectView, flow
from compiler.checks.missing_handler import handler_faults
from compiler.diagnostic import Severity

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    yield from handler_faults(linked, view, "handler-signature")


CHECK = Check(
    id="handler-signature",
    severity=Severity.ERROR,
    summary="A handler's parameters match neither calling style",
    description="A handler takes `(event, context)`, as on Lambda, or parameters that a JSON object fills by name.",
    source="docs/flows.md",
    wrong=flow("functions:\n  - {name: Hello, handler: turned, timeout: 30}  # <-\n"),
    right=flow(),
    project=_project,
    silenceable=True,
    library={"turned": "def handler(context, event):\n    return {}\n"},
)
