"""Hooks of plugins that can't be used."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="plugin-hook",
    severity=Severity.ERROR,
    summary="A plugin's hook can't be loaded",
    description=("A check or a step shorthand is missing. Flows that need neither still run, but are not deployed."),
    source="docs/flows.md",
    wrong="",
    right=flow(),
)
