"""Answers requests, in what all routes have in common: identity, usage, problems, CORS, request ids."""

from __future__ import annotations

import base64
import logging
import time
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib.api import cors
from chalicelib.api.http import Answer, Call
from chalicelib.settings import settings

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.api.routing import Route
    from chalicelib.errors import Problem

_log = logging.getLogger(__name__)


def answer(route: Route, request: Request, params: dict[str, str]) -> Response:
    """Return the answer of a route, or the problem document of what it raised."""
    request_id, origin = _request_id(request), request.headers.get("origin")
    began = time.time()
    try:
        answered = _answer(route, Call(request, params, request_id))
    except Exception as error:
        from chalicelib.errors import DomainError, problem_of

        problem = problem_of(error, request_id)
        unexpected = problem.status == 500 or not isinstance(error, DomainError)
        if unexpected and not getattr(error, "is_logged", False):
            _log.error("%s %s failed, request id %s", route.method, route.path, request_id, exc_info=True)
        _export_span(route, request_id, began, Answer(None, problem.status))
        return _problem_response(problem, origin)
    _export_span(route, request_id, began, answered)
    return _response(answered, origin, request_id)


def _export_span(route: Route, request_id: str, began: float, answered: Answer) -> None:
    if route.public or not settings.exports_traces:
        return
    from chalicelib.telemetry import requests

    now = time.time()
    request = requests.Answered(route.method, route.path, request_id, answered.status, answered.body, began, now)
    requests.export(request)


def answer_preflight(request: Request, methods: list[str]) -> Response:
    """Answer `OPTIONS` of a path that accepts `methods`."""
    return Response("", {**cors.preflight(request.headers.get("origin"), methods)}, 204)


def problem_of_chalice(request: Request | None, refusal: Response) -> Response:
    """Turn Chalice's own refusal into a problem document."""
    from chalicelib.errors import Problem

    origin = request.headers.get("origin") if request is not None else None
    headers = {"Allow": str(refusal.headers["Allow"])} if "Allow" in refusal.headers else {}
    problem = Problem(refusal.status_code, refusal.body["Message"], _request_id(request), headers=headers)
    return _problem_response(problem, origin)


def _answer(route: Route, call: Call) -> Answer:
    if route.public or (route.key is not None and call.query(route.key) is not None):
        return route.view(call)
    from chalicelib import identity, usage  # public routes need neither, and start sooner

    authorizer = call.event.get("requestContext", {}).get("authorizer") or {}
    user = identity.authenticate(call.headers, authorizer.get("claims"))
    call.set_user(user)
    with usage.call(user.id) as counted:
        counted.count()
        return route.view(call)


def _request_id(request: Request | None) -> str:
    """Return Lambda's id of the invocation, which is in its log lines."""
    from_lambda = getattr(getattr(request, "lambda_context", None), "aws_request_id", None)
    if from_lambda:
        return str(from_lambda)
    from uuid import uuid4

    return str(uuid4())


class _ProxyResponse(Response):
    """A response that is binary if its body is. Chalice decides by the media type, and fails if the two differ."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        response = super().to_dict()
        if isinstance(self.body, bytes):
            response |= {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return response


def _response(answer: Answer, origin: str | None, request_id: str) -> Response:
    headers = {"Content-Type": "application/json", **cors.headers(origin), "X-Request-Id": request_id, **answer.headers}
    return _ProxyResponse(answer.text(), headers, answer.status)


def _problem_response(problem: Problem, origin: str | None) -> Response:
    from chalicelib.errors import PROBLEM_JSON

    headers: dict[str, str | list[str]] = {
        "Content-Type": PROBLEM_JSON,
        **cors.headers(origin),
        "X-Request-Id": problem.request_id,
        **problem.headers,
    }
    return Response(problem.body(), headers, problem.status)
