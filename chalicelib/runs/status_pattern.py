"""Which status changes the function `run-status` gets: the pattern of the rule in EventBridge.

A run that the API starts has a record before it begins, so the event of its beginning adds nothing. Such an event is
recognised by the execution's name, a UUID of version 7, which Step Functions never makes, together with the user's id
in the input. Everything else passes: ends, redrives, and the beginnings of runs that schedules, other flows and people
start. So do events too large to contain the input.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from typing import Any

from chalicelib.names import USER_KEY
from chalicelib.runs.records import RUNNING

STARTED_BY_API = "0*-*-7*-*"
"""Names that may be ids of the API's runs; version 4, which Step Functions makes, has no `-7` with a `-` on both sides
of it, except as its second group. The first digit of the time is 0 until the year 2527."""
HAS_USER = f'*"{USER_KEY}":"*'


def status_pattern(state_machines: str) -> dict[str, Any]:
    """Return the event pattern.

    Args:
        state_machines: How the ARNs of the stage's state machines begin.
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"prefix": state_machines}],
            "$or": [
                {"status": [{"anything-but": RUNNING}]},
                {"redriveCount": [{"numeric": [">", 0]}]},
                {"name": [{"anything-but": {"wildcard": STARTED_BY_API}}]},
                {"input": [None, {"exists": False}, {"anything-but": {"wildcard": HAS_USER}}]},
            ],
        },
    }
