"""Two flows of one name."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="duplicate-flow",
    severity=Severity.ERROR,
    summary="Two flows have one name",
    description=("A name is one flow across the project and its plugins. Neither of the two is compiled."),
    source="docs/flows.md",
    wrong=flow("name: greet  # <-\n"),
    right=flow(),
    others={"other.yml": flow()},
)
