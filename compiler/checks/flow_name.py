"""Names with characters that are not allowed."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="flow-name",
    severity=Severity.ERROR,
    summary="A name has characters that are not allowed",
    description=(
        "A flow's name becomes part of URLs and of the state machine's name, a function's name part of `${...}`. "
        "Names consist of letters, digits, `_` and (for flows) `-`, and start with a letter."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html",
    wrong=flow("name: my flow  # <-\n"),
    right=flow("name: my-flow\n"),
)
