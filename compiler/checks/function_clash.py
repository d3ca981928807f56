"""Functions whose names clash or are invalid."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="function-clash",
    severity=Severity.ERROR,
    summary="Two functions have the same name on AWS, or a function's name is invalid",
    description="`lib-a`, `lib_a` and `LibA` become the same resource on AWS. Nothing compiles until one is renamed.",
    source="docs/flows.md",
    wrong="",
    right=flow(),
)
