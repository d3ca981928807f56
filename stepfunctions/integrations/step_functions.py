"""Step Functions called by its own tasks: `states:startExecution`, and `aws-sdk:sfn`. Neither uses HTTP.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from asl import Execution
from asl.engine.jsontext import dumps
from asl.engine.outcome import outcome
from asl.engine.tasks import Cancel, Completion, TaskRequest
from asl.language.timestamps import epoch_milliseconds, iso_8601
from stepfunctions.api_model import output_dates
from stepfunctions.errors import ServiceError
from stepfunctions.integrations.calls import Calls, finish
from stepfunctions.integrations.integration import ServiceIntegration
from stepfunctions.integrations.names import OPTIMIZED, operation_name
from stepfunctions.integrations.resources import SYNC_PATTERNS, parse_resource
from stepfunctions.integrations.service_errors import ServiceFailure, optimized_error, sdk_error, sdk_metadata

OnEnd = Callable[[Execution], None]
# Operations that wait, and so must not run on the engine's own thread.
BLOCKING = frozenset({"GetActivityTask", "RedriveExecution", "StartSyncExecution", "StopExecution", "TestState"})
_JSON_STRINGS = frozenset({"input", "output", "definition", "cause", "error", "context", "variables"})


@dataclass(frozen=True, slots=True)
class Operations:
    """What tasks use of the service that runs them.

    `start_execution` is StartExecution with a callback for the execution's end, `wait_again` only the callback, for an
    execution that is there. `abandon_execution` stops an execution
    without waiting. `describe_redrive` returns what DescribeExecution says about an execution's redrives. `handle`
    answers any operation of the API.
    """

    start_execution: Callable[[dict[str, Any], OnEnd | None], dict[str, Any]]
    wait_again: Callable[[str, OnEnd], bool]
    abandon_execution: Callable[[str], None]
    describe_redrive: Callable[[str], dict[str, Any]]
    handle: Callable[[str, dict[str, Any]], dict[str, Any]]


class StartExecution(ServiceIntegration):
    """`states:startExecution` in all its patterns."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        resource = parse_resource(request.resource)
        assert resource is not None
        runs_job = resource.pattern in SYNC_PATTERNS
        completion.started()
        ended = self._on_end(request, completion) if runs_job else None
        try:
            answer = self._operations.start_execution(_traced(_camel_case(request.parameters), request), ended)
        except ServiceError as error:
            task_error = optimized_error(_failure(error), OPTIMIZED["states"], error.code)
            completion.fail(task_error.error, task_error.cause)
            return None
        result = {
            "ExecutionArn": answer["executionArn"],
            **_metadata(answer),
            "StartDate": epoch_milliseconds(answer["startDate"]),
        }
        if not resource.pattern:
            completion.succeed(result)
            return None
        completion.submitted(result)
        if not runs_job:
            return None
        completion.awaiting()
        return lambda: self._operations.abandon_execution(answer["executionArn"])

    def resume(self, request: TaskRequest, completion: Completion, submitted: Any) -> Cancel | None:
        """Wait for an execution that was started before. If it is not there any more, start another."""
        arn: str = submitted["ExecutionArn"]
        if not self._operations.wait_again(arn, self._on_end(request, completion)):
            return self.start(request, completion)
        completion.awaiting()
        return lambda: self._operations.abandon_execution(arn)

    def _on_end(self, request: TaskRequest, completion: Completion) -> OnEnd:
        resource = parse_resource(request.resource)
        parsed = resource is not None and resource.pattern == "sync:2"

        def ended(execution: Execution) -> None:
            redrive = self._operations.describe_redrive(execution.arn)
            described = outcome(execution, parsed=parsed, redrive=redrive)
            if execution.status == "SUCCEEDED":
                completion.succeed(described)
            else:
                completion.fail("States.TaskFailed", dumps(described))

        return ended


class StepFunctionsSdk(ServiceIntegration):
    """`aws-sdk:sfn:ACTION`."""

    def __init__(self, operations: Operations, calls: Calls) -> None:
        self._operations = operations
        self._calls = calls

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        resource = parse_resource(request.resource)
        assert resource is not None
        operation = operation_name(resource.action)
        if operation in BLOCKING:
            return self._calls.start(request, completion, lambda: self._call(operation, request.parameters))
        completion.started()
        finish(request, completion, lambda: self._call(operation, request.parameters))
        return None

    def _call(self, operation: str, parameters: Any) -> dict[str, Any]:
        try:
            answer = self._operations.handle(operation, _camel_case(parameters))
        except ServiceError as error:
            raise sdk_error(_failure(error), "Sfn", error.code) from None
        dated = output_dates(operation, answer, iso_8601)
        return {key[:1].upper() + key[1:]: _pascal_case(value) for key, value in dated.items()}


def _traced(parameters: dict[str, Any], request: TaskRequest) -> dict[str, Any]:
    """Let the execution belong to the trace of the one that starts it, unless it is given another."""
    return parameters if request.trace_header is None else {"traceHeader": request.trace_header, **parameters}


def _failure(error: ServiceError) -> ServiceFailure:
    return ServiceFailure(error.code, error.message, error.http_status, str(uuid.uuid4()))


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
    """Return a task's parameters as the API's request. `Input` and its like become JSON strings."""
    body: dict[str, Any] = {}
    for key, value in (parameters or {}).items():
        name = key[:1].lower() + key[1:]
        if value is None:
            continue
        is_object = name in _JSON_STRINGS and not isinstance(value, str)
        body[name] = dumps(value) if is_object else _camel_case_inside(value)
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
