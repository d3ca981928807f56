"""Comments that silence without saying why."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="silence-without-reason",
    severity=Severity.ERROR,
    summary="A silencing comment lacks its check or its reason, or silences what cannot be",
    description=(
        "`# flows: ignore[CHECK] reason` silences one check on its line, or on the next line when it stands "
        "alone. The reason tells the next reader why the check is wrong here. Errors that stop the deployment "
        "cannot be silenced."
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
