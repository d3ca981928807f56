"""`http:invoke` and `apigateway:invoke`: tasks that call any endpoint over HTTP.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

from __future__ import annotations

import base64
import http.client
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from asl.engine.jsontext import dumps
from stepfunctions.integrations import sdk
from stepfunctions.integrations.clients import AwsClients

TIMEOUT_SECONDS = 60

_FIELDS = {
    "http": (
        frozenset({"ApiEndpoint", "Method"}),
        frozenset(
            {"Authentication", "InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform"}
            | {"ApiEndpoint", "Method"}
        ),
    ),
    "apigateway": (
        frozenset({"ApiEndpoint", "Method"}),
        frozenset(
            {"AllowNullValues", "ApiEndpoint", "AuthType", "Headers", "Method", "Path", "QueryParameters"}
            | {"RequestBody", "Stage"}
        ),
    ),
}
_AWS_API = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
_METHOD = re.compile(r"[A-Z]+")


def invoke_problems(service: str, parameters: dict[str, Any]) -> list[str]:
    """What is wrong with the parameters of `http:invoke` or `apigateway:invoke` by their names."""
    required, known = _FIELDS[service]
    missing = sorted(required - set(parameters))
    unknown = sorted(set(parameters) - known)
    return [
        *(f"The field '{name}' is required but was missing" for name in missing),
        *(f"The field '{name}' is not supported by Step Functions" for name in unknown),
    ]


def invoke(clients: AwsClients, service: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Send the request and wait for the answer.

    Raises:
        sdk.TaskError: the endpoint answered with an error, or not at all.
    """
    query = dict(parameters.get("QueryParameters") or {})
    headers = {str(name): _header(value) for name, value in (parameters.get("Headers") or {}).items()}
    body = parameters.get("RequestBody")
    if service == "http":
        body = _authenticate(clients, parameters, headers, query, body)
    method = str(parameters["Method"])
    if not _METHOD.fullmatch(method):
        raise sdk.TaskError("States.Runtime", f"The Method {method!r} is none of HTTP's.")
    url = _url(clients, service, parameters, headers)
    data = _encoded(parameters, headers, body)
    encoded = urlencode(query, doseq=True)
    target = url + (("&" if "?" in url else "?") + encoded if encoded else "")
    status, reason, answer_headers, text = _send(service, method, target, headers, data)
    answer = _value(text)
    if status >= 400:
        error = f"ApiGateway.{status}" if service == "apigateway" else f"States.Http.StatusCode.{status}"
        raise sdk.TaskError(error, answer if isinstance(answer, str) else dumps(answer))
    return {"Headers": answer_headers, "ResponseBody": answer, "StatusCode": status, "StatusText": reason}


def _send(
    service: str, method: str, url: str, headers: dict[str, str], data: bytes | None
) -> tuple[int, str, dict[str, list[str]], str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise sdk.TaskError("States.Runtime", f"The ApiEndpoint {url!r} is no URL of HTTP.")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=data, headers=headers)
        response = connection.getresponse()
        received: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            received.setdefault(name.lower(), []).append(value)
        return response.status, response.reason, received, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError) as problem:
        error = "ApiGateway.SdkClientException" if service == "apigateway" else "States.Http.Socket"
        cause = f"{method} {parts.scheme}://{parts.netloc} failed: {problem or type(problem).__name__}"
        raise sdk.TaskError(error, cause) from None
    finally:
        connection.close()


def _url(clients: AwsClients, service: str, parameters: dict[str, Any], headers: dict[str, str]) -> str:
    """The URL; an API of API Gateway is looked for in the emulation, if there is one."""
    endpoint = str(parameters["ApiEndpoint"])
    if service == "http":
        return endpoint
    path = "".join(f"/{str(part).strip('/')}" for part in (parameters.get("Stage"), parameters.get("Path")) if part)
    if _AWS_API.fullmatch(endpoint) and clients.endpoint is not None:
        headers["Host"] = endpoint
        return clients.endpoint.rstrip("/") + path
    if "://" not in endpoint:
        local = endpoint.partition(":")[0] in ("localhost", "127.0.0.1")
        endpoint = f"{'http' if local else 'https'}://{endpoint}"
    return endpoint.rstrip("/") + path


def _encoded(parameters: dict[str, Any], headers: dict[str, str], body: Any) -> bytes | None:
    if body is None:
        return b"null" if parameters.get("AllowNullValues") and "RequestBody" in parameters else None
    if (parameters.get("Transform") or {}).get("RequestBodyEncoding") == "URL_ENCODED" and isinstance(body, dict):
        _default(headers, "Content-Type", "application/x-www-form-urlencoded")
        return urlencode(body, doseq=True).encode()
    _default(headers, "Content-Type", "application/json")
    return (body if isinstance(body, str) else dumps(body)).encode()


def _authenticate(
    clients: AwsClients, parameters: dict[str, Any], headers: dict[str, str], query: dict[str, Any], body: Any
) -> Any:
    """Add what the EventBridge connection says; returns the body."""
    settings = parameters.get("Authentication") or parameters.get("InvocationConfig") or {}
    arn = settings.get("ConnectionArn")
    if not isinstance(arn, str) or arn.count("/") < 1:
        raise sdk.TaskError(
            "States.Runtime", "http:invoke needs the ARN of a connection: Authentication/ConnectionArn."
        )
    connection = sdk.call(clients, "eventbridge", "describeConnection", {"Name": arn.split("/")[1]}, optimized=False)
    secrets = connection.get("AuthParameters") or {}
    if "BasicAuthParameters" in secrets:
        basic = secrets["BasicAuthParameters"]
        pair = f"{basic.get('Username', '')}:{basic.get('Password', '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if "ApiKeyAuthParameters" in secrets:
        key = secrets["ApiKeyAuthParameters"]
        headers[key["ApiKeyName"]] = key.get("ApiKeyValue", "")
    more = secrets.get("InvocationHttpParameters") or {}
    headers |= {item["Key"]: item.get("Value", "") for item in more.get("HeaderParameters") or ()}
    query |= {item["Key"]: item.get("Value", "") for item in more.get("QueryStringParameters") or ()}
    added = {item["Key"]: item.get("Value", "") for item in more.get("BodyParameters") or ()}
    return {**(body if isinstance(body, dict) else {}), **added} if added else body


def _default(headers: dict[str, str], name: str, value: str) -> None:
    if not any(given.lower() == name.lower() for given in headers):
        headers[name] = value


def _header(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(item if isinstance(item, str) else dumps(item) for item in values)


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text else ""
    except ValueError:
        return text
