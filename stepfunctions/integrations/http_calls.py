"""`http:invoke` and `apigateway:invoke`: tasks that call an endpoint over HTTP.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html and
https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html.
"""

from __future__ import annotations

import base64
import http.client
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from typing_extensions import override

from asl.engine.jsontext import dumps, loads
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations import sdk
from stepfunctions.integrations.api_models import field_problems
from stepfunctions.integrations.calls import Calls
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.integration import ServiceIntegration
from stepfunctions.integrations.resources import Resource
from stepfunctions.integrations.service_errors import TaskError

TIMEOUT_SECONDS = 60

_REQUIRED = frozenset({"ApiEndpoint", "Method"})
_AWS_API = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
_METHOD = re.compile(r"[A-Z]+")


@dataclass(slots=True)
class _HttpRequest:
    """A request under construction. `body` is a JSON value until it is encoded."""

    url: str
    headers: dict[str, str]
    query: dict[str, Any]
    body: Any


@dataclass(frozen=True, slots=True)
class _HttpAnswer:
    status: int
    reason: str
    headers: dict[str, list[str]]
    content: str


class _Invoke(ServiceIntegration):
    """What both integrations share."""

    fields: frozenset[str]
    """The parameters that the integration knows."""
    unreachable: str
    """The error of an endpoint that doesn't answer."""
    status_error: str
    """The error of an answer of 400 or more, before its status."""

    def __init__(self, clients: AwsClients, calls: Calls) -> None:
        self._clients = clients
        self._calls = calls

    @override
    def problems(self, resource: Resource, parameters: dict[str, Any]) -> list[str]:
        return field_problems(parameters, required=_REQUIRED, known=self.fields)

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        return self._calls.start(request, completion, lambda: self._invoke(request.parameters))

    @abstractmethod
    def prepare(self, parameters: dict[str, Any], request: _HttpRequest) -> None:
        """Set the request's URL, and add what the integration adds."""

    def _invoke(self, parameters: dict[str, Any]) -> dict[str, Any]:
        request = _HttpRequest(
            url=str(parameters["ApiEndpoint"]),
            headers={str(name): _header(value) for name, value in (parameters.get("Headers") or {}).items()},
            query=dict(parameters.get("QueryParameters") or {}),
            body=parameters.get("RequestBody"),
        )
        method = str(parameters["Method"])
        if not _METHOD.fullmatch(method):
            raise TaskError("States.Runtime", f"Unsupported HTTP method {method!r}.")
        self.prepare(parameters, request)
        answer = self._send(method, request, _encoded(parameters, request))
        value = _value(answer.content)
        if answer.status >= 400:
            cause = value if isinstance(value, str) else dumps(value)
            raise TaskError(f"{self.status_error}.{answer.status}", cause)
        return {
            "Headers": answer.headers,
            "ResponseBody": value,
            "StatusCode": answer.status,
            "StatusText": answer.reason,
        }

    def _send(self, method: str, request: _HttpRequest, data: bytes | None) -> _HttpAnswer:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TaskError("States.Runtime", f"The ApiEndpoint {request.url!r} is not a valid HTTP URL.")
        query = "&".join(part for part in (parts.query, urlencode(request.query, doseq=True)) if part)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        try:
            path = (parts.path or "/") + (f"?{query}" if query else "")
            connection.request(method, path, body=data, headers=request.headers)
            response = connection.getresponse()
            received: dict[str, list[str]] = {}
            for name, value in response.getheaders():
                received.setdefault(name.lower(), []).append(value)
            content = response.read().decode(errors="replace")
            return _HttpAnswer(response.status, response.reason, received, content)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            cause = f"{method} {parts.scheme}://{parts.netloc} failed: {problem or type(problem).__name__}"
            raise TaskError(self.unreachable, cause) from None
        finally:
            connection.close()


class HttpInvoke(_Invoke):
    """`http:invoke`: any endpoint, with the credentials of an EventBridge connection."""

    fields = _REQUIRED | {
        "Authentication",
        "Headers",
        "InvocationConfig",
        "QueryParameters",
        "RequestBody",
        "Transform",
    }
    unreachable = "States.Http.Socket"
    status_error = "States.Http.StatusCode"

    @override
    def prepare(self, parameters: dict[str, Any], request: _HttpRequest) -> None:
        """Add what the connection says."""
        settings = parameters.get("Authentication") or parameters.get("InvocationConfig") or {}
        arn = settings.get("ConnectionArn")
        if not isinstance(arn, str) or arn.count("/") < 1:
            raise TaskError(
                "States.Runtime", "http:invoke needs the ARN of a connection: Authentication/ConnectionArn."
            )
        name = {"Name": arn.split("/")[1]}
        connection = sdk.call(self._clients, "eventbridge", "describeConnection", name, optimized=False)
        secrets = connection.get("AuthParameters") or {}
        if "BasicAuthParameters" in secrets:
            basic = secrets["BasicAuthParameters"]
            pair = f"{basic.get('Username', '')}:{basic.get('Password', '')}"
            request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if "ApiKeyAuthParameters" in secrets:
            key = secrets["ApiKeyAuthParameters"]
            request.headers[key["ApiKeyName"]] = key.get("ApiKeyValue", "")
        more = secrets.get("InvocationHttpParameters") or {}
        request.headers |= _pairs(more.get("HeaderParameters"))
        request.query |= _pairs(more.get("QueryStringParameters"))
        if added := _pairs(more.get("BodyParameters")):
            request.body = {**(request.body if isinstance(request.body, dict) else {}), **added}


class ApiGatewayInvoke(_Invoke):
    """`apigateway:invoke`: an API of API Gateway. With an endpoint for all services, the API is called there."""

    fields = _REQUIRED | {
        "AllowNullValues",
        "AuthType",
        "Headers",
        "Path",
        "QueryParameters",
        "RequestBody",
        "Stage",
    }
    unreachable = "ApiGateway.SdkClientException"
    status_error = "ApiGateway"

    @override
    def prepare(self, parameters: dict[str, Any], request: _HttpRequest) -> None:
        parts = (parameters.get("Stage"), parameters.get("Path"))
        path = "".join(f"/{str(part).strip('/')}" for part in parts if part)
        endpoint = request.url
        if _AWS_API.fullmatch(endpoint) and self._clients.endpoint is not None:
            request.headers["Host"] = endpoint
            endpoint = self._clients.endpoint
        elif "://" not in endpoint:
            local = endpoint.partition(":")[0] in ("localhost", "127.0.0.1")
            endpoint = f"{'http' if local else 'https'}://{endpoint}"
        request.url = endpoint.rstrip("/") + path


def _pairs(parameters: list[dict[str, str]] | None) -> dict[str, str]:
    """Return a connection's parameters, `[{Key, Value}]`, by their keys."""
    return {item["Key"]: item.get("Value", "") for item in parameters or ()}


def _encoded(parameters: dict[str, Any], request: _HttpRequest) -> bytes | None:
    """Return the body's bytes, and set its content type unless the task has set one."""
    if request.body is None:
        return b"null" if parameters.get("AllowNullValues") and "RequestBody" in parameters else None
    encoding = (parameters.get("Transform") or {}).get("RequestBodyEncoding")
    if encoding == "URL_ENCODED" and isinstance(request.body, dict):
        _default(request.headers, "Content-Type", "application/x-www-form-urlencoded")
        return urlencode(request.body, doseq=True).encode()
    _default(request.headers, "Content-Type", "application/json")
    return (request.body if isinstance(request.body, str) else dumps(request.body)).encode()


def _default(headers: dict[str, str], name: str, value: str) -> None:
    if not any(given.lower() == name.lower() for given in headers):
        headers[name] = value


def _header(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(item if isinstance(item, str) else dumps(item) for item in values)


def _value(content: str) -> Any:
    try:
        return loads(content) if content else ""
    except ValueError:
        return content
