"""How EventBridge Scheduler starts a flow: by Step Functions' API, so that it can name the execution.

The name says in the status events that a schedule started it, which an input, and so a user, could only claim. It is
made of Scheduler's id for the invocation:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import json

from chalicelib.names import SCHEDULED, Names
from compiler.compiled import CompiledFlow


def scheduled_start(flow: CompiledFlow, names: Names) -> dict[str, str]:
    """Return `Arn` and `Input` of a schedule's target.

    Args:
        flow: The flow.
        names: The stage's names.
    """
    request = {
        "StateMachineArn": names.state_machine_arn(flow.name, flow.type),
        "Name": f"{SCHEDULED}<aws.scheduler.execution-id>",
        "Input": json.dumps({} if flow.input is None else flow.input, ensure_ascii=False),
    }
    return {
        "Arn": f"arn:{names.partition}:scheduler:::aws-sdk:sfn:startExecution",
        "Input": json.dumps(request, ensure_ascii=False),
    }
