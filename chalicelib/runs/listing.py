"""Lists runs, newest first, page by page."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import astuple, dataclass

from chalicelib.errors import BadRequest
from chalicelib.runs.belief import Checks
from chalicelib.runs.ids import is_id
from chalicelib.runs.records import Run
from chalicelib.runs.searching import Filter, Search

MAX_PORTIONS = 10
"""The most portions that one request reads, so that a rare filter does not read everything at once."""

MAX_CHECKS = 3
"""Runs that one request checks at most, if they have been `RUNNING` for suspiciously long."""

_PORTION, _FILTERED_PORTION = 200, 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some runs, and the token of the next page."""

    runs: list[Run]
    next_token: str | None


def list_runs(user_id: str | None, wanted: Filter, *, limit: int, token: str | None, before: str | None = None) -> Page:
    """Return a page of runs of the last 90 days, newest first.

    Args:
        user_id: Whose runs; None for all users' and nobody's.
        wanted: What they are narrowed to.
        limit: The most runs to return. A page may have fewer, even none, and still have a `next_token`.
        token: The `next_token` of the page before; None for the first page.
        before: The order id before which the first page begins; None for the newest.

    Raises:
        BadRequest: The token did not come from this list with these filters.
    """
    if token is not None:
        before = _read_token(token, wanted)
    size = min(limit + 1, _PORTION) if wanted.is_empty else _FILTERED_PORTION
    found: list[Run] = []
    checks = Checks(MAX_CHECKS)
    for count, portion in enumerate(Search(user_id, wanted, before, size).portions(), start=1):
        for run in checks.of(portion.runs):
            if wanted.status in (None, run.status):
                if len(found) == limit:
                    return Page(found, _token(found[-1].order_id, wanted))
                found.append(run)
        if portion.seen is None:
            break
        if count >= MAX_PORTIONS:
            return Page(found, _token(portion.seen, wanted))
    return Page(found, None)


def _token(order_id: str, wanted: Filter) -> str:
    token = json.dumps([order_id, _digest(wanted)], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _read_token(token: str, wanted: Filter) -> str:
    try:
        order_id, digest = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True))
        valid = isinstance(order_id, str) and is_id(order_id) and digest == _digest(wanted)
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise BadRequest("The query parameter 'nextToken' did not come from this list with these filters.")
    return str(order_id)


def _digest(wanted: Filter) -> str:
    return hashlib.sha256(json.dumps(astuple(wanted)).encode()).hexdigest()[:8]
