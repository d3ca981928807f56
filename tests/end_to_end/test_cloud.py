"""The AWS endpoint of the local cloud, as boto3 and the AWS command line use it, and the secrets in it."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from . import server as servers
from .client import Client, eventually
from .conftest import Aws
from .server import Server

KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def aws_cli(server: Server) -> Callable[..., Any]:
    """The `aws` command against the local cloud."""
    command = shutil.which("aws")
    if command is None:
        pytest.skip("the AWS command line is not installed")

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [command, "--endpoint-url", server.session["awsEndpoint"], "--output", "json", *arguments],
            capture_output=True,
            text=True,
            env=servers.environment(**KEYS),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    return run


class TestStepFunctions:
    def test_the_flows_are_state_machines(self, aws: Aws) -> None:
        machines = aws("stepfunctions").list_state_machines()["stateMachines"]
        assert "serverless-dynamic-workflows-local-orderFlow" in {machine["name"] for machine in machines}

    def test_a_state_machine_of_ones_own(self, aws: Aws) -> None:
        states = aws("stepfunctions")
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 42, "End": True}}}
        machine = states.create_state_machine(
            name=f"own-{secrets.token_hex(4)}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/any",
        )["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        done = eventually(
            lambda: (run := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and run
        )
        assert (done["status"], done["output"]) == ("SUCCEEDED", "42")
        events = states.get_execution_history(executionArn=execution)["events"]
        assert [event["type"] for event in events] == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ]
        states.delete_state_machine(stateMachineArn=machine)

    def test_a_bad_definition_is_refused(self, aws: Aws) -> None:
        states = aws("stepfunctions")
        with pytest.raises(states.exceptions.InvalidDefinition):
            states.create_state_machine(
                name="bad", definition='{"StartAt": "A"}', roleArn="arn:aws:iam::123456789012:role/any"
            )

    def test_the_command_line(self, aws_cli: Callable[..., Any]) -> None:
        machines = aws_cli("stepfunctions", "list-state-machines")["stateMachines"]
        (hello,) = [machine for machine in machines if machine["name"].endswith("-helloWorldFlow")]
        started = aws_cli("stepfunctions", "start-execution", "--state-machine-arn", hello["stateMachineArn"])
        arn = started["executionArn"]
        assert eventually(
            lambda: aws_cli("stepfunctions", "describe-execution", "--execution-arn", arn)["status"] == "SUCCEEDED"
        )


class TestOtherServices:
    def test_objects_queues_topics_and_tables(self, aws: Aws) -> None:
        name = f"e2e-{secrets.token_hex(4)}"
        s3, sqs, sns, events = aws("s3"), aws("sqs"), aws("sns"), aws("events")
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="a", Body=b"b")
        assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"b"
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}")
        sns.publish(TopicArn=topic, Message="hi")
        assert "hi" in eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))[0]["Body"]
        assert events.list_event_buses()["EventBuses"][0]["Name"] == "default"
        tables = aws("dynamodb").list_tables()["TableNames"]
        assert {f"serverless-dynamic-workflows-local-{table}" for table in ("usage", "runs")} <= set(tables)

    def test_invoking_a_function(self, aws: Aws) -> None:
        answer = aws("lambda").invoke(FunctionName="serverless-dynamic-workflows-local-hello_world", Payload=b"{}")
        assert answer["StatusCode"] == 200
        assert json.loads(answer["Payload"].read()) == {"statusCode": 200, "body": {"message": "Hello World"}}

    def test_an_invocation_that_fails(self, aws: Aws) -> None:
        answer = aws("lambda").invoke(
            FunctionName="serverless-dynamic-workflows-local-e2e_flaky", Payload=b'{"file": "/nonexistent"}'
        )
        assert answer["FunctionError"] == "Unhandled"
        error = json.loads(answer["Payload"].read())
        assert (error["errorType"], error["errorMessage"]) == ("NotYet", "/nonexistent is missing")
        assert error["stackTrace"]


class TestSecrets:
    def test_a_parameter_is_an_environment_variable_of_the_functions(
        self, aws_cli: Callable[..., Any], demo: Client
    ) -> None:
        name, value = f"KEY_{secrets.token_hex(4).upper()}", secrets.token_hex(16)
        aws_cli(
            "ssm", "put-parameter", "--type", "SecureString",
            "--name", f"/serverless-dynamic-workflows/local/{name}", "--value", value,
        )  # fmt: skip
        seen = eventually(lambda: (found := demo.post("/lib/e2e_secret", {"name": name}).json())["called"] and found)
        assert seen["called"] == value

    def test_they_are_loaded_before_the_first_user_code(self, aws: Aws, demo: Client, server: Server) -> None:
        name, value, function = (
            f"KEY_{secrets.token_hex(4).upper()}",
            secrets.token_hex(16),
            f"e2e_s{secrets.token_hex(4)}",
        )
        aws("ssm").put_parameter(Name=f"/serverless-dynamic-workflows/local/{name}", Value=value, Type="SecureString")
        folder = server.project / "chalicelib" / "lib" / function
        folder.mkdir()
        (folder / "handler.py").write_text(
            f"import os\nVALUE = os.environ.get({name!r})\ndef handler(event, context): return {{'value': VALUE}}\n"
        )
        try:
            seen = eventually(lambda: demo.post(f"/lib/{function}", {}).json()["value"])
        finally:
            (folder / "handler.py").unlink()
        assert seen == value
        assert value not in server.log


def test_the_records_of_runs_are_swept_every_night(aws: Aws) -> None:
    events = aws("events")
    name = "serverless-dynamic-workflows-local-run-sweep"
    assert events.describe_rule(Name=name)["ScheduleExpression"].startswith("cron(")
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    answer = aws("lambda").invoke(FunctionName=target["Arn"])
    assert "FunctionError" not in answer
    assert set(json.loads(answer["Payload"].read())) == {"running", "checked", "corrected"}
