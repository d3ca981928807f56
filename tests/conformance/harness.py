"""Runs one record after the other through the service API, each with its own service."""

from __future__ import annotations

import json
import logging
import re
import time
from contextlib import nullcontext
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from moto.server import ThreadedMotoServer

from asl import SkippingClock
from stepfunctions import Service, ServiceError, ignore_status_changes
from tests.conformance.behaviours import Behaviours
from tests.conformance.drivers import drivers, run_beside, stop
from tests.conformance.surroundings import ROLE, Aws, create_activities, create_resources, create_targets

PATIENCE = 20.0
"""Real seconds that an execution may take. Since time is skipped, none needs that many."""
SETTLED = 0.3
"""Real seconds after which an execution that AWS showed as still running is described."""


class Harness:
    """The emulated services, and a Step Functions service for each record."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self._endpoint = f"http://{host}:{port}"
        self._aws = Aws(self._endpoint)

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.stop()

    def run(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the raw result of a record. A failure to run it is a result as well."""
        functions = Behaviours(record.get("lambdas") or {}, lambda: service.engine)
        clock = SkippingClock(recorded_at(record))
        service = Service(
            functions, self._endpoint, on_status_change=ignore_status_changes, clock=clock, poll_seconds=10
        )
        identity = record.get("id")
        try:
            return {"id": identity, **self._result(record, service, clock)}
        except ServiceError as refusal:
            return {"id": identity, "status": "REFUSED", "error": refusal.code, "cause": refusal.message}
        except Exception as problem:
            return {"id": identity, "status": "NOT_RUN", "error": type(problem).__name__, "cause": str(problem)}
        finally:
            service.close()

    def _result(self, record: dict[str, Any], service: Service, clock: SkippingClock) -> dict[str, Any]:
        kind = record["kind"]
        parameters = record.get("params") or {}
        if kind == "create_error":
            return _refusal(record, service)
        if kind == "validate_state_machine_definition":
            request = {"definition": record["definition"], **parameters}
            return {"response": service.handle("ValidateStateMachineDefinition", request)}
        if kind == "test_state":
            return {"response": service.handle("TestState", {"definition": record["definition"], **parameters})}
        return self._execution(record, service, clock)

    def _execution(self, record: dict[str, Any], service: Service, clock: SkippingClock) -> dict[str, Any]:
        create_resources(record, self._aws, service)
        create_targets(record, service)
        activities = create_activities(record, service)
        machine = service.handle(
            "CreateStateMachine",
            {
                "name": record.get("sm_name") or "machine",
                "definition": record["definition"],
                "roleArn": ROLE,
                "type": record.get("type") or "STANDARD",
            },
        )
        request = {"stateMachineArn": machine["stateMachineArn"]}
        if record.get("input") is not None:
            request["input"] = record["input"]
        if record.get("exec_name"):
            request["name"] = record["exec_name"]
        if record["kind"] == "sync":
            return _outcome(service.handle("StartSyncExecution", request))
        beside = drivers(record, service, self._aws, activities)
        still_running = _shown_running(record)
        # Time must not skip while a driver acts from outside, or while AWS saw the execution waiting.
        with clock.held() if beside or still_running else nullcontext():
            arn = service.handle("StartExecution", request)["executionArn"]
            threads = run_beside(beside)
            _await(service, arn, SETTLED if still_running else PATIENCE)
            stop(record, service, arn)
            outcome = _outcome(service.handle("DescribeExecution", {"executionArn": arn}))
            if (record.get("type") or "STANDARD") == "STANDARD":
                outcome["history"] = _history(record, service, arn)
        for thread in threads:
            thread.join(PATIENCE)
        if record.get("expected_status") is None:
            outcome["status"] = None  # the record does not say what it was
        return outcome


def recorded_at(record: dict[str, Any]) -> datetime | None:
    """Return when a record was made, or None if it does not say.

    The service answered otherwise at another time: it has changed since, and a timestamp may be too far ahead. Where a
    definition was given a date so many days ahead (`test_too_far_in_future[24856]` with `{"start_at": DATE}`), that
    tells the time to the second.
    """
    days = re.search(r"_future\w*\[(\d+)\]", str(record.get("id")))
    given = json.loads(record.get("input") or "null")
    if days is not None and isinstance(given, dict) and "start_at" in given:
        return datetime.fromisoformat(given["start_at"]) - timedelta(days=int(days[1]))
    date = record.get("aws_validated")
    return datetime.fromisoformat(date) if date else None


def _refusal(record: dict[str, Any], service: Service) -> dict[str, Any]:
    parameters = {"name": "machine", "roleArn": ROLE, **(record.get("params") or {})}
    try:
        service.handle("CreateStateMachine", {**parameters, "definition": record["definition"]})
    except ServiceError as refusal:
        return {"rejected": True, "code": refusal.code, "message": refusal.message}
    return {"rejected": False, "message": None}


def _shown_running(record: dict[str, Any]) -> bool:
    """Return whether AWS showed the execution before its end, or someone stopped it."""
    history = record.get("expected_history") or []
    return bool(history) and not any(
        event["type"] in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut") for event in history
    )


def _await(service: Service, arn: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if service.handle("DescribeExecution", {"executionArn": arn})["status"] != "RUNNING":
            return
        time.sleep(0.002)


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: answer.get(key) for key in ("status", "output", "error", "cause")}


def _history(record: dict[str, Any], service: Service, arn: str) -> list[dict[str, Any]]:
    expected = record.get("expected_history") or []
    ids = [event["id"] for event in expected]
    request: dict[str, Any] = {"executionArn": arn, "maxResults": 1000}
    if len(ids) > 1 and all(isinstance(number, int) for number in ids) and ids == sorted(ids, reverse=True):
        request["reverseOrder"] = True
    events: list[dict[str, Any]] = []
    while True:
        page = service.handle("GetExecutionHistory", request)
        events += page["events"]
        if not page.get("nextToken"):
            return events
        request["nextToken"] = page["nextToken"]
