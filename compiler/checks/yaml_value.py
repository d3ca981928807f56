"""YAML that JSON can't express."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-value",
    severity=Severity.ERROR,
    summary="JSON can't express a value or key",
    description=(
        "A flow becomes JSON: infinities, tags and keys that are lists are not allowed, and `<<` merges only mappings."
    ),
    source="https://yaml.org/spec/1.2.2/#102-json-schema",
    wrong=flow("input:\n  limit: .inf  # <-\n"),
    right=flow('input:\n  limit: ".inf"\n'),
)
