"""Keys that mean nothing."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="unknown-key",
    severity=Severity.ERROR,
    summary="A key of the file is unknown",
    description=("An unknown key is most often a misspelled one, whose meaning would be lost without a word."),
    source="docs/flows.md",
    wrong=flow("descripton: greets  # <-\n"),
    right=flow("description: greets\n"),
)
