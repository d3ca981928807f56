"""Two flows with the same name."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="duplicate-flow",
    severity=Severity.ERROR,
    summary="Two flows have the same name",
    description="Flow names are unique across the project and its plugins. Neither of the two flows is compiled.",
    source="docs/flows.md",
    wrong=flow("name: greet  # <-\n"),
    right=flow(),
    others={"other.yml": flow()},
)
