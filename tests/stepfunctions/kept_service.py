"""A service on a store, in a process that imports little and may be killed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepfunctions import Invocation, Service

ROLE = "arn:aws:iam::123456789012:role/role"
WORK = "arn:aws:lambda:us-east-1:123456789012:function:work"
TASK = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": WORK, "End": True}}}
PASSING = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
MIXED = {
    "StartAt": "P",
    "States": {
        "P": {
            "Type": "Parallel",
            "Branches": [TASK, {"StartAt": "Q", "States": {"Q": {"Type": "Pass", "End": True}}}],
            "Next": "M",
        },
        "M": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": WORK, "End": True}}},
            "End": True,
        },
    },
}


def echo(event: Any) -> Any:
    return event


class Work:
    """A `FunctionInvoker` with one function, `do`."""

    def __init__(self) -> None:
        self.do: Callable[[Any], Any] = echo

    def invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None]) -> None:
        if function != WORK:
            raise LookupError(function)

        def work() -> None:
            try:
                result = Invocation(json.dumps(self.do(json.loads(payload))).encode())
            except Exception as error:
                document = {"errorMessage": str(error), "errorType": type(error).__name__}
                result = Invocation(json.dumps(document).encode(), "Unhandled", "r")
            on_done(result)

        threading.Thread(target=work, daemon=True).start()


class KeptService:
    """A service on a store, with shorter calls."""

    def __init__(self, path: Path | None, **settings: Any) -> None:
        self.work = Work()
        self.events: list[dict[str, Any]] = []
        self.service = Service(
            self.work, None, on_status_change=self.events.append, store=path, poll_seconds=0.2, **settings
        )
        self.call = self.service.handle

    def create(self, name: str, definition: dict[str, Any], **fields: Any) -> str:
        body = {"name": name, "definition": json.dumps(definition), "roleArn": ROLE, **fields}
        return str(self.call("CreateStateMachine", body)["stateMachineArn"])

    def start(self, machine: str, value: Any = None, **fields: Any) -> str:
        body = {"stateMachineArn": machine, "input": json.dumps(value), **fields}
        return str(self.call("StartExecution", body)["executionArn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return self.call("DescribeExecution", {"executionArn": arn})

    def kinds(self, arn: str) -> list[str]:
        events = self.call("GetExecutionHistory", {"executionArn": arn, "maxResults": 1000})["events"]
        return [event["type"] for event in events]

    def ended(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = until(lambda: self.describe(arn), lambda found: found["status"] != "RUNNING")
        return found

    def close(self) -> None:
        self.service.close()


def until(look: Callable[[], Any], holds: Callable[[Any], Any] = bool, seconds: float = 10) -> Any:
    """What `look` gives once `holds` says so."""
    deadline = time.monotonic() + seconds
    while not holds(found := look()):
        assert time.monotonic() < deadline, f"still {found!r}"
        time.sleep(0.005)
    return found
