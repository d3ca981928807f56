"""Comments that silence nothing."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="unused-silence",
    severity=Severity.ADVICE,
    summary="A silencing comment silences nothing",
    description="The finding that it was written for is gone. The comment could hide a new one.",
    source="docs/flows.md",
    wrong=flow(
        "functions:\n  # flows: ignore[unused-function] the console calls it # <-\n"
        "  - {name: Hello, handler: hello_world, timeout: 30}\n"
    ),
    right=flow(),
)
