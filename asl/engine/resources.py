"""What a Task state's Resource says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from asl.engine.history import ACTIVITY_EVENTS, LAMBDA_EVENTS, SERVICE_EVENTS, TaskEvents

_INTEGRATION = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(?!activity:|stateMachine:)((?:aws-sdk:)?[^:]+):(.+)")


@dataclass(frozen=True, slots=True)
class TaskResource:
    """A resource as the history names it.

    `type` and `action` are set for integrations: `sqs` and `sendMessage.waitForTaskToken`, or `aws-sdk:sqs` and
    `sendMessage`. `waits_for_token` holds where a task token ends the task, `is_job` for `.sync`: a job's state has a
    token in its context object as well.
    """

    arn: str
    type: str
    action: str
    events: TaskEvents
    waits_for_token: bool
    is_activity: bool
    is_job: bool = False


@lru_cache(maxsize=4096)
def parse_resource(arn: str) -> TaskResource:
    """The resource of an ARN. Whatever is neither an activity nor an integration counts as a Lambda function."""
    if ":states:" in arn and ":activity:" in arn:
        return TaskResource(arn, "", "", ACTIVITY_EVENTS, waits_for_token=True, is_activity=True)
    match = _INTEGRATION.fullmatch(arn)
    if match is None:
        return TaskResource(arn, "", "", LAMBDA_EVENTS, waits_for_token=False, is_activity=False)
    service, action = match.groups()
    return TaskResource(
        arn,
        service,
        action,
        SERVICE_EVENTS,
        waits_for_token=action.endswith(".waitForTaskToken"),
        is_activity=False,
        is_job=action.endswith((".sync", ".sync:2")),
    )
