"""Lambda's Invoke: runs functions in workers. All other operations of Lambda are moto's.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import Any
from urllib.parse import unquote

from asl.language.values import read_json
from localcloud.functions import FunctionRegistry
from localcloud.http_messages import Request, Response
from localcloud.workers import FunctionSpec, InvocationResult, WorkerPool
from localcloud.workers.spec import MAX_PAYLOAD_BYTES

INVOKE_PATH = re.compile(r"^/2015-03-31/functions/([^/?]+)/invocations/?(?:\?|$)")
MAX_EVENT_BYTES = 1024 * 1024  # of an asynchronous invocation


class LambdaApi:
    """Invoke by name, partial ARN or ARN; synchronous, asynchronous (`Event`) and `DryRun`."""

    def __init__(self, registry: FunctionRegistry, pool: WorkerPool) -> None:
        self._registry = registry
        self._pool = pool

    def run(self, spec: FunctionSpec, payload: bytes) -> InvocationResult:
        """Invoke the function and wait for its end."""
        done = threading.Event()
        results: list[InvocationResult] = []

        def on_done(result: InvocationResult) -> None:
            results.append(result)
            done.set()

        self._pool.invoke(spec, payload, on_done)
        done.wait()
        return results[0]

    def run_async(self, spec: FunctionSpec, payload: bytes) -> None:
        """Invoke the function and let its result be; what it prints goes to the log."""
        self._pool.invoke(spec, payload, lambda _result: None)

    def respond(self, name: str, request: Request) -> Response:
        """Answer a request for Invoke.

        Args:
            name: The function's name as in the path, still encoded.
            request: The request.
        """
        function = unquote(name)
        payload = request.body or b"{}"
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        spec = self._registry.resolve(function)
        if spec is None:
            return error_response(404, "ResourceNotFoundException", f"Function not found: {function}")
        if spec.refusal is not None:
            return error_response(502, spec.refusal.error, spec.refusal.message)
        if kind not in ("RequestResponse", "Event", "DryRun"):
            return error_response(400, "InvalidParameterValueException", f"Unknown invocation type: {kind}")
        limit = MAX_EVENT_BYTES if kind == "Event" else MAX_PAYLOAD_BYTES
        if len(payload) > limit:
            message = f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
            return error_response(413, "RequestTooLargeException", message)
        try:
            read_json(payload.decode())
        except (ValueError, RecursionError) as error:
            message = f"Could not parse request body into json: {error}"
            return error_response(400, "InvalidRequestContentException", message)
        if kind == "DryRun":
            return Response(204)
        if kind == "Event":
            self.run_async(spec, payload)
            return Response(202)
        result = self.run(spec, payload)
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", result.request_id),
            ("X-Amz-Executed-Version", "$LATEST"),
        ]
        if result.error:
            headers.append(("X-Amz-Function-Error", result.error))
        if request.headers.get("x-amz-log-type") == "Tail":
            headers.append(("X-Amz-Log-Result", base64.b64encode(result.log.encode()).decode()))
        return Response(200, headers, result.payload)


def error_response(status: int, code: str, message: str) -> Response:
    """An error in Lambda's REST protocol."""
    body: dict[str, Any] = {"Type": "User", "Message": message, "message": message}
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    return Response(status, headers, json.dumps(body).encode())
