"""Unknown keys."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="unknown-key",
    severity=Severity.ERROR,
    summary="The file has an unknown key",
    description="An unknown key is usually misspelled and would be ignored. Keys of your own start with `x-`.",
    source="docs/flows.md",
    wrong=flow("descripton: greets  # <-\n"),
    right=flow("description: greets\n"),
)
