"""boto3 against the endpoint: the services that the project uses, and functions in workers."""

from __future__ import annotations

import base64
import io
import json
import stat
import textwrap
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of

WAIT_SECONDS = 20.0


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.02)
    return found


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
    return buffer.getvalue()


def create_function(cloud: Cloud, name: str, source: str, **settings: Any) -> str:
    roles = client_of(cloud, "iam")
    try:
        roles.create_role(RoleName="functions", AssumeRolePolicyDocument="{}")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "EntityAlreadyExists"
    created = client_of(cloud, "lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/functions",
        Handler="index.handler",
        Code={"ZipFile": zipped(source)},
        **settings,
    )
    return str(created["FunctionArn"])


def allow(cloud: Cloud, action: str) -> None:
    """Let the functions' role do something."""
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}
    client_of(cloud, "iam").put_role_policy(
        RoleName="functions", PolicyName=action.replace(":", "-"), PolicyDocument=json.dumps(policy)
    )


def invoke(cloud: Cloud, name: str, event: Any, **options: Any) -> Any:
    return client_of(cloud, "lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)


def test_cloud_file_says_how_to_use_it(cloud: Cloud) -> None:
    document = json.loads(cloud.settings.cloud_file.read_text())
    credentials = cloud.foundation.application_credentials
    assert document == {
        "endpoint": cloud.endpoint,
        "pid": document["pid"],
        "environment": cloud.environment,
        "application": credentials,
    }
    assert credentials.keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert stat.S_IMODE(cloud.settings.cloud_file.stat().st_mode) == 0o600
    assert set(document["environment"]) >= {
        *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "STAGE", "ACCOUNT_ID"),
        *("USER_POOL_ID", "USER_POOL_CLIENT_ID", "TOKEN_ISSUER", "JWKS_URL"),
    }


def test_only_the_loopback_interface_is_served(cloud: Cloud) -> None:
    assert cloud.endpoint.startswith("http://127.0.0.1:")


def test_users_sign_in_and_their_tokens_verify(cloud: Cloud) -> None:
    from jose import jwt

    cognito = client_of(cloud, "cognito-idp")
    pool, client = cloud.environment["USER_POOL_ID"], cloud.environment["USER_POOL_CLIENT_ID"]
    attributes = [{"Name": "email", "Value": "a@example.com"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username="a@example.com", UserAttributes=attributes)
    cognito.admin_set_user_password(UserPoolId=pool, Username="a@example.com", Password="Abc-123456789", Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="a@example.com", GroupName="admin")
    signed_in = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "a@example.com", "PASSWORD": "Abc-123456789"},
    )["AuthenticationResult"]
    with urllib.request.urlopen(cloud.environment["JWKS_URL"]) as answer:
        keys = json.load(answer)
    claims = jwt.decode(
        signed_in["IdToken"], keys, ["RS256"], audience=client, issuer=cloud.environment["TOKEN_ISSUER"]
    )
    assert (claims["token_use"], claims["cognito:groups"], claims["email"]) == ("id", ["admin"], "a@example.com")
    assert claims["email_verified"] is True


def test_what_the_local_cloud_does_not_do_is_refused(cloud: Cloud) -> None:
    pipes = client_of(cloud, "pipes")
    role = "arn:aws:iam::123456789012:role/r"
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    with pytest.raises(ClientError, match="The local cloud has no EventBridge Pipes"):
        pipes.create_pipe(Name="p", Source=queue, Target=queue, RoleArn=role)
    with pytest.raises(ClientError, match="The local cloud has no service 'mediaconvert'"):
        client_of(cloud, "mediaconvert").list_jobs()
    with pytest.raises(ClientError, match="LambdaConfig would have no effect"):
        client_of(cloud, "cognito-idp").create_user_pool(PoolName="p", LambdaConfig={"PreSignUp": f"{role}x"})
    with pytest.raises(ClientError, match="DurableConfig would have no effect"):
        client_of(cloud, "lambda").create_function(
            FunctionName="durable",
            Runtime="python3.12",
            Handler="x.handler",
            Role=role,
            Code={"ZipFile": b"PK"},
            DurableConfig={"ExecutionTimeout": 60},
        )


def test_the_case_of_an_address_does_not_matter(cloud: Cloud) -> None:
    cognito = client_of(cloud, "cognito-idp")
    pool, client = cloud.environment["USER_POOL_ID"], cloud.environment["USER_POOL_CLIENT_ID"]
    cognito.admin_create_user(UserPoolId=pool, Username="Bea@example.com", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="bea@Example.com", Password="Abc-123456789", Permanent=True
    )
    signed_in = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "BEA@example.com", "PASSWORD": "Abc-123456789"},
    )
    assert signed_in["AuthenticationResult"]["IdToken"]
    with pytest.raises(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username="bea@example.com")
    sensitive = cognito.create_user_pool(PoolName="sensitive", UsernameConfiguration={"CaseSensitive": True})
    of_pool = {"UserPoolId": sensitive["UserPool"]["Id"]}
    cognito.admin_create_user(**of_pool, Username="Bea")
    cognito.admin_create_user(**of_pool, Username="bea")
    cognito.delete_user_pool(**of_pool)


def test_tables_are_there_and_expire(cloud: Cloud) -> None:
    dynamodb = client_of(cloud, "dynamodb")
    for table, range_key in ((cloud.names.usage_table, "yearMonth"), (cloud.names.runs_table, "itemId")):
        keys = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        assert [key["AttributeName"] for key in keys] == ["userId", range_key]
        expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "ttl")


def test_concurrent_updates_are_all_counted(cloud: Cloud) -> None:
    dynamodb = client_of(cloud, "dynamodb")
    key = {"userId": {"S": "counted"}, "yearMonth": {"S": "2026-01"}}

    def count() -> None:
        for _ in range(10):
            dynamodb.update_item(
                TableName=cloud.names.usage_table,
                Key=key,
                UpdateExpression="ADD apiCalls :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dynamodb.get_item(TableName=cloud.names.usage_table, Key=key)["Item"]["apiCalls"] == {"N": "50"}


def test_parameters(cloud: Cloud) -> None:
    ssm = client_of(cloud, "ssm")
    name = f"{cloud.names.secrets_prefix}API_KEY"
    ssm.put_parameter(Name=name, Value="secret", Type="SecureString")
    found = ssm.get_parameters_by_path(Path=cloud.names.secrets_prefix, WithDecryption=True)["Parameters"]
    assert [(item["Name"], item["Value"]) for item in found] == [(name, "secret")]


def test_objects(cloud: Cloud) -> None:
    s3 = client_of(cloud, "s3")
    s3.create_bucket(Bucket="things")
    s3.put_object(Bucket="things", Key="a b/ü?.txt", Body=b"x" * 100_000, Metadata={"my_key": "1"})
    s3.upload_fileobj(io.BytesIO(b"y" * 9_000_000), "things", "large")
    head = s3.head_object(Bucket="things", Key="a b/ü?.txt")
    assert (head["ContentLength"], head["Metadata"]) == (100_000, {"my_key": "1"})
    assert s3.get_object(Bucket="things", Key="a b/ü?.txt")["Body"].read() == b"x" * 100_000
    assert s3.head_object(Bucket="things", Key="large")["ContentLength"] == 9_000_000


def test_queues_and_topics(cloud: Cloud) -> None:
    sqs, sns = client_of(cloud, "sqs"), client_of(cloud, "sns")
    queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="hello")
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    assert message["Body"] == "hello"


def test_a_waiting_receiver_does_not_block_the_sender(cloud: Cloud) -> None:
    sqs = client_of(cloud, "sqs")
    queue = sqs.create_queue(QueueName="patient")["QueueUrl"]
    received: list[Any] = []

    def receive() -> None:
        received.extend(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages", []))

    thread = threading.Thread(target=receive)
    began = time.monotonic()
    thread.start()
    time.sleep(0.2)
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    thread.join()
    assert [message["Body"] for message in received] == ["x"]
    assert time.monotonic() - began < 8


def test_invoke_runs_the_projects_functions(cloud: Cloud) -> None:
    answer = invoke(cloud, cloud.names.resource("greet"), {"name": "Ada"})
    assert json.load(answer["Payload"]) == {"hello": "Ada", "stage": "local"}
    assert "FunctionError" not in answer
    spec = cloud.registry.resolve(cloud.names.function_arn("greet"))
    assert spec is not None
    assert (spec.timeout, spec.memory, spec.handler) == (7, 512, "app.greet")


def test_invoke_runs_created_functions(cloud: Cloud) -> None:
    source = "import os\nprint('loaded')\ndef handler(event, context): return [event, os.environ['A'], __file__]"
    arn = create_function(cloud, "created", source, Environment={"Variables": {"A": "1"}})
    for name in ("created", arn, "123456789012:function:created", "created:$LATEST"):
        event, variable, file = json.load(invoke(cloud, name, {"x": 1})["Payload"])
        assert (event, variable) == ({"x": 1}, "1")
    assert file.startswith(str(cloud.settings.state_folder))
    client_of(cloud, "lambda").update_function_code(FunctionName="created", ZipFile=zipped("handler = lambda e, c: 2"))
    assert json.load(invoke(cloud, "created", {})["Payload"]) == 2


def test_created_functions_find_the_endpoint(cloud: Cloud) -> None:
    source = "import os\ndef handler(event, context): return os.environ['AWS_ENDPOINT_URL']"
    create_function(cloud, "finds", source)
    assert json.load(invoke(cloud, "finds", {})["Payload"]) == cloud.endpoint


def test_invoke_reports_errors_and_logs(cloud: Cloud) -> None:
    create_function(cloud, "fails", "def handler(event, context):\n    print('trying')\n    raise ValueError('no')")
    answer = invoke(cloud, "fails", {}, LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.load(answer["Payload"])
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no")
    assert base64.b64decode(answer["LogResult"]).startswith(b"trying\n")


def test_invoke_refuses_as_lambda_does(cloud: Cloud) -> None:
    functions = client_of(cloud, "lambda")
    with pytest.raises(functions.exceptions.ResourceNotFoundException, match="Function not found: nobody"):
        functions.invoke(FunctionName="nobody")
    name = cloud.names.resource("greet")
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=name, Payload=b"{")
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(FunctionName=name, Payload=json.dumps("x" * 6_291_455).encode())
    assert functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_asynchronous_invocations_return_at_once(cloud: Cloud) -> None:
    folder = cloud.settings.state_folder
    source = f"import time\ndef handler(event, context):\n    time.sleep(0.3)\n    open({str(folder / 'ran')!r}, 'w')"
    create_function(cloud, "later", source)
    assert invoke(cloud, "later", {}, InvocationType="Event")["StatusCode"] == 202
    assert not (folder / "ran").exists()
    wait_for((folder / "ran").exists)


def test_queues_invoke_functions(cloud: Cloud) -> None:
    marker = cloud.settings.state_folder / "from-queue"
    source = f"def handler(event, context): open({str(marker)!r}, 'w').write(event['Records'][0]['body'])"
    create_function(cloud, "consumer", source)
    sqs = client_of(cloud, "sqs")
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client_of(cloud, "lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="consumer")
    sqs.send_message(QueueUrl=queue, MessageBody="job")
    assert wait_for(lambda: marker.exists() and marker.read_text()) == "job"


def test_a_function_may_call_the_service_that_invoked_it(cloud: Cloud) -> None:
    marker = cloud.settings.state_folder / "from-topic"
    source = f"""
        import boto3
        def handler(event, context):
            topics = boto3.client("sns").list_topics()["Topics"]
            open({str(marker)!r}, "w").write(event["Records"][0]["Sns"]["Message"] + str(len(topics) > 0))
    """
    function = create_function(cloud, "on-message", textwrap.dedent(source), Timeout=20)
    allow(cloud, "sns:ListTopics")
    sns = client_of(cloud, "sns")
    topic = sns.create_topic(Name="calls-function")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    began = time.monotonic()
    sns.publish(TopicArn=topic, Message="hello ")
    assert time.monotonic() - began < 5
    assert wait_for(lambda: marker.exists() and marker.read_text()) == "hello True"


def test_state_machines_run_over_the_endpoint(cloud: Cloud) -> None:
    states = client_of(cloud, "stepfunctions")
    machine = cloud.names.state_machine_arn("greetFlow")
    execution = states.start_execution(stateMachineArn=machine, input='{"name": "Bo"}')["executionArn"]
    ended = wait_for(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"hello": "Bo", "stage": "local"})


def test_express_state_machines_run_synchronously(cloud: Cloud) -> None:
    states = client_of(cloud, "stepfunctions")
    machine = states.create_state_machine(
        name="express",
        type="EXPRESS",
        roleArn="arn:aws:iam::123456789012:role/x",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}',
    )["stateMachineArn"]
    assert states.start_sync_execution(stateMachineArn=machine)["output"] == "1"


def test_step_functions_refuses_in_its_own_protocol(cloud: Cloud) -> None:
    states = client_of(cloud, "stepfunctions")
    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        states.describe_state_machine(stateMachineArn=cloud.names.state_machine_arn("none"))


def test_status_changes_reach_the_status_function(cloud: Cloud) -> None:
    states = client_of(cloud, "stepfunctions")
    machine = cloud.names.state_machine_arn("greetFlow")
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    file = cloud.settings.root / "status-events"

    def statuses() -> list[str]:
        events = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [event["detail"]["status"] for event in events if event["resources"] == [execution]]

    wait_for(lambda: sorted(statuses()) == ["RUNNING", "SUCCEEDED"])


def test_malformed_requests_are_answered(cloud: Cloud) -> None:
    request = urllib.request.Request(
        cloud.endpoint, data=b"no json", headers={"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
    )
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    assert raised.value.code == 400
    assert json.load(raised.value)["__type"] == "SerializationException"


def ask(cloud: Cloud, service: str, target: str, body: bytes, path: str = "/") -> tuple[int, dict[str, Any]]:
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/{service}/aws4_request, Signature=x",
        "Content-Type": "application/x-amz-json-1.1" if target else "application/json",
        **({"X-Amz-Target": target} if target else {}),
    }
    asked = urllib.request.Request(cloud.endpoint + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a": "\\ud800"}', b'{"a":' * 600 + b"1" + b"}" * 600])
@pytest.mark.parametrize(
    ("service", "target", "path"),
    [
        ("dynamodb", "DynamoDB_20120810.PutItem", "/"),
        ("cognito-idp", "AWSCognitoIdentityProviderService.SignUp", "/"),
        ("logs", "Logs_20140328.FilterLogEvents", "/"),
        ("states", "AWSStepFunctions.StartExecution", "/"),
        ("ssm", "AmazonSSM.PutParameter", "/"),
        ("lambda", "", "/2015-03-31/functions"),
        ("lambda", "", "/2015-03-31/functions/greet/invocations"),
    ],
)
def test_json_that_nobody_can_work_with_is_refused(
    cloud: Cloud, service: str, target: str, path: str, body: bytes
) -> None:
    status, answer = ask(cloud, service, target, body, path)
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert "can't be read" in answer["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/2015-03-31/nothing", 404, "UnknownOperationException"),
        ("TRACE", "/schedules/x", 405, "MethodNotAllowed"),
    ],
)
def test_paths_without_an_operation_are_answered_in_the_services_protocol(
    cloud: Cloud, method: str, path: str, status: int, code: str
) -> None:
    service = "scheduler" if "schedules" in path else "lambda"
    scope = f"AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/{service}/aws4_request, Signature=x"
    asked = urllib.request.Request(cloud.endpoint + path, headers={"Authorization": scope}, method=method)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(asked)
    assert (raised.value.code, json.load(raised.value)["__type"]) == (status, code)
    assert raised.value.headers["x-amzn-ErrorType"] == code


LOGS = {"logGroupName": "/aws/lambda/greet"}


@pytest.mark.parametrize(
    ("service", "target", "body", "code", "words"),
    [
        ("dynamodb", "DynamoDB_20120810.DeleteTable", {}, "ValidationException", "TableName"),
        ("dynamodb", "DynamoDB_20120810.DeleteTable", {"TableName": []}, "ValidationException", "TableName"),
        ("cognito-idp", "AWSCognitoIdentityProviderService.CreateUserPool", {}, "ValidationException", "PoolName"),
        (
            "dynamodb",
            "DynamoDB_20120810.ExecuteTransaction",
            {"TransactStatements": None},
            "ValidationException",
            "Tra",
        ),
        ("events", "AWSEvents.StartReplay", {"EventStartTime": {"a": 1}}, "ValidationException", ""),
        ("events", "AWSEvents.StartReplay", {"EventStartTime": 10**30}, "ValidationException", ""),
        ("ssm", "AmazonSSM.GetParameters", {"Names": 1}, "ValidationException", "Names"),
        ("ssm", "AmazonSSM.GetParameters", [], "SerializationException", "JSON object"),
        ("logs", "Logs_20140328.FilterLogEvents", [], "SerializationException", "JSON object"),
        ("logs", "Logs_20140328.FilterLogEvents", {**LOGS, "limit": "x"}, "ValidationException", "limit"),
        ("logs", "Logs_20140328.DescribeLogGroups", {"limit": -5}, "ValidationException", "limit"),
    ],
)
def test_parameters_that_moto_fails_at_are_named(
    cloud: Cloud, service: str, target: str, body: object, code: str, words: str
) -> None:
    status, answer = ask(cloud, service, target, json.dumps(body).encode())
    assert status == 400
    assert answer["__type"].endswith(code)
    assert words in answer.get("message", answer.get("Message", ""))


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("cloudtrail", "lookup_events", {}),
        ("cloudformation", "estimate_template_cost", {"TemplateBody": "{}"}),
    ],
)
def test_what_the_cloud_lacks_is_refused_once_and_not_tried_again(
    cloud: Cloud, service: str, operation: str, parameters: dict[str, str]
) -> None:
    """Clients try again for up to a minute when a server fails."""
    with pytest.raises(ClientError) as caught:
        getattr(client_of(cloud, service), operation)(**parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert answer["Error"]["Code"] == "NotImplemented"
    assert operation.split("_")[0] in answer["Error"]["Message"].lower()


def test_state_machines_are_in_one_region(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as problem:
        client_of(cloud, "stepfunctions", region="eu-west-1").list_state_machines()
    error = problem.value.response["Error"]
    assert error["Code"] == "InvalidSignatureException"
    assert "not 'eu-west-1'. The state machines here are in us-east-1." in error["Message"]
    assert client_of(cloud, "logs", region="eu-west-1").describe_log_groups()["logGroups"] == []
