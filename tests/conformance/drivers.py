"""Drives executions from outside, as the recorded tests did: activity workers, and callbacks by task token.

How a worker ended a task is taken from the record: it is the test's own doing, not the service's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.stepfunctions.errors import ServiceError
from localcloud.stepfunctions.service import Service
from tests.conformance.surroundings import Aws

Driver = Callable[[], None]


def drivers(record: dict[str, Any], service: Service, aws: Aws, activities: list[str]) -> list[Driver]:
    """What to run beside the record's execution."""
    found: list[Driver] = [lambda arn=arn: _work(record, service, arn) for arn in activities]  # type: ignore[misc]
    external = record.get("external") or []
    received = [call for call in record.get("setup") or [] if call[1] == "receive_message"]
    if received or any(name.startswith("external.sqs_send") for name in external):
        queues = [call[2]["QueueName"] for call in record["setup"] if call[1] == "create_queue"]
        heartbeat = any("heartbeat" in name for name in external)
        found += [lambda name=name: _call_back(record, service, aws, name, heartbeat) for name in queues]  # type: ignore[misc]
    return found


def run_beside(found: list[Driver]) -> list[threading.Thread]:
    """Start the drivers."""
    threads = [threading.Thread(target=driver, daemon=True) for driver in found]
    for thread in threads:
        thread.start()
    return threads


def _events(record: dict[str, Any], *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in record.get("expected_history") or []:
        if event["type"] in kinds:
            details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            yield event["type"], details


def _work(record: dict[str, Any], service: Service, arn: str) -> None:
    """An activity worker: takes one task and ends it."""
    started = next(_events(record, "ActivityStarted"), ("", {}))[1]
    request = {"activityArn": arn}
    if "workerName" in started:
        request["workerName"] = started["workerName"]
    task = service.handle("GetActivityTask", request)
    kind, details = next(_events(record, "ActivitySucceeded", "ActivityFailed"), ("ActivitySucceeded", {}))
    _end(service, kind, details, task["taskToken"], task["input"])


def _call_back(record: dict[str, Any], service: Service, aws: Aws, queue: str, heartbeat: bool) -> None:
    """Takes messages with a task token from a queue and ends their tasks, one for each end in the record."""
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
            body = json.loads(message["Body"])
            if heartbeat:
                service.handle("SendTaskHeartbeat", {"taskToken": body["TaskToken"]})
            _end(service, kind, details, body["TaskToken"], json.dumps(body.get("Message")))


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
        return  # the task ended by itself meanwhile
