"""Handler paths that refer to no function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.flows.suggestions import suggestion
from compiler.checks.base import Check, Finding, ProjectView
from compiler.diagnostic import Severity
from compiler.handlers import function_of_handler

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    for index, entry in enumerate(linked.flow.functions):
        if entry.name in linked.aliases:
            continue
        pointer = f"/functions/{index}/handler"
        function = function_of_handler(entry.handler)
        if function is None:
            message = f"Invalid handler path {entry.handler!r}."
            yield Finding(pointer, message, "use a function's name or functions/lib/NAME/handler.handler")
        else:
            message = f"There is no function {function!r}."
            hint = suggestion(function, view.functions) or f"its file would be chalicelib/lib/{function}/handler.py"
            yield Finding(pointer, message, hint)


CHECK = Check(
    id="unknown-handler",
    severity=Severity.ERROR,
    summary="A handler path refers to no function",
    description=(
        "Each entry of `functions` names a library function: by its folder's name, or by the path "
        "`functions/lib/NAME/handler.handler` or `chalicelib/lib/NAME/handler.handler`."
    ),
    source="docs/flows.md",
    wrong="""\
name: greet
functions:
  - name: Greet
    handler: functions/lib/hello_wrld/handler.handler  # <-
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${hello_worldArn}", End: true}
""",
    right="""\
name: greet
functions:
  - name: Greet
    handler: functions/lib/hello_world/handler.handler
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${GreetArn}", End: true}
""",
    project=_project,
)
