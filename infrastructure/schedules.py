"""What the schedules of flows share: their group, the role that starts flows, and the queue of failed starts."""

from __future__ import annotations

from chalicelib.names import Names
from infrastructure.resources import Resource, assumed_by, attribute, deleted, role, tag_list
from infrastructure.stage import StageSettings

KEPT_SECONDS = 14 * 24 * 3600  # the longest retention of SQS
DEAD_LETTERS = attribute("DeadLetters", "Arn")
"""The ARN of the queue for what schedules and rules could not deliver."""
SCHEDULE_ROLE = attribute("ScheduleRole", "Arn")


def queue_name(names: Names) -> str:
    """Return the name of the dead letter queue."""
    return names.resource("dead-letters")


def schedule_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return what schedules share. The schedules are in `flow_resources`."""
    group = names.resource("flows")
    own_group = f"arn:{names.partition}:scheduler:{names.region}:{names.account}:schedule-group/{group}"
    machines = f"arn:{names.partition}:states:{names.region}:{names.account}:stateMachine:{names.resource('*')}"
    starting = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machines},
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": DEAD_LETTERS},
        ],
    }
    schedule_role = role(
        assumed_by("scheduler.amazonaws.com", own_group),
        starting,
        policy_name="start-flows",
        tags=tag_list(stage),
        Description="Starts scheduled flows",
    )
    return {
        "DeadLetters": deleted(
            {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": queue_name(names),
                    "MessageRetentionPeriod": KEPT_SECONDS,
                    "SqsManagedSseEnabled": True,
                    "Tags": tag_list(stage),
                },
            }
        ),
        "ScheduleGroup": {
            "Type": "AWS::Scheduler::ScheduleGroup",
            "Properties": {"Name": group, "Tags": tag_list(stage)},
        },
        "ScheduleRole": {**schedule_role, "DependsOn": ["ScheduleGroup"]},
    }
