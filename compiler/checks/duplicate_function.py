"""Functions that a flow lists under the same name."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    known: dict[str, str] = {}
    for index, entry in enumerate(view.flow.functions):
        if entry.name in known:
            message = f"{entry.name!r} is already used for {known[entry.name]}."
            yield Finding(f"/functions/{index}/name", message, "rename or remove one of them")
        known.setdefault(entry.name, entry.handler)


CHECK = Check(
    id="duplicate-function",
    severity=Severity.ERROR,
    summary="A flow lists two functions under the same name",
    description="`${NAMEArn}` would be ambiguous.",
    source="docs/flows.md",
    wrong=flow(
        "functions:\n  - {name: Hello, handler: hello_world, timeout: 30}\n"
        "  - {name: Hello, handler: hello_world, timeout: 60}  # <-\n"
    ),
    right=flow(),
    file=_file,
)
