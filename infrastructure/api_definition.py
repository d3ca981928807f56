"""Completes the definition of the API that Chalice writes, for both ways of deploying it."""

from __future__ import annotations

from typing import Any

from infrastructure.gateway_responses import gateway_responses


def complete(definition: dict[str, Any], origins: tuple[str, ...]) -> None:
    """Add the gateway responses, and let every response be binary.

    API Gateway decodes a response only if the first media type that the client accepts is in the API's list of binary
    types. A browser accepts `*/*` for scripts, so nothing narrower lets the console's compressed files through:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html. Requests then arrive
    encoded as well; `chalicelib.api.calling.proxy_event` hands them to functions as the local gateway does.

    Args:
        definition: The API's Swagger document, which is changed.
        origins: The origins that may call the API from a browser.
    """
    definition["x-amazon-apigateway-gateway-responses"] = gateway_responses(origins)
    definition["x-amazon-apigateway-binary-media-types"] = ["*/*"]
