"""The request and the answer, as views see them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from chalicelib.identity import User


LONGEST_REQUEST = 29
"""Seconds after which API Gateway gives up (its integration timeout)."""


class Answer:
    """An answer: `body` is a string, bytes, or a value that JSON can express."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, body: Any, status: int = 200, headers: dict[str, Any] | None = None) -> None:
        self.body = body
        self.status = status
        self.headers: dict[str, Any] = {} if headers is None else headers

    def text(self) -> str | bytes:
        if isinstance(self.body, (str, bytes)):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))


class Call:
    """One request, by one caller."""

    def __init__(self, request: Any, params: dict[str, str], request_id: str):
        self._request = request
        self._params = params
        self._user: User | None = None
        self.request_id = request_id

    @property
    def user(self) -> User:
        """The caller; public routes have none."""
        if self._user is None:
            raise RuntimeError("A public route has no caller.")
        return self._user

    def set_user(self, user: User) -> None:
        self._user = user

    @property
    def parameters(self) -> dict[str, str]:
        """The path parameters, still encoded."""
        return self._params

    def param(self, name: str) -> str:
        """Return a path parameter, decoded; API Gateway passes it encoded."""
        return unquote(self._params[name])

    def has_param(self, name: str) -> bool:
        """Return whether the route has a path parameter of this name."""
        return name in self._params

    @property
    def headers(self) -> Any:
        """The headers; their names are case-insensitive."""
        return self._request.headers

    @property
    def path(self) -> str:
        """The path as the caller sees it; on AWS it begins with the API's stage."""
        return str(self._request.context.get("path") or self._request.path)

    @property
    def event(self) -> dict[str, Any]:
        """The proxy event of API Gateway."""
        event: dict[str, Any] = self._request.to_original_event()
        return event

    @property
    def age(self) -> float:
        """Seconds since API Gateway got the request: a cold start or a queue may come first. 0.0 if unknown."""
        received = self._request.context.get("requestTimeEpoch")  # in milliseconds
        age = time.time() - received / 1000 if received else 0.0
        return age if 0 < age < LONGEST_REQUEST else 0.0  # or one of the two clocks is wrong

    @property
    def context(self) -> Any:
        """The Lambda context."""
        return self._request.lambda_context

    def query(self, name: str) -> str | None:
        """Return a query parameter, the last one if it is repeated; None if it is absent."""
        parameters = self._request.query_params
        return None if parameters is None else parameters.get(name)

    def query_list(self, name: str) -> list[str]:
        """Return all values of a query parameter, which may be repeated."""
        parameters = self._request.query_params
        return [] if parameters is None else list(parameters.getlist(name)) if name in parameters else []

    def query_number(self, name: str, *, default: int, lowest: int, highest: int) -> int:
        """Return a query parameter that is a whole number.

        Raises:
            BadRequest: It is not a whole number from `lowest` to `highest`.
        """
        from chalicelib.api.reading import whole_number

        text = self.query(name)
        return default if text is None else whole_number(name, text, lowest=lowest, highest=highest)

    @cached_property
    def body(self) -> bytes:
        raw = self._request.raw_body
        return raw.encode() if isinstance(raw, str) else bytes(raw)

    def json_object(self, *, limit: int | None = None) -> dict[str, Any]:
        """Return the body as a JSON object; an empty body is an empty object.

        Raises:
            TooLarge: The body has more than `limit` bytes.
            BadRequest: The body is not a JSON object.
        """
        from chalicelib.api.reading import json_object

        return json_object(self.body, limit)


View = Callable[[Call], Answer]
"""A function that answers the requests of a route."""
