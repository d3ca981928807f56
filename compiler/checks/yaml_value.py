"""YAML that JSON has no value for."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-value",
    severity=Severity.ERROR,
    summary="A value or key is nothing that JSON has",
    description=(
        "A flow becomes JSON: no infinities, no tags, no keys that are lists, no merging of anything but mappings."
    ),
    source="https://yaml.org/spec/1.2.2/#102-json-schema",
    wrong=flow("input:\n  limit: .inf  # <-\n"),
    right=flow('input:\n  limit: ".inf"\n'),
)
