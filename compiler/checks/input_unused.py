"""An input that is never used."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    if view.flow.input is not None and view.flow.schedule is None:
        message = "`input` is the input of scheduled runs, but this flow has no schedule."
        yield Finding("/input", message, "move it to the inputSchema's `examples`", at_key=True)


CHECK = Check(
    id="input-unused",
    severity=Severity.ADVICE,
    summary="A flow without a schedule has an input",
    description="`input` is the input of scheduled runs. Callers of POST /run send their own.",
    source="docs/flows.md",
    wrong=flow("input: {id: one}  # <-\n"),
    right=flow("schedule: rate(1 hour)\ninput: {id: one}\n"),
    file=_file,
)
