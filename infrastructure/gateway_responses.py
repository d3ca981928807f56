"""Makes API Gateway's own responses look like the application's: RFC 9457 problem documents with CORS headers.

Without them a browser reports a rejected token as a CORS error, and clients get `{"message": ...}` instead of a problem
document: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.errors import GATEWAY_TIMEOUT, title_of

PROBLEM_JSON = "application/problem+json"

STATUSES: Mapping[str, int] = {
    "ACCESS_DENIED": 403,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "API_CONFIGURATION_ERROR": 500,
    "EXPIRED_TOKEN": 401,
    "INTEGRATION_FAILURE": 502,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 404,  # API Gateway's response for a path that the API does not have
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
"""The status of each response type. It is set explicitly, so that the document can repeat it."""

DETAILS: Mapping[str, str] = {
    "UNAUTHORIZED": "The token is missing, malformed or expired. Send the id token: `Authorization: Bearer <token>`.",
    "EXPIRED_TOKEN": "The token has expired. Sign in again.",
    "MISSING_AUTHENTICATION_TOKEN": "The path does not exist, or does not support this method.",
    "REQUEST_TOO_LARGE": "The request is larger than 10 MB.",
    "THROTTLED": "Too many requests. Try again in a moment.",
    "INTEGRATION_TIMEOUT": GATEWAY_TIMEOUT,
    "INTEGRATION_FAILURE": "The service returned an invalid response.",
}
"""Details for the response types whose own message does not help the caller."""


def gateway_responses(origins: tuple[str, ...]) -> dict[str, Any]:
    """Return the `x-amazon-apigateway-gateway-responses` of the API's definition.

    Args:
        origins: The origins that may call the API from a browser. Several are treated like `*` (see `_cors`).
    """
    answers = {kind: _response(status, origins, DETAILS.get(kind)) for kind, status in STATUSES.items()}
    for kind, title in (("DEFAULT_4XX", "Request rejected"), ("DEFAULT_5XX", "Service error")):
        answers[kind] = _response(None, origins, None, title)
    return answers


def _response(status: int | None, origins: tuple[str, ...], detail: str | None, title: str = "") -> dict[str, Any]:
    document: dict[str, Any] = {"type": "about:blank", "title": title or title_of(status or 500)}
    if status is not None:
        document["status"] = status
    text = json.dumps(document)[:-1]
    # $context.error.messageString includes the quotes.
    text += f', "detail": {json.dumps(detail) if detail else "$context.error.messageString"}'
    text += ', "requestId": "$context.requestId"}'
    response: dict[str, Any] = {
        "responseTemplates": {"application/json": text},
        "responseParameters": {
            "gatewayresponse.header.Content-Type": f"'{PROBLEM_JSON}'",
            "gatewayresponse.header.X-Request-Id": "context.requestId",
            **_cors(origins),
        },
    }
    if status is not None:
        response["statusCode"] = str(status)
    if status == HTTPStatus.UNAUTHORIZED:
        response["responseParameters"]["gatewayresponse.header.WWW-Authenticate"] = "'Bearer'"
    return response


def _cors(origins: tuple[str, ...]) -> dict[str, str]:
    """Return the headers that let pages of the only allowed origin, or else any page, read these responses.

    A gateway response can set a header only to a constant or to a header of the request. A constant can name only one
    of several origins, so pages of the others would see a network error instead of a 401. The request's `Origin` would
    be echoed unchecked, and lost under HTTP/2, where it is lower-case. So with several origins any page may read these
    responses. They say only that a request was rejected. Every request with a token needs a preflight request, which
    the application answers only for the stage's origins.
    """
    if not origins:
        return {}
    allowed = origins[0] if len(origins) == 1 else "*"
    prefix = "gatewayresponse.header.Access-Control-"
    return {prefix + "Allow-Origin": f"'{allowed}'", prefix + "Expose-Headers": "'X-Request-Id'"}
