"""Moto's server application behind our HTTP server: every AWS service but Step Functions and Lambda's Invoke."""

from __future__ import annotations

import functools
import io
import json
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud.aws_errors import error_response
from localcloud.deployments import extend
from localcloud.functions import FunctionRegistry
from localcloud.http_messages import Request, Response
from localcloud.lambda_api import LambdaApi

werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # moto lets every page in
# These wait inside the request: for messages, for functions, for other services.
_CONCURRENT_SERVICES = frozenset({"sqs", "lambda", "cloudformation"})

_turn = threading.local()  # .held: whether this thread's request is at turn, while others of its service wait


def forget_everything() -> None:
    """Empty moto's services, which live as long as the process: the next cloud in it begins with none."""
    from moto.core.base_backend import BackendDict

    for backends in list(BackendDict._instances):  # type: ignore[misc]
        for of_account in list(backends.values()):
            of_account.reset()


class MotoApplication:
    """Answers requests by moto.

    Moto's back ends read, change and write back without locks: two UpdateItem at once would lose one. So requests
    to the same service take turns.
    """

    def __init__(self, port: int, account: str, *, own_api: bool = False) -> None:
        """Prepare.

        Args:
            port: Where the endpoint is served.
            account: The account that requests belong to.
            own_api: Whether to serve moto's own routes, which show and reset everything.
        """
        self._port = port
        self._own_api = own_api
        self._account = account
        self._locks: dict[str, threading.Lock] = {}
        self._dispatcher = DomainDispatcherApplication(
            functools.partial(_create_application, f"http://127.0.0.1:{port}")
        )

    def respond(self, request: Request) -> Response:
        """Answer `request` as AWS would."""
        environ = self._environ(request)
        try:
            application = self._dispatcher.get_application(environ)
        except ModuleNotFoundError as error:  # what only deployments need is not installed for `make run`
            return _not_installed(request, error)
        service = str(application.service)  # type: ignore[attr-defined]
        if service == "moto_api" and not self._own_api:
            return error_response(request, 404, "NotFound", "Moto's own routes aren't served here.")
        if service in _CONCURRENT_SERVICES:
            return _call(application, environ, request)
        with self._locks.setdefault(service, threading.Lock()):
            outer, _turn.held = getattr(_turn, "held", False), True
            try:
                return _call(application, environ, request)
            finally:
                _turn.held = outer

    def _environ(self, request: Request) -> dict[str, Any]:
        target = request.target
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path).encode().decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self._port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_X_MOTO_ACCOUNT_ID": self._account,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        preserved: dict[str, str] = {}
        for name, _ in request.header_list:
            lower = name.lower()
            if lower in ("content-length", "transfer-encoding"):
                continue
            if "_" in name:  # could pass for the header with dashes; only metadata of S3 objects may have them
                if should_preserve_original_header_name(name):
                    preserved[environ_key_for_header(name)] = name
                else:
                    continue
            environ[environ_key_for_header(name)] = request.headers[lower]
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
        return environ


def _create_application(endpoint: str, service: Any) -> Any:
    extend(service, endpoint)
    return create_backend_app(service)


def _not_installed(request: Request, error: ModuleNotFoundError) -> Response:
    message = f"This service needs the module {error.name}: run `make setup`, which installs what deployments need."
    return error_response(request, 501, "ServiceUnavailable", message)


def _call(application: Callable[..., Any], environ: dict[str, Any], request: Request) -> Response:
    status = 500
    headers: list[tuple[str, str]] = []

    def start_response(status_line: str, response_headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        nonlocal status, headers
        status, headers = int(status_line.split(" ", 1)[0]), response_headers

    try:
        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
    except NotImplementedError as error:
        # 501, because clients repeat a request for up to a minute when a server fails.
        return error_response(request, 501, "NotImplemented", f"The local cloud uses moto for this service: {error}")
    return Response(status, headers, body)


def run_lambdas_with(registry: FunctionRegistry, functions: LambdaApi) -> None:
    """Let moto's services invoke functions in workers, where moto would start containers.

    Topics, streams and buckets do not wait for the function, as on AWS: it may call the service that invoked it. Queues
    wait, since they keep the messages that a function has failed on.
    """
    from moto.awslambda.models import LambdaFunction

    def invoke(function: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
        spec = registry.resolve(function.function_arn)
        if spec is None:
            return '{"errorMessage": "The function cannot run here."}', True, ""
        payload = event if isinstance(event, str) else json.dumps({} if event is None else event)
        if getattr(_turn, "held", False):
            functions.run_async(spec, payload.encode())
            return "{}", False, ""
        result = functions.run(spec, payload.encode())
        return result.payload.decode("utf-8", "replace"), result.error is not None, result.log

    LambdaFunction._invoke_lambda = invoke  # type: ignore[method-assign,assignment]
