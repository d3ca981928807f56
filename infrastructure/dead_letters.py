"""Shows, repeats and discards what could not be delivered: `python -m infrastructure.dead_letters list --stage prod`.

The queue `<app>-<stage>-dead-letters` gets scheduled starts of flows, webhooks, and events that the stage's own
functions did not get or failed to handle, such as changes of runs. A repeated start has the name of the first, so that
it never runs twice; recording a change twice changes nothing, and a repeated webhook has the id of the first.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.names import WEBHOOKS, Names
from chalicelib.settings import PROJECT
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.function_resources import RUN_STATUS
from infrastructure.logs import LOCAL, use_stage
from infrastructure.schedules import queue_name

HIDDEN_SECONDS = 120
"""How long messages are hidden from others while a command works on them."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of the queue.

    `what` says what was not delivered and `error` why. Of `start` and `event` at most one is set: the request to start
    an execution, or the event for `function`, an ARN. A message with neither can't be repeated.
    """

    id: str
    receipt: str
    sent: datetime
    what: str
    error: str
    start: Mapping[str, Any] | None = None
    event: Mapping[str, Any] | None = None
    function: str | None = None


class DeadLetters:
    """The dead letter queue of a stage.

    Args:
        cloud: AWS.
        names: The stage's names.

    Raises:
        DeploymentError: The queue does not exist.
    """

    def __init__(self, cloud: Cloud, names: Names) -> None:
        self._names = names
        self._queue: Any = cloud.client("sqs")
        self._states: Any = cloud.client("stepfunctions")
        self._functions: Any = cloud.client("lambda")
        try:
            self._url = self._queue.get_queue_url(QueueName=queue_name(names))["QueueUrl"]
        except self._queue.exceptions.QueueDoesNotExist:
            why = "it comes with the first flow that has `notify`" if names.stage == LOCAL else "is the stage deployed?"
            raise DeploymentError(f"there is no queue {queue_name(names)} in {cloud.region}: {why}") from None

    def all(self) -> list[DeadLetter]:
        """Return all messages, the oldest first. They are hidden from others for two minutes, or until `release`."""
        found: dict[str, DeadLetter] = {}
        expected = self._queue.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        count = int(expected["Attributes"]["ApproximateNumberOfMessages"])
        while True:
            answer = self._queue.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=2 if len(found) < count else 0,  # SQS asks all its servers only when it waits
                AttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            new = {message["MessageId"]: _read(message) for message in messages}
            if not new.keys() - found.keys():
                return sorted([*found.values()], key=lambda letter: letter.sent)
            found.update(new)

    def release(self, letter: DeadLetter) -> None:
        """Let others see a message again."""
        self._queue.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)

    def discard(self, letter: DeadLetter) -> None:
        """Delete a message."""
        self._queue.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    def redrive(self, letter: DeadLetter) -> str:
        """Repeat what could not be delivered, and delete the message.

        Returns:
            What became of it.

        Raises:
            DeploymentError: It failed again, and the message stays.
        """
        if letter.start is not None:
            done = self._start(letter.start)
        elif letter.event is not None:
            done = self._handle(letter.event, letter.function)
        else:
            raise DeploymentError("cannot be repeated: the message is not complete; discard it")
        self.discard(letter)
        return done

    def _start(self, request: Mapping[str, Any]) -> str:
        errors = self._states.exceptions
        try:
            execution = self._states.start_execution(
                stateMachineArn=request["StateMachineArn"], name=request["Name"], input=request["Input"]
            )
        except errors.ExecutionAlreadyExists:
            return "had been started"
        except errors.ClientError as error:
            raise DeploymentError(f"cannot be started: {error}") from None
        return f"started {execution['executionArn']}"

    def _handle(self, event: Mapping[str, Any], function_arn: str | None) -> str:
        function = _part(function_arn, 6) if function_arn else self._names.resource(RUN_STATUS)
        try:
            answer = self._functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        except self._functions.exceptions.ClientError as error:
            raise DeploymentError(f"{function} cannot be invoked: {error}") from None
        if "FunctionError" in answer:
            failure = json.loads(answer["Payload"].read() or b"{}")
            raise DeploymentError(f"{function} failed: {failure.get('errorMessage', 'see its log')}")
        return f"handled by {function}"


def _read(message: Mapping[str, Any]) -> DeadLetter:
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    error = ": ".join(attributes[name] for name in ("ERROR_CODE", "ERROR_MESSAGE") if attributes.get(name))
    try:
        body = json.loads(message["Body"])
    except ValueError:  # the sender cuts what is larger than a message may be
        body = {}
    body = body if isinstance(body, dict) else {}
    what, start, event, function = "a message that is not complete", None, None, None
    if "requestPayload" in body:
        event, function = body["requestPayload"], body.get("requestContext", {}).get("functionArn")
        response = body.get("responsePayload") or {}
        error = str(response.get("errorMessage") or body.get("requestContext", {}).get("condition", ""))
    elif "detail-type" in body:
        event, function = body, attributes.get("TARGET_ARN")
    elif {"StateMachineArn", "Name", "Input"} <= body.keys() and attributes.get("IS_PAYLOAD_TRUNCATED") != "true":
        start = body
        machine = _part(body["StateMachineArn"], 6)
        what = f"a scheduled start of {machine} at {attributes.get('SCHEDULED_TIME', '?')}"
        if machine.endswith(f"-{WEBHOOKS}"):
            what = f"the webhook {body['Name'].partition('-')[0]}"
    elif attributes.get("SCHEDULE_ARN"):
        what = f"a scheduled start of {attributes['SCHEDULE_ARN'].rpartition('/')[2]}, whose input was cut"
    if event is not None:
        detail = event.get("detail", {})
        what = f"an event for {_part(function or '?', 6)}: {event.get('detail-type', '?')}"
        if "executionArn" in detail:
            what = f"the status {detail.get('status', '?')} of the run {_part(detail['executionArn'], 7)}"
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return DeadLetter(
        message["MessageId"], message["ReceiptHandle"], sent, what, error or "unknown", start, event, function
    )


def _part(arn: str, position: int) -> str:
    parts = arn.split(":")
    return parts[position] if len(parts) > position else arn


def main(argv: Sequence[str] | None = None) -> int:
    """List, redrive or discard dead letters, and return the exit code: 1 if anything failed."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.dead_letters", description="Show, repeat or discard what was not delivered."
    )
    parser.add_argument("command", choices=("list", "redrive", "discard"))
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids that `list` prints, or how they begin")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--all", action="store_true", help="all messages")
    arguments = parser.parse_args(argv)
    if arguments.command != "list" and arguments.all == bool(arguments.ids):
        parser.error(f"{arguments.command}: name messages by their ids, or use --all")
    try:
        use_stage(arguments.stage, PROJECT)
        cloud = Cloud()
        letters = DeadLetters(cloud, Names(stage=arguments.stage, region=cloud.region, account=cloud.account))
        return run(letters, arguments.command, arguments.ids)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def run(letters: DeadLetters, command: str, ids: Sequence[str]) -> int:
    """Carry out a command.

    Args:
        letters: The queue.
        command: `list`, `redrive` or `discard`.
        ids: How the ids of the messages begin; none for all.

    Returns:
        1 if a message could not be repeated, or none has one of the ids; else 0.
    """
    found = letters.all()
    chosen = [letter for letter in found if not ids or letter.id.startswith(tuple(ids))]
    unknown = [one for one in ids if not any(letter.id.startswith(one) for letter in found)]
    kept, failed = [letter for letter in found if letter not in chosen], bool(unknown)
    for line, failure, letter in _carried_out(letters, command, chosen):
        print(line, file=sys.stderr if failure else sys.stdout)
        failed = failed or failure
        if failure or command == "list":
            kept.append(letter)
    for letter in kept:
        letters.release(letter)
    for one in unknown:
        print(f"error: no message has the id {one}: messages that another command works on are hidden", file=sys.stderr)
    if command == "list":
        print(f"{len(chosen)} messages")
    return 1 if failed else 0


def _carried_out(
    letters: DeadLetters, command: str, chosen: Sequence[DeadLetter]
) -> Iterator[tuple[str, bool, DeadLetter]]:
    """Yield for each message what became of it, and whether it failed."""
    for letter in chosen:
        shown = f"{letter.id}  {letter.sent:%Y-%m-%d %H:%M:%S}Z  {letter.what}"
        if command == "list":
            yield f"{shown}\n    {letter.error}", False, letter
        elif command == "discard":
            letters.discard(letter)
            yield f"{shown}: discarded", False, letter
        else:
            try:
                yield f"{shown}: {letters.redrive(letter)}", False, letter
            except DeploymentError as error:
                yield f"{shown}: {error}", True, letter


if __name__ == "__main__":
    sys.exit(main())
