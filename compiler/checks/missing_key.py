"""Missing keys."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="missing-key",
    severity=Severity.ERROR,
    summary="A required key is missing",
    description="A flow needs a name, an entry of `functions` a name and a handler, and so on.",
    source="docs/flows.md",
    wrong=flow("schedule:  # <-\n  timezone: Europe/Berlin\n"),
    right=flow("schedule:\n  expression: rate(1 hour)\n  timezone: Europe/Berlin\n"),
)
