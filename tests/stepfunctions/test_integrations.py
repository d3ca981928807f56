"""Service integrations against moto, and their names and values.

Moto's state is the process's: each test has names of its own.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.integrations import emulation
from stepfunctions.integrations.names import botocore_name, exception_name, operation_name, sdk_name
from stepfunctions.integrations.values import to_arguments, to_json
from tests.stepfunctions.conftest import Lab, one

SDK = "arn:aws:states:::aws-sdk:"
OPTIMIZED = "arn:aws:states:::"
ITEM = {"id": {"S": "1"}, "data": {"S": "text"}}


def make_table(lab: Lab) -> None:
    lab.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def output(found: dict[str, Any]) -> Any:
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def test_dynamodb_as_an_optimized_and_as_an_sdk_integration(lab: Lab) -> None:
    make_table(lab)
    put = output(lab.run_task(OPTIMIZED + "dynamodb:putItem", {"TableName": "items", "Item": ITEM}))
    assert sorted(put) == ["SdkHttpMetadata", "SdkResponseMetadata"]
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    key = {"TableName": "items", "Key": {"id": {"S": "1"}}}
    assert output(lab.run_task(OPTIMIZED + "dynamodb:getItem", key))["Item"] == ITEM
    assert output(lab.run_task(SDK + "dynamodb:getItem", key)) == {"Item": ITEM}
    update = {
        **key,
        "UpdateExpression": "SET #n = :v",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":v": {"N": "5"}},
        "ReturnValues": "UPDATED_NEW",
    }
    assert output(lab.run_task(SDK + "dynamodb:updateItem", update)) == {"Attributes": {"n": {"N": "5"}}}


@pytest.mark.parametrize(
    ("resource", "parameters", "error", "cause"),
    [
        (
            OPTIMIZED + "dynamodb:putItem",
            {"TableName": "missing", "Item": ITEM},
            "DynamoDB.ResourceNotFoundException",
            r"Requested resource not found \(Service: AmazonDynamoDBv2; Status Code: 400; "
            r"Error Code: ResourceNotFoundException; Request ID: [^;]+; Proxy: null\)",
        ),
        (
            SDK + "dynamodb:putItem",
            {"TableName": "missing", "Item": ITEM},
            "DynamoDb.ResourceNotFoundException",
            r"Requested resource not found \(Service: DynamoDb, Status Code: 400, Request ID: \S+\)"
            r" \(SDK Attempt Count: 1\)",
        ),
        (
            OPTIMIZED + "dynamodb:getItem",
            {"TableName": "/bad", "Key": ITEM},
            "DynamoDB.AmazonDynamoDBException",
            r"1 validation error detected: Value '/bad' at 'tableName' .*Error Code: ValidationException.*",
        ),
        (
            SDK + "s3:headObject",
            {"Bucket": "nope", "Key": "k"},
            "S3.NoSuchKeyException",
            r"null \(Service: S3, Status Code: 404, Request ID: .*\) \(SDK Attempt Count: 1\)",
        ),
        (
            SDK + "s3:headBucket",
            {"Bucket": "nope"},
            "S3.NoSuchBucketException",
            r"null \(Service: S3, Status Code: 404, Request ID: .*\) \(SDK Attempt Count: 1\)",
        ),
        (
            SDK + "s3:getObject",
            {"Bucket": "nowhere", "Key": "k"},
            "S3.NoSuchBucketException",
            r"The specified bucket does not exist \(Service: S3, Status Code: 404, Request ID: .*\).*",
        ),
        (
            SDK + "secretsmanager:createSecret",
            {"Name": "bad name", "SecretString": "s"},
            "SecretsManager.SecretsManagerException",
            r"Invalid name\. .*\(Service: SecretsManager, Status Code: 400, Request ID: .*",
        ),
        (
            OPTIMIZED + "sqs:sendMessage",
            {"QueueUrl": "http://127.0.0.1/none", "MessageBody": None},
            "SQS.AmazonSQSException",
            r"The request must contain the parameter MessageBody\. \(Service: AmazonSQS; .*MissingParameter.*",
        ),
        (
            SDK + "sqs:getQueueUrl",
            {"QueueName": "none"},
            "Sqs.QueueDoesNotExistException",
            r".*\(Service: Sqs, Status Code: 400.*",
        ),
    ],
)
def test_errors_as_step_functions_words_them(lab: Lab, resource: str, parameters: Any, error: str, cause: str) -> None:
    found = lab.run_task(resource, parameters)
    assert found["error"] == error
    assert re.fullmatch(cause, found["cause"])


@pytest.mark.parametrize(("prefix", "error"), [(OPTIMIZED, "DynamoDB.AmazonDynamoDBException"), (SDK, None)])
def test_a_parameter_of_null_is_refused_as_the_service_refuses_it(lab: Lab, prefix: str, error: str | None) -> None:
    execution = lab.run_task(prefix + "dynamodb:putItem", {"TableName": "items", "Item": None})
    assert execution["error"] == (error or "DynamoDb.DynamoDbException")
    cause = "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null ("
    assert execution["cause"].startswith(cause)


def test_what_else_is_missing_inside_the_parameters(lab: Lab) -> None:
    entries = {"RequestItems": {"items": [{"PutRequest": {"Item": None}}, {"DeleteRequest": {}}]}}
    cause = lab.run_task(SDK + "dynamodb:batchWriteItem", entries)["cause"]
    assert cause.startswith("2 validation errors detected: Value null at 'requestItems.items.member.1.member.putReq")


def test_a_payload_that_holds_json_is_that_json(lab: Lab) -> None:
    lab.functions.by_name["echo"] = lambda event: event
    for payload, expected in (('{"a": [1]}', {"a": [1]}), ("5", 5), ("plain", "plain")):
        answer = output(lab.run_task(OPTIMIZED + "lambda:invoke", {"FunctionName": "echo", "Payload": payload}))
        assert answer["Payload"] == expected


def test_sqs_and_sns_send_objects_as_json(lab: Lab) -> None:
    sqs, sns = lab.client("sqs"), lab.client("sns")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sent = output(lab.run_task(OPTIMIZED + "sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": [1, None]}}))
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert (message["Body"], message["MessageId"]) == ('{"a":[1,null]}', sent["MessageId"])
    topic = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    missing = lab.run_task(OPTIMIZED + "sns:publish", {"TopicArn": topic, "Message": "m"})
    assert missing["error"] == "SNS.InvalidParameterException"
    parameters = {"TopicArn": topic, "Message": {"m": 1}, "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    published = output(lab.run_task(OPTIMIZED + "sns:publish", parameters))
    assert {"MessageId", "SequenceNumber", "SdkHttpMetadata", "SdkResponseMetadata"} == set(published)


def test_a_queue_passes_the_token_to_a_worker(lab: Lab) -> None:
    sqs = lab.client("sqs")
    queue = sqs.create_queue(QueueName="callbacks")["QueueUrl"]
    parameters = {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}
    task = one("Task", Resource=OPTIMIZED + "sqs:sendMessage.waitForTaskToken", Parameters=parameters)
    arn = lab.start(lab.create("m", task))
    (message,) = lab.until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), bool)
    lab.sfn.send_task_success(taskToken=json.loads(message["Body"])["token"], output='"thanks"')
    assert output(lab.finished(arn)) == "thanks"


def test_s3_stores_json_and_lists(lab: Lab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.create_bucket(Bucket="copies")
    for key, body, stored in (("text", "t", b'"t"'), ("object", {"a": 1}, b'{"a":1}'), ("truth", False, b"false")):
        put = output(lab.run_task(SDK + "s3:putObject", {"Bucket": "bucket", "Key": key, "Body": body}))
        assert (put["ServerSideEncryption"], put["ChecksumType"]) == ("AES256", "FULL_OBJECT")
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == stored
    got = output(lab.run_task(SDK + "s3:getObject", {"Bucket": "bucket", "Key": "object"}))
    assert (got["Body"], got["ContentLength"]) == ('{"a":1}', 7)
    for source in ("bucket/object", "bucket/o%62ject"):  # encoded or not, as S3 takes it
        copied = lab.run_task(SDK + "s3:copyObject", {"Bucket": "copies", "Key": "a b", "CopySource": source})
        assert "CopyObjectResult" in output(copied)
    listed = output(lab.run_task(SDK + "s3:listObjectsV2", {"Bucket": "bucket"}))
    assert [entry["Key"] for entry in listed["Contents"]] == ["object", "text", "truth"]
    assert re.fullmatch(r"[\d-]+T[\d:.]+Z", listed["Contents"][0]["LastModified"])


def test_a_distributed_map_reads_and_writes_s3(lab: Lab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="results")
    s3.put_object(Bucket="results", Key="in.csv", Body=b"n,name\n1,a\n2,b\n")
    definition = one(
        "Map",
        ItemReader={
            "Resource": OPTIMIZED + "s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "results", "Key": "in.csv"},
        },
        ItemProcessor={
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Name",
            "States": {"Name": {"Type": "Pass", "OutputPath": "$.name", "End": True}},
        },
        ResultWriter={"Resource": OPTIMIZED + "s3:putObject", "Parameters": {"Bucket": "results", "Prefix": "out"}},
    )
    details = output(lab.run(definition))["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(Bucket="results", Key=details["Key"])["Body"].read())
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    rows = json.loads(s3.get_object(Bucket="results", Key=file["Key"])["Body"].read())
    assert [row["Output"] for row in rows] == ['"a"', '"b"']


def test_events_name_their_execution(lab: Lab) -> None:
    events, sqs = lab.client("events"), lab.client("sqs")
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "mine", "DetailType": "t", "Detail": {"a": 1}}
    found = lab.run_task(OPTIMIZED + "events:putEvents", {"Entries": [entry]})
    assert output(found)["FailedEntryCount"] == 0
    (message,) = lab.until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), bool)
    event = json.loads(message["Body"])
    assert event["detail"] == {"a": 1}
    assert event["resources"] == [found["executionArn"], found["stateMachineArn"]]


def test_unknown_services_and_actions(lab: Lab) -> None:
    found = lab.run_task(SDK + "dynamodb:fryItem", {})
    assert found["error"] == "States.Runtime"
    assert "Unknown AWS API dynamodb:fryItem." in found["cause"]


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("SQS", "Sqs"),
        ("Secrets Manager", "SecretsManager"),
        ("Cognito Identity Provider", "CognitoIdentityProvider"),
        ("EC2", "Ec2"),
        ("IoT", "Iot"),
        ("API Gateway", "ApiGateway"),
        ("RDS Data", "RdsData"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("Config Service", "Config"),
        ("Database Migration Service", "DatabaseMigration"),
        ("Elasticsearch Service", "Elasticsearch"),
        ("IoTSecureTunneling", "IoTSecureTunneling"),
    ],
)
def test_the_sdks_names_of_services(service_id: str, name: str) -> None:
    assert sdk_name(service_id) == name


def test_names_of_errors_and_operations() -> None:
    assert exception_name("NoSuchKey") == "NoSuchKeyException"
    assert exception_name("DBInstanceNotFoundFault") == "DBInstanceNotFoundException"
    assert exception_name("ResourceInUseException") == "ResourceInUseException"
    assert operation_name("putItem") == "PutItem"
    names = ("directory", "applicationdiscovery", "costandusagereport", "bedrockruntime", "nothing")
    assert [botocore_name(name) for name in names] == ["ds", "discovery", "cur", "bedrock-runtime", "nothing"]
    assert [botocore_name(name) for name in ("sfn", "eventbridge", "cognitoidentityprovider", "s3")] == [
        "stepfunctions",
        "events",
        "cognito-idp",
        "s3",
    ]


def shape(service: str, operation: str, side: str) -> Any:
    from botocore.session import Session

    return getattr(Session().get_service_model(service).operation_model(operation), f"{side}_shape")


def test_pascal_case_in_and_out() -> None:
    arguments = to_arguments(
        shape("ecs", "RunTask", "input"),
        {"TaskDefinition": "t", "Count": "2", "Overrides": {"ContainerOverrides": [{"Name": "c", "Environment": []}]}},
    )
    assert arguments == {
        "taskDefinition": "t",
        "count": 2,
        "overrides": {"containerOverrides": [{"name": "c", "environment": []}]},
    }
    answer = {"tasks": [{"taskArn": "a", "createdAt": datetime(2026, 1, 2, tzinfo=UTC), "tags": []}], "failures": []}
    assert to_json(shape("ecs", "RunTask", "output"), answer) == {
        "Tasks": [{"TaskArn": "a", "CreatedAt": "2026-01-02T00:00:00.000Z", "Tags": []}],
        "Failures": [],
    }


def test_bytes_become_a_string_or_base64() -> None:
    assert to_json(None, b"text") == "text"
    assert to_json(None, b"\xff\x00") == "/wA="


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES)
def test_any_parameters_become_arguments(value: Any) -> None:
    for service, operation in (("dynamodb", "PutItem"), ("sqs", "SendMessage"), ("s3", "PutObject")):
        to_arguments(_INPUTS[service], value)
        if isinstance(value, dict):
            emulation.refusal(service, operation, value)


_INPUTS = {
    service: shape(service, operation, "input")
    for service, operation in (("dynamodb", "PutItem"), ("sqs", "SendMessage"), ("s3", "PutObject"))
}


def test_unknown_parameters_are_refused_before_the_call(lab: Lab) -> None:
    found = lab.run_task(OPTIMIZED + "sqs:sendMessage", {"QueueUrl": "u", "MessageBody": "m", "Nonsense": 1})
    assert found["error"] == "States.Runtime"
    assert "[The field 'Nonsense' is not supported by Step Functions]" in found["cause"]
    deep = {"TableName": "t", "Item": {"id": {"S": "1", "Nonsense": 1}}}
    assert "[The field 'Nonsense' is not" in lab.run_task(SDK + "dynamodb:putItem", deep)["cause"]
    missing = lab.run_task(SDK + "dynamodb:putItem", {"TableName": "t"})["cause"]
    assert "[The field 'Item' is required but was missing]" in missing


def test_invalid_topics(lab: Lab) -> None:
    nowhere = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:no-such-topic", "Message": "m"}
    found = lab.run_task(OPTIMIZED + "sns:publish", nowhere)
    assert found["error"] == "SNS.NotFoundException"
    assert found["cause"].startswith("Topic does not exist (Service: AmazonSNS; Status Code: 404;")
    found = lab.run_task(OPTIMIZED + "sns:publish", {"TopicArn": "topic", "Message": "m"})
    assert found["cause"].startswith(
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1 ("
    )
