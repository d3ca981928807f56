"""The settings of the API's stage in API Gateway, with its access log: a line of JSON for each request."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.names import Names
from infrastructure.stage import StageSettings
from infrastructure.throttling import method_settings

FIELDS = {
    "time": "requestTime",
    "requestId": "requestId",
    "extendedRequestId": "extendedRequestId",
    "traceId": "xrayTraceId",
    "method": "httpMethod",
    "route": "resourcePath",
    "path": "path",
    "status": "status",
    "bytes": "responseLength",
    "milliseconds": "responseLatency",
    "functionMilliseconds": "integrationLatency",
    "userId": "authorizer.claims.sub",
    "address": "identity.sourceIp",
    "agent": "identity.userAgent",
    "error": "error.message",
    "errorType": "error.responseType",
}
"""The variable of `$context` by the name of its field. Tokens, bodies and query parameters are not logged.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html"""

FORMAT = json.dumps({name: f"$context.{variable}" for name, variable in FIELDS.items()}, separators=(",", ":"))


def access_log_group(names: Names) -> str:
    """Return the name of the access log's group."""
    return f"/aws/apigateway/{names.app}-{names.stage}"


def stage_properties(stage: StageSettings, access_log: Any) -> dict[str, Any]:
    """Return the properties of the API's stage, as SAM takes them.

    Args:
        stage: The stage's settings.
        access_log: The ARN of the access log's group, or an expression for it.
    """
    properties: dict[str, Any] = {
        "TracingEnabled": stage.tracing,
        "MethodSettings": method_settings(stage),
    }
    if stage.access_log:
        properties["AccessLogSetting"] = {"DestinationArn": access_log, "Format": FORMAT}
    return properties
