"""Pages of long lists, with tokens that no client can make up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from stepfunctions.errors import invalid_token

Item = TypeVar("Item")
DEFAULT_PAGE = 100
_KEY = os.urandom(16)


def page(
    items: Sequence[Item],
    request: dict[str, Any],
    position: Callable[[Item], Any],
    fingerprint: str,
) -> tuple[Sequence[Item], str | None]:
    """The page of `items` that a request with `maxResults` (0: the default of 100) and `nextToken` asks for.

    `items` are sorted by `position`, a JSON value that tells each from all others, upwards or downwards. The token
    holds the position of the last item given, so that what is added or dropped in between moves nothing.
    `fingerprint` names the list and its filters: a token of another list is refused.

    Raises:
        ServiceError: InvalidToken.
    """
    size = request.get("maxResults") or DEFAULT_PAGE
    start = 0
    if request.get("nextToken"):
        last = _read_token(request["nextToken"], fingerprint)
        downwards = len(items) > 1 and position(items[0]) > position(items[-1])
        while start < len(items) and not _comes_after(position(items[start]), last, downwards):
            start += 1
    found = items[start : start + size]
    more = len(items) > start + size
    return found, _write_token(position(found[-1]), fingerprint) if more else None


def _comes_after(position: Any, last: Any, downwards: bool) -> bool:
    return bool(position < last if downwards else position > last)


def _write_token(position: Any, fingerprint: str) -> str:
    payload = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_signature(payload, fingerprint) + payload).decode()


def _read_token(token: str, fingerprint: str) -> Any:
    try:
        raw = base64.urlsafe_b64decode(token.encode())
    except ValueError:
        raise invalid_token() from None
    payload = raw[16:]
    if not hmac.compare_digest(raw[:16], _signature(payload, fingerprint)):
        raise invalid_token()
    return json.loads(payload)


def _signature(payload: bytes, fingerprint: str) -> bytes:
    return hmac.new(_KEY, fingerprint.encode() + b"\0" + payload, hashlib.sha256).digest()[:16]
