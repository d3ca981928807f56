"""The resources of API Gateway: the paths of its own API, and the connections of WebSocket APIs.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html.
"""

from __future__ import annotations

import re

from compiler.permissions.arguments import Arguments
from compiler.permissions.authorization import operation_model
from compiler.permissions.resources import ANY, PARTITION, Resources, arn

_ARGUMENT = re.compile(r"\{(\w+)\}")


def api_resource(service: str, operation: str, arguments: Arguments) -> Resources:
    """Return the resource of an operation of `apigateway`, `apigatewayv2` or `apigatewaymanagementapi`."""
    model = operation_model(service, operation)
    if model is None:
        return ANY
    if service == "apigatewaymanagementapi":
        connections = arn("execute-api", f"*/*/{model.method}/@connections/*")
        return Resources((connections,), "the endpoint that decides the API is not an argument")
    computed = False

    def value(match: re.Match[str]) -> str:
        nonlocal computed
        literal = arguments.literal(match[1])
        computed = computed or literal is None
        return "*" if literal is None or literal.startswith("arn:") else literal

    path = _ARGUMENT.sub(value, model.path).removeprefix("/v2")
    note = "part of the path is computed at run time" if computed else ""
    return Resources((f"{PARTITION}:apigateway:${{AWS::Region}}::{path}",), note)
