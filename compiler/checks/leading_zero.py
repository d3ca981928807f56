"""Numbers with a leading zero."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="leading-zero",
    severity=Severity.WARNING,
    summary="A number is written with a leading zero",
    description=(
        "A number has no leading zeros: `01234` becomes 1234, and tools that read YAML 1.1 take it for octal, 668. "
        "Postcodes, phone numbers and ids that begin with a zero are strings, in quotes."
    ),
    source="https://yaml.org/spec/1.2.2/#103-core-schema",
    wrong=flow("schedule: rate(1 hour)\ninput:\n  zip: 01234  # <-\n"),
    right=flow('schedule: rate(1 hour)\ninput:\n  zip: "01234"\n'),
)
