"""What calls need, where it depends on the arguments that they really have."""

from __future__ import annotations

from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from chalicelib.names import Names
from localcloud.iam.needs import WITHOUT_RESOURCE, Need, needs_of_call, needs_of_task

NAMES = Names(stage="local", region="eu-west-1", account="123456789012")
DYNAMODB = "arn:aws:dynamodb:eu-west-1:123456789012:table"


def needs(service: str, operation: str, **arguments: Any) -> set[tuple[str, str]]:
    return {(need.action, need.resource) for need in needs_of_call(service, operation, arguments, NAMES)}


def partiql(statement: str) -> set[tuple[str, str]]:
    return needs("dynamodb", "ExecuteStatement", Statement=statement)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"),
    [
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, {("dynamodb:Query", f"{DYNAMODB}/t/index/i")}),
        ("dynamodb", "PutItem", {"TableName": f"{DYNAMODB}/t"}, {("dynamodb:PutItem", f"{DYNAMODB}/t")}),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
            {("dynamodb:PutItem", f"{DYNAMODB}/a"), ("dynamodb:ConditionCheckItem", f"{DYNAMODB}/b")},
        ),
        ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "c/x"},
         {("s3:GetObject", "arn:aws:s3:::c/x"), ("s3:PutObject", "arn:aws:s3:::b/k")}),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "ACL": "private"},
         {("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectAcl", "arn:aws:s3:::b/k")}),
        ("sqs", "GetQueueUrl", {"QueueName": "q"}, {("sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:123456789012:q")}),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://127.0.0.1:1/123456789012/q"},
         {("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q")}),
        ("secretsmanager", "CreateSecret", {"Name": "s"},
         {("secretsmanager:CreateSecret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-??????")}),
        ("lambda", "Invoke", {"FunctionName": "f", "Qualifier": "live"},
         {("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f:live")}),
        ("sts", "GetCallerIdentity", {}, set()),
        # Which tables a query reads, and whether Lake Formation guards them, nobody knows here.
        ("athena", "GetQueryResults", {"WorkGroup": "w", "ResultConfiguration": {"OutputLocation": "s3://b/"}},
         {("athena:GetQueryResults", "arn:aws:athena:eu-west-1:123456789012:workgroup/w"),
          ("s3:GetObject", "arn:aws:s3:::b/*")}),
        ("scheduler", "CreateSchedule", {"Name": "n", "Target": {"RoleArn": "arn:aws:iam::123456789012:role/r"}},
         {("scheduler:CreateSchedule", "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/n"),
          ("iam:PassRole", "arn:aws:iam::123456789012:role/r")}),
    ],
)  # fmt: skip
def test_calls(service: str, operation: str, arguments: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert needs(service, operation, **arguments) == expected


@pytest.mark.parametrize(
    ("statement", "action", "resource"),
    [
        ('SELECT * FROM "orders" WHERE id = ?', "Select", "orders"),
        ('select a, b from orders."by-user" where x = 1', "Select", "orders/index/by-user"),
        ("INSERT INTO \"orders\" VALUE {'id': '1'}", "Insert", "orders"),
        ('UPDATE "orders" SET a = 1 WHERE id = 1', "Update", "orders"),
        ('DELETE FROM "orders" WHERE id = 1', "Delete", "orders"),
        ('EXISTS(SELECT * FROM "orders" WHERE id = 1)', "Select", "orders"),
    ],
)
def test_partiql(statement: str, action: str, resource: str) -> None:
    assert partiql(statement) == {(f"dynamodb:PartiQL{action}", f"{DYNAMODB}/{resource}")}


def test_what_a_query_may_need_is_not_judged() -> None:
    found = {
        action.partition(":")[0] for action, _ in needs("athena", "StartQueryExecution", QueryString="DROP TABLE t")
    }
    assert found == {"athena", "s3"}


def test_arguments_that_are_not_known_leave_the_resource_open() -> None:
    (need,) = needs_of_call("dynamodb", "GetItem", None, NAMES)
    assert need == Need("dynamodb:GetItem", f"{DYNAMODB}/*")
    assert not need.known


def test_every_action_without_a_resource_is_one() -> None:
    for action in WITHOUT_RESOURCE:
        prefix, _, name = action.partition(":")
        found = get_action_data(prefix, name)
        assert found, action
        assert {entry["resource_arn_format"] for entry in found[prefix]} == {"*"}, action
        assert Need(action, "*").known


def test_tasks() -> None:
    def task(resource: str, parameters: Any = None, credentials: Any = None) -> list[Need]:
        return needs_of_task(resource, parameters, credentials, "app-local-f", NAMES)

    function = "arn:aws:lambda:eu-west-1:123456789012:function:f"
    assert task(function, [1, 2]) == [Need("lambda:InvokeFunction", function)]
    assert task("arn:aws:states:eu-west-1:123456789012:activity:a", {}) == []
    (invoke, *connection) = task("arn:aws:states:::http:invoke", {"ApiEndpoint": "https://e", "Method": "GET"})
    assert invoke == Need("states:InvokeHTTPEndpoint", "arn:aws:states:eu-west-1:123456789012:stateMachine:app-local-f")
    assert connection[0].action == "events:RetrieveConnectionCredentials"
    role = "arn:aws:iam::123456789012:role/other"
    assert task("arn:aws:states:::dynamodb:getItem", {"TableName": "t"}, {"RoleArn": role}) == [
        Need("sts:AssumeRole", role)
    ]
    run = task("arn:aws:states:::ecs:runTask", {"TaskDefinition": "t:1", "Overrides": {"TaskRoleArn": role}})
    assert Need("iam:PassRole", role, "ecs-tasks.amazonaws.com") in run
    synchronous = task(
        "arn:aws:states:::batch:submitJob.sync", {"JobDefinition": "d:1", "JobQueue": "q", "JobName": "n"}
    )
    assert {"batch:SubmitJob", "batch:DescribeJobs", "events:PutRule"} <= {need.action for need in synchronous}


@pytest.mark.parametrize(
    ("service", "operation", "principal"),
    [
        ("sfn", "TestState", "states"),
        ("lambda", "CreateFunction", "lambda"),
        ("ecs", "RegisterTaskDefinition", "ecs-tasks"),
    ],
)
def test_a_role_is_passed_to_the_service_that_is_called(service: str, operation: str, principal: str) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    found = needs_of_call(service, operation, {"RoleArn": role}, NAMES)
    assert [need.passed_to for need in found if need.action == "iam:PassRole"] == [f"{principal}.amazonaws.com"]
