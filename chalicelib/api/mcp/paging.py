"""Pages of lists by name, as MCP has them: a cursor that says after which name the next page begins."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from chalicelib.api.mcp.messages import INVALID_PARAMS, Message, RpcError

PAGE = 100


def page_of(message: Message, names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the names on the page that the request asks for, in order, and `nextCursor` if there are more.

    Raises:
        RpcError: The cursor did not come from this list.
    """
    cursor = message.optional_text("cursor")
    after = None if cursor is None else _read(cursor)
    rest = [name for name in sorted(names) if after is None or name > after]
    page = rest[:PAGE]
    if len(rest) <= PAGE:
        return page, {}
    return page, {"nextCursor": base64.urlsafe_b64encode(page[-1].encode()).decode()}


def _read(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, "-_", validate=True).decode()
    except ValueError:
        raise RpcError(INVALID_PARAMS, "The cursor did not come from this list.") from None
