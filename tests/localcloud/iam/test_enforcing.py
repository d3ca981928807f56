"""Permissions in the cloud: what flows and functions may do, over the endpoint and in workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.iam import permissions
from localcloud.iam.permissions import Mode
from localcloud.iam.reporting import Reporter, common_pattern
from tests.localcloud.conftest import client_of
from tests.localcloud.iam.conftest import Granted, Run, write_flow

ROLE = "arn:aws:sts::123456789012:assumed-role/serverless-dynamic-workflows-local"
FUNCTIONS = f"{ROLE}-us-east-1/serverless-dynamic-workflows-local-call"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
ORDER = {"TableName": "orders", "Key": {"id": {"S": "1"}}}
Called = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def table(cloud: Cloud) -> None:
    client_of(cloud, "dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def reason(action: str) -> str:
    return f"because no identity-based policy allows the {action} action"


# The service, the call, the code that clients see, the status, and the end of the message.
REFUSED = [
    ("dynamodb", "get_item", ORDER, "AccessDeniedException", 400, f"dynamodb:GetItem on resource: {TABLE}"),
    ("s3", "get_object", {"Bucket": "b", "Key": "k"}, "AccessDenied", 403,
     's3:GetObject on resource: "arn:aws:s3:::b/k"'),
    ("sqs", "send_message", {"QueueUrl": "http://127.0.0.1/123456789012/q", "MessageBody": "x"}, "AccessDenied", 403,
     "sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:q"),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "x"}, "AuthorizationError", 403,
     "SNS:Publish on resource: arn:aws:sns:us-east-1:123456789012:t"),
    ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403,
     "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f"),
    ("stepfunctions", "describe_state_machine",
     {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "AccessDeniedException", 400,
     "states:DescribeStateMachine on resource: arn:aws:states:us-east-1:123456789012:stateMachine:m"),
    ("iam", "list_roles", {}, "AccessDenied", 403, "iam:ListRoles"),
    ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403, "ec2:DescribeVpcs"),
    ("route53", "list_hosted_zones", {}, "AccessDenied", 403, "route53:ListHostedZones"),
    ("sesv2", "get_account", {}, "AccessDeniedException", 403, "ses:GetAccount"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "arguments", "code", "status", "what"), REFUSED)
def test_a_function_may_do_what_its_role_allows(
    called: Called, service: str, operation: str, arguments: Any, code: str, status: int, what: str
) -> None:
    """boto3 raises the service's error, in the words of the service."""
    answer = called(service, operation, **arguments)
    assert (answer["error"]["Code"], answer["status"]) == (code, status)
    message = answer["error"]["Message"]
    assert f"User: {FUNCTIONS} is not authorized to perform: {what} because no identity-based policy allows" in message


def test_lambda_permissions_are_what_functions_may_do(called: Called, granted: Granted) -> None:
    """The file counts as it is now, with its variables, wildcards, conditions and denials."""
    own = "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/ord*"
    granted({"Action": "dynamodb:Get*", "Resource": own})
    assert called("dynamodb", "get_item", **ORDER) == {"status": 200}
    assert called("dynamodb", "get_item", **{**ORDER, "TableName": "users"})["status"] == 400
    assert "PutItem" in called("dynamodb", "put_item", TableName="orders", Item=ORDER["Key"])["error"]["Message"]
    granted({"Action": "dynamodb:*", "Resource": own}, {"Effect": "Deny", "Action": "dynamodb:Get*", "Resource": "*"})
    message = called("dynamodb", "get_item", **ORDER)["error"]["Message"]
    assert message.endswith(f"dynamodb:GetItem on resource: {TABLE} with an explicit deny in an identity-based policy")
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}}
    granted({"NotAction": "s3:*", "Resource": own, "Condition": condition})
    assert called("dynamodb", "get_item", **ORDER) == {"status": 200}
    assert called("dynamodb", "get_item", **{**ORDER, "Key": {"id": {"S": "2"}}})["status"] == 400
    for key, status in (("1", 200), ("2", 400)):
        batch = {"RequestItems": {"orders": {"Keys": [ORDER["Key"], {"id": {"S": key}}][key == "1" :]}}}
        assert called("dynamodb", "batch_get_item", **batch)["status"] == status
        get = {"Get": {"TableName": "orders", "Key": {"id": {"S": key}}}}
        assert called("dynamodb", "transact_get_items", TransactItems=[get])["status"] == status
    query = {"KeyConditionExpression": "#i = :i", "ExpressionAttributeNames": {"#i": "id"}}
    for key, status in (("1", 200), ("2", 400)):
        values = {":i": {"S": key}}
        found = called("dynamodb", "query", TableName="orders", ExpressionAttributeValues=values, **query)
        assert found["status"] == status


def test_a_file_with_a_mistake_leaves_what_was_allowed(
    cloud: Cloud, called: Called, granted: Granted, capsys: pytest.CaptureFixture[str]
) -> None:
    granted({"Action": "dynamodb:GetItem", "Resource": TABLE})
    assert called("dynamodb", "get_item", **ORDER) == {"status": 200}
    granted({"Action": "dynamodb:GetItem", "Resource": TABLE, "Effect": "Permit"})
    assert called("dynamodb", "get_item", **ORDER) == {"status": 200}
    said = capsys.readouterr().err
    assert "permissions: lambda-permissions.yml, statement 1: Effect must be Allow or Deny" in said
    assert "; until it is fixed, the permissions before apply" in said


def test_a_secret_is_known_by_its_arn(cloud: Cloud, called: Called, granted: Granted) -> None:
    """Its name lacks the characters that Secrets Manager adds to the ARN."""
    arn = client_of(cloud, "secretsmanager").create_secret(Name="token", SecretString="x")["ARN"]
    granted({"Action": "secretsmanager:GetSecretValue", "Resource": arn})
    assert called("secretsmanager", "get_secret_value", SecretId="token") == {"status": 200}
    granted({"Action": "secretsmanager:GetSecretValue", "Resource": f"{arn.rpartition('-')[0]}-??????"})
    assert called("secretsmanager", "get_secret_value", SecretId="token") == {"status": 200}
    granted({"Action": "secretsmanager:GetSecretValue", "Resource": f"{arn}x"})
    assert "error" in called("secretsmanager", "get_secret_value", SecretId="token")


def test_a_function_knows_who_it_is(called: Called) -> None:
    assert called("sts", "get_caller_identity") == {"status": 200, "arn": FUNCTIONS}


def test_other_credentials_are_the_administrators(cloud: Cloud) -> None:
    client = boto3.client("dynamodb", endpoint_url=cloud.endpoint, region_name="us-east-1",
                          aws_access_key_id="anything", aws_secret_access_key="at all")  # fmt: skip
    assert "Item" not in client.get_item(**ORDER)


def test_the_application_has_the_functions_role(cloud: Cloud) -> None:
    """It may use its own tables, and nothing that only an administrator may."""
    credentials = cloud.foundation.application_credentials
    keys = {name.lower(): value for name, value in credentials.items()}
    client = boto3.client("dynamodb", endpoint_url=cloud.endpoint, region_name="us-east-1", **keys)
    with pytest.raises(ClientError, match="does not match the schema"):  # so it was let through
        client.get_item(TableName=cloud.names.runs_table, Key={"x": {"S": "x"}})
    with pytest.raises(ClientError, match="not authorized to perform: dynamodb:DeleteTable"):
        client.delete_table(TableName=cloud.names.runs_table)


def test_the_application_may_test_states_with_the_roles_of_flows_only(cloud: Cloud) -> None:
    keys = {name.lower(): value for name, value in cloud.foundation.application_credentials.items()}
    client = boto3.client("stepfunctions", endpoint_url=cloud.endpoint, region_name="us-east-1",
                          config=Config(inject_host_prefix=False), **keys)  # fmt: skip
    state = json.dumps({"Type": "Pass", "End": True})
    role = f"arn:aws:iam::123456789012:role{cloud.names.flow_role_path}{cloud.names.resource('callFlow')}"
    assert client.test_state(definition=state, roleArn=role)["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match=r"not authorized to perform: iam:PassRole on resource: .*role/other"):
        client.test_state(definition=state, roleArn="arn:aws:iam::123456789012:role/other")


# An integration, its parameters, and what the state's failure must say.
DENIED = [
    ("dynamodb:getItem", ORDER, "dynamodb:GetItem", "DynamoDB.AmazonDynamoDBException",
     f"dynamodb:GetItem on resource: {TABLE}",
     "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException; Request ID: "),
    ("aws-sdk:dynamodb:getItem", ORDER, "dynamodb:*", "DynamoDb.DynamoDbException",
     f"dynamodb:GetItem on resource: {TABLE}", "(Service: DynamoDb, Status Code: 400, Request ID: "),
    ("lambda:invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "Lambda.AWSLambdaException",
     "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f",
     "(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: "),
    ("sqs:sendMessage", {"QueueUrl": "http://127.0.0.1/123456789012/q", "MessageBody": "x"}, "sqs:*",
     "SQS.AmazonSQSException", "sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:q",
     "(Service: AmazonSQS; Status Code: 403; Error Code: AccessDenied; Request ID: "),
    ("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "x"}, "sns:Publish",
     "SNS.AuthorizationErrorException", "SNS:Publish on resource: arn:aws:sns:us-east-1:123456789012:t",
     "(Service: AmazonSNS; Status Code: 403; Error Code: AuthorizationError; Request ID: "),
    ("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"}, "s3:Get*", "S3.S3Exception",
     's3:GetObject on resource: "arn:aws:s3:::b/k"', "(Service: S3, Status Code: 403, Request ID: "),
    ("aws-sdk:kinesis:putRecord", {"StreamName": "s", "Data": "eA==", "PartitionKey": "p"}, "kinesis:*",
     "Kinesis.AccessDeniedException", "kinesis:PutRecord on resource: arn:aws:kinesis:us-east-1:123456789012:stream/s",
     "(Service: Kinesis, Status Code: 400, Request ID: "),
    ("states:startExecution", {"StateMachineArn": "${callFlow}"}, "states:StartExecution",
     "StepFunctions.AWSStepFunctionsException", "states:StartExecution on resource: arn:aws:states:us-east-1:",
     "(Service: AWSStepFunctions; Status Code: 400; Error Code: AccessDeniedException; Request ID: "),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "parameters", "denied", "error", "what", "end"), DENIED)
def test_a_task_without_its_permission_fails_as_on_aws(
    cloud: Cloud, run: Run, resource: str, parameters: Any, denied: str, error: str, what: str, end: str
) -> None:
    write_flow(cloud, resource, parameters, deny=denied)
    ended = run("deniedFlow")
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    cause = ended["cause"]
    assert cause.startswith(f"User: {ROLE}-deniedFlow/")
    assert f" is not authorized to perform: {what}" in cause
    assert "with an explicit deny in an identity-based policy (Service: " in cause
    assert end in cause


def test_a_computed_resource_is_judged_by_its_value(cloud: Cloud, run: Run) -> None:
    """The compiler allows what it can't know as narrowly as it can: another stage's function is not allowed."""
    write_flow(cloud, "lambda:invoke", {"FunctionName.$": "$.function"})
    ended = run("deniedFlow", function="another-prod-function")
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert f"function:another-prod-function {reason('lambda:InvokeFunction')}" in ended["cause"]
    assert run("deniedFlow", function="serverless-dynamic-workflows-local-greet")["status"] == "SUCCEEDED"


def test_a_permission_that_is_added_counts_for_the_next_task(cloud: Cloud, run: Run) -> None:
    write_flow(cloud, "lambda:invoke", {"FunctionName.$": "$.function"})
    other = "arn:aws:lambda:us-east-1:123456789012:function:other"
    assert run("deniedFlow", function=other)["error"] == "Lambda.AWSLambdaException"
    write_flow(
        cloud, "lambda:invoke", {"FunctionName.$": "$.function"}, allow={"Action": "lambda:*", "Resource": other}
    )
    assert run("deniedFlow", function=other)["error"] == "Lambda.ResourceNotFoundException"


def test_a_denied_task_can_be_caught(cloud: Cloud, run: Run) -> None:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]
    write_flow(cloud, "dynamodb:getItem", ORDER, deny="dynamodb:GetItem", Catch=catch)
    assert json.loads(run("deniedFlow")["output"])["Error"] == "DynamoDB.AmazonDynamoDBException"


def test_what_a_distributed_map_reads_is_judged_too(cloud: Cloud) -> None:
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
              "ReaderConfig": {"InputType": "JSON"}}  # fmt: skip
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Pass",
        "States": {"Pass": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True}
    role = created_role(cloud, "reader", "sqs:*")
    states = client_of(cloud, "stepfunctions")
    machine = states.create_state_machine(
        name="reading", definition=json.dumps({"StartAt": "Read", "States": {"Read": state}}), roleArn=role
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        pass
    assert found["error"] == "States.ItemReaderFailed"
    assert 'is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k"' in found["cause"]


def created_role(cloud: Cloud, name: str, *actions: str) -> str:
    """A role in the cloud's IAM that may do something on everything."""
    iam = client_of(cloud, "iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"}}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    return arn


def test_a_state_is_tested_with_the_role_that_it_is_given(cloud: Cloud) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "Parameters": ORDER, "End": True}
    states = client_of(cloud, "stepfunctions")

    def tested(role: str) -> dict[str, Any]:
        return dict(states.test_state(definition=json.dumps(state), roleArn=role))

    role = created_role(cloud, "tester", "sqs:*")
    refused = tested(role)
    assert (refused["status"], refused["error"]) == ("FAILED", "DynamoDb.DynamoDbException")
    assert "assumed-role/tester/" in refused["cause"]
    policy = client_of(cloud, "iam").create_policy(
        PolicyName="reading",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:Get*", "Resource": TABLE}]}
        ),
    )["Policy"]["Arn"]
    client_of(cloud, "iam").attach_role_policy(RoleName="tester", PolicyArn=policy)
    assert tested(role)["status"] == "SUCCEEDED"
    # A role that this cloud doesn't know says nothing: its policies are elsewhere.
    assert tested("arn:aws:iam::123456789012:role/unknown")["status"] == "SUCCEEDED"
    # That of a flow is what the compiler has derived for it.
    flow = f"arn:aws:iam::123456789012:role{cloud.names.flow_role_path}{cloud.names.resource('greetFlow')}"
    assert tested(flow)["error"] == "DynamoDb.DynamoDbException"


def test_a_task_with_another_role_has_that_roles_permissions(cloud: Cloud, run: Run) -> None:
    """The flow's role must be allowed to assume it, which the compiler derives."""
    role = created_role(cloud, "other-account", "sqs:*")
    write_flow(cloud, "aws-sdk:dynamodb:getItem", ORDER, Credentials={"RoleArn": role})
    assert "assumed-role/other-account/" in run("deniedFlow")["cause"]
    client_of(cloud, "iam").put_role_policy(
        RoleName="other-account",
        PolicyName="all",
        PolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}',
    )
    assert run("deniedFlow")["status"] == "SUCCEEDED"
    write_flow(cloud, "aws-sdk:dynamodb:getItem", ORDER, deny="sts:AssumeRole", Credentials={"RoleArn": role})
    assert f"{ROLE}-deniedFlow/" in run("deniedFlow")["cause"]


def test_a_warning_says_once_what_to_add(
    cloud: Cloud, run: Run, called: Called, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cloud.foundation.permissions, "mode", Mode.WARN)
    monkeypatch.setattr(cloud.foundation.permissions, "_reporter", Reporter(cloud.names, enforced=False))
    write_flow(cloud, "lambda:invoke", {"FunctionName.$": "$.function"})
    other = "arn:aws:lambda:us-east-1:123456789012:function:warned"
    for _ in range(3):
        assert run("deniedFlow", function=other)["error"] == "Lambda.ResourceNotFoundException"
        assert called("dynamodb", "get_item", **ORDER) == {"status": 200}
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("permissions: ")]
    assert lines == [
        f"permissions: flow deniedFlow, state Call: lambda:InvokeFunction on {other} would be denied on AWS. "
        "To allow it, add this to `permissions:` in flows/deniedFlow.yml: - {Action: 'lambda:InvokeFunction', "
        "Resource: 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:warned'}",
        f"permissions: function call: dynamodb:GetItem on {TABLE} would be denied on AWS. To allow it, add this to "
        "`iamRoleStatements:` in lambda-permissions.yml: - {Action: 'dynamodb:GetItem', "
        "Resource: 'arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/orders'}",
    ]


def test_many_resources_are_told_by_a_pattern(
    cloud: Cloud, called: Called, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function that reads a whole bucket doesn't fill the terminal, and what it is told to add allows the rest."""
    monkeypatch.setattr(cloud.foundation.permissions, "mode", Mode.WARN)
    monkeypatch.setattr(cloud.foundation.permissions, "_reporter", Reporter(cloud.names, enforced=False))
    for key in ("in/a1", "in/a2", "in/a3", "in/a4", "in/a5", "in/a1"):
        called("s3", "get_object", Bucket="many", Key=key)
    called("s3", "put_object", Bucket="many", Key="out")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("permissions: ")]
    assert [line.split(" would")[0].removeprefix("permissions: function call: ") for line in lines] == [
        "s3:GetObject on arn:aws:s3:::many/in/a1",
        "s3:GetObject on arn:aws:s3:::many/in/a2",
        "s3:GetObject on arn:aws:s3:::many/in/a3",
        "s3:GetObject on arn:aws:s3:::many/in/a4 and on others, which are not told,",
        "s3:PutObject on arn:aws:s3:::many/out",
    ]
    assert lines[3].endswith(
        "To allow them, if all of these are meant, add this to `iamRoleStatements:` in lambda-permissions.yml: "
        "- {Action: 's3:GetObject', Resource: 'arn:aws:s3:::many/in/*'}"
    )


def test_the_pattern_of_many_resources_is_their_nearest_folder() -> None:
    assert common_pattern(["arn:aws:s3:::one/a", "arn:aws:s3:::other/b"]) == "arn:aws:s3:::*"
    tables = [f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}" for name in ("orders", "ordinary")]
    assert common_pattern(tables) == "arn:aws:dynamodb:us-east-1:123456789012:table/*"


def test_a_mistake_in_judging_stops_nothing_that_is_only_reported(
    cloud: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistaken(*_: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr(permissions, "needs_of_task", mistaken)
    write_flow(cloud, "aws-sdk:dynamodb:getItem", ORDER)
    assert run("deniedFlow")["status"] == "FAILED"
    monkeypatch.setattr(cloud.foundation.permissions, "mode", Mode.WARN)
    assert run("deniedFlow")["status"] == "SUCCEEDED"
    told = "permissions: arn:aws:states:::aws-sdk:dynamodb:getItem can't be judged: KeyError: 'x'"
    assert told in capsys.readouterr().err
