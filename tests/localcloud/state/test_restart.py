"""What is in the cloud is there after a restart, of every kind, with the same ids."""

from __future__ import annotations

import io
import json
import signal
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jose import jwt

from tests.localcloud.conftest import write_project
from tests.localcloud.state.clouds import CloudProcess

QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
ROLE_ARN = "arn:aws:iam::123456789012:role/worker"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
BODY = bytes(range(256)) * 400  # large enough to be kept by its content
PASSWORD = "Abc-123456789"


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
    return buffer.getvalue()


def create_everything(cloud: CloudProcess) -> None:
    pool = cloud.environment["USER_POOL_ID"]
    cognito = cloud.client("cognito-idp")
    attributes = [{"Name": "email", "Value": "a@example.com"}]
    cognito.admin_create_user(UserPoolId=pool, Username="a@example.com", UserAttributes=attributes)
    cognito.admin_set_user_password(UserPoolId=pool, Username="a@example.com", Password=PASSWORD, Permanent=True)
    cognito.create_group(UserPoolId=pool, GroupName="ops")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="a@example.com", GroupName="ops")
    cloud.client("ssm").put_parameter(Name="/x/secret", Value="s3cret", Type="SecureString")
    cloud.client("secretsmanager").create_secret(Name="other", SecretString="value")

    dynamodb = cloud.client("dynamodb")
    for name, keys in (("pairs", ["p", "s"]), ("numbers", ["n"])):
        kinds = {"p": "S", "s": "N", "n": "N"}
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kinds[key]} for key in keys],
            KeySchema=[{"AttributeName": keys[0], "KeyType": "HASH"}]
            + [{"AttributeName": key, "KeyType": "RANGE"} for key in keys[1:]],
            Tags=[{"Key": "team", "Value": "a"}],
        )
    every_type = {
        "text": {"S": "ä\u0000€"},
        "bytes": {"B": b"\x00\xff"},
        "set": {"BS": [b"a", b"\xff"]},
        "numbers": {"NS": ["1", "2.5"]},
        "map": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"B": b"\x01"}]}}},
    }
    for number in ("3", "1", "2.0"):
        dynamodb.put_item(TableName="pairs", Item={"p": {"S": "a"}, "s": {"N": number}, **every_type})
    dynamodb.put_item(TableName="pairs", Item={"p": {"S": "a"}, "s": {"N": "2"}, "second": {"BOOL": True}})
    update: dict[str, Any] = {
        "Key": {"p": {"S": "b"}, "s": {"N": "1"}},
        "UpdateExpression": "ADD calls :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    dynamodb.update_item(TableName="pairs", **update)
    dynamodb.update_item(TableName="arn:aws:dynamodb:us-east-1:123456789012:table/pairs", **update)
    dynamodb.delete_item(TableName="pairs", Key={"p": {"S": "a"}, "s": {"N": "1"}})
    puts = [{"PutRequest": {"Item": {"n": {"N": str(number)}}}} for number in range(20)]
    dynamodb.batch_write_item(RequestItems={"numbers": puts})
    dynamodb.batch_write_item(RequestItems={"numbers": [{"DeleteRequest": {"Key": {"n": {"N": "7"}}}}]})
    put = {"Put": {"TableName": "numbers", "Item": {"n": {"N": "100"}}}}
    dynamodb.transact_write_items(TransactItems=[put, {"Delete": {"TableName": "numbers", "Key": {"n": {"N": "8"}}}}])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        never = {"ConditionCheck": {"TableName": "numbers", "Key": {"n": {"N": "1"}}, "ConditionExpression": "n = n2"}}
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "numbers", "Item": {"n": {"N": "101"}}}}, never]
        )
    dynamodb.execute_statement(Statement="INSERT INTO numbers VALUE {'n': 200}")

    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="files", Key="a/b c.bin", Body=BODY, Metadata={"kind": "x"})
    s3.put_object(Bucket="files", Key="a/b c.bin", Body=b"small")
    s3.put_object(Bucket="files", Key="gone", Body=b"")
    s3.put_object(Bucket="files", Key="tagged", Body=b"t")
    s3.put_object_tagging(Bucket="files", Key="tagged", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.copy_object(Bucket="files", Key="copy", CopySource={"Bucket": "files", "Key": "tagged"})
    s3.create_bucket(Bucket="plain")
    for key in ("x", "y", "*"):
        s3.put_object(Bucket="plain", Key=key, Body=key.encode())
    s3.delete_objects(Bucket="plain", Delete={"Objects": [{"Key": "x"}, {"Key": "*"}]})
    upload = s3.create_multipart_upload(Bucket="plain", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="plain", Key="parts", UploadId=upload, PartNumber=1, Body=BODY)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket="plain", Key="parts", UploadId=upload, MultipartUpload=parts)
    upload = s3.create_multipart_upload(Bucket="plain", Key="later")["UploadId"]
    s3.upload_part(Bucket="plain", Key="later", UploadId=upload, PartNumber=1, Body=b"half")

    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    for text in ("deleted", "first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=text)
    received = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    attributes_of_subscription = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN, Attributes=attributes_of_subscription)
    sns.publish(TopicArn=topic, Message="published")

    cloud.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="created",
        Runtime="python3.12",
        Role=ROLE_ARN,
        Handler="index.handler",
        Code={"ZipFile": zipped("def handler(event, context):\n    return {'got': event}\n")},
    )
    cloud.client("sqs").create_queue(QueueName="work")
    functions.create_event_source_mapping(EventSourceArn=QUEUE_ARN.replace("orders", "work"), FunctionName="created")
    target = {"Arn": QUEUE_ARN, "RoleArn": ROLE_ARN}
    window = {"Mode": "OFF"}
    schedules = cloud.client("scheduler")
    schedules.create_schedule(
        Name="daily", ScheduleExpression="cron(0 3 * * ? *)", FlexibleTimeWindow=window, Target=target
    )
    events = cloud.client("events")
    events.put_rule(Name="mine", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="mine", Targets=[{"Id": "q", "Arn": QUEUE_ARN}])
    cloud.client("logs").create_log_group(logGroupName="/x")
    key = cloud.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    cloud.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=key)
    cloud.client("apigateway").create_rest_api(name="api")


def _without_metadata(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {
            key: _without_metadata(value)
            for key, value in answer.items()
            if key not in ("ResponseMetadata", "QueueUrls", "QueueUrl")
        }
    return [_without_metadata(one) for one in answer] if isinstance(answer, list) else answer


def scanned(cloud: CloudProcess, table: str) -> Any:
    return cloud.client("dynamodb").scan(TableName=table)["Items"]


LOOKS: dict[str, Callable[[CloudProcess], Any]] = {
    "pool and client": lambda cloud: [
        cloud.environment[name] for name in ("USER_POOL_ID", "USER_POOL_CLIENT_ID", "TOKEN_ISSUER")
    ],
    "users": lambda cloud: sorted(
        cloud.client("cognito-idp").list_users(UserPoolId=cloud.environment["USER_POOL_ID"])["Users"],
        key=lambda user: user["Username"],
    )[1:],  # the demo user's password is set at each start
    "subs": lambda cloud: sorted(
        attribute["Value"]
        for user in cloud.client("cognito-idp").list_users(UserPoolId=cloud.environment["USER_POOL_ID"])["Users"]
        for attribute in user["Attributes"]
        if attribute["Name"] == "sub"
    ),
    "groups": lambda cloud: cloud.client("cognito-idp").admin_list_groups_for_user(
        UserPoolId=cloud.environment["USER_POOL_ID"], Username="a@example.com"
    ),
    "demo user": lambda cloud: [cloud.session["email"], cloud.session["password"]],
    "parameters": lambda cloud: cloud.client("ssm").get_parameters_by_path(Path="/x", WithDecryption=True),
    "secrets": lambda cloud: cloud.client("secretsmanager").get_secret_value(SecretId="other"),
    "tables": lambda cloud: [
        cloud.client("dynamodb").describe_table(TableName=name)
        for name in cloud.client("dynamodb").list_tables()["TableNames"]
    ],
    "expiry": lambda cloud: cloud.client("dynamodb").describe_time_to_live(
        TableName="serverless-dynamic-workflows-local-runs"
    ),
    "items by two keys": lambda cloud: scanned(cloud, "pairs"),
    "items by one key": lambda cloud: scanned(cloud, "numbers"),
    "buckets": lambda cloud: cloud.client("s3").list_buckets()["Buckets"],
    "objects": lambda cloud: cloud.client("s3").list_objects_v2(Bucket="plain")["Contents"],
    "versions": lambda cloud: cloud.client("s3").list_object_versions(Bucket="files")["Versions"],
    "bodies": lambda cloud: [
        cloud.client("s3").get_object(Bucket="files", Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for one in cloud.client("s3").list_object_versions(Bucket="files")["Versions"]
    ],
    "a multipart body": lambda cloud: cloud.client("s3").get_object(Bucket="plain", Key="parts")["Body"].read(),
    "uploads": lambda cloud: cloud.client("s3").list_multipart_uploads(Bucket="plain")["Uploads"],
    "tags": lambda cloud: cloud.client("s3").get_object_tagging(Bucket="files", Key="tagged"),
    "queues": lambda cloud: [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues()["QueueUrls"]],
    "topics": lambda cloud: [cloud.client("sns").list_topics(), cloud.client("sns").list_subscriptions()],
    "roles": lambda cloud: cloud.client("iam").list_roles(),
    "functions": lambda cloud: [
        cloud.client("lambda").get_function_configuration(FunctionName="created"),
        cloud.client("lambda").list_event_source_mappings(),
    ],
    "a function's answer": lambda cloud: json.load(
        cloud.client("lambda").invoke(FunctionName="created", Payload=b'{"a": 1}')["Payload"]
    ),
    "schedules": lambda cloud: [
        cloud.client("scheduler").get_schedule(Name=name)
        for name in sorted(one["Name"] for one in cloud.client("scheduler").list_schedules()["Schedules"])
    ],
    "rules": lambda cloud: [
        cloud.client("events").list_rules(),
        cloud.client("events").list_targets_by_rule(Rule="mine"),
        cloud.client("events").list_targets_by_rule(Rule="serverless-dynamic-workflows-local-run-status"),
    ],
    "log groups": lambda cloud: {  # functions go on writing
        group["logGroupName"]: group["creationTime"]
        for group in cloud.client("logs").describe_log_groups()["logGroups"]
    },
    "keys": lambda cloud: [
        cloud.client("kms").list_aliases(),
        cloud.client("kms").get_public_key(KeyId="alias/mine"),
    ],
    "APIs": lambda cloud: cloud.client("apigateway").get_rest_apis(),
}


class Restarted:
    def __init__(self, project: Path) -> None:
        self.project = project
        with CloudProcess(project) as cloud:
            create_everything(cloud)
            self.before = {kind: _without_metadata(look(cloud)) for kind, look in LOOKS.items()}
            self.token = cloud.session["idToken"]
            cloud.stop(signal.SIGKILL)
        self.cloud = CloudProcess(project)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    restarted = Restarted(project)
    with restarted.cloud:
        yield restarted


@pytest.mark.parametrize("kind", LOOKS)
def test_it_is_there_after_a_kill(restarted: Restarted, kind: str) -> None:
    assert _without_metadata(LOOKS[kind](restarted.cloud)) == restarted.before[kind]


def test_items_are_those_that_were_acknowledged(restarted: Restarted) -> None:
    numbers = {int(item["n"]["N"]) for item in scanned(restarted.cloud, "numbers")}
    assert numbers == {*range(20), 100, 200} - {7, 8}
    pairs = {(item["p"]["S"], item["s"]["N"]): item for item in scanned(restarted.cloud, "pairs")}
    assert set(pairs) == {("a", "3"), ("a", "2"), ("b", "1")}  # 2.0 and 2 are one key
    assert pairs["b", "1"]["calls"] == {"N": "2"}


def test_users_sign_in_with_their_passwords(restarted: Restarted) -> None:
    cloud = restarted.cloud
    for name, password in (("a@example.com", PASSWORD), (cloud.session["email"], cloud.session["password"])):
        result = cloud.client("cognito-idp").initiate_auth(
            ClientId=cloud.environment["USER_POOL_CLIENT_ID"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        claims = jwt.get_unverified_claims(result["AuthenticationResult"]["IdToken"])
        assert claims["email"] == name


def test_the_session_has_a_new_token_of_the_same_user(restarted: Restarted) -> None:
    before, after = (
        jwt.get_unverified_claims(token) for token in (restarted.token, restarted.cloud.session["idToken"])
    )
    assert restarted.token != restarted.cloud.session["idToken"]
    assert [before[name] for name in ("sub", "aud", "iss")] == [after[name] for name in ("sub", "aud", "iss")]


def test_messages_that_were_not_deleted_can_be_received(restarted: Restarted) -> None:
    sqs = restarted.cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["first", "second", "published"]


def test_nobody_else_can_read_it(restarted: Restarted) -> None:
    folder = restarted.project / ".localcloud" / "state"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_nothing_was_left_out(restarted: Restarted) -> None:
    assert "not kept" not in restarted.cloud.log
    assert "can't be read" not in restarted.cloud.log
