"""A check of flows: it looks at every flow of the project that has the plugin."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding
from compiler.diagnostic import Severity


def _find(view: FileView) -> Iterator[Finding]:
    if view.flow.description.isupper():
        yield Finding("/description", "The description shouts.", "write it in lower case")


NO_SHOUTING = Check(
    id="no-shouting",
    severity=Severity.WARNING,
    summary="A flow's description is all capitals",
    description="Whoever lists the flows is shouted at.",
    source="README.md",
    wrong="",
    right="",
    file=_find,
)
