"""Has functions that are called over HTTP, and plugins' routes, run in the workers of the local cloud.

The API's process sends each call to the cloud's process (`localcloud.http_functions`) over a kept connection, and the
worker's answer comes back as `localcloud.function_sandbox` wrote it.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from chalicelib.api.http import Answer, Call
from chalicelib.errors import GATEWAY_TIMEOUT, DomainError, FieldError, TooLarge, Unavailable
from chalicelib.functions import Function
from chalicelib.functions.describing import Broken, Description
from chalicelib.plugins import Plugin
from localcloud.project import API_FUNCTION
from localcloud.settings import FUNCTIONS_URL
from localcloud.workers.spec import MAX_PAYLOAD_BYTES

MAX_IDLE_SECONDS = 60.0  # less than the endpoint keeps a connection for
PATIENCE = 90.0
"""Seconds without an answer, after which the cloud is taken for gone. The cloud itself ends calls earlier."""


class Problem(DomainError):
    """What a worker, or the cloud in its place, has to say in place of an answer. The reason is in the log already."""

    is_logged = True

    def __init__(self, status: int, detail: str, *, errors: list[FieldError], headers: dict[str, str]) -> None:
        super().__init__(detail, errors=errors, headers=headers)
        self.status = status


class WorkerCaller:
    """A `chalicelib.api.calling.FunctionCaller` over the workers of a local cloud.

    Args:
        url: Where the cloud runs functions, the value of `FUNCTIONS_URL`.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host, self._port, self._path = address.hostname or "", address.port or 80, address.path
        self._idle: deque[tuple[HTTPConnection, float]] = deque()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WorkerCaller | None:
        """Return the caller for the cloud that an environment names; None if that cloud runs no functions for us."""
        url = environment.get(FUNCTIONS_URL)
        return cls(url) if url else None

    def call(self, function: Function, event: dict[str, Any], context: Any) -> Answer:
        """Return what a function answers.

        Args:
            function: The function.
            event: The proxy event of API Gateway.
            context: The Lambda context of the request; its id is that of the invocation.

        Raises:
            DomainError: The failure, as the caller may see it.
        """
        message = {"function": function.name, "event": event}
        return self._answer(function.name, message, context.aws_request_id, f"The function {function.name!r}")

    def call_route(self, plugin: Plugin, key: str, call: Call) -> Answer:
        """Return what a plugin's route answers.

        Args:
            plugin: The plugin.
            key: The route, as in the plugin's `routes`.
            call: The request.

        Raises:
            DomainError: The failure, as the caller may see it.
        """
        message = {
            "plugin": plugin.name,
            "route": key,
            "event": call.event,
            "parameters": call.parameters,
            "user": call.user.to_json(),
        }
        return self._answer(API_FUNCTION, message, call.request_id, f"The route {key} of the plugin {plugin.name!r}")

    def describe(self, known: Iterable[Function]) -> list[Description]:
        """Describe functions, in their order. One whose import ends its worker is marked as broken, like others."""
        listed = list(known)
        message = json.dumps({"describe": [function.name for function in listed]}).encode()
        error, payload = self._send("", message, "")
        if not error:
            found = json.loads(payload)["descriptions"]
            return [_description(one) if one else _unknown(f) for one, f in zip(found, listed, strict=True)]
        if len(listed) > 1:  # find out which one it was
            return [described for function in listed for described in self.describe([function])]
        return [_unknown(function, _reason(payload)) for function in listed]

    def _answer(self, name: str, message: dict[str, Any], request_id: str, who: str) -> Answer:
        """Send a message that asks for an answer. `name` is what the output appears under, `who` runs."""
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        if len(data) > MAX_PAYLOAD_BYTES:
            raise TooLarge(
                f"The request has {len(data)} bytes as the function's event; Lambda takes {MAX_PAYLOAD_BYTES}."
            )
        error, payload = self._send(name, data, request_id)
        if error:
            raise _failure(who, payload)
        head, _, body = payload.partition(b"\n")
        found = json.loads(head)
        if "problem" in found:
            raise _problem(found["problem"])
        return Answer(body.decode() if found["isText"] else body, found["status"], found["headers"])

    def _send(self, name: str, message: bytes, request_id: str) -> tuple[str, bytes]:
        """Send a message and return the kind of the failure, empty if it was answered, and the answer.

        Raises:
            Unavailable: The cloud doesn't answer.
        """
        connection = self._connection()
        try:
            headers = {"X-Request-Id": request_id} if request_id else {}
            connection.request("POST", self._path + quote(name), message, headers)
            response = connection.getresponse()
            payload = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            raise Unavailable(f"The local cloud, which runs the functions, doesn't answer: {error!r}.") from None
        self._idle.append((connection, time.monotonic()))
        if response.status != 200:
            raise Unavailable(f"The local cloud can't run the function: {payload.decode('utf-8', 'replace')}")
        return response.headers.get("X-Amz-Function-Error", ""), payload

    def _connection(self) -> HTTPConnection:
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if time.monotonic() - since < MAX_IDLE_SECONDS:
                return connection
            connection.close()
        return HTTPConnection(self._host, self._port, timeout=PATIENCE)


def _problem(document: dict[str, Any]) -> Problem:
    errors = [FieldError(**error) for error in document["errors"]]
    return Problem(document["status"], document["detail"], errors=errors, headers=document["headers"])


def _failure(who: str, payload: bytes) -> DomainError:
    """Return the problem for an invocation that failed: what it raised, its time, memory, crash or size."""
    document = json.loads(payload)
    if "problem" in document:
        return _problem(document["problem"])
    kind = document["errorType"]
    if kind == "Sandbox.Timedout":
        return Problem(504, GATEWAY_TIMEOUT, errors=[], headers={})
    status = 502 if kind == "Function.ResponseSizeTooLarge" else 500
    detail = f"{who} failed: {_reason(payload)}."
    return Problem(status, detail, errors=[], headers={})


def _reason(payload: bytes) -> str:
    """Return why an invocation failed, in a few words."""
    document = json.loads(payload)
    message: str = document["errorMessage"]
    message = message.partition(" Error: ")[2] if message.startswith("RequestId:") else message
    if message.endswith("signal: killed"):
        message += ", as by Lambda when a function needs more than its memory"
    return message.rstrip(".")


def _description(document: dict[str, Any]) -> Description:
    error = document.get("error")
    return Description(
        document["name"],
        document["description"],
        document["plugin"],
        document["inputSchema"],
        document["outputSchema"],
        Broken(**error) if error else None,
    )


def _unknown(function: Function, reason: str = "the function has been removed") -> Description:
    broken = Broken(reason, str(function.path), None)
    return Description(function.name, "", function.plugin, None, None, broken)
