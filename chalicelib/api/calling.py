"""Calls functions and plugins' routes over HTTP, here or where the gateway in front of the application has them run.

On Lambda, they run in the process that answers the request. A gateway on a developer's machine may hand its own
`FunctionCaller` along with the Lambda context, as `context.function_caller`.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.api.http import Answer, Call
from chalicelib.errors import DomainError, Invalid, caller_error
from chalicelib.functions import Function
from chalicelib.functions.loading import load
from chalicelib.functions.serialising import dump, valid_text
from chalicelib.functions.signature import ValidationError
from chalicelib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chalicelib.functions.describing import Description
    from chalicelib.plugins import Plugin

TEXT = "text/plain; charset=utf-8"


class FunctionCaller(Protocol):
    """Runs functions and plugins' routes for the API."""

    def call(self, function: Function, event: dict[str, Any], context: Any) -> Answer:
        """Return what a function answers.

        Args:
            function: The function.
            event: The proxy event of API Gateway.
            context: The Lambda context of the request.

        Raises:
            DomainError: The failure, as the caller may see it.
        """

    def call_route(self, plugin: Plugin, key: str, call: Call) -> Answer:
        """Return what a plugin's route answers.

        Args:
            plugin: The plugin.
            key: The route, as in the plugin's `routes`.
            call: The request.

        Raises:
            DomainError: The failure, as the caller may see it.
        """

    def describe(self, known: Iterable[Function]) -> list[Description]:
        """Describe functions, in their order."""


class FunctionFailed(DomainError):
    """A function or a plugin's route failed on this machine; the message says where.

    `is_logged` says whether the log has it already, with the traceback.
    """

    is_logged = False


class InProcess:
    """Runs functions and plugins' routes in this process."""

    def call(self, function: Function, event: dict[str, Any], context: Any) -> Answer:
        """Return what a function answers.

        Args:
            function: The function.
            event: The proxy event of API Gateway.
            context: The Lambda context of the request.

        Raises:
            FunctionFailed: The function failed, and this is not AWS. There, its exception itself is raised.
        """
        with _failing(str(function.path), lambda error: failed(function, error)):
            return answer_of(function, event, context)

    def call_route(self, plugin: Plugin, key: str, call: Call) -> Answer:
        """Return what a plugin's route answers.

        Args:
            plugin: The plugin.
            key: The route, as in the plugin's `routes`.
            call: The request.

        Raises:
            FunctionFailed: The route failed, and this is not AWS. There, its exception itself is raised.
        """
        from chalicelib.api import plugins

        with _failing(f"plugin {plugin.name}: {key}", lambda error: route_failed(plugin.name, key, error)):
            return plugins.answer_of(plugin, key, call)

    def describe(self, known: Iterable[Function]) -> list[Description]:
        """Describe functions, in their order."""
        from chalicelib.functions.describing import describe

        return [describe(function, developing=not settings.on_lambda) for function in known]


IN_PROCESS = InProcess()


def caller_of(call: Call) -> FunctionCaller:
    """Return what runs the functions of a request."""
    caller: FunctionCaller = getattr(call.context, "function_caller", None) or IN_PROCESS
    return caller


@contextmanager
def _failing(who: str, describe: Callable[[BaseException], FunctionFailed]) -> Iterator[None]:
    """Raise what the caller may see, and nothing that ends the process, which serves others."""
    try:
        yield
    except BaseException as error:
        if caller_error(error) is not None:
            raise
        if not settings.on_lambda:
            raise describe(error) from error
        if not isinstance(error, Exception):
            raise RuntimeError(f"{who} raised {error!r}") from error
        raise


def failed(function: Function, error: BaseException) -> FunctionFailed:
    """Return the description of a failure for a developer: file, line and message."""
    from chalicelib.functions.failures import describe_failure

    return FunctionFailed(f"The function {function.name!r} failed: {describe_failure(function, error)}")


def route_failed(plugin: str, key: str, error: BaseException) -> FunctionFailed:
    """Return the description of the failure of a plugin's route for a developer: file, line and message."""
    from chalicelib.functions.failures import describe_error
    from chalicelib.plugins import HookError

    reason = str(error) if isinstance(error, HookError) else f"plugin {plugin}: {key}: {describe_error(error)}"
    return FunctionFailed(f"The route failed: {reason}.")


def answer_of(function: Function, event: dict[str, Any], context: Any) -> Answer:
    """Call a function, of either style, in this process, and return its answer.

    Args:
        function: The function.
        event: The proxy event of API Gateway.
        context: The Lambda context.

    Raises:
        Invalid: The body does not fit the parameters of a typed function.
        BaseException: What the function raises.
    """
    signature = load(function).signature
    if not signature.typed:
        return _lambda_answer(signature.call_with_event(event, context))
    from chalicelib.api.reading import json_object

    try:
        return Answer(dump(signature.call_with_input(json_object(_body(event), None, digits=True))))
    except ValidationError as error:
        detail = f"The body does not fit the function {function.name!r}: {error}."
        raise Invalid(detail, errors=error.errors) from None


def proxy_event(call: Call) -> dict[str, Any]:
    """Return the event as API Gateway sends it; Chalice's local gateway omits parts."""
    event = dict(call.event)
    context = dict(event.get("requestContext") or {})
    if call.context is not None:
        context.setdefault("requestId", call.request_id)
    context["authorizer"] = {**(context.get("authorizer") or {}), "claims": _claims(call, context)}
    many = event.get("multiValueQueryStringParameters")
    headers = dict(event.get("headers") or {})
    defaults = {
        "resource": context.get("resourcePath"),
        "path": context.get("path"),
        "httpMethod": context.get("httpMethod"),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} if many else None,
        "isBase64Encoded": False,
    }
    event = {**defaults, **event, "headers": headers, "requestContext": context}
    if event["isBase64Encoded"]:  # by the deployed API, whatever the body is
        event.update(_text_body(call.body))
    elif isinstance(event.get("body"), bytes):
        event.update(_text_body(event["body"]))
    return event


def _claims(call: Call, context: dict[str, Any]) -> dict[str, Any]:
    """Return the caller's claims: API Gateway's, or those of the user whose token was verified here."""
    given = (context.get("authorizer") or {}).get("claims")
    if given and given.get("sub") == call.user.id:
        return dict(given)
    user = call.user
    return {
        "sub": user.id,
        "cognito:username": user.username,
        "cognito:groups": list(user.groups),
        "email": user.email,
    }


def _text_body(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode() or None, "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _body(event: dict[str, Any]) -> bytes:
    """Return the bytes of a proxy event's body."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _lambda_answer(result: Any) -> Answer:
    """Convert a result: a dict with `statusCode` is an HTTP response, as for API Gateway; anything else is JSON."""
    if not (isinstance(result, dict) and "statusCode" in result):
        return Answer(dump(result))
    headers: dict[str, Any] = {str(k): str(v) for k, v in (result.get("headers") or {}).items()}
    headers |= {str(k): [str(v) for v in vs] for k, vs in (result.get("multiValueHeaders") or {}).items()}
    headers = {("Content-Type" if name.lower() == "content-type" else name): v for name, v in headers.items()}
    body = result.get("body")
    if result.get("isBase64Encoded") and isinstance(body, str):
        body = base64.b64decode(body)
    elif isinstance(body, bytes):
        headers = {"Content-Type": "application/octet-stream", **headers}
    elif isinstance(body, str):
        valid_text(body)
        headers = {"Content-Type": "application/json" if _is_json(body) else TEXT, **headers}
    else:
        body = "" if body is None else dump(body)
    return Answer(body, int(result["statusCode"]), headers)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
