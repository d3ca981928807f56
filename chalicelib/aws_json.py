"""Calls AWS's JSON APIs (DynamoDB, Parameter Store, Step Functions) without boto3.

boto3's import takes longer than a cold start. This is for the calls that nearly every container makes, and knows only
what Lambda gives its functions: credentials in the environment and a network without proxies. Everything else (`aws.py`
decides) uses boto3.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html for the signature,
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html for the protocol.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MAX_IDLE_SECONDS = 4.0
"""How long a connection is kept for the next call. When a frozen container wakes up, its connections are closed."""
MAX_WAIT = 0.5  # seconds between attempts

_RETRIED = {
    "InternalServerError",
    "InternalFailure",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; temporary ones come with a token."""

    access_key: str
    secret_key: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """A service that speaks JSON: its name in addresses and signatures, and the prefix of its targets."""

    service: str
    target: str
    version: str


DYNAMODB = Api("dynamodb", "DynamoDB_20120810", "1.0")
SSM = Api("ssm", "AmazonSSM", "1.1")
STEP_FUNCTIONS = Api("states", "AWSStepFunctions", "1.0")


class Patience(NamedTuple):
    """How long a client waits, in seconds, and how often it tries."""

    connect_timeout: float
    """Until a connection is established."""
    read_timeout: float
    """Without a byte of the answer."""
    attempts: int
    """Tries of a call that is throttled, gets no answer, or meets a failure of the service."""


class Scope(NamedTuple):
    """What a signature is valid for. `now` is `YYYYMMDDTHHMMSSZ` in UTC."""

    now: str
    region: str
    service: str


class AwsError(Exception):
    """An error that a service answered with. `response` has what botocore's `ClientError` has there."""

    def __init__(self, operation: str, status: int, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code} ({status}): {message}")
        self.status = status
        self.code = code
        self.response = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


class NoAnswer(OSError):
    """There is no usable answer: the call may have taken effect."""


class NotSent(NoAnswer):
    """There was no connection: the call certainly had no effect."""


class Client:
    """Calls the operations of one API by their names in boto3: `client.get_parameter(Name="a")`.

    Calls raise `AwsError` for an error that the service answered with, and `NoAnswer` if there is none that can be
    read.

    Args:
        api: The API.
        endpoint: The API's URL.
        region: The region that signatures name.
        credentials: The key that calls are signed with.
        patience: How long to wait and how often to try.
    """

    def __init__(self, api: Api, endpoint: str, region: str, credentials: Credentials, patience: Patience) -> None:
        self._api = api
        self._url = urlsplit(endpoint)
        self._region = region
        self._credentials = credentials
        self._patience = patience
        self._idle: deque[tuple[float, HTTPConnection]] = deque()

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(word.title() for word in name.split("_"))
        return lambda **parameters: self._call(operation, parameters)

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(parameters).encode()
        for attempt in range(1, self._patience.attempts + 1):
            try:
                return self._try(operation, body)
            except AwsError as error:
                if attempt == self._patience.attempts or not (error.status >= 500 or error.code in _RETRIED):
                    raise
            except NoAnswer:
                if attempt == self._patience.attempts:
                    raise
            time.sleep(random.uniform(0, MAX_WAIT))  # noqa: S311 - spreads retries, keeps no secret
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _try(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            connection = self._connection()
        except OSError as error:
            raise NotSent(f"{operation}: {error}") from error
        try:
            connection.request("POST", self._url.path or "/", body, self._headers(operation, body))
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | HTTPException):
                raise NoAnswer(f"{operation}: {error}") from error
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append((time.monotonic(), connection))
        document = _object(content)
        if status != 200:
            named = document or {}
            code = str(named.get("__type", f"HTTP {status}")).rpartition("#")[2].partition(":")[0]
            raise AwsError(operation, status, code, str(named.get("message") or named.get("Message") or ""))
        if document is None:
            raise NoAnswer(f"{operation}: the answer isn't a JSON object")
        return document

    def _connection(self) -> HTTPConnection:
        while self._idle:
            try:
                since, connection = self._idle.pop()
            except IndexError:  # another thread has taken the last one
                break
            # One that has something to read was closed by the service: it sends nothing else unasked.
            if time.monotonic() - since <= MAX_IDLE_SECONDS and not _is_readable(connection.sock):
                return connection
            connection.close()
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self._patience.connect_timeout)
        connection.connect()
        connection.sock.settimeout(self._patience.read_timeout)
        return connection

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": f"application/x-amz-json-{self._api.version}",
            "Host": self._url.netloc,
            "X-Amz-Target": f"{self._api.target}.{operation}",
        }
        scope = Scope(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), self._region, self._api.service)
        return sign(headers, body, self._credentials, scope, path=self._url.path or "/")


def _object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object in an answer, an empty one if there is nothing, None if it is something else."""
    try:
        document = json.loads(content) if content else {}
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()  # select() knows only the first 1,024 descriptors
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def sign(headers: dict[str, str], body: bytes, credentials: Credentials, scope: Scope, *, path: str) -> dict[str, str]:
    """Sign a POST (Signature Version 4).

    Args:
        headers: The headers to sign; `Host` must be one of them.
        body: The request's body.
        credentials: The key to sign with.
        scope: What the signature is valid for.
        path: The path of the URL.

    Returns:
        The headers with those that sign the request.
    """
    now, region, service = scope
    headers = {**headers, "X-Amz-Date": now}
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    canonical = sorted((name.lower(), value.strip()) for name, value in headers.items())
    signed = ";".join(name for name, _ in canonical)
    lines = "".join(f"{name}:{value}\n" for name, value in canonical)
    request = f"POST\n{path}\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    credential_scope = f"{now[:8]}/{region}/{service}/aws4_request"
    string_to_sign = f"AWS4-HMAC-SHA256\n{now}\n{credential_scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (now[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, string_to_sign.encode(), "sha256").hex()
    credential = f"{credentials.access_key}/{credential_scope}"
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"
    )
    return headers
