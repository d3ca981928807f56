"""Invalid steps of the short form."""

from compiler.checks.base import Check
from compiler.diagnostic import Severity

CHECK = Check(
    id="steps",
    severity=Severity.ERROR,
    summary="A step of the short form is invalid",
    description=(
        "A step is the name of a function or a flow, or has exactly one action: call, parallel, foreach, choose, "
        "wait, state, fail or succeed. Some keys can be combined only with certain actions."
    ),
    source="docs/flows.md",
    wrong="name: greet\nsteps:\n  - call: hello_world\n  - wait: soon  # <-\n",
    right="name: greet\nsteps:\n  - call: hello_world\n    timeout: 30\n  - wait: 5 minutes\n",
)
