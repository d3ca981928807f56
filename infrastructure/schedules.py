"""What the flows' schedules share: their group, the role that starts flows, and the queue of starts that failed."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import CfnOutput, aws_iam, aws_scheduler, aws_sqs
from constructs import Construct

from chalicelib.names import Names
from infrastructure.flow_resources import assumed_by

KEPT_SECONDS = 14 * 24 * 3600  # the longest that SQS keeps a message


@dataclass(frozen=True)
class Schedules:
    """What schedules, and rules, send to; CloudFormation tokens."""

    role_arn: str
    queue_arn: str
    queue_name: str
    queue_url: str


def add_schedules(scope: Construct, names: Names) -> Schedules:
    """Add what schedules share. The schedules themselves are with their flows."""
    queue = aws_sqs.CfnQueue(
        scope,
        "DeadLetters",
        queue_name=names.resource("dead-letters"),
        message_retention_period=KEPT_SECONDS,
        sqs_managed_sse_enabled=True,
    )
    group = aws_scheduler.CfnScheduleGroup(scope, "ScheduleGroup", name=names.resource("flows"))
    own_group = (
        f"arn:{names.partition}:scheduler:{names.region}:{names.account}:schedule-group/{names.resource('flows')}"
    )
    machines = f"arn:{names.partition}:states:{names.region}:{names.account}:stateMachine:{names.resource('*')}"
    role = aws_iam.CfnRole(
        scope,
        "ScheduleRole",
        description="Starts scheduled flows",
        assume_role_policy_document=assumed_by("scheduler.amazonaws.com", own_group),
        policies=[
            aws_iam.CfnRole.PolicyProperty(
                policy_name="start-flows",
                policy_document={
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machines},
                        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue.attr_arn},
                    ],
                },
            )
        ],
    )
    role.add_resource_dependency(group)
    CfnOutput(scope, "DeadLetterQueueUrl", value=queue.ref)
    return Schedules(role.attr_arn, queue.attr_arn, queue.attr_queue_name, queue.ref)
