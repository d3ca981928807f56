"""Lambda: by a function's ARN, and `lambda:invoke`."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.names import OPTIMIZED
from stepfunctions.integrations.sdk import ServiceFailure, TaskError, optimized_error, sdk_metadata

# https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
INVOKE_PARAMETERS = frozenset({"ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"})
_STATUS = {"RequestResponse": 200, "Event": 202, "DryRun": 204}


def invoke_problems(parameters: dict[str, Any]) -> list[str]:
    """What is wrong with the parameters of `lambda:invoke` by their names."""
    missing = [] if "FunctionName" in parameters else ["The field 'FunctionName' is required but was missing"]
    unknown = sorted(set(parameters) - INVOKE_PARAMETERS)
    return [*missing, *(f"The field '{name}' is not supported by Step Functions" for name in unknown)]


@dataclass(frozen=True, slots=True)
class Invocation:
    """How an invocation ended: the payload that the function returned, or with `error` the error's JSON document."""

    payload: bytes
    error: str | None = None
    request_id: str = ""


class FunctionInvoker(Protocol):
    """Invokes functions. The local cloud has a pool of workers for it, a test a table of behaviours."""

    def invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None]) -> Cancel | None:
        """Invoke a function by its name or ARN and return at once; `on_done` is called once, from any thread.

        Raises:
            LookupError: there is no such function.
        """


class LambdaTasks:
    """Tasks that invoke functions."""

    def __init__(self, invoker: FunctionInvoker, region: str, account: str) -> None:
        self._invoker = invoker
        self._region = region
        self._account = account

    def start_function(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """A task whose resource is a function's ARN: the result is what the function returns."""

        def done(invocation: Invocation) -> None:
            if invocation.error is not None:
                completion.fail(*_function_error(invocation))
            else:
                completion.succeed(_value(invocation.payload))

        return self._invoke(request.resource, request.parameters, done, completion)

    def start_invoke(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """`lambda:invoke`: the result is the API's answer. With `.waitForTaskToken` the token ends the task."""
        parameters = request.parameters
        invocation_type = parameters.get("InvocationType") or "RequestResponse"
        function = parameters["FunctionName"]
        if parameters.get("Qualifier") and parameters["Qualifier"] != "$LATEST":
            function = f"{function}:{parameters['Qualifier']}"
        payload = {} if parameters.get("Payload") is None else parameters["Payload"]
        finish = completion.succeed if request.task_token is None else completion.submitted
        if invocation_type != "RequestResponse":
            self._invoke(function, payload, lambda _: None, completion)
            finish(_answer(_STATUS.get(invocation_type, 202), b"", str(uuid.uuid4())))
            return None

        def done(invocation: Invocation) -> None:
            if invocation.error is not None:
                completion.fail(*_function_error(invocation))
            else:
                request_id = invocation.request_id or str(uuid.uuid4())
                answer = _answer(200, invocation.payload, request_id)
                finish(answer | _log_tail(request_id) if parameters.get("LogType") == "Tail" else answer)

        return self._invoke(function, payload, done, completion)

    def _invoke(
        self, function: Any, payload: Any, done: Callable[[Invocation], None], completion: Completion
    ) -> Cancel | None:
        completion.started()
        try:
            return self._invoker.invoke(str(function), dumps(payload).encode(), done)
        except LookupError:
            error = self._not_found(str(function))
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


def _function_error(invocation: Invocation) -> tuple[str, str]:
    """Error and cause of a function that failed: its own error type, and its error document."""
    text = invocation.payload.decode(errors="replace")
    document = _value(invocation.payload)
    error_type = document.get("errorType") if isinstance(document, dict) else None
    if not error_type:
        return "Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type."
    if "requestId" not in document:
        document = {"errorMessage": None, "errorType": None, "requestId": invocation.request_id} | document
        text = json.dumps(document)
    return str(error_type), text


def _value(payload: bytes) -> Any:
    """The JSON value of a payload; a payload that is none is a text."""
    if not payload:
        return None
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


def _log_tail(request_id: str) -> dict[str, str]:
    """`LogResult`: Lambda's own lines. What the function writes goes to the terminal here."""
    lines = f"START RequestId: {request_id} Version: $LATEST\nEND RequestId: {request_id}\n"
    return {"LogResult": base64.b64encode(lines.encode()).decode()}


def _answer(status: int, payload: bytes, request_id: str) -> dict[str, Any]:
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
    return answer | sdk_metadata(200 if status == 200 else status, headers, request_id) | {"StatusCode": status}
