"""Hooks of plugins that cannot be used."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="plugin-hook",
    severity=Severity.ERROR,
    summary="A hook of a plugin cannot be loaded",
    description=(
        "A check or a step shorthand is missing. Flows that need neither run all the same, but are not deployed."
    ),
    source="docs/flows.md",
    wrong="",
    right=flow(),
)
