"""Moto's server application behind our HTTP server: every AWS service but Step Functions and Lambda's Invoke."""

from __future__ import annotations

import io
import json
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError
from moto.core.common_models import BaseModel
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.core.request import Request as MotoRequest
from moto.moto_server import werkzeug_app
from werkzeug.exceptions import HTTPException

from localcloud.aws_errors import error_response
from localcloud.deployments import extend
from localcloud.dynamodb import ItemOperations, Scratch, Shelf
from localcloud.functions import FunctionRegistry
from localcloud.http_messages import Request, Response
from localcloud.json_requests import json_refusal
from localcloud.lambda_api import LambdaApi
from localcloud.moto_services import JWKS_PATH_END, MotoService, MotoServices
from localcloud.query_requests import query_refusal
from localcloud.refusals import refusal, unknown_service
from localcloud.state.database import NotDurable, Ticket
from localcloud.state.kept import Kept
from localcloud.state.operations import changes
from localcloud.state.tracking import is_recording, recording
from localcloud.user_names import with_known_name


def _new(cls: type[BaseModel], *_arguments: Any, **_named: Any) -> BaseModel:
    return super(BaseModel, cls).__new__(cls)


# For its own page of data, moto would keep all objects that there have ever been: messages, versions, items.
BaseModel.__new__ = _new  # type: ignore[method-assign]
werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # moto lets every page in
# These wait inside the request: for messages, for functions, for other services.
_CONCURRENT_PACKAGES = frozenset({"sqs", "awslambda", "cloudformation"})

# Flask's own errors are HTML, where clients expect the service's protocol.
_FLASK_ERRORS = {
    404: ("UnknownOperationException", "The service has no operation with this path here."),
    405: ("MethodNotAllowed", "The service has no operation with this method and path."),
}

_turn = threading.local()  # .held: whether this thread's request is at turn, while others of its service wait


def forget_everything() -> None:
    """Empty moto's services, which live as long as the process: the next cloud in it begins with none."""
    from moto.core.base_backend import BackendDict

    BackendDict.reset()


class MotoApplication:
    """Answers requests by moto.

    Moto's back ends read, change and write back without locks: two UpdateItem at once would lose one. So requests
    to the same service take turns. What a request has changed is handed to `kept`, if there is one, while it is still
    its turn; the answer waits until that is durable, while others have their turn.
    """

    def __init__(self, port: int, account: str, kept: Kept | None = None, *, own_api: bool = False) -> None:
        """Prepare.

        Args:
            port: Where the endpoint is served.
            account: The account that requests belong to.
            kept: Makes changes durable; None keeps nothing.
            own_api: Whether to serve moto's own routes, which show and reset everything.
        """
        self._port = port
        self._own_api = own_api
        self._account = account
        self._kept = kept
        self._locks: dict[str, AbstractContextManager[Any]] = {name: nullcontext() for name in _CONCURRENT_PACKAGES}
        endpoint = f"http://127.0.0.1:{port}"
        self._services = MotoServices(lambda name: extend(name, endpoint), self._restore)
        self._shelf = kept.shelf if kept is not None else Shelf(Scratch())
        self._items = ItemOperations(account, self._shelf)

    def respond(self, request: Request) -> Response:
        """Answer `request` as AWS would."""
        try:
            service = self._services.find(request, self._environ)
        except ModuleNotFoundError as error:  # what only deployments need is not installed for `make run`
            return _not_installed(request, error)
        except Exception:  # moto reads the service and the region from headers, and raises whatever it stumbles over
            return unknown_service(request)
        if service.name == "moto_api" and not self._own_api:
            return error_response(request, 404, "NotFound", "Moto's own routes aren't served here.")
        refused = refusal(service.package, request)
        if refused is not None:
            return refused
        if self._kept is None or not changes(request):
            with self._turn_of(service.package):
                return self._answer(service, request)
        tickets: list[Ticket] = []
        with recording() as touched:
            with self._turn_of(service.package):
                response = self._answer(service, request)
                own = [backend for backend in touched.values() if _package_of(backend) == service.package]
                tickets = [ticket for backend in own for ticket in self._kept.save(backend, request)]
            tickets += self._save(touched.keys() - {id(backend) for backend in own}, touched)
        try:
            self._kept.wait(tickets)
        except NotDurable as error:
            return _not_kept(request, error)
        return response

    def _answer(self, service: MotoService, request: Request) -> Response:
        if service.package == "cognitoidp":
            request = with_known_name(request, self._account)
        if service.package != "dynamodb":
            return _answer(service, request, self._environ(request))
        answer = self._items.respond(request)
        if answer is None:
            with self._shelf.lent(request):
                answer = _answer(service, request, self._environ(request))
        if self._kept is None:
            self._shelf.settle()
        return answer

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep what is changed inside without a request: by deliveries, and by schedules that end."""
        if self._kept is None or is_recording():  # a request's own recording has this too
            yield
            return
        with recording() as touched:
            yield
            tickets = self._save(list(touched), touched)
        with suppress(NotDurable):  # the database has said so; there is nobody to answer
            self._kept.wait(tickets)

    def _save(self, identities: Iterable[int], touched: Mapping[int, Any]) -> list[Ticket]:
        assert self._kept is not None
        tickets = []
        for identity in identities:
            backend = touched[identity]
            with self._turn_of(_package_of(backend)):
                tickets += self._kept.save(backend, None)
        return tickets

    @contextmanager
    def _turn_of(self, package: str) -> Iterator[None]:
        lock = self._locks.get(package)
        if lock is None:
            lock = self._locks.setdefault(package, threading.Lock())
        with lock:
            outer = getattr(_turn, "held", False)
            _turn.held = outer or package not in _CONCURRENT_PACKAGES
            try:
                yield
            finally:
                _turn.held = outer

    def _restore(self, backends: Any) -> None:
        if self._kept is not None:
            self._kept.load(f"{backends.backend.__module__}:{backends.backend.__name__}")

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


def _package_of(backend: Any) -> str:
    return str(type(backend).__module__.split(".")[1])


def _answer(service: MotoService, request: Request, environ: dict[str, Any]) -> Response:
    """Call the service: its handler where it is known, the WSGI application where paths decide."""
    if service.name == "cognito-idp" and request.method == "GET" and request.target.endswith(JWKS_PATH_END):
        return _answer_by(_serve_keys, request, environ)
    if service.handler is not None and request.target == "/" and request.method == "POST":
        return _answer_by(service.handler, request, environ)
    return _call(service.application, environ, request)


def _serve_keys(*arguments: Any) -> Any:
    from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse

    return CognitoIdpJsonWebKeyResponse.serve_json_web_key(*arguments)


def _answer_by(handler: Callable[..., Any], request: Request, environ: dict[str, Any]) -> Response:
    """Call one of moto's handlers as its Flask applications do, without Flask."""
    sent = _MotoRequest(environ)
    try:
        result = handler(sent, sent.raw_url, dict(sent.headers))
    except NotImplementedError as error:
        return _not_implemented(request, error)
    except ClientError as error:
        result = 400, {}, error.response["Error"]["Message"]
    except HTTPException as error:
        result = error.code or 500, dict(error.get_headers()), error.get_body()
    except Exception:
        return _failed(request)
    status, headers, body = result if len(result) == 3 else (200, {}, result)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    named = [(name, str(value)) for name, value in headers.items() if name.lower() != "content-length"]
    if not any(name.lower() == "content-type" for name, _ in named):
        named.append(("Content-Type", "text/html; charset=utf-8"))  # what Flask says
    return Response(int(status), named, content)


class _MotoRequest(MotoRequest):
    """A request that a server has received, as moto asks for it."""

    from_wsgi_server = True


def _not_kept(request: Request, reason: NotDurable) -> Response:
    """The answer to a change that is not durable. Clients don't try again for 507, which would change it twice."""
    message = f"The change could not be written to disk ({reason}): it will be lost when the local cloud stops."
    return error_response(request, 507, "InternalFailure", message)


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
        return _not_implemented(request, error)
    except Exception:
        return _failed(request)
    if status in _FLASK_ERRORS and body.startswith(b"<!doctype html>"):
        return error_response(request, status, *_FLASK_ERRORS[status])
    return Response(status, headers, body)


def _not_implemented(request: Request, error: NotImplementedError) -> Response:
    """501, because clients repeat a request for up to a minute when a server fails."""
    return error_response(request, 501, "NotImplemented", f"The local cloud uses moto for this service: {error}")


def _failed(request: Request) -> Response:
    """The answer to what moto does not expect: the next try would end the same way."""
    if (refused := query_refusal(request) or json_refusal(request)) is not None:
        return refused
    traceback.print_exc()
    message = "The local cloud uses moto for this service, which failed at this request; the log says why."
    return error_response(request, 501, "NotImplemented", message)


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
