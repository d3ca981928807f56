"""Runs functions and plugins' routes for the API's process, in workers that stand in for the API's Lambda function.

    POST /_localcloud/functions/NAME

takes a message of `localcloud.worker_caller` and answers with what the worker returned, or with the header
`X-Amz-Function-Error` and the error that Lambda would report. `NAME` is empty for descriptions, and `api` for routes.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from urllib.parse import unquote

from localcloud.http_messages import Request, Response
from localcloud.project import ProjectFunctions
from localcloud.workers import InvocationResult, Source, WorkerPool
from localcloud.workers.outcome import timed_out

PATH = "/_localcloud/functions/"
GATEWAY_SECONDS = 29.0
"""How long API Gateway waits for an answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""
DESCRIBE_SECONDS = 10.0  # for all imports, without the wait for a worker; what Lambda grants an initialisation


class HttpFunctions:
    """Runs functions for requests to the API, for as long as API Gateway waits.

    Args:
        functions: The project's functions.
        pool: Where they run.
        seconds: How long a call may take.
    """

    def __init__(self, functions: ProjectFunctions, pool: WorkerPool, *, seconds: float = GATEWAY_SECONDS) -> None:
        self._functions = functions
        self._pool = pool
        self._seconds = seconds

    def warm_up(self) -> None:
        """Start a worker, unless there is one, so that the first call finds it warm."""
        self._pool.warm(self._functions.over_http(""))

    def respond(self, request: Request) -> Response:
        """Answer a message of the API's process."""
        name = unquote(request.target.removeprefix(PATH))
        result = self._run(name, request.body, request.headers.get("x-request-id", ""))
        headers = [("Content-Type", "application/octet-stream")]
        if result.error:
            headers.append(("X-Amz-Function-Error", result.error))
        return Response(200, headers, result.payload)

    def _run(self, name: str, message: bytes, request_id: str) -> InvocationResult:
        spec = replace(self._functions.over_http(name), timeout=self._seconds if name else DESCRIBE_SECONDS)
        ended = threading.Event()
        results: list[InvocationResult] = []

        def on_done(result: InvocationResult) -> None:
            results.append(result)
            ended.set()

        cancel = self._pool.invoke(spec, message, on_done, Source(flow=f"http:{name}"), request_id)
        if not ended.wait(self._seconds):  # the wait for a worker counts as well
            cancel()
            return timed_out(request_id, self._seconds, "")
        return results[0]
