"""A flow on a deployed stage, for tests that run against it as well."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from asl.replay import read_history
from asl.replay.recording import seconds
from asl.testing.stubs import TaskCall

if TYPE_CHECKING:
    from asl.testing.run import FlowRun

POLL_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
"""How long to wait between two looks at an execution; the last is repeated."""

RUN_SECONDS = 300.0
"""Seconds that a run may take, where a test sets no other limit."""


@dataclass(frozen=True, slots=True)
class RemoteHistory:
    """The events of an execution of a deployed stage."""

    entries: Sequence[dict[str, Any]]

    def events(self) -> list[dict[str, Any]]:
        """The events, as GetExecutionHistory has them."""
        return [*self.entries]


@dataclass(frozen=True, slots=True)
class RemoteExecution:
    """An execution of a deployed stage that has ended. `output` is a JSON text, dates are seconds since the epoch."""

    arn: str
    status: str
    output: str | None
    error: str | None
    cause: str | None
    start_date: float
    stop_date: float | None
    history: RemoteHistory
    map_runs: Sequence[Any] = ()


class RemoteFlow:
    """A flow on a deployed stage. Its tasks are the real ones, so a test that stubs one is skipped.

    Args:
        name: The flow's name.
        state_machine_arn: The state machine, or the alias to start it by.
        client: A boto3 client of Step Functions.
        stage: The stage's name, for messages.
    """

    def __init__(self, name: str, state_machine_arn: str, client: Any, stage: str) -> None:
        self.name = name
        self._arn = state_machine_arn
        self._client = client
        self._stage = stage

    def run(self, value: Any = None, *, name: str | None = None, timeout: float = RUN_SECONDS) -> FlowRun:
        """Run the flow to its end.

        Args:
            value: The input, a JSON value; an empty object if None.
            name: The execution's name.
            timeout: Seconds after which the execution is stopped and TimeoutError is raised.
        """
        from asl.testing.run import FlowRun

        named = {} if name is None else {"name": name}
        text = json.dumps({} if value is None else value)
        arn = self._client.start_execution(stateMachineArn=self._arn, input=text, **named)["executionArn"]
        found = self._wait(arn, timeout)
        events = self._events(arn)
        attempts = [attempt for each in read_history(events).attempts.values() for attempt in each]
        attempts.sort(key=lambda attempt: attempt.event_id)
        calls = [TaskCall(attempt.state, attempt.resource, attempt.parameters) for attempt in attempts]
        stop = found.get("stopDate")
        execution = RemoteExecution(
            arn=arn,
            status=found["status"],
            output=found.get("output"),
            error=found.get("error"),
            cause=found.get("cause"),
            start_date=seconds(found["startDate"]),
            stop_date=None if stop is None else seconds(stop),
            history=RemoteHistory(events),
        )
        return FlowRun(self.name, execution, calls)

    def task(self, state: str) -> NoReturn:
        """Skip the test: it stubs a task."""
        self._skip(f"it stubs the task of {state!r}")

    def function(self, name: str, _function: Any) -> NoReturn:
        """Skip the test: it replaces a function."""
        self._skip(f"it replaces the function {name!r}")

    def mocks(self, _config: Any, case: str) -> NoReturn:
        """Skip the test: it stubs tasks."""
        self._skip(f"it stubs the tasks of the test case {case!r}")

    def start(self, *_: Any, **__: Any) -> NoReturn:
        """Skip the test: it steps through time."""
        self._skip("it follows a run step by step")

    def _skip(self, why: str) -> NoReturn:
        import pytest

        pytest.skip(f"not on the stage {self._stage!r}: {why}")

    def _wait(self, arn: str, timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        looks = 0
        while True:
            found: dict[str, Any] = self._client.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            if time.monotonic() > deadline:
                self._client.stop_execution(executionArn=arn, error="TestTimeout")
                raise TimeoutError(f"{arn} is still running after {timeout} seconds; it was stopped")
            time.sleep(POLL_SECONDS[min(looks, len(POLL_SECONDS) - 1)])
            looks += 1

    def _events(self, arn: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [_plain(event) for page in pages for event in page["events"]]


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "timestamp": seconds(event["timestamp"])}
