"""How EventBridge Scheduler starts a flow: by Step Functions' API, so that it can name the execution.

The name says in the status events that a schedule started it, which an input, and so a user, could only claim. It is
made of Scheduler's id for the invocation:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.names import SCHEDULED, Names


def scheduled_start(flow: str, flow_input: Any, names: Names) -> dict[str, str]:
    """Return `Arn` and `Input` of a schedule's target.

    Args:
        flow: The flow's name.
        flow_input: The input of scheduled runs; None for none.
        names: The stage's names.
    """
    request = {
        "StateMachineArn": names.state_machine_arn(flow),
        "Name": f"{SCHEDULED}<aws.scheduler.execution-id>",
        "Input": json.dumps({} if flow_input is None else flow_input, ensure_ascii=False),
    }
    return {
        "Arn": f"arn:{names.partition}:scheduler:::aws-sdk:sfn:startExecution",
        "Input": json.dumps(request, ensure_ascii=False),
    }
