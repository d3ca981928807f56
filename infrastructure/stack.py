"""One stage as one stack, `<app>-<stage>`, with nested stacks for what grows with flows and functions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from aws_cdk import CfnOutput, CfnResource, Stack, Tags, Token
from constructs import Construct

from chalicelib import APP_NAME
from chalicelib.settings import PROJECT
from compiler import Project
from infrastructure import observability
from infrastructure.flows import Uploads, add_flows, nest
from infrastructure.function_resources import OWN_FUNCTIONS, log_templates
from infrastructure.identity import (
    FUNCTION_ROLE,
    USER_POOL,
    USER_POOL_CLIENT,
    function_role_resources,
    user_resources,
)
from infrastructure.resources import Resource, bounded, ref, tags
from infrastructure.schedules import DEAD_LETTERS, SCHEDULE_ROLE, schedule_resources
from infrastructure.stage import StageSettings
from infrastructure.storage import table_resources
from infrastructure.tokens import template_names, with_pseudo_parameters
from infrastructure.webhooks import webhook_resources

FrontDoor = Literal["cdk", "chalice"]
"""What deploys the API and the functions: this stack, or `chalice deploy` after it. The stack always has their logs."""


class StageStack(Stack):
    """Everything that a stage consists of.

    Args:
        scope: The CDK app.
        stage: The stage's settings.
        flows: The compiled flows, without errors.
        front_door: `chalice` leaves out the API and the functions, except their logs.
        project: The folder of `app.py`.
    """

    def __init__(
        self,
        scope: Construct,
        stage: StageSettings,
        flows: Project,
        front_door: FrontDoor = "cdk",
        project: Path = PROJECT,
    ) -> None:
        name = f"{APP_NAME}-{stage.name}"
        super().__init__(
            scope,
            name,
            stack_name=name,
            description=f"{APP_NAME}: API, functions and flows of the stage {stage.name}",
            termination_protection=stage.retain_data,
        )
        names = template_names(stage.name)
        resources = {
            **user_resources(stage, names),
            **table_resources(stage, names),
            **schedule_resources(stage, names),
            **function_role_resources(stage, names, project),
            **observability.api_logs(stage, names),
            **observability.run_record_resources(stage, names),
            **webhook_resources(stage, names, flows),
            **observability.alarm_topic(stage, names),
            **observability.alarm_resources(stage, names),
            **observability.dashboard(stage, names),
        }
        add_resources(self, bounded(resources, stage))
        parameters = {
            "ScheduleRoleArn": SCHEDULE_ROLE,
            "DeadLetterQueueArn": DEAD_LETTERS,
            "AlarmTopicArn": observability.alarm_topic_arn(stage),
        }
        uploads = Uploads(self)
        flow_stacks = add_flows(uploads, stage, list(flows.flows.values()), parameters)
        if front_door == "cdk":
            from infrastructure.application import add_application  # takes seconds to import

            function_stacks = add_application(uploads, stage, project)
            for flow_stack in flow_stacks:  # no schedule may start a flow before its functions exist
                for function_stack in function_stacks:
                    flow_stack.add_resource_dependency(function_stack)
        else:
            for template in log_templates([*flows.settings, *OWN_FUNCTIONS], stage):
                nest(uploads, stage, template, {})
        for key, value in sorted(tags(stage).items()):
            Tags.of(self).add(key, value)
        outputs: dict[str, Any] = {
            "UserPoolId": USER_POOL,
            "UserPoolClientId": USER_POOL_CLIENT,
            "UsageTableName": ref("UsageTable"),
            "RunsTableName": ref("RunsTable"),
            "FunctionRoleArn": FUNCTION_ROLE,
            "DeadLetterQueueUrl": ref("DeadLetters"),
            "Stage": stage.name,
            "Region": ref("AWS::Region"),
            "AccountId": ref("AWS::AccountId"),
            "FlowCount": str(len(flows.flows)),
        }
        if observability.alarm_topic(stage, names):
            outputs["AlarmTopicArn"] = ref("AlarmTopic")
        for key, value in outputs.items():
            CfnOutput(self, key, value=Token.as_string(value))


def add_resources(stack: Stack, resources: Mapping[str, Resource]) -> None:
    """Add resources to a stack, with pseudo parameters for the placeholders in their names."""
    for logical_id, resource in resources.items():
        described = with_pseudo_parameters(resource)
        added = CfnResource(stack, logical_id, type=described["Type"], properties=described["Properties"])
        for key in ("DeletionPolicy", "DependsOn", "UpdateReplacePolicy"):
            if key in described:
                added.add_override(key, described[key])
