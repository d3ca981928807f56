"""What a stage has for webhooks, and when."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from asl.testing import FlowUnderTest
from chalicelib.names import Names
from compiler import Project, compile_project
from compiler.webhook_delivery import FIRST_PAUSE, RATE, RETRIES, delivery_definition
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.preflight import check_webhook_secrets
from infrastructure.stages import PROD
from infrastructure.tokens import template_names, with_pseudo_parameters
from infrastructure.webhooks import webhook_resources
from localcloud.cloud import Cloud as LocalCloud
from tests.localcloud.conftest import client_of, cloud

__all__ = ["cloud"]

QUIET = "name: quiet\ndefinition: {StartAt: A, States: {A: {Type: Pass, End: true}}}\n"
TELLING = (
    "name: telling\nnotify:\n  - {url: https://example.com/runs}\n  - {url: '${RECEIVER}', secret: OTHER_SECRET}\n"
    "definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}\n"
)
NAMES = Names(stage="prod", region="us-east-1", account="123456789012")
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"
DELIVERY = {"id": "msg_1", "url": "https://example.com", "secret": "WEBHOOK_SECRET", "body": '{"type":"run.failed"}'}


@pytest.fixture
def telling(make_project: Callable[..., Path]) -> Project:
    compiled = compile_project(make_project({"quiet": QUIET, "telling": TELLING}))
    assert not compiled.errors, compiled.errors
    return compiled


def test_nothing_without_a_flow_that_wants_it(make_project: Callable[..., Path]) -> None:
    quiet = compile_project(make_project({"quiet": QUIET}))
    assert webhook_resources(PROD, template_names("prod"), quiet) == {}


def test_the_template(telling: Project, tmp_path: Path) -> None:
    from cfnlint.api import ManualArgs, lint_by_config

    resources = webhook_resources(PROD, template_names("prod"), telling)
    queue = {"DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {}}}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": with_pseudo_parameters({**queue, **resources})}
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template))
    assert [str(match) for match in lint_by_config(ManualArgs(regions=["us-east-1"], templates=[str(file)]))] == []
    machine = template["Resources"]["Webhooks"]["Properties"]
    assert machine["StateMachineName"] == "serverless-dynamic-workflows-prod--webhooks"
    assert machine["DefinitionSubstitutions"] == {"DeadLetters": {"Ref": "DeadLetters"}}
    (policy,) = template["Resources"]["WebhooksRole"]["Properties"]["Policies"]
    actions = [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]]
    assert actions == ["lambda:InvokeFunction", "sqs:SendMessage"]


def test_a_stack_with_it(telling: Project, cloud: LocalCloud) -> None:
    resources = webhook_resources(PROD, template_names("prod"), telling)
    queue = {"DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "letters"}}}
    template = {"Resources": with_pseudo_parameters({**queue, **resources})}
    stacks, states = client_of(cloud, "cloudformation"), client_of(cloud, "stepfunctions")
    stacks.create_stack(StackName="webhooks", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    described = states.describe_state_machine(stateMachineArn=NAMES.webhooks_arn)
    letter = json.loads(described["definition"])["States"]["Dead letter"]["Arguments"]
    assert letter["QueueUrl"] == client_of(cloud, "sqs").get_queue_url(QueueName="letters")["QueueUrl"]
    assert letter["MessageBody"]["StateMachineArn"] == NAMES.webhooks_arn
    stacks.delete_stack(StackName="webhooks")


@pytest.fixture
def delivery() -> FlowUnderTest:
    """The state machine; what it sends to the queue succeeds."""
    machine = FlowUnderTest("webhooks", delivery_definition(NAMES, QUEUE))
    machine.task("Dead letter").returns({"MessageId": "1"})
    return machine


def test_a_call_is_repeated_for_a_day(delivery: FlowUnderTest) -> None:
    answer = {"host": "example.com", "status": 204}
    delivery.task("Deliver").fails("WebhookFailed", times=RETRIES).then.returns_payload(answer)
    run = delivery.run(DELIVERY).assert_succeeded(output=answer).assert_path("Deliver")
    assert [each["Payload"] for each in run.payloads("Deliver")] == [DELIVERY] * (RETRIES + 1)
    assert run.payloads("Deliver")[0]["FunctionName"] == NAMES.function_arn("webhooks")
    pauses = [FIRST_PAUSE * RATE**index for index in range(RETRIES)]
    assert pauses[:3] == [1, 4, 16]
    assert 24 * 3600 < sum(pauses) <= run.seconds < 25 * 3600


@pytest.mark.parametrize(("error", "attempts"), [("WebhookFailed", RETRIES + 1), ("WebhookRefused", 1)])
def test_what_cannot_be_delivered_is_kept(delivery: FlowUnderTest, error: str, attempts: int) -> None:
    delivery.task("Deliver").fails(error, "why " * 500)
    run = delivery.run(DELIVERY).assert_failed(error)
    assert len(run.payloads("Deliver")) == attempts
    (letter,) = run.payloads("Dead letter")
    assert letter["QueueUrl"] == QUEUE
    start = letter["MessageBody"]
    assert (start["StateMachineArn"], json.loads(start["Input"])) == (NAMES.webhooks_arn, DELIVERY)
    assert start["Name"].startswith("msg_1-")
    values = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert values == {"ERROR_CODE": error, "ERROR_MESSAGE": ("why " * 500)[:1000]}


def test_a_timeout_is_kept_although_it_has_no_cause(delivery: FlowUnderTest) -> None:
    """SQS refuses messages that have an empty attribute."""
    delivery.task("Deliver").fails("States.Timeout", "")
    (letter,) = delivery.run(DELIVERY).assert_failed("States.Timeout").payloads("Dead letter")
    assert letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"] == "No cause was given."


def test_secrets_must_exist_before_a_deployment(telling: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    prefix = "/serverless-dynamic-workflows/prod/"
    with mock_aws():
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name=prefix + "WEBHOOK_SECRET", Value="v", Type="SecureString")
        with pytest.raises(DeploymentError) as caught:
            check_webhook_secrets(Cloud(), prefix, telling, "prod")
        assert str(caught.value).splitlines() == [
            "the webhooks of the flow telling need the secret OTHER_SECRET: "
            "python -m admin.webhook_secret --stage prod --name OTHER_SECRET",
            "the webhooks of the flow telling need the secret RECEIVER: aws ssm put-parameter --type SecureString "
            "--value https://... --name /serverless-dynamic-workflows/prod/RECEIVER",
        ]
        for name in ("OTHER_SECRET", "RECEIVER"):
            ssm.put_parameter(Name=prefix + name, Value="v", Type="SecureString")
        check_webhook_secrets(Cloud(), prefix, telling, "prod")
