"""Routes: what each has in common. Who is calling, counting the call, problems, CORS, request ids."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice, CognitoUserPoolAuthorizer, Request, Response

from chalicelib.api import cors
from chalicelib.api.http import Answer, Call
from chalicelib.errors import PROBLEM_JSON, DomainError, Problem, problem_of
from chalicelib.settings import settings

View = Callable[[Call], Answer]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the API."""

    method: str
    path: str
    view: View
    public: bool = False


def register(app: Chalice, routes: Iterable[Route]) -> None:
    """Serve `routes`, and the preflight of each path. All but public ones need a token of the stage's user pool."""
    authorizer = CognitoUserPoolAuthorizer("CognitoUserPool", provider_arns=[settings.user_pool_arn])
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
        app.route(
            route.path,
            methods=[route.method],
            name=route.view.__name__,
            authorizer=None if route.public else authorizer,
            content_types=[],  # API Gateway passes any; what a body must be is for the view to say
        )(_adapter(app, route))
    for path, allowed in methods.items():
        name = "preflight_" + path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace(".", "_")
        app.route(path, methods=["OPTIONS"], name=name, content_types=[])(_preflight(app, allowed))
    app.register_middleware(_problems_of_chalice, "http")


def _adapter(app: Chalice, route: Route) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        request = _current(app)
        request_id, origin = _request_id(request), request.headers.get("origin")
        try:
            answer = _answer(route, Call(request, params, request_id))
        except Exception as error:
            if not isinstance(error, DomainError):
                _log.exception("%s %s failed, request id %s", route.method, route.path, request_id)
            return _problem_response(problem_of(error, request_id), origin)
        return _response(answer, origin, request_id)

    view.__name__ = view.__qualname__ = route.view.__name__
    return view


def _answer(route: Route, call: Call) -> Answer:
    if route.public:
        return route.view(call)
    from chalicelib import identity, usage  # public routes do without, and start sooner

    authorizer = call.event.get("requestContext", {}).get("authorizer") or {}
    user = identity.authenticate(call.headers, authorizer.get("claims"))
    call.set_user(user)
    with usage.call(user.id) as counted:
        counted.count()
        return route.view(call)


def _preflight(app: Chalice, methods: list[str]) -> Callable[..., Response]:
    def preflight(**_: str) -> Response:
        return Response("", {**cors.preflight(_current(app).headers.get("origin"), methods)}, 204)

    return preflight


def _current(app: Chalice) -> Request:
    request = app.current_request
    if request is None:
        raise RuntimeError("a view was called outside of a request")
    return request


def _request_id(request: Request | None) -> str:
    """Lambda's id of the invocation, which its log lines carry."""
    from_lambda = getattr(getattr(request, "lambda_context", None), "aws_request_id", None)
    if from_lambda:
        return str(from_lambda)
    from uuid import uuid4

    return str(uuid4())


class _ProxyResponse(Response):
    """A response that is binary if its body is: Chalice goes by the media type, and fails where the two differ."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        response = super().to_dict()
        if isinstance(self.body, bytes):
            response |= {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return response


def _response(answer: Answer, origin: str | None, request_id: str) -> Response:
    headers = {"Content-Type": "application/json", **cors.headers(origin), "X-Request-Id": request_id, **answer.headers}
    return _ProxyResponse(answer.text(), headers, answer.status)


def _problem_response(problem: Problem, origin: str | None) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": PROBLEM_JSON,
        **cors.headers(origin),
        "X-Request-Id": problem.request_id,
        **problem.headers,
    }
    return Response(problem.body(), headers, problem.status)


def _problems_of_chalice(request: Request | None, get_response: Callable[[Any], Response]) -> Response:
    """Turn what Chalice itself refuses (a method that a path does not have) into a problem document."""
    response = get_response(request)
    body = response.body
    if not (isinstance(body, dict) and body.keys() == {"Code", "Message"}):
        return response
    origin = request.headers.get("origin") if request is not None else None
    headers = {"Allow": str(response.headers["Allow"])} if "Allow" in response.headers else {}
    return _problem_response(
        Problem(response.status_code, body["Message"], _request_id(request), headers=headers), origin
    )
