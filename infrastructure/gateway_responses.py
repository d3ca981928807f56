"""What API Gateway itself answers, as the application would: RFC 9457 problem documents with CORS headers.

Without them a browser takes a refused token for an error of CORS, and a client gets `{"message": ...}`, not a problem.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.errors import title_of

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
    "MISSING_AUTHENTICATION_TOKEN": 404,  # what API Gateway says of a path that the API does not have
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
"""Which status each kind of answer has; it is set, so that the document can repeat it."""

DETAILS: Mapping[str, str] = {
    "UNAUTHORIZED": "The token is missing, malformed or expired. Send the id token: `Authorization: Bearer <token>`.",
    "EXPIRED_TOKEN": "The token has expired. Sign in again.",
    "MISSING_AUTHENTICATION_TOKEN": "There is no such path, or it does not take this method.",
    "REQUEST_TOO_LARGE": "The request is larger than 10 MB.",
    "THROTTLED": "Too many requests at once. Try again in a moment.",
    "INTEGRATION_TIMEOUT": "The answer took longer than 29 seconds. Run what takes longer as a flow.",
    "INTEGRATION_FAILURE": "The service did not answer as it should.",
}
"""What to tell the caller, where API Gateway's own words are of no help."""


def gateway_responses(origins: tuple[str, ...]) -> dict[str, Any]:
    """The `x-amazon-apigateway-gateway-responses` of the API's definition.

    Args:
        origins: The allowed origins of browsers; `*` stands for any, and so do several (`_cors` says why).
    """
    answers = {kind: _response(status, origins, DETAILS.get(kind)) for kind, status in STATUSES.items()}
    for kind, title in (("DEFAULT_4XX", "Request refused"), ("DEFAULT_5XX", "Service failed")):
        answers[kind] = _response(None, origins, None, title)
    return answers


def _response(status: int | None, origins: tuple[str, ...], detail: str | None, title: str = "") -> dict[str, Any]:
    document: dict[str, Any] = {"type": "about:blank", "title": title or title_of(status or 500)}
    if status is not None:
        document["status"] = status
    text = json.dumps(document)[:-1]
    # $context.error.messageString comes with its quotes.
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
    """Who may read these answers in a browser: pages of the one origin that is allowed, or any page.

    A gateway response sets a header to a text or to a header of the request, which it cannot look up in a list. Of
    several origins a text names but one, so pages of the others would see a network error in place of a 401; the
    request's `Origin` would come back unchecked, and not at all where its case differs (HTTP/2 has small letters).
    So any page may read these answers. They say no more than that a request was refused, and preflight requests, which
    every request with a token needs, are answered by the application, for the stage's origins alone.
    """
    if not origins:
        return {}
    allowed = origins[0] if len(origins) == 1 else "*"
    prefix = "gatewayresponse.header.Access-Control-"
    return {prefix + "Allow-Origin": f"'{allowed}'", prefix + "Expose-Headers": "'X-Request-Id'"}
