"""Pages of long lists, with signed tokens that clients can't forge."""

from __future__ import annotations

import base64
import bisect
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
    """Return one page of a list, and the token of the next page.

    The token contains the position of the page's last item, so items added or removed between two requests shift
    nothing.

    Args:
        items: The whole list, in ascending or descending order of their positions.
        request: The API's request: `maxResults` (0 is the default of 100) and `nextToken`.
        position: Returns an item's position, a JSON value that is different for each item.
        fingerprint: Names the list and its filters. The token of another list is refused.

    Returns:
        The items of the page, and the next token; None on the last page.

    Raises:
        ServiceError: InvalidToken.
    """
    size = request.get("maxResults") or DEFAULT_PAGE
    start = 0
    if request.get("nextToken"):
        last = _read_token(request["nextToken"], fingerprint)
        if len(items) > 1 and position(items[0]) > position(items[-1]):
            start = len(items) - bisect.bisect_left(items[::-1], last, key=position)
        else:
            start = bisect.bisect_right(items, last, key=position)
    found = items[start : start + size]
    more = len(items) > start + size
    return found, _write_token(position(found[-1]), fingerprint) if more else None


def page_of(
    fetch: Callable[[Any, int], Sequence[Item]],
    request: dict[str, Any],
    position: Callable[[Item], Any],
    fingerprint: str,
) -> tuple[Sequence[Item], str | None]:
    """Return one page of a list that isn't in memory, and the token of the next page. See `page`.

    Args:
        fetch: Returns so many items after a position, from the start for None.
        request: The API's request.
        position: Returns an item's position.
        fingerprint: Names the list and its filters.

    Raises:
        ServiceError: InvalidToken.
    """
    size = request.get("maxResults") or DEFAULT_PAGE
    last = _read_token(request["nextToken"], fingerprint) if request.get("nextToken") else None
    found = fetch(last, size + 1)
    more = len(found) > size
    found = found[:size]
    return found, _write_token(position(found[-1]), fingerprint) if more else None


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
