"""Steps of the short form that mean nothing."""

from compiler.checks.base import Check
from compiler.diagnostic import Severity

CHECK = Check(
    id="steps",
    severity=Severity.ERROR,
    summary="A step of the short form means nothing",
    description=(
        "A step is the name of a function or a flow, or does one of: call, parallel, foreach, choose, wait, "
        "state, fail, succeed. Some keys go with some of these alone."
    ),
    source="docs/flows.md",
    wrong="name: greet\nsteps:\n  - call: hello_world\n  - wait: soon  # <-\n",
    right="name: greet\nsteps:\n  - call: hello_world\n    timeout: 30\n  - wait: 5 minutes\n",
)
