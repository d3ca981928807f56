"""One stage as one stack, `<app>-<stage>`, with nested stacks for what grows with flows and functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from aws_cdk import CfnOutput, Stack, Tags
from constructs import Construct

from chalicelib.flows import Project
from chalicelib.names import APP_NAME, Names
from chalicelib.settings import PROJECT
from infrastructure import observability
from infrastructure.flow_resources import tags
from infrastructure.flows import add_flows, nest
from infrastructure.function_resources import RUN_STATUS, log_templates
from infrastructure.identity import add_function_role, add_identity
from infrastructure.schedules import add_schedules
from infrastructure.stages import StageSettings
from infrastructure.storage import add_storage

FrontDoor = Literal["cdk", "chalice"]
"""Who deploys the API and the functions: this stack, or `chalice deploy` after it. Logs are the stack's anyway."""


class StageStack(Stack):
    """Everything that a stage consists of.

    Args:
        scope: The CDK app.
        stage: The stage's settings.
        flows: The compiled flows, none of them broken.
        front_door: `chalice` leaves the API and the functions out, but for their logs.
        project: The folder of `app.py`.
    """

    def __init__(
        self,
        scope: Construct,
        stage: StageSettings,
        flows: Project,
        front_door: FrontDoor = "cdk",
        project: Path = PROJECT,
        **options: Any,
    ) -> None:
        name = f"{APP_NAME}-{stage.name}"
        super().__init__(
            scope,
            name,
            stack_name=name,
            description=f"{APP_NAME}: API, functions and flows of the stage {stage.name}",
            termination_protection=stage.retain_data,
            **options,
        )
        names = Names(stage=stage.name, region=self.region, account=self.account, partition=self.partition)
        groups = {group for flow in flows.flows.values() for group in flow.access_groups}
        identity = add_identity(self, stage, names, groups)
        add_storage(self, stage, names)
        schedules = add_schedules(self, names)
        role = add_function_role(self, stage, names, identity, project)
        topic = observability.alarm_topic(self, stage, names) if stage.alarms else ""
        parameters = {
            "ScheduleRoleArn": schedules.role_arn,
            "DeadLetterQueueArn": schedules.queue_arn,
            "AlarmTopicArn": topic,
        }
        flow_stacks = add_flows(self, stage, list(flows.flows.values()), parameters)
        log = observability.add_api_log(self, stage, names)
        if front_door == "cdk":
            from infrastructure.application import add_application  # takes seconds to import

            function_stacks = add_application(self, stage, identity, log, role_arn=role.attr_arn, project=project)
            for flow_stack in flow_stacks:  # no schedule starts a flow before its functions are there
                for function_stack in function_stacks:
                    flow_stack.add_resource_dependency(function_stack)
        else:
            for template in log_templates([*flows.settings, RUN_STATUS], stage):
                nest(self, stage, template, {})
        observability.add_run_status(self, names, schedules)
        api_name = name if front_door == "cdk" else names.app
        if stage.alarms:
            observability.add_alarms(self, names, schedules, topic, api_name)
        observability.add_dashboard(self, names, schedules, api_name)
        for key, value in sorted(tags(stage).items()):
            Tags.of(self).add(key, value)
        CfnOutput(self, "Stage", value=stage.name)
        CfnOutput(self, "Region", value=self.region)
        CfnOutput(self, "AccountId", value=self.account)
