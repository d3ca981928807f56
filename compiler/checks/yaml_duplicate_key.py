"""Duplicate keys."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-duplicate-key",
    severity=Severity.ERROR,
    summary="A key appears twice in one mapping",
    description=(
        "Most YAML parsers keep the last of two equal keys and silently drop the first: two states with the same "
        "name would become one."
    ),
    source="https://yaml.org/spec/1.2.2/#3213-node-comparison",
    wrong=flow("description: one\ndescription: two  # <-\n"),
    right=flow("description: one\n"),
)
