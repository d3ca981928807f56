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
from tests.infrastructure.iam import allows

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
        assert log["DeletionPolicy"] == "Delete"  # otherwise a flow that is added again would find its name taken
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


def test_a_flow_that_calls_many_functions_has_several_policies(make_project: Callable[..., Path]) -> None:
    """With 120 functions, its permissions have more characters than IAM allows in a role's own policies."""
    names = tuple(f"function_{number:03}" for number in range(120))
    states = ", ".join(
        f"S{n}: {{Type: Task, Resource: '${{{name}}}', {f'Next: S{n + 1}' if n < 119 else 'End: true'}}}"
        for n, name in enumerate(names)
    )
    text = f"name: big\ndefinition: {{StartAt: S0, States: {{{states}}}}}\n"
    project = compile_project(make_project({"big": text}, names))
    assert not project.errors, project.errors
    made = flow_resources(project.flows["big"], PROD).resources
    role, policy = made[logical_id("big") + "Role"], _one(made, "AWS::IAM::ManagedPolicy")
    inline = role["Properties"]["Policies"][0]["PolicyDocument"]
    managed = policy["PolicyDocument"]
    called = {as_text(r) for d in (inline, managed) for s in d["Statement"] for r in s["Resource"] if r != "*"}
    assert len(called) == 120
    assert role["Properties"]["ManagedPolicyArns"] == [{"Ref": logical_id("big") + "RolePolicy1"}]


@pytest.mark.parametrize("more", ["", ":live", ":7", "/Each", "/Each:0a1b2c"])
def test_step_functions_may_assume_the_role_for_every_kind_of_run(flow: CompiledFlow, more: str) -> None:
    """Runs by alias and children of distributed Maps are of the same state machine, whatever ARN AWS sends."""
    trust = _one(flow_resources(flow, PROD).resources, "AWS::IAM::Role")["AssumeRolePolicyDocument"]
    patterns = trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]
    machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:"
    machine += "serverless-dynamic-workflows-prod-"
    policy = {"Statement": [{"Effect": "Allow", "Action": "a", "Resource": [as_text(item) for item in patterns]}]}
    assert allows(policy, "a", f"{machine}my-flow{more}")
    assert not allows(policy, "a", f"{machine}my-flow2{more}")


def test_with_a_workbench_tests_of_states_may_assume_the_role_and_the_api_may_pass_it(flow: CompiledFlow) -> None:
    made = _one(flow_resources(flow, replace(PROD, workbench=("ops",))).resources, "AWS::IAM::Role")
    assert made["Path"] == "/serverless-dynamic-workflows/prod/flows/"
    _, test = made["AssumeRolePolicyDocument"]["Statement"]
    assert test["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    without = _one(flow_resources(flow, PROD).resources, "AWS::IAM::Role")
    assert "Path" not in without and len(without["AssumeRolePolicyDocument"]["Statement"]) == 1
