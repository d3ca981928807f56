"""Drives executions from outside, as the recorded tests did: activity workers, and callbacks by task token.

How a worker ended a task is taken from the record, since the recorded test decided that, not the service.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from stepfunctions import Service, ServiceError
from tests.conformance.surroundings import Aws

Driver = Callable[[], None]
_PATIENCE = 10.0


def drivers(record: dict[str, Any], service: Service, aws: Aws, activities: list[str]) -> list[Driver]:
    """Return what to run alongside the record's execution."""
    found: list[Driver] = [lambda arn=arn: _work(record, service, arn) for arn in activities]  # type: ignore[misc]
    external = record.get("external") or []
    setup = record.get("setup") or []
    received = any(call[1] == "receive_message" for call in setup)
    if received or (external and ".waitForTaskToken" in record["definition"]):
        heartbeat = any("heartbeat" in name for name in external)
        queues = [call[2]["QueueName"] for call in setup if call[:2] == ["sqs", "create_queue"]]
        found += [lambda name=name: _call_back(record, service, aws, name, heartbeat) for name in queues]  # type: ignore[misc]
        if not queues:
            found.append(lambda: _end_open_tasks(record, service, heartbeat))
    return found


def stop(record: dict[str, Any], service: Service, execution_arn: str) -> None:
    """Stop the execution where the recorded test did, with its error and cause."""
    for _, details in _events(record, "ExecutionAborted"):
        reason = {key: details[key] for key in ("error", "cause") if key in details}
        service.handle("StopExecution", {"executionArn": execution_arn, **reason})


def run_beside(found: list[Driver]) -> list[threading.Thread]:
    """Start the drivers."""
    threads = [threading.Thread(target=_safely, args=(driver,), daemon=True) for driver in found]
    for thread in threads:
        thread.start()
    return threads


def _safely(driver: Driver) -> None:
    """Run a driver. If it fails, it says so, and the execution ends as it would without a driver."""
    try:
        driver()
    except Exception as problem:
        print(f"a driver failed: {type(problem).__name__}: {problem}", file=sys.stderr)


def _events(record: dict[str, Any], *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in record.get("expected_history") or []:
        if event["type"] in kinds:
            details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            yield event["type"], details


def _work(record: dict[str, Any], service: Service, arn: str) -> None:
    """Fetch one task of an activity, as a worker would, and end it."""
    started = next(_events(record, "ActivityStarted"), ("", {}))[1]
    request = {"activityArn": arn}
    if "workerName" in started:
        request["workerName"] = started["workerName"]
    task = service.handle("GetActivityTask", request)
    kind, details = next(_events(record, "ActivitySucceeded", "ActivityFailed"), ("ActivitySucceeded", {}))
    _end(service, kind, details, task["taskToken"], task["input"])


def _call_back(record: dict[str, Any], service: Service, aws: Aws, queue: str, heartbeat: bool) -> None:
    """Receive messages with a task token from a queue and end their tasks, one for each end in the record."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for kind, details in _events(record, "TaskSucceeded", "TaskFailed"):
        messages: list[Any] = []
        for _ in range(5):
            messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
            if messages:
                break
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = _body(message["Body"])
            token = _token(body) or ""
            if heartbeat:
                service.handle("SendTaskHeartbeat", {"taskToken": token})
            _end(service, kind, details, token, json.dumps(body.get("Message")))


def _end_open_tasks(record: dict[str, Any], service: Service, heartbeat: bool) -> None:
    """End the tasks that wait for their token, one for each end in the record. Nothing has sent the tokens here."""
    ends = list(_events(record, "TaskSucceeded", "TaskFailed"))
    deadline = time.monotonic() + _PATIENCE
    while ends and time.monotonic() < deadline:
        for token in service.engine.tokens.waiting():
            if ends:
                if heartbeat:
                    service.handle("SendTaskHeartbeat", {"taskToken": token})
                kind, details = ends.pop(0)
                output = details.get("output")
                _end(service, kind, details, token, output if isinstance(output, str) else json.dumps(output))
        time.sleep(0.01)


def _body(message: str) -> dict[str, Any]:
    """Return the body of a message. The body of one sent through a topic is inside a notification."""
    body = json.loads(message)
    if isinstance(body, dict) and body.get("Type") == "Notification":
        return _body(body["Message"])
    return body if isinstance(body, dict) else {"Message": body}


def _token(value: Any) -> str | None:
    """Return the task token in a message, at any depth."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return None
    for key, item in value.items():
        if isinstance(item, str) and "token" in str(key).lower():
            return item
        if (found := _token(item)) is not None:
            return found
    return None


def _end(service: Service, kind: str, details: dict[str, Any], token: str, output: str) -> None:
    try:
        if kind.endswith("Succeeded"):
            service.handle("SendTaskSuccess", {"taskToken": token, "output": output})
        else:
            reason = {
                key: value if isinstance(value, str) else json.dumps(value)
                for key, value in details.items()
                if key in ("error", "cause")
            }
            service.handle("SendTaskFailure", {"taskToken": token, **reason})
    except ServiceError:
        return  # the task has ended in the meantime
