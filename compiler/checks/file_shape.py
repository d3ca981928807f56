"""Values of the wrong type."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="file-shape",
    severity=Severity.ERROR,
    summary="A value in the file has the wrong type",
    description="`python -m compiler schema` prints which values each key of a flow file takes.",
    source="docs/flows.md",
    wrong=flow(tail="type: FAST  # <-\n"),
    right=flow(tail="type: EXPRESS\n"),
)
