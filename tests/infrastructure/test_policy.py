"""The permissions of the person who deploys."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest

from chalicelib.settings import PROJECT
from infrastructure.bootstrap.policies import qualifier
from tests.infrastructure.conftest import APP
from tests.infrastructure.iam import allows, deployer_policy

POLICY = deployer_policy()
HERE = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{HERE}:function:{APP}-prod-ping"
STACK = f"arn:aws:cloudformation:{HERE}:stack/{APP}-prod/1b2c"
POOL = f"arn:aws:cognito-idp:{HERE}:userpool/us-east-1_abc"
LOG = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{APP}-prod-ping"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:{APP}-prod-orderFlow"
ROLE = f"arn:aws:iam::123456789012:role/{APP}-prod-us-east-1"

# What `chalice deploy` and `chalice delete` call for this application (chalice/awsclient.py).
BY_CHALICE = {
    FUNCTION: "AddPermission CreateFunction DeleteFunction GetFunction GetFunctionConfiguration GetPolicy ListTags "
    "RemovePermission TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
    "arn:aws:apigateway:us-east-1::/restapis": "GET POST PUT",
    "arn:aws:apigateway:us-east-1::/restapis/abc/stages/api": "GET PATCH POST PUT DELETE",
    ROLE: "GetRole PassRole",
}


_IAM_NAMES = {"invoke": "InvokeFunction"}


def _resource_of(action: str) -> str:
    service = action.split(":")[0]
    if action in ("sts:GetCallerIdentity", "logs:DescribeLogGroups", "cognito-idp:ListUserPools"):
        return "*"
    if service == "sqs":
        return f"arn:aws:sqs:{HERE}:{APP}-prod-dead-letters"
    if service == "states":
        return f"arn:aws:states:{HERE}:stateMachine:{APP}-prod--express-orderFlow"
    if service == "ssm":
        return f"arn:aws:ssm:{HERE}:parameter/cdk-bootstrap/hnb659fds/version"
    table = f"arn:aws:dynamodb:{HERE}:table/{APP}-prod-usage"
    return {"cloudformation": STACK, "cognito-idp": POOL, "dynamodb": table, "lambda": FUNCTION, "logs": LOG}[service]


def _own_calls() -> Iterator[tuple[str, str]]:
    """The AWS operations that the scripts and the deployment commands call, with the file."""
    operation = re.compile(r"[a-z]+(_[a-z]+)+")
    services = {
        "describe_stacks": "cloudformation", "update_termination_protection": "cloudformation", "query": "dynamodb",
        "get_parameter": "ssm", "get_caller_identity": "sts", "describe_log_groups": "logs",
        "filter_log_events": "logs", "get_function": "lambda",
        "describe_table": "dynamodb", "get_template": "cloudformation", "list_stack_resources": "cloudformation",
        "put_function_event_invoke_config": "lambda", "list_state_machine_versions": "states",
        "describe_state_machine_alias": "states", "update_state_machine_alias": "states",
        "delete_state_machine_version": "states", "start_execution": "states", "invoke": "lambda",
        "receive_message": "sqs", "delete_message": "sqs", "get_queue_url": "sqs", "get_queue_attributes": "sqs",
        "change_message_visibility": "sqs",
    }  # fmt: skip
    for file in [*(PROJECT / "admin").glob("*.py"), *(PROJECT / "infrastructure").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            name = node.func.attr
            if name == "get_paginator" and isinstance(node.args[0], ast.Constant):
                name = node.args[0].value
            if name in services:
                yield file.name, f"{services[name]}:{_IAM_NAMES.get(name, _camel(name))}"
            elif operation.fullmatch(name) and re.match(r"admin_|list_user|describe_user|(get|create)_group$", name):
                yield file.name, f"cognito-idp:{_camel(name)}"


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def test_it_allows_what_the_scripts_and_commands_call() -> None:
    calls = sorted(set(_own_calls()))
    assert len(calls) > 12
    assert [call for call in calls if not allows(POLICY, call[1], _resource_of(call[1]))] == []


@pytest.mark.parametrize(("resource", "actions"), BY_CHALICE.items())
def test_it_allows_what_chalice_calls(resource: str, actions: str) -> None:
    service = resource.split(":")[2]
    assert [name for name in actions.split() if not allows(POLICY, f"{service}:{name}", resource)] == []


def test_it_allows_the_roles_of_the_bootstrap_and_a_rollback() -> None:
    own = qualifier()
    for role in ("deploy", "file-publishing", "lookup"):
        arn = f"arn:aws:iam::123456789012:role/cdk-{own}-{role}-role-123456789012-us-east-1"
        assert allows(POLICY, "sts:AssumeRole", arn)
        assert not allows(POLICY, "sts:AssumeRole", arn.replace(own, "another"))
    assert allows(POLICY, "ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/cdk-bootstrap/{own}/version")
    assert allows(POLICY, "apigateway:GET", "arn:aws:apigateway:us-east-1::/account")  # preflight, for access logs
    assert allows(POLICY, "states:ListStateMachineVersions", MACHINE)
    assert allows(POLICY, "states:UpdateStateMachineAlias", f"{MACHINE}:live")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{HERE}:function:other"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:999999999999:function:{APP}-prod-ping"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/admin"),
        ("iam:CreateRole", ROLE),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"),
        ("cloudformation:DeleteStack", STACK),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{HERE}:table/{APP}-prod-usage"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/{APP}-prod-runs"),
        ("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/other/secret"),
        ("cognito-idp:DeleteUserPool", POOL),
        ("states:DeleteStateMachine", MACHINE),
    ],
)
def test_it_allows_no_more(action: str, resource: str) -> None:
    assert not allows(POLICY, action, resource)


OTHERS = {"aws:ResourceTag/Application": "shop", "aws:RequestTag/Application": "shop"}
OURS = {"aws:ResourceTag/Application": APP, "aws:RequestTag/Application": APP}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cognito-idp:AdminSetUserPassword", POOL),
        ("cognito-idp:ListUsers", POOL),
        ("apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis"),
        ("apigateway:PUT", "arn:aws:apigateway:us-east-1::/restapis/abc"),
        ("apigateway:DELETE", "arn:aws:apigateway:us-east-1::/restapis/abc"),
        ("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/restapis/abc/stages/api"),
    ],
)
def test_what_has_no_name_in_its_arn_is_told_apart_by_its_tag(action: str, resource: str) -> None:
    assert allows(POLICY, action, resource, OURS)
    assert not allows(POLICY, action, resource, OTHERS)
    assert not allows(POLICY, action, resource, {})


def test_operators_may_look_after_alarms_and_dead_letters() -> None:
    alarm = f"arn:aws:cloudwatch:{HERE}:alarm:{APP}-prod-RunsFailedAlarm-1"
    for action in ("DescribeAlarmHistory", "EnableAlarmActions", "DisableAlarmActions"):
        assert allows(POLICY, f"cloudwatch:{action}", alarm)
        assert not allows(POLICY, f"cloudwatch:{action}", alarm.replace(APP, "shop"))
    assert allows(POLICY, "sns:Subscribe", f"arn:aws:sns:{HERE}:{APP}-prod-alarms")
    assert not allows(POLICY, "sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:{APP}-prod-other")


def test_only_actions_without_resources_are_for_all() -> None:
    for statement in POLICY["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert ("*" in resources) == (statement["Sid"] == "ActionsWithoutAResource")
        assert not any("*" in action for action in [*statement["Action"]] if isinstance(statement["Action"], list))


def test_it_fits_into_a_managed_policy() -> None:
    """At most 6,144 characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= 6144
