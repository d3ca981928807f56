"""The CloudFormation resources of one flow: state machine, role, log, version, alias, schedule and alarm.

They are plain dictionaries: for a thousand flows, CDK's constructs take minutes, and this module takes a second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.names import EXPRESS, LIVE, Names
from compiler import CompiledFlow
from compiler.scheduled_start import scheduled_start
from infrastructure.policies import role_resources
from infrastructure.resources import (
    Resource,
    assumed_by,
    assumed_by_tests,
    bounded,
    log_group,
    logical_id,
    tag_list,
)
from infrastructure.stage import StageSettings
from infrastructure.tokens import substitutions, template_names, with_pseudo_parameters

PARAMETERS: Mapping[str, str] = {
    "ScheduleRoleArn": "The role with which schedules start flows.",
    "DeadLetterQueueArn": "The queue for starts that failed.",
    "AlarmTopicArn": "The topic for alarms.",
}
"""The parameters of the nested stacks of flows: what they need from the stage's stack."""

SCHEDULE_RETRIES = 185
"""EventBridge Scheduler's default."""
SCHEDULE_MAX_AGE = 3600
"""Seconds after which a start that was missed is no longer retried."""


@dataclass(frozen=True)
class DefinitionFile:
    """A definition that is too large for its stack's template, and uploaded as a file."""

    flow: str
    text: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the definition, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class FlowResources:
    """The resources of one flow, with its definition in the template; `detach` takes it out."""

    flow: CompiledFlow
    prefix: str
    definition: str
    resources: Mapping[str, Resource]

    def detach(self) -> tuple[DefinitionFile, dict[str, Resource]]:
        """Move the definition into a file.

        Returns:
            The file, and the resources without the definition; the caller sets `DefinitionS3Location`.
        """
        text, found = substitutions(self.definition)
        machine = self.resources[self.prefix + "StateMachine"]
        properties = {key: value for key, value in machine["Properties"].items() if key != "DefinitionString"}
        if found:
            properties["DefinitionSubstitutions"] = found
        changed = {**machine, "Properties": properties}
        return DefinitionFile(self.flow.name, text), {**self.resources, self.prefix + "StateMachine": changed}


def flow_resources(flow: CompiledFlow, stage: StageSettings, express: Iterable[str] = ()) -> FlowResources:
    """Return the resources of one flow in a stage.

    What cannot be changed with the flow's type has another logical id and another name for each type, so that
    CloudFormation creates the new state machine before it deletes the old one. Schedule and alarm are updated.

    Args:
        flow: The compiled flow.
        stage: The stage's settings.
        express: The names of the stage's EXPRESS flows, which the flow may refer to.
    """
    names = template_names(stage.name, express)
    same = logical_id(flow.name)
    prefix = logical_id(f"-express-{flow.name}") if flow.type == EXPRESS else same
    definition = flow.render(names)
    resources: dict[str, Resource] = {
        prefix + "Log": _log_group(flow, names, stage),
        **_role(flow, prefix, names, stage),
        prefix + "StateMachine": _state_machine(flow, prefix, definition, names, stage),
        prefix + "Version": {
            "Type": "AWS::StepFunctions::StateMachineVersion",
            "Properties": {
                "StateMachineArn": {"Ref": prefix + "StateMachine"},
                "StateMachineRevisionId": {"Fn::GetAtt": [prefix + "StateMachine", "StateMachineRevisionId"]},
            },
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Retain",  # rollbacks need the previous versions
        },
        prefix + "Alias": {
            "Type": "AWS::StepFunctions::StateMachineAlias",
            "Properties": {
                "Name": LIVE,
                "DeploymentPreference": {
                    "Type": "ALL_AT_ONCE",
                    "StateMachineVersionArn": {"Ref": prefix + "Version"},
                },
            },
        },
    }
    if flow.schedule is not None:
        resources[same + "Schedule"] = _schedule(flow, prefix, names)
    if (
        stage.alarms and flow.type == EXPRESS
    ):  # Step Functions reports the runs of others, which have one alarm together
        resources[same + "Alarm"] = _alarm(flow, prefix, names, stage)
    return FlowResources(flow, prefix, definition, with_pseudo_parameters(bounded(resources, stage)))


def log_group_name(flow: CompiledFlow, names: Names) -> str:
    """Return the name of a flow's log group: another one for each type, since its name is taken while both exist.

    All begin with `/aws/vendedlogs/`, so that they share one resource policy, whose length is limited:
    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    return f"/aws/vendedlogs/states/{names.state_machine(flow.name, flow.type)}"


def _log_group(flow: CompiledFlow, names: Names, stage: StageSettings) -> Resource:
    # Never retained, even if data is: a flow that was removed and is added again could not be deployed.
    return log_group(log_group_name(flow, names), stage)


def _role(flow: CompiledFlow, prefix: str, names: Names, stage: StageSettings) -> dict[str, Resource]:
    machine = names.state_machine_arn(flow.name, flow.type).removesuffix(f":{LIVE}")
    # What runs through an alias names the alias, and a child of a distributed Map the Map's label.
    trust = assumed_by("states.amazonaws.com", machine, f"{machine}:*", f"{machine}/*")
    has_tests = bool(stage.workbench) and flow.type != EXPRESS
    return role_resources(
        prefix + "Role",
        f"flow {flow.name}",
        assumed_by_tests(trust, names.account) if has_tests else trust,
        role_policy(flow, names, stage),
        policy_name="flow",
        tags=tag_list(stage),
        Description=f"What the flow {flow.name} may do",
        **({"Path": names.flow_role_path} if has_tests else {}),
    )


def role_policy(flow: CompiledFlow, names: Names, stage: StageSettings) -> dict[str, Any]:
    """Return the policy of a flow's state machine: what its definition needs, log delivery and tracing.

    Only log delivery and X-Ray are allowed for `*`, since IAM has no resources for them:
    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy and
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html#concepts-xray-tracing-permissions
    """
    policy = flow.policy(names)
    statements = list(policy["Statement"])
    if stage.flow_log_level != "OFF":
        statements.append(
            {
                "Sid": "LogDelivery",
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogDelivery",
                    "logs:DeleteLogDelivery",
                    "logs:DescribeLogGroups",
                    "logs:DescribeResourcePolicies",
                    "logs:GetLogDelivery",
                    "logs:ListLogDeliveries",
                    "logs:PutResourcePolicy",
                    "logs:UpdateLogDelivery",
                ],
                "Resource": ["*"],
            }
        )
    if stage.tracing:
        statements.append(
            {
                "Sid": "Tracing",
                "Effect": "Allow",
                "Action": [
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                "Resource": ["*"],
            }
        )
    return {**policy, "Statement": statements}


def _state_machine(flow: CompiledFlow, prefix: str, definition: str, names: Names, stage: StageSettings) -> Resource:
    logging: dict[str, Any] = {"Level": stage.flow_log_level, "IncludeExecutionData": stage.log_execution_data}
    if stage.flow_log_level != "OFF":
        log = {"Fn::GetAtt": [prefix + "Log", "Arn"]}
        logging["Destinations"] = [{"CloudWatchLogsLogGroup": {"LogGroupArn": log}}]
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": names.state_machine(flow.name, flow.type),
            "StateMachineType": flow.type,
            "DefinitionString": definition,
            "RoleArn": {"Fn::GetAtt": [prefix + "Role", "Arn"]},
            "LoggingConfiguration": logging,
            "TracingConfiguration": {"Enabled": stage.tracing},
            "Tags": tag_list(stage),
        },
    }


def _schedule(flow: CompiledFlow, prefix: str, names: Names) -> Resource:
    schedule = flow.schedule
    assert schedule is not None
    return {
        "Type": "AWS::Scheduler::Schedule",
        "DependsOn": [prefix + "Alias"],
        "Properties": {
            "GroupName": names.resource("flows"),
            "Name": flow.name,
            "Description": flow.description[:512] or f"Starts the flow {flow.name}",
            "ScheduleExpression": schedule.expression,
            "ScheduleExpressionTimezone": schedule.timezone,
            "State": "ENABLED" if schedule.enabled else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                **scheduled_start(flow, names),
                "RoleArn": {"Ref": "ScheduleRoleArn"},
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": SCHEDULE_MAX_AGE,
                    "MaximumRetryAttempts": SCHEDULE_RETRIES,
                },
                "DeadLetterConfig": {"Arn": {"Ref": "DeadLetterQueueArn"}},
            },
        },
    }


def _alarm(flow: CompiledFlow, prefix: str, names: Names, stage: StageSettings) -> Resource:
    def metric(identifier: str, name: str) -> dict[str, Any]:
        return {
            "Id": identifier,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/States",
                    "MetricName": name,
                    "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": prefix + "StateMachine"}}],
                },
                "Period": 300,
                "Stat": "Sum",
            },
        }

    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{names.resource(flow.name)}-failed",
            "AlarmDescription": f"Runs of the flow {flow.name} failed or timed out",
            "Metrics": [
                {
                    "Id": "unsuccessful",
                    "Label": "failed or timed out",
                    "Expression": "FILL(failed, 0) + FILL(timedOut, 0)",
                },
                metric("failed", "ExecutionsFailed"),
                metric("timedOut", "ExecutionsTimedOut"),
            ],
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopicArn"}],
            "Tags": tag_list(stage),
        },
    }
