"""API Gateway in front of the application on this machine: Chalice's local gateway with what it lacks.

Chalice's own lets every token through, drops the connection on a malformed one, ignores chunked bodies and takes 40 ms
for an answer on a kept connection. `install` puts `ProjectServer` in the place of Chalice's server, for `make run` and
for `chalice local` alike.
"""

from __future__ import annotations

import base64
import functools
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qs

import chalice.local
from chalice.app import Chalice, CognitoUserPoolAuthorizer
from chalice.config import Config
from chalice.local import LambdaContext, LocalDevServer, LocalGateway, MatchResult

from chalicelib import identity
from chalicelib.api import cors
from chalicelib.api.calling import FunctionCaller
from chalicelib.errors import PROBLEM_JSON, DomainError, MethodNotAllowed, NotFound, Problem, problem_of
from chalicelib.settings import settings
from localcloud.browsers import AllowedHosts
from localcloud.http_messages import Request, Response, is_token
from localcloud.http_server import HttpConnection, HttpServer
from localcloud.project import API_FUNCTION
from localcloud.settings import SESSION_FILE, STATE_FOLDER
from localcloud.story import RequestServed
from localcloud.worker_caller import WorkerCaller

MAX_BODY_BYTES = 10 * 1024 * 1024
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
GATEWAY_MILLISECONDS = 29_000
MAX_ANSWER_BYTES = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

_log = logging.getLogger("chalicelib.gateway")

_NEW_TOKEN = f"The demo user's current one is `idToken` in {STATE_FOLDER}/{SESSION_FILE}."

Tell = Callable[[RequestServed], None]


def tell_nobody(_: RequestServed) -> None:
    """Keep to oneself that a request was answered."""


class RouteIndex:
    """Finds the route of a path: literal segments before parameters, whatever the number of routes."""

    def __init__(self, routes: list[str]) -> None:
        self._literal = {route for route in routes if "{" not in route}
        self._by_length: dict[int, list[tuple[str, list[str]]]] = {}
        # `{` sorts after letters and digits, so the more literal route comes first.
        for route in sorted(route for route in routes if "{" in route):
            segments = route.split("/")
            self._by_length.setdefault(len(segments), []).append((route, segments))

    def match_route(self, url: str) -> MatchResult:
        """The route of `url`, as API Gateway matches it. Raises ValueError where there is none."""
        path, _, query = url.partition("?")
        if path != "/" and path.endswith("/"):
            path = path[:-1]
        parameters = parse_qs(query, keep_blank_values=True) if query else {}
        if path in self._literal:
            return MatchResult(path, {}, parameters)
        segments = path.split("/")
        for route, expected in self._by_length.get(len(segments), ()):
            captured = {}
            for segment, name in zip(segments, expected, strict=True):
                if name.startswith("{"):
                    if not segment:
                        break
                    captured[name[1:-1]] = segment
                elif segment != name:
                    break
            else:
                return MatchResult(route, captured, parameters)
        raise ValueError(f"No matching route found for: {url}")


class Context(LambdaContext):
    """The Lambda context of a request, with what runs functions (see `chalicelib.api.calling`)."""

    def __init__(self, config: Config, function_caller: FunctionCaller | None) -> None:
        super().__init__(config.function_name, config.lambda_memory_size, GATEWAY_MILLISECONDS)
        self.invoked_function_arn = settings.names.function_arn(API_FUNCTION)
        self.function_caller = function_caller


class Gateway(LocalGateway):
    """Routes, authorizes and calls the application. One serves all connections.

    Args:
        app_object: The application.
        config: Its configuration.
        tell: Is told of each answer.
        function_caller: What runs functions; None for the process of the application.
    """

    def __init__(
        self,
        app_object: Chalice,
        config: Config,
        tell: Tell = tell_nobody,
        function_caller: FunctionCaller | None = None,
    ) -> None:
        super().__init__(app_object, config)
        self._tell = tell
        self._function_caller = function_caller
        self.event_converter._route_matcher = RouteIndex(list(app_object.routes))  # type: ignore[assignment]

    def respond(self, request: Request) -> Response:
        """Answer one request, and tell that; every refusal is a problem document."""
        began = time.perf_counter()
        claims: dict[str, Any] = {}
        response = self._respond(request, claims)
        user = claims.get("email") or claims.get("sub")
        self.tell(request, response.status, (time.perf_counter() - began) * 1000, user)
        return response

    def tell(self, request: Request | None, status: int, milliseconds: float = 0.0, user: str | None = None) -> None:
        """Tell that a request was answered. The query is left out: it may contain what is nobody else's business."""
        if request is not None and request.method == "OPTIONS" and status < 400:
            return  # a browser asks so before each request of a page
        method = request.method if request else "-"
        path = request.target.partition("?")[0] if request else "-"
        self._tell(RequestServed(time.time(), method, path, status, milliseconds, user))

    def _respond(self, request: Request, claims: dict[str, Any]) -> Response:
        """Answer a request, and put what a valid token says into `claims`."""
        context = Context(self._config, self._function_caller)
        try:
            event = self._event(request)
            authorizer = self._route(event).authorizer
            if isinstance(authorizer, CognitoUserPoolAuthorizer):
                claims.update(_verified(request.headers.get("authorization", "")))
                event["requestContext"]["authorizer"] = {"claims": claims}
        except DomainError as error:
            return problem_response(problem_of(error, context.aws_request_id), request)
        try:
            return _converted(self._app_object(event, context))
        except Exception:
            _log.exception("%s %s failed, request id %s", request.method, request.target, context.aws_request_id)
            detail = f"The application failed. Its log has the reason under the request id {context.aws_request_id}."
            return problem_response(Problem(502, detail, context.aws_request_id), request)

    def _event(self, request: Request) -> dict[str, Any]:
        """The proxy event of the request. Raises NotFound."""
        target = request.target if request.target.startswith("/") else "/" + request.target
        try:
            event: dict[str, Any] = self.event_converter.create_lambda_event(
                method=request.method, path=target, headers=request.headers
            )
        except ValueError:
            path = target.partition("?")[0]
            raise NotFound(f"There is no path {path}. GET /openapi.json lists all.") from None
        event["requestContext"]["requestTimeEpoch"] = int(request.received_at * 1000)
        # As API Gateway hands repeated headers over: the last one, and the list of all.
        many: dict[str, list[str]] = {}
        for name, value in request.header_list:
            many.setdefault(name.lower(), []).append(value)
        event["headers"] |= {name: values[-1] for name, values in many.items()}
        event["multiValueHeaders"] = {name: many.get(name, [value]) for name, value in event["headers"].items()}
        try:
            event["body"] = request.body.decode() if request.body else None
        except UnicodeDecodeError:
            event["body"] = base64.b64encode(request.body).decode()
            event["isBase64Encoded"] = True
        return event

    def _route(self, event: dict[str, Any]) -> Any:
        path, method = event["requestContext"]["resourcePath"], event["requestContext"]["httpMethod"]
        methods = self._app_object.routes[path]
        if method not in methods:
            allowed = ", ".join(sorted(methods))
            error = MethodNotAllowed(f"{path} takes {allowed}, not {method}.")
            error.headers["Allow"] = allowed
            raise error
        return methods[method]


def _verified(token: str) -> dict[str, Any]:
    """Return the claims of a token; one that is old is told to be, with the way to a new one.

    Raises:
        Unauthorized: The token is missing or not accepted.
        Unavailable: The keys to verify it with could not be fetched.
    """
    try:
        return identity.verify_token(token)
    except identity.ForeignToken as error:
        why = "It is of another cloud, or of the time before `make reset` or a start with STATE=memory"
        raise identity.ForeignToken(f"{error} {why}. {_NEW_TOKEN}") from None
    except identity.ExpiredToken as error:
        raise identity.ExpiredToken(f"{error} {_NEW_TOKEN}") from None


def _converted(answer: dict[str, Any]) -> Response:
    """Convert Lambda's answer to a response.

    Raises:
        ValueError: API Gateway or Lambda would not accept the answer.
    """
    status = int(answer["statusCode"])
    if not 200 <= status <= 599:
        raise ValueError(f"The status {status} is none that an answer may have: 200 to 599.")
    headers = [(name, str(value)) for name, value in answer["headers"].items()]
    for name, values in answer.get("multiValueHeaders", {}).items():
        headers.extend((name, str(value)) for value in values)
    for name, _ in headers:
        if not is_token(name):
            raise ValueError(f"{name!r} cannot be a header's name.")
    body = answer.get("body") or ""
    content = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    if len(content) > MAX_ANSWER_BYTES:
        raise ValueError(f"The answer has {len(content)} bytes; Lambda takes {MAX_ANSWER_BYTES}.")
    return Response(status, headers, base64.b64decode(content) if answer.get("isBase64Encoded") else content)


def problem_response(problem: Problem, request: Request | None) -> Response:
    """A problem document with the headers that API Gateway's gateway responses have in this project."""
    headers = {
        "Content-Type": PROBLEM_JSON,
        **cors.headers(request.headers.get("origin") if request else None),
        "X-Request-Id": problem.request_id,
        **problem.headers,
    }
    return Response(problem.status, list(headers.items()), problem.body().encode())


class GatewayConnection(HttpConnection):
    """One connection to the API."""

    max_body_bytes = MAX_BODY_BYTES
    allowed_hosts = AllowedHosts()

    def __init__(self, request: Any, client_address: Any, server: HttpServer, gateway: Gateway) -> None:
        self._gateway = gateway
        self.allowed_hosts = AllowedHosts.from_environment()
        super().__init__(request, client_address, server)

    def respond(self, request: Request) -> Response:
        return self._gateway.respond(request)

    def refuse(self, status: int, detail: str, request: Request | None) -> Response:
        request_id = self._gateway._generate_lambda_context().aws_request_id
        self._gateway.tell(request, status)
        return problem_response(Problem(status, detail, request_id), request)


class ProjectServer(LocalDevServer):
    """Chalice's development server on `HttpServer`.

    `tell` is told of each request; `listener` is a socket that listens already.
    """

    server: HttpServer

    def __init__(  # noqa: PLR0913  (Chalice gives the first four)
        self,
        app_object: Chalice,
        config: Config,
        host: str,
        port: int,
        *,
        tell: Tell = tell_nobody,
        listener: socket.socket | None = None,
    ) -> None:
        gateway = Gateway(app_object, config, tell, WorkerCaller.from_environment(os.environ))

        def handler(request: Any, client_address: Any, server: HttpServer, **_: Any) -> GatewayConnection:
            return GatewayConnection(request, client_address, server, gateway)

        server_class = cast(Any, functools.partial(HttpServer, listener=listener))
        super().__init__(app_object, config, host, port, handler_cls=cast(Any, handler), server_cls=server_class)


def install(tell: Tell, listener: socket.socket | None = None) -> None:
    """Let `chalice.local.create_local_server` make a `ProjectServer`.

    Args:
        tell: Is told of each request, and must return at once.
        listener: The socket to serve on; None for one of Chalice's choice.
    """
    if listener is None:  # `chalice local`: `make run` looks after its process itself
        from localcloud.reloading import watch_sources_alone

        watch_sources_alone()
    server_class: Any = functools.partial(ProjectServer, tell=tell, listener=listener)
    chalice.local.LocalDevServer = server_class  # type: ignore[misc]
