"""The one endpoint of all AWS APIs: says which part answers a request."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Callable
from typing import Protocol

from chalicelib import strict_json
from localcloud.aws_errors import JSON_10, error_response
from localcloud.browsers import AllowedHosts, AllowedOrigins
from localcloud.deployments import names_an_api
from localcloud.http_functions import PATH as HTTP_FUNCTIONS_PATH
from localcloud.http_messages import Malformed, Request, Response
from localcloud.http_server import HttpConnection, HttpServer
from localcloud.json_requests import document_refusal, json_refusal
from localcloud.lambda_api import INVOKE_PATH, LambdaApi
from localcloud.schedules import ScheduleChanges
from localcloud.signatures import signed_region, signed_service
from localcloud.step_functions import StepFunctionsService
from stepfunctions.errors import ServiceError

STEP_FUNCTIONS_TARGET = "AWSStepFunctions."
SCHEDULING_SERVICES = frozenset({"events", "scheduler", "cloudformation"})
HEALTH_PATH = "/_localcloud/health"
MAX_BODY_BYTES = 256 * 1024 * 1024
"""Bodies are held in memory. Clients upload what is larger in parts, as S3 asks them to."""
_ERROR_CODES = {403: "AccessDenied", 413: "RequestEntityTooLargeException"}


class Application(Protocol):
    """What answers everything else."""

    def respond(self, request: Request) -> Response: ...


class Router:
    """Answers requests to the endpoint."""

    def __init__(  # noqa: PLR0913, PLR0917  (what answers which requests)
        self,
        service: StepFunctionsService,
        functions: LambdaApi,
        http_functions: Application,
        deployed_apis: Application,
        others: Application,
        schedule_changes: ScheduleChanges,
        region: str,
    ) -> None:
        """Prepare.

        Args:
            service: Answers Step Functions' requests.
            functions: Answers Lambda's Invoke.
            http_functions: Runs the functions that are called over HTTP.
            deployed_apis: Answers requests to REST APIs that were deployed to this cloud.
            others: Answers every other request.
            schedule_changes: Told after each request that may change a schedule.
            region: The region of the state machines. Moto's services have all regions.
        """
        self._service = service
        self._functions = functions
        self._http_functions = http_functions
        self._deployed_apis = deployed_apis
        self._others = others
        self._schedule_changes = schedule_changes
        self._region = region

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        if names_an_api(request):  # first, as any web page may send these
            return self._deployed_apis.respond(request)
        refused = document_refusal(request)
        if refused is not None:
            return refused
        target = request.headers.get("x-amz-target", "")
        if target.startswith(STEP_FUNCTIONS_TARGET):
            return self._step_functions(target[len(STEP_FUNCTIONS_TARGET) :], request)
        if request.target.partition("?")[0] == HEALTH_PATH:
            health = json.dumps({"status": "running", "pid": os.getpid()}).encode()
            return Response(200, [("Content-Type", "application/json")], health)
        if request.method == "POST" and (match := INVOKE_PATH.match(request.target)):
            return self._functions.respond(match[1], request)
        if request.method == "POST" and request.target.startswith(HTTP_FUNCTIONS_PATH):
            return self._http_functions.respond(request)
        try:
            response = self._others.respond(request)
        except Exception:  # what is around moto reads the same parameters
            invalid = json_refusal(request)
            if invalid is None:
                raise
            return invalid
        if request.method != "GET" and signed_service(request) in SCHEDULING_SERVICES:
            self._schedule_changes.notify()
        return response

    def _step_functions(self, action: str, request: Request) -> Response:
        headers = [("Content-Type", JSON_10), ("x-amzn-RequestId", str(uuid.uuid4()))]
        try:
            signed = signed_region(request)
            if signed and signed != self._region:
                reason = f"Credential should be scoped to a valid region, not '{signed}'."
                raise ServiceError(
                    "InvalidSignatureException", f"{reason} The state machines here are in {self._region}."
                )
            try:
                body = strict_json.loads(request.body or b"{}")
            except strict_json.UnreadableError as error:
                raise ServiceError("SerializationException", f"The request body can't be read: {error}.") from None
            if not isinstance(body, dict):
                raise ServiceError("SerializationException", "The request body isn't a JSON object.")
            answer = self._service.handle(action, body)
        except ServiceError as error:
            return Response(error.http_status, headers, json.dumps(error.body()).encode())
        return Response(200, headers, json.dumps(answer, separators=(",", ":")).encode())


def endpoint_server(
    respond: Callable[[Request], Response], listener: socket.socket, hosts: AllowedHosts, pages: AllowedOrigins
) -> HttpServer:
    """Return a server of the endpoint; it answers once `serve_forever` is called.

    Args:
        respond: Answers the requests that are let through.
        listener: A listening socket on the loopback interface.
        hosts: The hosts that requests may name.
        pages: The web pages that may send requests. Deployed REST APIs have CORS settings of their own.
    """

    class EndpointConnection(HttpConnection):
        max_body_bytes = MAX_BODY_BYTES
        allowed_hosts = hosts

        def admit(self, request: Request) -> None:
            super().admit(request)
            refusal = None if names_an_api(request) else pages.refusal(request)
            if refusal is not None:
                raise Malformed(403, refusal, request)

        def respond(self, request: Request) -> Response:
            if names_an_api(request):
                return respond(request)
            return pages.readable(request, pages.preflight(request) or respond(request))

        def refuse(self, status: int, detail: str, request: Request | None) -> Response:
            code = _ERROR_CODES.get(status, "InternalFailure" if status >= 500 else "BadRequest")
            return error_response(request, status, code, detail)

    return HttpServer(listener.getsockname(), EndpointConnection, listener)
