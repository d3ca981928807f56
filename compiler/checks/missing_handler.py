"""Functions without a handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compiler.checks.base import Check, Finding, ProjectView, flow
from compiler.diagnostic import Severity
from compiler.handlers import inspect_handler

if TYPE_CHECKING:
    from compiler.linked import Linked


def handler_faults(linked: Linked, view: ProjectView, check: str) -> Iterator[Finding]:
    """Yield what `inspect_handler` finds wrong with a flow's functions, if it is about `check`."""
    for index, entry in enumerate(linked.flow.functions):
        function = view.functions.get(linked.aliases.get(entry.name, ""))
        fault = inspect_handler(function.path) if function is not None else None
        if function is not None and fault is not None and fault.check == check:
            where = f"{function.path.parent.name}/{function.path.name}:{fault.line}"
            yield Finding(f"/functions/{index}/handler", f"{where}: {fault.message}.")


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    yield from handler_faults(linked, view, "missing-handler")


CHECK = Check(
    id="missing-handler",
    severity=Severity.ERROR,
    summary="A function's file does not define `handler`, or is not valid Python",
    description="The file is parsed, not imported, so that checking it has no side effects.",
    source="docs/flows.md",
    wrong=flow("functions:\n  - {name: Hello, handler: broken, timeout: 30}  # <-\n"),
    right=flow(),
    project=_project,
    library={"broken": "def handle(event, context):\n    return {}\n"},
)
