"""The event that a REST API passes to a function, and the response that it builds from the function's result.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from localcloud.http_messages import Request, Response


class MalformedResult(Exception):
    """A function's result doesn't have the format of a proxy integration."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a deployed API. `path` begins after the stage. It and `parameters` are still URL-encoded."""

    request: Request
    request_id: str
    api_id: str
    account: str
    stage: str
    path: str
    query: str
    route: str
    parameters: Mapping[str, str]
    variables: Mapping[str, str]


def proxy_event(
    call: Call, resource_id: str, claims: Mapping[str, str] | None, binary_types: tuple[str, ...]
) -> dict[str, Any]:
    """Return the event of a request, in the format 1.0.

    Args:
        call: The request.
        resource_id: The id of the API's resource.
        claims: The claims of the caller's token; None without an authorizer.
        binary_types: The API's binary media types.
    """
    request = call.request
    query = parse_qsl(call.query, keep_blank_values=True)
    body, encoded = _body(request, binary_types)
    now = time.time()
    context: dict[str, Any] = {
        "resourceId": resource_id,
        "resourcePath": call.route,
        "httpMethod": request.method,
        "extendedRequestId": call.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "path": f"/{call.stage}{call.path}",
        "accountId": call.account,
        "protocol": request.version,
        "stage": call.stage,
        "domainPrefix": call.api_id,
        "domainName": request.headers.get("host", ""),
        "requestId": call.request_id,
        "identity": {"sourceIp": "127.0.0.1", "userAgent": request.headers.get("user-agent")},
        "apiId": call.api_id,
    }
    if claims is not None:
        context["authorizer"] = {"claims": dict(claims)}
    names = {name.lower(): name for name, _ in request.header_list}
    return {
        "resource": call.route,
        "path": call.path,
        "httpMethod": request.method,
        "headers": dict(request.header_list) or None,
        "multiValueHeaders": {name: _values(request, lower) for lower, name in names.items()} or None,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "pathParameters": dict(call.parameters) or None,
        "stageVariables": dict(call.variables) or None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
    }


def proxy_response(payload: bytes, accept: str, binary_types: tuple[str, ...]) -> Response:
    """Return the response that a function's result describes.

    Args:
        payload: The result, as JSON.
        accept: The request's header `Accept`.
        binary_types: The API's binary media types.

    Raises:
        MalformedResult: It is not `{statusCode, headers, multiValueHeaders, body, isBase64Encoded}`.
    """
    result = json.loads(payload)
    try:
        if result is None or not set(result) <= _RESULT_KEYS:
            raise MalformedResult
        status = int(result.get("statusCode", 200))
        headers = _headers(result)
        body = result.get("body") or ""
        content = body.encode()
        if result.get("isBase64Encoded") and _binary(accept, binary_types):
            content = base64.b64decode(body, validate=True)
    except (TypeError, ValueError, AttributeError):
        raise MalformedResult from None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Response(status, headers, content)


_RESULT_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def _headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers of a result. `multiValueHeaders` take precedence over `headers`."""
    headers = [(name, _header(value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        headers += [(name, _header(value)) for value in values]
    return headers


def _header(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(request: Request, binary_types: tuple[str, ...]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if _binary(request.headers.get("content-type", ""), binary_types):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


def _binary(types: str, binary_types: tuple[str, ...]) -> bool:
    """Return whether the first media type of a header is one of the API's binary ones."""
    first = types.partition(",")[0].partition(";")[0].strip().lower()
    return "*/*" in binary_types or first in binary_types


def _values(request: Request, name: str) -> list[str]:
    return [value for found, value in request.header_list if found.lower() == name]


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
