"""Whatever a task or a request has, judging it ends with an answer."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.names import Names
from compiler.permissions.integrations import INTEGRATIONS
from localcloud.http_messages import Request
from localcloud.iam.context import RequestContext
from localcloud.iam.needs import needs_of_call, needs_of_task
from localcloud.iam.requests import call_of, signature_of
from localcloud.iam.roles import Principal

NAMES = Names(stage="local", region="eu-west-1", account="123456789012")
# Arguments that the tables look at.
LOOKED_AT = (
    "Arn Bucket CopySource Credentials Document Entries ExecutionArn FunctionName GroupName IamInstanceProfile Image"
    " IndexName JobDefinition Key KeyId Media MediaFileUri ModelId Name Names Overrides Path Prefix PropagateTags Put"
    " Qualifier QueueName QueueUrl RequestItems ResultConfiguration Role RoleArn S3Object SecretId SecretIdList"
    " StateMachineArn Statement Statements TableName TagSpecifications Tags TargetArn TopicArn TransactItems"
    " ExpressionAttributeNames ExpressionAttributeValues KeyConditionExpression AttributesToGet ProjectionExpression"
)
KEYS = st.text(max_size=4) | st.sampled_from(LOOKED_AT.split())
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["arn:aws:iam::1:role/x", "arn:::::", "{% x %}", "${a}", "${AWS::Region}", "s3://b/k", "SELECT * FROM t", "*"]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
ARGUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)
CALLS = (
    *("apigateway:getStage", "athena:startQueryExecution", "dynamodb:batchGetItem", "dynamodb:executeStatement"),
    *("dynamodb:query", "dynamodb:transactWriteItems", "ec2:runInstances", "eventbridge:putTargets", "iam:createRole"),
    *("lambda:createFunction", "nosuch:thing", "rekognition:detectText", "s3:copyObject", "s3:putObject"),
    *("scheduler:createSchedule", "secretsmanager:batchGetSecretValue", "ssm:getDocument", "ssm:getParameters"),
)
RESOURCES = (
    *(f"arn:aws:states:::{name}{pattern}" for name in INTEGRATIONS for pattern in ("", ".sync")),
    *(f"arn:aws:states:::aws-sdk:{name}" for name in CALLS),
    *("arn:aws:states:::http:invoke", "arn:aws:lambda:eu-west-1:123456789012:function:f", "x"),
)


@given(st.sampled_from(RESOURCES), ARGUMENTS | VALUES, ARGUMENTS | st.none())
def test_tasks(resource: str, parameters: Any, credentials: Any) -> None:
    for need in needs_of_task(resource, parameters, credentials, "machine", NAMES):
        assert ":" in need.action
        assert isinstance(need.resource, str)


ASKED = (
    *("aws:PrincipalArn", "aws:CurrentTime", "aws:TagKeys", "aws:RequestTag/a", "aws:userid", "dynamodb:Attributes"),
    *("dynamodb:LeadingKeys", "dynamodb:Select", "events:source", "events:detail-type", "iam:PassedToService"),
    *("s3:prefix", "secretsmanager:SecretId", "states:HTTPMethod", "nosuch:key", ""),
)


@given(ARGUMENTS)
def test_conditions(arguments: dict[str, Any]) -> None:
    principal = Principal("arn:aws:iam::123456789012:role/r", "session", "function f")
    context = RequestContext(principal, arguments, NAMES)
    for key in ASKED:
        assert all(isinstance(value, str) for value in context(key))


SERVICES = ("apigateway", "dynamodb", "ec2", "lambda", "s3", "ses", "sns", "sqs", "states", "nosuch", "")
TARGETS = st.text(alphabet="/%?&=.abAB{}+:#2015-0331functions", max_size=30).map(lambda text: f"/{text}")
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "x-amz-target": st.text(max_size=12) | st.sampled_from(["DynamoDB_20120810.PutItem", "AmazonSQS.SendMessage"]),
        "content-type": st.sampled_from(["application/x-www-form-urlencoded", "application/x-amz-json-1.0", ""]),
        "x-amz-copy-source": TEXTS,
        "authorization": TEXTS | st.just("AWS4-HMAC-SHA256 Credential=K/1/eu-west-1/s3/aws4_request, Signature=x"),
    },
)
BODIES = st.binary(max_size=20) | ARGUMENTS.map(lambda value: json.dumps(value).encode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SERVICES), st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE", "X"]), TARGETS, HEADERS, BODIES
)
def test_requests(service: str, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    request = Request(method, target, "HTTP/1.1", headers, list(headers.items()), body)
    signature_of(request)
    call = call_of(request, service)
    if call is not None:
        for need in needs_of_call(call.service, call.operation, call.arguments, NAMES):
            assert ":" in need.action
