"""A check of flows. It sees every flow of the project that has the plugin."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks import Check, FileView, Finding, Severity


def _find(view: FileView) -> Iterator[Finding]:
    if view.flow.description.isupper():
        yield Finding("/description", "The description is all capitals.", "write it in lower case")


NO_SHOUTING = Check(
    id="no-shouting",
    severity=Severity.WARNING,
    summary="A flow's description is all capitals",
    description="Text in all capitals is hard to read in the list of flows.",
    source="README.md",
    wrong="",
    right="",
    file=_find,
)
