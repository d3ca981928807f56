"""One flow as CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import CompiledFlow, compile_project
from infrastructure.flow_resources import flow_resources
from infrastructure.resources import logical_id
from infrastructure.stages import DEV, PROD
from tests.infrastructure.conftest import as_text, statements

FLOW = """
name: {name}
schedule: {{expression: cron(0 9 ? * MON-FRI *), timezone: Europe/Berlin, enabled: false}}
input: {{greeting: "Grüße ${{AWS::Region}}"}}
permissions:
  - {{Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*"}}
definition:
  QueryLanguage: JSONata
  StartAt: A
  States:
    A: {{Type: Pass, Output: "{{% '$' & '{{AWS::Region}}' %}}", Next: B}}
    B: {{Type: Task, Resource: "${{ping}}", End: true}}
"""


@pytest.fixture
def flow(make_project: Callable[..., Path]) -> CompiledFlow:
    project = compile_project(make_project({"my-flow": FLOW.format(name="my-flow")}))
    assert not project.errors, project.errors
    return project.flows["my-flow"]


def _one(resources: Any, kind: str) -> dict[str, Any]:
    (found,) = [r for r in resources.values() if r["Type"] == kind]
    properties: dict[str, Any] = found["Properties"]
    return properties


@given(st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,30}", fullmatch=True), min_size=2, max_size=2, unique=True))
def test_no_two_names_share_a_logical_id(names: list[str]) -> None:
    first, second = map(logical_id, names)
    assert first != second
    assert first.isalnum()
    assert second.isalnum()


def test_a_definition_is_the_rendered_one_with_pseudo_parameters(flow: CompiledFlow) -> None:
    machine = _one(flow_resources(flow, PROD).resources, "AWS::StepFunctions::StateMachine")
    parts = machine["DefinitionString"]["Fn::Join"][1]
    assert {"Ref": "AWS::AccountId"} in parts
    definition = json.loads(as_text(machine["DefinitionString"]))
    assert definition["States"]["A"] == flow.definition["States"]["A"]
    assert definition["States"]["B"]["Resource"].endswith(":function:serverless-dynamic-workflows-prod-ping")


def test_a_schedule_says_what_the_flow_says(flow: CompiledFlow) -> None:
    schedule = _one(flow_resources(flow, PROD).resources, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "cron(0 9 ? * MON-FRI *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["State"] == "DISABLED"
    request = json.loads(as_text(schedule["Target"]["Input"]))
    assert json.loads(request["Input"]) == {"greeting": "Grüße ${AWS::Region}"}
    assert request["Name"] == "schedule-<aws.scheduler.execution-id>"


def test_the_role_has_the_flow_s_own_permissions_and_no_more(flow: CompiledFlow) -> None:
    role = {"Properties": _one(flow_resources(flow, PROD).resources, "AWS::IAM::Role")}
    allowed = {(a, as_text(r)) for s in statements(role) for a in s["Action"] for r in s["Resource"]}
    own = {pair for pair in allowed if pair[1] != "*"}
    function = (
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:serverless-dynamic-workflows-prod-ping"
    )
    assert own == {("lambda:InvokeFunction", function), ("s3:GetObject", "arn:aws:s3:::bucket/*")}


def test_what_a_stage_leaves_out(flow: CompiledFlow) -> None:
    quiet = replace(DEV, flow_log_level="OFF", tracing=False)
    made = flow_resources(flow, quiet).resources
    assert not [r for r in made.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    role = {"Properties": _one(made, "AWS::IAM::Role")}
    assert not {s.get("Sid") for s in statements(role)} & {"LogDelivery", "Tracing"}
    machine = _one(made, "AWS::StepFunctions::StateMachine")
    assert machine["LoggingConfiguration"] == {"Level": "OFF", "IncludeExecutionData": True}
    assert machine["TracingConfiguration"] == {"Enabled": False}


def test_a_log_group_is_where_aws_wants_it_and_goes_with_its_flow(flow: CompiledFlow) -> None:
    for stage, days in ((PROD, 180), (DEV, 14)):
        log = flow_resources(flow, stage).resources[logical_id("my-flow") + "Log"]
        assert "DeletionPolicy" not in log  # otherwise a flow that is added again would find its name taken
        assert log["Properties"]["RetentionInDays"] == days
        name = f"/aws/vendedlogs/states/serverless-dynamic-workflows-{stage.name}-my-flow"
        assert log["Properties"]["LogGroupName"] == name


def test_former_versions_stay_so_that_the_alias_can_go_back(flow: CompiledFlow) -> None:
    made = flow_resources(flow, PROD).resources
    (version,) = [r for r in made.values() if r["Type"] == "AWS::StepFunctions::StateMachineVersion"]
    assert version["UpdateReplacePolicy"] == "Retain"
    alias = _one(made, "AWS::StepFunctions::StateMachineAlias")
    assert alias["Name"] == "live"
    assert alias["DeploymentPreference"]["StateMachineVersionArn"]["Ref"].endswith("Version")
