"""Dead letters, in the form in which each sender writes them, on the local cloud."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.names import Names
from infrastructure import dead_letters
from infrastructure.cloud import Cloud
from infrastructure.dead_letters import DeadLetters, run
from infrastructure.errors import DeploymentError
from localcloud.cloud import Cloud as LocalCloud
from tests.infrastructure.conftest import APP, FAKE_AWS
from tests.localcloud.conftest import client_of

NAMES = Names(stage="local", region="us-east-1", account="123456789012")
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{APP}-local-greetFlow"


class Queue:
    """The dead letter queue of the local stage."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.client = client_of(cloud, "sqs")
        self.url = self.client.create_queue(QueueName=f"{APP}-local-dead-letters")["QueueUrl"]
        self.letters = DeadLetters(Cloud(), NAMES)

    def send(self, body: Any, **attributes: str) -> str:
        text = body if isinstance(body, str) else json.dumps(body)
        described: Any = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
        return str(
            self.client.send_message(QueueUrl=self.url, MessageBody=text, MessageAttributes=described)["MessageId"]
        )

    def scheduled(self, name: str, machine: str = MACHINE, **attributes: str) -> str:
        """As EventBridge Scheduler: the target's input, and attributes."""
        return self.send(
            {"StateMachineArn": machine, "Name": name, "Input": '{"name": "late"}'},
            ERROR_CODE="AccessDeniedException",
            ERROR_MESSAGE="is not authorized to perform: states:StartExecution",
            SCHEDULED_TIME="2026-03-22T21:00:00Z",
            **attributes,
        )

    def left(self) -> int:
        attributes = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture(scope="module")
def shared(cloud: LocalCloud) -> Iterator[Queue]:
    """Created once, since creating clients takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**FAKE_AWS, "AWS_ENDPOINT_URL": cloud.endpoint}.items():
            patch.setenv(name, value)
        made = Queue(cloud)
    yield made
    made.client.delete_queue(QueueUrl=made.url)


@pytest.fixture
def queue(shared: Queue) -> Iterator[Queue]:
    yield shared
    for letter in shared.letters.all():
        shared.letters.discard(letter)


def status_event(run_id: str) -> dict[str, Any]:
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{APP}-local-greetFlow:{run_id}"
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": arn, "status": "FAILED"},
    }


def test_a_start_is_repeated_once(queue: Queue, cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"schedule-{uuid.uuid4()}"
    identity = queue.scheduled(name)
    assert run(queue.letters, "list", []) == 0
    shown = capsys.readouterr().out
    assert re.match(rf"{identity}  20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ  a scheduled start of {APP}-local-greetFlow", shown)
    assert "at 2026-03-22T21:00:00Z\n    AccessDeniedException: is not authorized to perform" in shown
    assert shown.endswith("1 messages\n")
    assert run(queue.letters, "redrive", [identity[:8]]) == 0  # `list` has released it
    execution = MACHINE.replace(":stateMachine:", ":execution:") + f":{name}"
    assert capsys.readouterr().out.endswith(f": started {execution}\n")
    states = client_of(cloud, "stepfunctions")
    assert json.loads(states.describe_execution(executionArn=execution)["input"]) == {"name": "late"}
    assert queue.left() == 0
    queue.scheduled(name)
    assert run(queue.letters, "redrive", []) == 0
    assert "started" in capsys.readouterr().out
    assert queue.left() == 0


def test_a_webhook_is_sent_again(queue: Queue, cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    states = client_of(cloud, "stepfunctions")
    keep = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    states.create_state_machine(name=NAMES.webhooks, definition=keep, roleArn="arn:aws:iam::123456789012:role/webhooks")
    queue.scheduled(f"msg_5-{uuid.uuid4()}", NAMES.webhooks_arn)
    assert run(queue.letters, "list", []) == 0
    assert "Z  the webhook msg_5\n" in capsys.readouterr().out
    assert run(queue.letters, "redrive", []) == 0
    assert "started" in capsys.readouterr().out
    (sent,) = states.list_executions(stateMachineArn=NAMES.webhooks_arn)["executions"]
    assert json.loads(states.describe_execution(executionArn=sent["executionArn"])["input"]) == {"name": "late"}
    states.delete_state_machine(stateMachineArn=NAMES.webhooks_arn)


@pytest.mark.parametrize("sender", ["rule", "function"])
def test_a_change_of_a_run_is_recorded(
    sender: str, queue: Queue, cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    event = status_event(f"run-{sender}")
    if sender == "rule":
        target = NAMES.function_arn("run-status")
        queue.send(event, ERROR_CODE="THROTTLING", ERROR_MESSAGE="Rate exceeded", TARGET_ARN=target)
    else:  # as an OnFailure destination of Lambda
        context = {"condition": "RetriesExhausted", "functionArn": NAMES.function_arn("run-status")}
        queue.send(
            {"requestContext": context, "requestPayload": event, "responsePayload": {"errorMessage": "no table"}}
        )
    assert run(queue.letters, "list", []) == 0
    shown = capsys.readouterr().out
    assert f"the status FAILED of the run run-{sender}\n" in shown
    assert ("THROTTLING: Rate exceeded" if sender == "rule" else "no table") in shown
    assert run(queue.letters, "redrive", []) == 0
    assert capsys.readouterr().out.endswith(f": handled by {APP}-local-run-status\n")
    events = (cloud.settings.root / "status-events").read_text().splitlines()
    assert event in [json.loads(line) for line in events]
    assert queue.left() == 0


def test_an_event_goes_to_the_function_that_did_not_get_it(queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{NAMES.function_arn('greet')}:$LATEST"
    queue.send({"detail-type": "Scheduled Event", "detail": {}, "name": "Ada"}, TARGET_ARN=target)
    assert run(queue.letters, "redrive", []) == 0
    shown = capsys.readouterr().out
    assert f"an event for {APP}-local-greet: Scheduled Event: handled by {APP}-local-greet\n" in shown
    queue.send({"detail-type": "Scheduled Event", "detail": {}}, TARGET_ARN=NAMES.function_arn("gone"))
    assert run(queue.letters, "redrive", []) == 1
    assert f"{APP}-local-gone cannot be invoked: " in capsys.readouterr().err


def test_what_fails_again_stays(queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    queue.scheduled("schedule-1", MACHINE.replace("greetFlow", "removedFlow"))
    queue.send('{"StateMachineArn": "arn:aws:sta', IS_PAYLOAD_TRUNCATED="true", SCHEDULE_ARN="arn:x:schedule/flows/big")
    queue.send("hello")
    assert run(queue.letters, "redrive", []) == 1
    told = capsys.readouterr().err
    assert "cannot be started: " in told
    assert "StateMachineDoesNotExist" in told
    assert "a scheduled start of big, whose input was cut: cannot be repeated: the message is not complete" in told
    assert told.count("cannot be repeated") == 2
    assert queue.left() == 3
    assert run(queue.letters, "discard", []) == 0
    assert queue.left() == 0


def test_only_the_named_messages(queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    identities = [queue.send(f"message {number}") for number in range(25)]
    assert run(queue.letters, "discard", [identities[3], "00000000-no"]) == 1
    told = capsys.readouterr()
    assert told.out.count("discarded") == 1
    assert told.err.startswith("error: no message has the id 00000000-no: ")
    assert queue.left() == 24
    assert run(queue.letters, "list", []) == 0  # all are visible again
    assert capsys.readouterr().out.endswith("24 messages\n")


def test_what_is_meant_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["redrive"], ["discard", "abc", "--all"]):
        with pytest.raises(SystemExit):
            dead_letters.main([*arguments, "--stage", "prod"])
        assert "name messages by their ids, or use --all" in capsys.readouterr().err


def test_a_stage_that_is_not_deployed(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    with pytest.raises(
        DeploymentError, match=f"there is no queue {APP}-prod-dead-letters in us-east-1: is the stage dep"
    ):
        DeadLetters(Cloud(), Names(stage="prod", region="us-east-1", account="123456789012"))


def test_the_local_cloud_is_a_stage(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dead_letters, "PROJECT", tmp_path)
    assert dead_letters.main(["list", "--stage", "local"]) == 1
    assert capsys.readouterr().err == "error: no local cloud is running here: start it with `make run`\n"
    (tmp_path / ".localcloud").mkdir()
    environment = {**FAKE_AWS, "AWS_ENDPOINT_URL": cloud.endpoint}
    (tmp_path / ".localcloud" / "cloud.json").write_text(json.dumps({"environment": environment}))
    for name in environment:
        monkeypatch.setenv(name, "before")
    client_of(cloud, "sqs").create_queue(QueueName=f"{APP}-local-dead-letters")
    assert dead_letters.main(["list", "--stage", "local"]) == 0
    assert capsys.readouterr().out.endswith(" messages\n")
