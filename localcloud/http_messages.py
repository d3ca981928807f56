"""HTTP requests and responses, as the servers of this package hand them around."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(slots=True)
class Request:
    """An HTTP request.

    Attributes:
        method: As sent; methods are case-sensitive.
        target: Path and query, still encoded; `*` for OPTIONS. The absolute form is turned into this one.
        version: `HTTP/1.1` or `HTTP/1.0`.
        headers: By lower-case name; the values of repeated ones are joined by `, ` (RFC 9110, 5.3).
        header_list: Names and values in the order in which they were sent.
        body: Without transfer coding.
        received_at: When its last byte arrived, in seconds since 1970.
    """

    method: str
    target: str
    version: str
    headers: dict[str, str]
    header_list: list[tuple[str, str]]
    body: bytes
    received_at: float = field(default_factory=time.time)


@dataclass(slots=True)
class Response:
    """An HTTP response. The server adds `Content-Length`, `Date` and `Connection`."""

    status: int
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""


class Malformed(Exception):
    """What arrived is not an acceptable request: it is answered with `status`, and the connection is closed.

    `request` is what is known of it once its headers were read.
    """

    def __init__(self, status: int, detail: str, request: Request | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.request = request


def is_token(value: str) -> bool:
    """Return whether `value` may be a method or the name of a header (RFC 9110, 5.6.2)."""
    return bool(value) and _TOKEN.issuperset(value)
