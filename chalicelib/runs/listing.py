"""Lists a user's runs, newest first, page by page."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass

from chalicelib.errors import BadRequest
from chalicelib.runs import records
from chalicelib.runs.belief import Checks
from chalicelib.runs.ids import is_id, lowest_id
from chalicelib.runs.records import RETENTION_SECONDS, Run

MAX_PAGES = 10
"""The most pages of the table that one request reads, so that a rare filter does not read everything at once."""

MAX_CHECKS = 3
"""Runs that one request checks at most, if they have been `RUNNING` for suspiciously long."""

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some runs, and the token of the next page."""

    runs: list[Run]
    next_token: str | None


def list_runs(user_id: str, *, flow: str | None, status: str | None, limit: int, token: str | None) -> Page:
    """Return a page of a user's runs of the last 90 days, newest first.

    Args:
        user_id: Whose runs.
        flow: Only runs of this flow; None for all.
        status: Only runs of this status; None for all.
        limit: The most runs to return. A page may have fewer, even none, and still have a `next_token`.
        token: The `next_token` of the page before; None for the first page.

    Raises:
        BadRequest: The token did not come from this list with these filters.
    """
    before = None if token is None else _read_token(token, flow, status)
    lowest = lowest_id(time.time() - RETENTION_SECONDS)
    filtered = flow is not None or status is not None
    pages = records.newest_first(
        user_id, before=before, lowest=lowest, page_size=_PAGE if filtered else min(limit + 1, _PAGE)
    )
    found: list[Run] = []
    seen: Run | None = None
    checks = Checks(MAX_CHECKS)
    for count, page in enumerate(pages, start=1):
        for run in checks.of([run for run in page if flow in (None, run.flow)]):
            if status in (None, run.status):
                if len(found) == limit:
                    return Page(found, _token(found[-1].execution_id, flow, status))
                found.append(run)
        seen = page[-1] if page else seen
        if filtered and count == MAX_PAGES and seen is not None:
            return Page(found, _token(seen.execution_id, flow, status))
    return Page(found, None)


def _token(execution_id: str, flow: str | None, status: str | None) -> str:
    token = json.dumps([execution_id, _digest(flow, status)], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _read_token(token: str, flow: str | None, status: str | None) -> str:
    try:
        execution_id, digest = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True))
        valid = isinstance(execution_id, str) and is_id(execution_id) and digest == _digest(flow, status)
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise BadRequest("The query parameter 'nextToken' did not come from this list with these filters.")
    return str(execution_id)


def _digest(flow: str | None, status: str | None) -> str:
    return hashlib.sha256(json.dumps([flow, status]).encode()).hexdigest()[:8]
