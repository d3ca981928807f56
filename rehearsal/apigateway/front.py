"""Answers requests to REST APIs that were deployed to the local cloud.

As on AWS, a request names the API by its host, `<api id>.execute-api.<anything>`. Clients that can't choose the host
use the path `/_aws/execute-api/<api id>/<stage>/...`.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import re
import threading
import uuid
from dataclasses import replace
from typing import Any

from localcloud.deployments import PATH_PREFIX
from localcloud.functions import FunctionRegistry
from localcloud.http_messages import Request, Response
from localcloud.workers import InvocationResult, WorkerPool
from rehearsal.apigateway import events, mapping
from rehearsal.apigateway.authorizer import Refused, authorize
from rehearsal.apigateway.definition import Answer, Api, Operation, snapshot
from rehearsal.apigateway.events import Call

MAX_BODY_BYTES = 10 * 1024 * 1024
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_HOST = re.compile(r"^([a-z0-9]+)\.execute-api\.")
_DEPLOYED = "_localcloud_snapshot"  # the attribute of moto's Deployment with the snapshot of its API

_STATUSES = {
    "MISSING_AUTHENTICATION_TOKEN": 403,
    "UNAUTHORIZED": 401,
    "REQUEST_TOO_LARGE": 413,
    "INTEGRATION_TIMEOUT": 504,
    "DEFAULT_5XX": 500,
}


def keep_snapshot(api: Any, deployment: Any) -> None:
    """Keep a snapshot of moto's `RestAPI` with its `Deployment`."""
    setattr(deployment, _DEPLOYED, snapshot(api))


class _GatewayError(Exception):
    """API Gateway itself answers the request, with the gateway response of this kind."""

    def __init__(self, kind: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status or _STATUSES[kind]


class Front:
    """The deployed REST APIs of one account and region.

    Args:
        registry: Finds the functions behind integrations.
        pool: Invokes them.
        account: The account whose APIs are served.
        region: The region whose APIs are served.
    """

    def __init__(self, registry: FunctionRegistry, pool: WorkerPool, account: str, region: str) -> None:
        self._registry = registry
        self._pool = pool
        self._account = account
        self._region = region

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        api: Api | None = None
        try:
            call, api = self._find(request, request_id)
            response = self._answer(call, api)
        except _GatewayError as error:
            response = _gateway_response(error, api, request_id)
        headers = [*response.headers, ("x-amzn-RequestId", request_id)]
        return Response(response.status, headers, response.body)

    def _find(self, request: Request, request_id: str) -> tuple[Call, Api]:
        path, _, query = request.target.partition("?")
        if path.startswith(PATH_PREFIX):
            api_id, _, rest = path.removeprefix(PATH_PREFIX).partition("/")
        else:
            host = _HOST.match(request.headers.get("host", "").lower())
            api_id, rest = host[1] if host else "", path.removeprefix("/")
        stage_name, _, inner = rest.partition("/")
        found = self._stage(api_id, stage_name)
        if found is None:
            raise _GatewayError("MISSING_AUTHENTICATION_TOKEN", "Forbidden")
        stage, api = found
        call = Call(
            request=request,
            request_id=request_id,
            api_id=api_id,
            account=self._account,
            stage=stage_name,
            path="/" + inner,
            query=query,
            route="",
            parameters={},
            variables=stage.variables or {},
        )
        return call, api

    def _stage(self, api_id: str, stage_name: str) -> tuple[Any, Api] | None:
        from moto.apigateway.models import apigateway_backends

        api = apigateway_backends[self._account][self._region].apis.get(api_id)
        stage = api.stages.get(stage_name) if api else None
        deployment = api.deployments.get(stage.deployment_id or "") if api and stage else None
        deployed = getattr(deployment, _DEPLOYED, None)
        return (stage, deployed) if deployed is not None else None

    def _answer(self, call: Call, api: Api) -> Response:
        request = call.request
        try:
            match = api.routes.match_route(call.path)
        except ValueError:
            raise _GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token") from None
        operation = api.operation(match.route, request.method)
        if operation is None:
            raise _GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        if len(request.body) > MAX_BODY_BYTES:
            raise _GatewayError("REQUEST_TOO_LARGE", "Request Too Long")
        claims = _claims(operation, request)
        if operation.kind == "MOCK":
            return _mock(operation, call)
        if operation.kind != "AWS_PROXY" or operation.function is None:
            raise _GatewayError(
                "DEFAULT_5XX", f"Integrations of type {operation.kind} are not served on this machine", 501
            )
        call = replace(call, route=match.route, parameters=match.captured)
        event = events.proxy_event(call, operation.resource_id, claims, api.binary_media_types)
        result = self._invoke(api.id, call, operation, event)
        try:
            if result.error:
                raise events.MalformedResult
            return events.proxy_response(result.payload, request.headers.get("accept", ""), api.binary_media_types)
        except events.MalformedResult:
            raise _GatewayError("DEFAULT_5XX", "Internal server error", 502) from None

    def _invoke(self, api_id: str, call: Call, operation: Operation, event: dict[str, Any]) -> InvocationResult:
        """Return the function's result. The function isn't stopped at the integration's timeout."""
        assert operation.function is not None
        spec = self._registry.resolve(operation.function)
        source = f"arn:aws:execute-api:{self._region}:{self._account}:{api_id}/{call.stage}/{call.request.method}"
        if spec is None or not _permitted(operation.function, self._account, self._region, source + call.route):
            raise _GatewayError("DEFAULT_5XX", "Internal server error")
        done = threading.Event()
        results: list[InvocationResult] = []

        def on_done(result: InvocationResult) -> None:
            results.append(result)
            done.set()

        self._pool.invoke(spec, json.dumps(event).encode(), on_done)
        if not done.wait(operation.timeout):
            raise _GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        return results[0]


def _claims(operation: Operation, request: Request) -> dict[str, str] | None:
    if operation.user_pools is None:
        return None
    try:
        return authorize(request.headers.get(operation.token_header, ""), operation.user_pools)
    except Refused as refused:
        raise _GatewayError("UNAUTHORIZED", str(refused)) from None


def _permitted(function_arn: str, account: str, region: str, source: str) -> bool:
    """Return whether the function's policy allows API Gateway to invoke it."""
    from moto.awslambda.models import lambda_backends

    with contextlib.suppress(Exception):  # moto raises what its API answers
        function = lambda_backends[account][region].get_function(function_arn)
        policy = function.policy.get_policy()["Policy"]
        for statement in (json.loads(policy) if isinstance(policy, str) else policy)["Statement"]:
            principal = statement.get("Principal", {})
            service = principal.get("Service") if isinstance(principal, dict) else principal
            if service == "apigateway.amazonaws.com" and fnmatch.fnmatchcase(source, _source_pattern(statement)):
                return True
    return False


def _source_pattern(statement: dict[str, Any]) -> str:
    conditions = statement.get("Condition", {})
    for operator in ("ArnLike", "ArnEquals", "StringLike", "StringEquals"):
        for key, value in conditions.get(operator, {}).items():
            if key.lower() == "aws:sourcearn":
                return str(value).replace("[", "[[]")
    return "*"


def _mock(operation: Operation, call: Call) -> Response:
    for answer in operation.mock:
        variables = {"context.requestId": call.request_id}
        headers = mapping.headers(answer, "method.response.header.", variables)
        kind, template = next(iter(answer.templates.items()), ("application/json", ""))
        body = mapping.fill(template or "", variables)
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", kind))
        return Response(int(answer.status or 200), headers, body.encode())
    raise _GatewayError("DEFAULT_5XX", "Internal server error")


def _gateway_response(error: _GatewayError, api: Api | None, request_id: str) -> Response:
    """Return API Gateway's own answer, as the API has customized it."""
    kinds = (error.kind, "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX")
    worded = api.gateway_responses if api else {}
    answer = next((worded[kind] for kind in kinds if kind in worded), Answer(None, {}, {}))
    variables = {
        "context.requestId": request_id,
        "context.error.message": error.message,
        "context.error.messageString": json.dumps(error.message),
        "context.error.responseType": error.kind,
    }
    headers = mapping.headers(answer, "gatewayresponse.header.", variables)
    template = answer.templates.get("application/json", mapping.DEFAULT_TEMPLATE)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    headers.append(("x-amzn-ErrorType", "".join(part.capitalize() for part in error.kind.split("_")) + "Exception"))
    return Response(int(answer.status or error.status), headers, mapping.fill(template, variables).encode())
