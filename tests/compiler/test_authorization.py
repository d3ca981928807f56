"""The IAM actions of AWS's operations, compared with the Service Authorization Reference."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from policy_sentry.querying.actions import get_action_data, get_actions_for_service
from policy_sentry.querying.all import get_all_service_prefixes

from compiler.aws_services import actions, operations, service_name, services, withdrawn
from compiler.permissions.authorization import iam_actions, iam_prefix
from compiler.permissions.tagging import _OTHER_ARNS, tagging_action

from .conftest import Workspace

# What the reference does not list although the operation exists for long, and why it is left as it is.
REMAINING = {
    "cloudtrail:ListInsightsMetricData": "the reference has no action for it",
    "glue:ListDataQualityStatisticAnnotations": "the reference has no action for it",
    "glue:ListDataQualityStatistics": "the reference has no action for it",
    "lakeformation:AssumeDecoratedRoleWithSAML": "the reference has no action for it; a SAML assertion authorises it",
    "qapps:CreatePresignedUrl": "the reference has no action for it",
    "quicksight:DescribeAnalysisDefinition": "QuickSight's guide has this action, the reference does not",
    "quicksight:DescribeDashboardDefinition": "QuickSight's guide has this action, the reference does not",
    "quicksight:DescribeTemplateDefinition": "QuickSight's guide has this action, the reference does not",
    "resourceexplorer2:ListResources": "the reference has no action for it",
}
SHARE = 0.005  # of the operations may be neither in the reference nor listed


@cache
def reference() -> dict[str, frozenset[str]]:
    return {
        prefix: frozenset(action.lower() for action in get_actions_for_service(prefix))
        for prefix in get_all_service_prefixes()
    }


def is_listed(action: str) -> bool:
    return action.lower() in reference().get(action.partition(":")[0], ())


def newer_operations() -> Iterator[str]:
    for line in Path(__file__).with_name("newer_operations.txt").read_text().splitlines():
        service, _, names = line.partition(": ")
        if not line.startswith("#"):
            yield from (f"{service}:{name}" for name in names.split())


def test_every_operations_action_is_in_the_reference() -> None:
    total, missing = 0, set()
    for service in services():
        for name in operations(service):
            operation = name[:1].upper() + name[1:]
            total += 1
            if not all(map(is_listed, iam_actions(service, operation))):
                missing.add(f"{service}:{operation}")
    assert set(REMAINING) <= missing  # the table has nothing that is found meanwhile
    unknown = missing - set(REMAINING) - set(newer_operations())
    assert len(unknown) + len(REMAINING) <= SHARE * total, sorted(unknown)


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("dynamodb", "Query", ("dynamodb:Query",)),
        ("keyspaces", "CreateTable", ("cassandra:Create",)),
        ("keyspaces", "GetKeyspace", ("cassandra:Select",)),
        ("budgets", "UpdateBudget", ("budgets:ModifyBudget",)),
        ("budgets", "DescribeBudgets", ("budgets:ViewBudget",)),
        ("budgets", "DescribeBudgetAction", ("budgets:DescribeBudgetAction",)),
        ("cloudcontrol", "GetResource", ("cloudformation:GetResource",)),
        ("iotsecuretunneling", "OpenTunnel", ("iot:OpenTunnel",)),
        ("ioteventsdata", "DescribeAlarm", ("iotevents:DescribeAlarm",)),
        ("iotjobsdataplane", "StartCommandExecution", ("iot:StartCommandExecution",)),
        ("databasemigration", "CreateEndpoint", ("dms:CreateEndpoint",)),
        ("databasemigration", "ModifyDataProvider", ("dms:UpdateDataProvider",)),
        ("directory", "DescribeDirectories", ("ds:DescribeDirectories",)),
        ("applicationdiscovery", "ListConfigurations", ("discovery:ListConfigurations",)),
        ("elasticsearch", "DescribeElasticsearchDomain", ("es:DescribeElasticsearchDomain",)),
        ("lexruntime", "PostText", ("lex:PostText",)),
        ("costandusagereport", "DescribeReportDefinitions", ("cur:DescribeReportDefinitions",)),
        ("marketplaceentitlement", "GetEntitlements", ("aws-marketplace:GetEntitlements",)),
        ("config", "PutConfigRule", ("config:PutConfigRule",)),
        ("apigateway", "GetRestApi", ("apigateway:GET",)),
        ("apigateway", "CreateDeployment", ("apigateway:POST",)),
        ("apigatewayv2", "UpdateApi", ("apigateway:PATCH",)),
        ("apigatewayv2", "CreatePortal", ("apigateway:CreatePortal",)),
        ("apigatewaymanagementapi", "PostToConnection", ("execute-api:ManageConnections",)),
        ("bcmpricingcalculator", "BatchCreateBillEstimate", ("bcm-pricing-calculator:CreateBillEstimate",)),
        ("neptunedata", "GetSparqlStatistics", ("neptune-db:GetStatisticsStatus",)),
        ("s3", "ListDirectoryBuckets", ("s3express:ListAllMyDirectoryBuckets",)),
        ("s3", "PutBucketInventoryConfiguration", ("s3:PutInventoryConfiguration",)),
        ("s3control", "GetPublicAccessBlock", ("s3:GetAccountPublicAccessBlock",)),
        ("s3control", "GetBucket", ("s3-outposts:GetBucket",)),
        ("cognitoidentityprovider", "InitiateAuth", ()),
        ("ssooidc", "CreateToken", ()),
        ("codecatalyst", "ListProjects", ()),
        ("connectparticipant", "SendMessage", ()),
        ("cloudhsm", "CreateHapg", ()),
    ],
)
def test_the_actions_of_an_operation(service: str, operation: str, expected: tuple[str, ...]) -> None:
    assert iam_actions(service, operation) == expected


@pytest.mark.parametrize(
    ("service_id", "name"),
    [("Config Service", "config"), ("Cost and Usage Report Service", "costandusagereport"), ("SFN", "sfn")],
)
def test_services_have_no_trailing_service(service_id: str, name: str) -> None:
    assert service_name(service_id) == name
    assert name in services()
    assert not any(service.endswith("service") for service in services())


def test_unsupported_actions_are_none_that_step_functions_calls() -> None:
    assert "invoke" in actions("lambda") and "invokeAsync" not in actions("lambda")
    assert "executeSql" not in actions("rdsdata")
    assert withdrawn("elasticinference") == "has been shut down"
    assert withdrawn("macie") == "is no longer called by Step Functions"
    assert withdrawn("macie2") == ""


def test_every_tagging_action_is_in_the_reference() -> None:
    unlisted = {}
    for service in services():
        prefix = iam_prefix(service)
        creates = [name for name in operations(service) if name.startswith("create")]
        if creates and prefix in reference() and "tagResource" in operations(service):
            action = tagging_action(prefix, creates[0][:1].upper() + creates[0][1:])
            if action and not is_listed(action):
                unlisted[service] = action
    assert unlisted == {}


def test_a_service_whose_tagged_resources_have_another_name_is_known() -> None:
    """`arn:aws:ecs:*:*:*` stands for all of ECS's resources: other services must be named as exceptions."""
    strange = set()
    for prefix in sorted({iam_prefix(service) for service in services()} & set(reference())):
        action = tagging_action(prefix, "CreateSomething")
        if not action.startswith(f"{prefix}:") or not is_listed(action):
            continue
        data = get_action_data(prefix, action.partition(":")[2])
        arns = [item["resource_arn_format"] for item in data[prefix]] if data else []
        if any(text.count(":") >= 5 and text.split(":")[2] != prefix for text in arns):
            strange.add(prefix)
    assert strange <= _OTHER_ARNS


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("arn:aws:states:::aws-sdk:lambda:invokeAsync", "Step Functions does not support the action 'invokeAsync'"),
        (
            "arn:aws:states:eu-west-1:111122223333:aws-sdk:rdsdata:executeSql",
            "does not support the action 'executeSql'",
        ),
        ("arn:aws:states:::aws-sdk:elasticinference:describeAccelerators", "has been shut down"),
        ("arn:aws:states:::aws-sdk:configservice:putConfigRule", "Unknown AWS service 'configservice'"),
        ("arn:aws:states:us-east-1:111122223333:aws-sdk:config:putConfigRule", ""),
    ],
)
def test_what_step_functions_does_not_call_is_reported(workspace: Workspace, resource: str, message: str) -> None:
    workspace.flow(
        f"name: call\ndefinition:\n  StartAt: A\n  States:\n    A: {{Type: Task, Resource: '{resource}', End: true}}\n"
    )
    found = [item.message for item in workspace.compile().diagnostics if item.check == "unknown-integration"]
    assert len(found) == bool(message) and all(message in text for text in found)
