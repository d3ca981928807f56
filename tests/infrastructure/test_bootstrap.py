"""The policies with which CloudFormation deploys: enough for every resource type of a stage, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.settings import PROJECT
from compiler import Project
from infrastructure.bootstrap import __main__ as command
from infrastructure.bootstrap.policies import BOUNDARY, boundary, execution_policies, qualifier
from infrastructure.flow_resources import flow_resources
from infrastructure.identity import function_role_resources
from infrastructure.resources import bounded
from infrastructure.schedules import schedule_resources
from infrastructure.stages import PROD
from infrastructure.tokens import template_names
from tests.infrastructure.conftest import APP, Assembly, as_text
from tests.infrastructure.iam import allows

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = f"{REGION}:{ACCOUNT}"
POLICIES = execution_policies(ACCOUNT, REGION, qualifier())
EXECUTION = {"Statement": [statement for policy in POLICIES.values() for statement in policy["Statement"]]}
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}"
OURS = {
    "aws:ResourceTag/Application": APP,
    "aws:RequestTag/Application": APP,
    "iam:PermissionsBoundary": BOUNDARY_ARN,
    "iam:PassedToService": "states.amazonaws.com",
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{APP}-prod-Role-1"

# Where CloudFormation's handlers work, by the service in an action.
RESOURCES = {
    "apigateway": f"arn:aws:apigateway:{REGION}::/restapis/abc",
    "cloudformation": f"arn:aws:cloudformation:{HERE}:stack/{APP}-prod-Flows0-1/2",
    "cloudwatch": f"arn:aws:cloudwatch:{HERE}:alarm:{APP}-prod-ApiErrorsAlarm-1",
    "cognito-idp": f"arn:aws:cognito-idp:{HERE}:userpool/{REGION}_abc",
    "dynamodb": f"arn:aws:dynamodb:{HERE}:table/{APP}-prod-runs",
    "ec2": "*",
    "events": f"arn:aws:events:{HERE}:rule/{APP}-prod-run-status",
    "iam": ROLE,
    "lambda": f"arn:aws:lambda:{HERE}:function:{APP}-prod-ping",
    "logs": f"arn:aws:logs:{HERE}:log-group:/aws/vendedlogs/states/{APP}-prod-orderFlow:log-stream:",
    "s3": f"arn:aws:s3:::cdk-hnb659fds-assets-{ACCOUNT}-{REGION}/abc.zip",
    "scheduler": f"arn:aws:scheduler:{HERE}:schedule/{APP}-prod-flows/orderFlow",
    "sns": f"arn:aws:sns:{HERE}:{APP}-prod-alarms",
    "sqs": f"arn:aws:sqs:{HERE}:{APP}-prod-dead-letters",
    "states": f"arn:aws:states:{HERE}:stateMachine:{APP}-prod-orderFlow",
}
OTHER_RESOURCES = {
    "cognito-idp:CreateUserPool": "*",
    **dict.fromkeys(
        ("cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{APP}-prod-us-east-1",
    ),
    **dict.fromkeys(("scheduler:CreateScheduleGroup", "scheduler:DeleteScheduleGroup", "scheduler:GetScheduleGroup"),
        f"arn:aws:scheduler:{HERE}:schedule-group/{APP}-prod-flows"),
}  # fmt: skip
MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/{APP}-prod-Flows0-FlowRolePolicy1-1"
UNUSED: dict[str, str] = {
    "kms|kinesis|firehose|elasticfilesystem|s3files": "no key, stream or file system of the account's own",
    "iam:CreateServiceLinkedRole|iam:(Attach|Detach)(Group|User)Policy": "only roles have the policies",
    "iam:DeleteRolePermissionsBoundary": "a role must keep its boundary",
    "dynamodb:(AssociateTableReplica|BatchWriteItem|CreateTableReplica|DeleteItem|DeleteResourcePolicy|DescribeImport|"
    "DisableKinesis.*|EnableKinesis.*|GetItem|ImportTable|PutItem|PutResourcePolicy|Query|Scan|UpdateItem|"
    "UpdateKinesis.*)": "no replicas, imports, streams or resource policies",
    "logs:(AssociateKmsKey|CreateLogStream|DeleteDataProtectionPolicy|DeleteIndexPolicy|DeleteResourcePolicy|"
    "DescribeLogStreams|DisassociateKmsKey|PutBearerTokenAuthentication|PutDataProtectionPolicy|PutIndexPolicy|"
    "PutLogEvents|PutLogGroupDeletionProtection|PutResourcePolicy)": "no such settings; flows write by log delivery",
    "lambda:(AssociateRuntimeAlias|GetCodeSigningConfig|GetLayerVersion|PassCapacityProvider|"
    "PutFunctionCodeSigningConfig|PutFunctionScalingConfig)": "no such settings",
    "s3:(GetObjectMetadata|ListBucket|REST.PUT.OBJECT)": "no imports, no deliveries to buckets",
    "cognito-idp:AddCustomAttributes": "no attributes of the project's own",
    "sns:(PutDataProtectionPolicy|Subscribe|Unsubscribe)": "whoever is to be told subscribes",
}
"""Actions of handlers for what the templates don't use, as patterns, and why."""


def of_handlers(kind: str) -> set[str]:
    """The actions that CloudFormation's registry schema lists for a resource type, except those to list resources."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema.get("handlers", {})
    return {action for name, one in handlers.items() if name != "list" for action in one.get("permissions", [])}


def kinds(assembly: Assembly) -> Iterator[str]:
    from tests.infrastructure.test_templates import _expand

    for template in (_expand(assembly.template), *assembly.nested.values()):
        yield from (resource["Type"] for resource in template["Resources"].values())


@pytest.mark.parametrize("name", ["prod-cdk", "prod-chalice", "dev-chalice"])
def test_it_allows_what_the_handlers_of_every_resource_type_call(
    name: str, assemblies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    refused = [
        f"{kind}: {action}"
        for kind in sorted({*kinds(Assembly(assemblies / name)), "AWS::IAM::ManagedPolicy"})
        for action in sorted(of_handlers(kind))
        if not any(re.match(f"({pattern})", action) for pattern in UNUSED)
        and not allows(EXECUTION, action, resource_of(kind, action), OURS)
    ]
    assert refused == []


def resource_of(kind: str, action: str) -> str:
    service = action.partition(":")[0]
    if kind == "AWS::IAM::ManagedPolicy" and "RolePolicy" not in action:
        return MANAGED
    if kind == "AWS::ApiGateway::RestApi" and action == "apigateway:POST":
        return f"arn:aws:apigateway:{REGION}::/restapis"
    return OTHER_RESOURCES.get(action) or RESOURCES[service]


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", ROLE, {}),
        ("iam:CreateRole", ROLE, {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/other"}),
        ("iam:PutRolePolicy", ROLE, {}),
        ("iam:AttachRolePolicy", ROLE, {}),
        ("iam:DeleteRolePermissionsBoundary", ROLE, OURS),
        ("iam:CreatePolicyVersion", BOUNDARY_ARN, OURS),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/{APP}-execution-1-{REGION}", OURS),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/other", OURS),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/{APP}-me", OURS),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", OURS),
        ("sts:AssumeRole", ROLE, OURS),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{HERE}:function:shop", OURS),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{HERE}:table/shop", OURS),
        ("dynamodb:GetItem", RESOURCES["dynamodb"], OURS),
        ("cognito-idp:DeleteUserPool", RESOURCES["cognito-idp"], {}),
        ("cognito-idp:AdminSetUserPassword", RESOURCES["cognito-idp"], OURS),
        ("apigateway:DELETE", RESOURCES["apigateway"], {}),
        ("s3:GetObject", "arn:aws:s3:::shop/secret", OURS),
        ("s3:PutObject", RESOURCES["s3"], OURS),
        ("ec2:RunInstances", "*", OURS),
    ],
)
def test_it_allows_no_more(action: str, resource: str, context: dict[str, str]) -> None:
    assert not allows(EXECUTION, action, resource, context)


def test_a_bounded_role_cannot_give_itself_rights() -> None:
    policy = boundary(ACCOUNT)
    for action in ("lambda:InvokeFunction", "s3:GetObject", "states:StartExecution", "sts:AssumeRole"):
        assert allows(policy, action, "arn:aws:x:::y")
    for action in ("iam:PutRolePolicy", "iam:CreateUser", "iam:PassRole", "organizations:LeaveOrganization"):
        assert not allows(policy, action, f"arn:aws:iam::{ACCOUNT}:role/admin")
    assert allows(policy, "iam:PassRole", ROLE)
    assert not allows(
        policy, "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}"
    )


def test_every_role_has_the_boundary(project_flows: Project) -> None:
    stage, names = replace(PROD, permissions_boundary=BOUNDARY), template_names("prod")
    stage.check()
    made = {**function_role_resources(stage, names, PROJECT), **schedule_resources(stage, names)}
    templates = [
        bounded(made, stage),
        *(flow_resources(flow, stage).resources for flow in project_flows.flows.values()),
    ]
    roles = [r["Properties"] for t in templates for r in t.values() if r["Type"] == "AWS::IAM::Role"]
    assert len(roles) > 3
    for role in roles:
        assert (
            as_text(role["PermissionsBoundary"])
            == f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{BOUNDARY}"
        )
    assert bounded(made, PROD) == made


def test_each_fits_into_a_managed_policy() -> None:
    for document in (*execution_policies(ACCOUNT, "ap-southeast-1", "a" * 10).values(), boundary(ACCOUNT)):
        assert len(re.sub(r"\s", "", json.dumps(document))) <= 6144
        assert "${" not in json.dumps(document)


def test_the_command_creates_and_updates_the_policies(capsys: pytest.CaptureFixture[str]) -> None:
    names = [*POLICIES, BOUNDARY]
    with mock_aws():
        assert command.main([]) == 0
        printed = capsys.readouterr()
        listed = ",".join(f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in POLICIES)
        assert (
            printed.out
            == f"aws://{ACCOUNT}/{REGION} --qualifier {qualifier()} --cloudformation-execution-policies {listed}\n"
        )
        assert printed.err == "".join(f"{name}: created\n" for name in names)
        assert command.main([]) == 0
        assert capsys.readouterr().err == "".join(f"{name}: unchanged\n" for name in names)
        client: Any = boto3.client("iam")
        for number in range(6):  # as many as IAM keeps, and more
            statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b/{number}"}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            command.put_policy(command.Cloud(), BOUNDARY, document)
        assert len(client.list_policy_versions(PolicyArn=BOUNDARY_ARN)["Versions"]) == 5
        assert command.main([]) == 0
        assert f"{BOUNDARY}: updated\n" in capsys.readouterr().err
        current = client.get_policy(PolicyArn=BOUNDARY_ARN)["Policy"]["DefaultVersionId"]
        found = client.get_policy_version(PolicyArn=BOUNDARY_ARN, VersionId=current)["PolicyVersion"]["Document"]
        assert found == boundary(ACCOUNT)
