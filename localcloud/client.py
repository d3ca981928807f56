"""Calls the AWS APIs of this process without a socket, and without boto3's half second of start-up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from chalicelib.aws_json import AwsError
from localcloud.http_messages import Request, Response

_TARGETS = {
    "cognito-idp": ("AWSCognitoIdentityProviderService", "1.1"),
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "events": ("AWSEvents", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
    "states": ("AWSStepFunctions", "1.0"),
}


class InProcessClient:
    """Speaks AWS's JSON protocols to `respond`."""

    def __init__(self, respond: Callable[[Request], Response], region: str) -> None:
        self._respond = respond
        self._region = region

    def call(self, service: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """An action of a service whose protocol is AWS JSON. Raises AwsError."""
        prefix, version = _TARGETS[service]
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": f"{prefix}.{action}"}
        return self._send(service, "POST", "/", headers, body)

    def rest(self, service: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request to a service whose protocol is REST JSON. Raises AwsError."""
        return self._send(service, method, path, {"content-type": "application/json"}, body)

    def _send(
        self, service: str, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> dict[str, Any]:
        scope = f"localcloud/20200101/{self._region}/{service}/aws4_request"
        headers |= {
            "host": f"{service}.{self._region}.amazonaws.com",
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        }
        content = b"" if body is None else json.dumps(body).encode()
        response = self._respond(Request(method, path, "HTTP/1.1", headers, list(headers.items()), content))
        answer = json.loads(response.body or b"{}")
        if response.status >= 400:
            names = {name.lower(): value for name, value in response.headers}
            code = answer.get("__type") or names.get("x-amzn-errortype") or str(response.status)
            message = answer.get("message") or answer.get("Message") or ""
            operation = headers.get("x-amz-target", "").rpartition(".")[2] or f"{method} {path}"
            raise AwsError(operation, response.status, code.rpartition("#")[2], message)
        return dict(answer)
