"""Tabs in the indentation."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-tab",
    severity=Severity.ERROR,
    summary="A line is indented with a tab",
    description="YAML allows only spaces for indentation. Every line that starts with a tab is reported.",
    source="https://yaml.org/spec/1.2.2/#61-indentation-spaces",
    wrong=flow(tail="inputSchema:\n\ttype: object  # <-\n"),
    right=flow(tail="inputSchema:\n  type: object\n"),
)
