"""`/lib`: the library functions.

One route serves them all, so that a new function is served at the next call, cold starts do not grow with their number,
and API Gateway's quota of resources (300) does not matter.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib import functions
from chalicelib.api.http import Answer, Call
from chalicelib.api.paging import page_of
from chalicelib.errors import DomainError, Invalid, NotFound, caller_error
from chalicelib.flows.suggestions import suggestion
from chalicelib.functions import Function
from chalicelib.functions.loading import load
from chalicelib.functions.serialising import dump
from chalicelib.functions.signature import ValidationError
from chalicelib.settings import settings

TEXT = "text/plain; charset=utf-8"


def list_functions(call: Call) -> Answer:
    """Answer with the functions by name, with the schemas of their input and output."""
    from chalicelib.functions.describing import describe

    known = functions.served()
    names, more = page_of(call, known)
    return Answer({"functions": [describe(known[name]).to_json() for name in names], "count": len(names), **more})


class FunctionFailed(DomainError):
    """A function failed on this machine; the message says where."""


def call_function(call: Call) -> Answer:
    """Answer with what a function returns.

    Raises:
        NotFound: There is no such function.
        Invalid: The body does not fit the parameters.
        FunctionFailed: The function failed, and this is not AWS. There, its exception itself is raised.
    """
    name = call.param("function_name")
    function = functions.find(name)
    if function is None:
        hint = suggestion(name, functions.served())
        raise NotFound(f"There is no function {name!r}{f'; {hint}' if hint else '.'} GET /lib lists them.")
    try:
        return _call(function, call)
    except BaseException as error:  # sys.exit and the like too: the call fails, its process serves others
        if caller_error(error) is not None:
            raise
        if not settings.on_lambda:
            from chalicelib.functions.failures import describe_failure

            what = describe_failure(function, error)
            raise FunctionFailed(f"The function {name!r} failed: {what}") from error
        if not isinstance(error, Exception):
            raise RuntimeError(f"{function.path} raised {error!r}") from error
        raise


def _call(function: Function, call: Call) -> Answer:
    signature = load(function).signature
    if not signature.typed:
        return _lambda_answer(signature.call_with_event(proxy_event(call), call.context))
    try:
        return Answer(dump(signature.call_with_input(call.json_object())))
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
