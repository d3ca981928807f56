"""Recursive and excessive aliases."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-alias",
    severity=Severity.ERROR,
    summary="An alias contains itself, or aliases expand to too many values",
    description=(
        "Aliases repeat a part of a file. They must not contain themselves or add more than 20,000 values: a few "
        "lines of aliases of aliases would exhaust the memory."
    ),
    source="https://yaml.org/spec/1.2.2/#71-alias-nodes",
    wrong=flow("input: &self  # <-\n  again: *self\n"),
    right=flow("input:\n  first: &name {a: 1}\n  again: *name\n"),
)
