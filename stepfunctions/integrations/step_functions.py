"""Step Functions from within itself: `states:startExecution` in its patterns, and `aws-sdk:sfn`, without HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asl import Execution
from asl.engine.jsontext import dumps
from asl.engine.outcome import outcome
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.api_model import output_dates
from stepfunctions.errors import ServiceError
from stepfunctions.integrations.names import OPTIMIZED
from stepfunctions.integrations.sdk import (
    ServiceFailure,
    optimized_error,
    sdk_error,
    sdk_metadata,
)

OnEnd = Callable[[Execution], None]
Handle = Callable[[str, dict[str, Any]], dict[str, Any]]
StartExecution = Callable[[dict[str, Any], OnEnd | None], dict[str, Any]]
# Operations that wait, and so must not run on the engine's own thread.
BLOCKING = frozenset({"GetActivityTask", "RedriveExecution", "StartSyncExecution", "StopExecution", "TestState"})
_TEXTS = frozenset({"input", "output", "definition", "cause", "error", "context", "variables"})


class StepFunctionsTasks:
    """Tasks that call Step Functions.

    Parameters:
        start: StartExecution with a callback for the execution's end.
        give_up: stops an execution without waiting, for the children of a task that is given up.
        handle: any operation of the API.
        describe_redrive: what DescribeExecution says of an execution's redrives.
    """

    def __init__(
        self,
        start: StartExecution,
        give_up: Callable[[str], None],
        handle: Handle,
        describe_redrive: Callable[[str], dict[str, Any]],
    ) -> None:
        self._start = start
        self._give_up = give_up
        self._handle = handle
        self._describe_redrive = describe_redrive

    def start_execution(self, request: TaskRequest, completion: Completion, pattern: str) -> Cancel | None:
        """`states:startExecution`. `pattern` is what follows it: nothing, sync, sync:2 or waitForTaskToken."""
        completion.started()
        body = _camel_case(request.parameters)
        waits = pattern in ("sync", "sync:2")

        def ended(execution: Execution) -> None:
            redrive = self._describe_redrive(execution.arn)
            described = outcome(execution, parsed=pattern == "sync:2", redrive=redrive)
            if execution.status == "SUCCEEDED":
                completion.succeed(described)
            else:
                completion.fail("States.TaskFailed", dumps(described))

        try:
            answer = self._start(body, ended if waits else None)
        except ServiceError as error:
            failure = ServiceFailure(error.code, error.message, error.http_status, str(uuid.uuid4()))
            worded = optimized_error(failure, OPTIMIZED["states"], error.code)
            completion.fail(worded.error, worded.cause)
            return None
        result = {
            "ExecutionArn": answer["executionArn"],
            **_metadata(answer),
            "StartDate": _milliseconds(answer["startDate"]),
        }
        if not waits and pattern != "waitForTaskToken":
            completion.succeed(result)
            return None
        completion.submitted(result)
        if not waits:
            return None
        completion.awaiting()
        return lambda: self._give_up(answer["executionArn"])

    def call(self, action: str, parameters: Any) -> dict[str, Any]:
        """`aws-sdk:sfn:ACTION`.

        Raises:
            TaskError: as the SDK words the service's error.
        """
        try:
            answer = self._handle(action, _camel_case(parameters))
        except ServiceError as error:
            failure = ServiceFailure(error.code, error.message, error.http_status, str(uuid.uuid4()))
            raise sdk_error(failure, "Sfn", error.code) from None
        dated = output_dates(action, answer, _iso_8601)
        return {key[:1].upper() + key[1:]: _pascal_case(value) for key, value in dated.items()}


def _metadata(answer: dict[str, Any]) -> dict[str, Any]:
    request_id = str(uuid.uuid4())
    headers = {
        "connection": "keep-alive",
        "Content-Length": str(len(dumps(answer))),
        "Content-Type": "application/x-amz-json-1.0",
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        "x-amzn-RequestId": request_id,
    }
    return sdk_metadata(200, headers, request_id)


def _camel_case(parameters: Any) -> dict[str, Any]:
    """A task's parameters as the API's request: `Input` and its like as JSON texts."""
    body: dict[str, Any] = {}
    for key, value in (parameters or {}).items():
        name = key[:1].lower() + key[1:]
        if value is None:
            continue
        body[name] = dumps(value) if name in _TEXTS and not isinstance(value, str) else _camel_case_inside(value)
    return body


def _camel_case_inside(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel_case_inside(item) for item in value]
    return _camel_case(value) if isinstance(value, dict) else value


def _pascal_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_pascal_case(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal_case(item) for key, item in value.items()}
    return value


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _iso_8601(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
