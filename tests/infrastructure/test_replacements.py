"""What CloudFormation replaces instead of updating: the new resource never needs the name of the old one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compiler import Project, compile_project
from infrastructure.flow_resources import PARAMETERS, flow_resources
from infrastructure.nested_stacks import flow_templates
from infrastructure.stages import PROD
from localcloud.cloud import Cloud
from tests.infrastructure.conftest import Assembly
from tests.localcloud.conftest import client_of

FLOW = """
name: changing
type: {type}
schedule: rate(1 day)
definition: {{StartAt: A, States: {{A: {{Type: Pass, End: true}}}}}}
"""
CALLER = """
name: caller
definition:
  StartAt: A
  States:
    A:
      Type: Task
      Resource: arn:aws:states:::states:startExecution
      Parameters: {StateMachineArn: "${changing}"}
      End: true
"""

STANDARD_NAME = "serverless-dynamic-workflows-prod-changing"
EXPRESS_NAME = "serverless-dynamic-workflows-prod--express-changing"


def project(make_project: Callable[..., Path], kind: str) -> Project:
    compiled = compile_project(make_project({"changing": FLOW.format(type=kind), "caller": CALLER}))
    assert not compiled.errors, compiled.errors
    return compiled


def template(flows: Project) -> str:
    def no_upload(_: Any) -> str:
        raise AssertionError

    express = [flow.name for flow in flows.flows.values() if flow.type == "EXPRESS"]
    made = (flow_resources(flow, PROD, express) for flow in flows.flows.values())
    (text,) = [found.text for found in flow_templates(made, 1, no_upload)]
    return text


@pytest.mark.parametrize("kinds", [("STANDARD", "EXPRESS"), ("EXPRESS", "STANDARD")])
def test_the_type_of_a_deployed_flow_can_be_changed(
    kinds: tuple[str, str], make_project: Callable[..., Path], cloud: Cloud
) -> None:
    client, states = client_of(cloud, "cloudformation"), client_of(cloud, "stepfunctions")
    group = "serverless-dynamic-workflows-prod-flows"
    client_of(cloud, "scheduler").create_schedule_group(Name=group)
    given = {name: f"arn:aws:iam::123456789012:role/{name}" for name in PARAMETERS}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]

    def machines() -> dict[str, str]:
        listed = states.list_state_machines()["stateMachines"]
        return {m["name"]: m["type"] for m in listed if m["name"].endswith("changing")}

    try:
        for number, kind in enumerate(kinds):
            deploy = client.update_stack if number else client.create_stack
            deploy(StackName="types", TemplateBody=template(project(make_project, kind)), Parameters=parameters)
            (described,) = client.describe_stacks(StackName="types")["Stacks"]
            assert described["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), described
            name = EXPRESS_NAME if kind == "EXPRESS" else STANDARD_NAME
            assert machines() == {name: kind}
            schedule = client_of(cloud, "scheduler").get_schedule(GroupName=group, Name="changing")
            assert f":{name}:live" in schedule["Target"]["Input"]
        events = client.describe_stack_events(StackName="types")["StackEvents"]
        order = [e["ResourceStatus"] for e in reversed(events) if e["ResourceType"].endswith("::StateMachine")]
        assert order[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
        assert "CREATE_COMPLETE" in order[-4:-2]  # the new one works before the old one goes
    finally:
        client.delete_stack(StackName="types")
        client_of(cloud, "scheduler").delete_schedule_group(Name=group)


def test_what_refers_to_an_express_flow_has_its_name(make_project: Callable[..., Path]) -> None:
    flows = project(make_project, "EXPRESS").flows
    caller = flow_resources(flows["caller"], PROD, ["changing"]).resources
    assert EXPRESS_NAME in json.dumps(caller)
    assert f"{STANDARD_NAME}:" not in json.dumps(caller)


# What these name cannot be updated. A resource without a name of its own gets a new one when it is replaced; one with a
# name may not be replaced, so that what forces a replacement has to be a part of the name, or never change.
NAMES = {
    "AlarmName", "DashboardName", "FunctionName", "GroupName", "LogGroupName", "ManagedPolicyName", "Name", "QueueName",
    "RoleName", "StateMachineName", "TableName", "TopicName",
}  # fmt: skip
"""Properties that are the name: a change is another resource."""
WITHOUT_NAME = {"AWS::Lambda::Permission", "AWS::Serverless::Api", "AWS::Serverless::Function"}
"""A permission is not named by its function, and SAM expands to resources that `app.py` and Chalice determine."""
NEVER_CHANGED = {
    ("AWS::DynamoDB::Table", "KeySchema"): "a constant of the records' format, which migrations must not change",
    ("AWS::Lambda::EventInvokeConfig", "Qualifier"): "always $LATEST, since no function has versions",
    ("AWS::StepFunctions::StateMachine", "StateMachineType"): "the name and the logical id change with it",
}
"""Properties whose change replaces a resource with a fixed name, and why that cannot happen."""


def create_only(kind: str) -> set[str]:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    listed = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return {pointer.split("/")[2] for pointer in listed}


@pytest.mark.parametrize("name", ["prod-cdk", "dev-chalice"])
def test_nothing_that_has_a_fixed_name_is_ever_replaced(name: str, assemblies: Path) -> None:
    assembly = Assembly(assemblies / name)
    used = set()
    for template in (assembly.template, *assembly.nested.values()):
        for key, resource in template["Resources"].items():
            kind, properties = resource["Type"], set(resource.get("Properties", {}))
            if kind in WITHOUT_NAME or not properties & NAMES:
                continue
            for forced in create_only(kind) & properties - NAMES:
                assert (kind, forced) in NEVER_CHANGED, f"{key}: a change of {forced} could not be deployed"
                used.add((kind, forced))
    if name == "prod-cdk":
        assert used == set(NEVER_CHANGED)
