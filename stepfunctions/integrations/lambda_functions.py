"""Lambda: tasks whose resource is a function's ARN, and `lambda:invoke`.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from typing_extensions import override

from asl.engine.jsontext import dumps, loads
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.api_models import field_problems
from stepfunctions.integrations.integration import ServiceIntegration
from stepfunctions.integrations.names import OPTIMIZED
from stepfunctions.integrations.resources import Resource
from stepfunctions.integrations.service_errors import ServiceFailure, TaskError, optimized_error, sdk_metadata

INVOKE_PARAMETERS = frozenset({"ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"})
_STATUS = {"RequestResponse": 200, "Event": 202, "DryRun": 204}


@dataclass(frozen=True, slots=True)
class Invocation:
    """How an invocation ended.

    `payload` is what the function returned or, where `error` is set, the JSON document of its error. `error` is
    Lambda's header `X-Amz-Function-Error`: `Unhandled`.
    """

    payload: bytes
    error: str | None = None
    request_id: str = ""


class FunctionInvoker(Protocol):
    """Invokes functions: a pool of workers in the local cloud, a table of behaviours in a test."""

    def invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None]) -> Cancel | None:
        """Invoke a function and return at once.

        Args:
            function: The function's name or ARN.
            payload: The event, as JSON.
            on_done: Called once, from any thread, when the invocation has ended.

        Returns:
            What gives up on the invocation, if it can be given up.

        Raises:
            LookupError: The function does not exist.
        """


@runtime_checkable
class TaskInvoker(FunctionInvoker, Protocol):
    """Invokes functions and wants to know for which task, to let flows and executions take turns."""

    def invoke_for(
        self, task: TaskRequest, function: str, payload: bytes, on_done: Callable[[Invocation], None]
    ) -> Cancel | None:
        """Invoke a function for a task, otherwise as `invoke` does."""


class LambdaFunctions:
    """The functions of one account and region, for the tasks that invoke them."""

    def __init__(self, invoker: FunctionInvoker, region: str, account: str) -> None:
        self._invoker = invoker
        self._task_invoker = invoker if isinstance(invoker, TaskInvoker) else None
        self._region = region
        self._account = account

    def invoke(
        self,
        task: TaskRequest,
        function: str,
        payload: Any,
        on_done: Callable[[Invocation], None],
        completion: Completion,
    ) -> Cancel | None:
        """Report the task as started and invoke a function; one that does not exist fails the task.

        Args:
            task: The task.
            function: The function's name or ARN.
            payload: The event, a JSON value.
            on_done: Called once, from any thread, when the invocation has ended.
            completion: The task's completion.

        Returns:
            What gives up on the invocation, if it can be given up.
        """
        completion.started()
        try:
            if self._task_invoker is not None:
                return self._task_invoker.invoke_for(task, function, dumps(payload).encode(), on_done)
            return self._invoker.invoke(function, dumps(payload).encode(), on_done)
        except LookupError:
            error = self._not_found(function)
            completion.fail(error.error, error.cause)
            return None

    def _not_found(self, function: str) -> TaskError:
        arn = function
        if not function.startswith("arn:"):
            arn = f"arn:aws:lambda:{self._region}:{self._account}:function:{function}"
        if arn.count(":") == 6:
            arn += ":$LATEST"
        failure = ServiceFailure("ResourceNotFoundException", f"Function not found: {arn}", 404, str(uuid.uuid4()))
        return optimized_error(failure, OPTIMIZED["lambda"], "ResourceNotFoundException")


class LambdaFunction:
    """The `Integration` of functions' ARNs: the result is what the function returns."""

    def __init__(self, functions: LambdaFunctions) -> None:
        self._functions = functions

    def check(self, request: TaskRequest) -> None:
        """Accept every task: a function's event may be any JSON value."""

    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """Invoke the function with the task's parameters as its event."""

        def done(invocation: Invocation) -> None:
            if invocation.error is not None:
                completion.fail(*_function_error(invocation))
            else:
                completion.succeed(_value(invocation.payload))

        return self._functions.invoke(request, request.resource, request.parameters, done, completion)


class LambdaInvoke(ServiceIntegration):
    """`lambda:invoke`: the result is the API's answer. With `.waitForTaskToken`, the token's holder ends the task."""

    def __init__(self, functions: LambdaFunctions) -> None:
        self._functions = functions

    @override
    def problems(self, resource: Resource, parameters: dict[str, Any]) -> list[str]:
        return field_problems(parameters, required={"FunctionName"}, known=INVOKE_PARAMETERS)

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        parameters = request.parameters
        invocation_type = parameters.get("InvocationType") or "RequestResponse"
        function = str(parameters["FunctionName"])
        if parameters.get("Qualifier") and parameters["Qualifier"] != "$LATEST":
            function = f"{function}:{parameters['Qualifier']}"
        payload = _event(parameters.get("Payload"))
        finish = completion.succeed if request.task_token is None else completion.submitted
        if invocation_type != "RequestResponse":
            self._functions.invoke(request, function, payload, lambda _: None, completion)
            finish(_answer(_STATUS.get(invocation_type, 202), b"", str(uuid.uuid4())))
            return None

        def done(invocation: Invocation) -> None:
            if invocation.error is not None:
                completion.fail(*_function_error(invocation))
            else:
                request_id = invocation.request_id or str(uuid.uuid4())
                answer = _answer(200, invocation.payload, request_id)
                finish(answer | _log_tail(request_id) if parameters.get("LogType") == "Tail" else answer)

        return self._functions.invoke(request, function, payload, done, completion)


def _event(payload: Any) -> Any:
    """Return the event of a function for `Payload`: a string that holds JSON is that JSON, as for Lambda's API."""
    if payload is None:
        return {}
    if isinstance(payload, str):
        try:
            return loads(payload)
        except ValueError:
            return payload
    return payload


def _function_error(invocation: Invocation) -> tuple[str, str]:
    """Return error and cause of a function that failed: its own error type, and its error document."""
    cause = invocation.payload.decode(errors="replace")
    document = _value(invocation.payload)
    error_type = document.get("errorType") if isinstance(document, dict) else None
    if not error_type:
        reason = "The cause could not be determined because Lambda did not return an error type."
        return "Lambda.Unknown", f"{reason} Returned payload: {cause}"
    if "requestId" not in document:
        document = {"errorMessage": None, "errorType": None, "requestId": invocation.request_id} | document
        cause = json.dumps(document)
    return str(error_type), cause


def _value(payload: bytes) -> Any:
    """Return the JSON value of a payload; a payload that isn't JSON is a string."""
    if not payload:
        return None
    text = payload.decode(errors="replace")
    try:
        return loads(text)
    except ValueError:
        return text


def _log_tail(request_id: str) -> dict[str, str]:
    """Return `LogResult` with Lambda's own lines. What the function writes goes to the terminal here."""
    lines = f"START RequestId: {request_id} Version: $LATEST\nEND RequestId: {request_id}\n"
    return {"LogResult": base64.b64encode(lines.encode()).decode()}


def _answer(status: int, payload: bytes, request_id: str) -> dict[str, Any]:
    """Return Invoke's answer with its metadata."""
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(len(payload)),
        "Content-Type": "application/json",
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        "X-Amz-Executed-Version": "$LATEST",
        "x-amzn-Remapped-Content-Length": "0",
        "x-amzn-RequestId": request_id,
        "X-Amzn-Trace-Id": f"root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};sampled=0",
    }
    answer = {"ExecutedVersion": "$LATEST", "Payload": _value(payload) if payload else ""}
    return answer | sdk_metadata(status, headers, request_id) | {"StatusCode": status}
