"""A key written twice."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-duplicate-key",
    severity=Severity.ERROR,
    summary="A key appears twice in one mapping",
    description=(
        "Most readers of YAML keep the last of two keys and drop the first without a word: two states of one "
        "name would become one."
    ),
    source="https://yaml.org/spec/1.2.2/#3213-node-comparison",
    wrong=flow("description: one\ndescription: two  # <-\n"),
    right=flow("description: one\n"),
)
