"""Lists by name, a page at a time: `?limit=` and `?nextToken=`."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from chalicelib.api.http import Call
from chalicelib.errors import BadRequest

MAX_PAGE = 1_000


def page_of(call: Call, names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the names on the page that the call asks for, in order, and `nextToken` if there are more.

    Raises:
        BadRequest: `limit` or `nextToken` is not valid.
    """
    limit = call.query_number("limit", default=MAX_PAGE, lowest=1, highest=MAX_PAGE)
    after = _read_token(call.query("nextToken"))
    rest = [name for name in sorted(names) if after is None or name > after]
    page = rest[:limit]
    return page, {"nextToken": _token(page[-1])} if len(rest) > limit else {}


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _read_token(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True).decode()
    except ValueError:
        raise BadRequest("The query parameter 'nextToken' did not come from this list.") from None
