"""Names with characters that names cannot have."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="flow-name",
    severity=Severity.ERROR,
    summary="A name has characters that names cannot have",
    description=(
        "A flow's name becomes a part of URLs and of the state machine's name; a function's name becomes a "
        "part of `${...}`. Letters, digits, `_` and (in flows) `-` fit all of them; the first is a letter."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html",
    wrong=flow("name: my flow  # <-\n"),
    right=flow("name: my-flow\n"),
)
