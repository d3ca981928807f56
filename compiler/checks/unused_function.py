"""Functions that a flow lists and never calls."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.flows.suggestions import nearest
from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    if not view.complete or not view.steps:
        return
    used = set(view.placeholders)
    own = {name for entry in view.flow.functions for name in (entry.name, entry.name + "Arn")}
    if not own <= used:
        used |= {meant for name in used - own if (meant := nearest(name, own)) is not None}  # most likely misspelled
    for index, entry in enumerate(view.flow.functions):
        if entry.name not in used and f"{entry.name}Arn" not in used:
            message = f"The definition never calls ${{{entry.name}Arn}}."
            yield Finding(f"/functions/{index}/name", message, "remove it from `functions`")


CHECK = Check(
    id="unused-function",
    severity=Severity.ADVICE,
    summary="A flow lists a function that it never calls",
    description="The function is deployed although nothing calls it, and readers look for its use in vain.",
    source="docs/flows.md",
    wrong=flow(
        "functions:\n  - {name: Hello, handler: hello_world, timeout: 30}\n"
        "  - {name: Spare, handler: hello_world, timeout: 30}  # <-\n"
    ),
    right=flow(),
    file=_file,
)
