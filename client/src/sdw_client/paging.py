"""Lists of the API, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sdw_client.core import Ask, Core
from sdw_client.models import Document
from sdw_client.steps import Items, Page

T = TypeVar("T")


def pages(core: Core, path: str, query: Mapping[str, Any], key: str, make: Callable[[Document], T]) -> Items[T]:
    """Yield the pages of a list.

    Args:
        core: The client's.
        path: The list.
        query: Its filters.
        key: Where an answer has the items.
        make: Makes an item of what the answer has.
    """
    token: str | None = None
    while True:
        document = yield from core.document(Ask("GET", path, {**query, "nextToken": token}))
        yield Page(tuple(make(raw) for raw in document[key]))
        token = document.get("nextToken")
        if token is None:
            return
