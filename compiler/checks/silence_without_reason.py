"""Silencing comments without a check or a reason."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="silence-without-reason",
    severity=Severity.ERROR,
    summary="A silencing comment lacks its check or its reason, or can't silence the error",
    description=(
        "`# flows: ignore[CHECK] REASON` silences one check on its line or, on a line of its own, on the next line. "
        "The reason tells readers why the check does not apply. Errors that stop the deployment can't be silenced."
    ),
    source="docs/flows.md",
    wrong=flow(
        "functions:\n  - {name: Hello, handler: hello_world, timeout: 30}\n"
        "  - {name: Spare, handler: hello_world}  # flows: ignore[unused-function] # <-\n"
    ),
    right=flow(
        "functions:\n  - {name: Hello, handler: hello_world, timeout: 30}\n"
        "  - {name: Spare, handler: hello_world}  # flows: ignore[unused-function] the console calls it\n"
    ),
)
