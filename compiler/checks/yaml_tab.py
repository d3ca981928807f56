"""Tabs where YAML wants spaces."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-tab",
    severity=Severity.ERROR,
    summary="A tab indents a line",
    description=("YAML indents by spaces alone. Every line that begins with a tab is reported."),
    source="https://yaml.org/spec/1.2.2/#61-indentation-spaces",
    wrong=flow(tail="inputSchema:\n\ttype: object  # <-\n"),
    right=flow(tail="inputSchema:\n  type: object\n"),
)
