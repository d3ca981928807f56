"""Values of the wrong kind."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="file-shape",
    severity=Severity.ERROR,
    summary="A value of the file is of the wrong kind",
    description=("Each key of a flow's file takes a kind of value: `python -m compiler schema` lists them."),
    source="docs/flows.md",
    wrong=flow(tail="type: FAST  # <-\n"),
    right=flow(tail="type: EXPRESS\n"),
)
