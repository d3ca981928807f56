"""Finds and lists approvals for those who may answer them."""

from __future__ import annotations

import heapq
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chalicelib.approvals import answering, records
from chalicelib.approvals.opening import hash_of
from chalicelib.approvals.records import ANSWERED, DONE, MAX_BATCH, OPEN, Approval
from chalicelib.errors import NotFound
from chalicelib.identity import User
from chalicelib.runs import ids

MAX_PORTIONS = 10
"""The most portions that one request reads, so that a list of nothing but expired ones is not read at once."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some approvals, newest first, and the id before which the next page begins; None at the end."""

    approvals: list[Approval]
    before: str | None


def find(approval_id: str, user: User) -> Approval:
    """Return an approval that the user may answer.

    Raises:
        NotFound: There is none, or it isn't the user's to answer.
    """
    found = _get(approval_id)
    if found is None or not found.may_answer(user):
        raise _not_found(approval_id)
    return found


def find_by_key(approval_id: str, key: str) -> Approval:
    """Return the approval that a link leads to.

    Raises:
        NotFound: There is none, or the key is wrong.
        Conflict: The link was used, or it has expired.
    """
    found = _get(approval_id)
    if found is None or found.key_hash is None or not hmac.compare_digest(found.key_hash, hash_of(key)):
        raise NotFound("There is no approval with this link.")
    answering.refuse_closed(found)
    return found


def list_approvals(user: User, status: str, *, limit: int, before: str | None) -> Page:
    """Return the approvals that the user may answer, newest first; for admins all.

    Args:
        user: Who asks.
        status: One of `records.STATUSES`.
        limit: The most approvals to return. A page may have fewer, even none, and still not be the last.
        before: The id before which the page begins; None for the newest.
    """
    half = DONE if status == ANSWERED else OPEN
    lists = [records.newest_first(partition, half, before) for partition in records.lists_of(user)]
    ordered = _distinct(heapq.merge(*lists, reverse=True))
    found: list[Approval] = []
    for _ in range(MAX_PORTIONS):
        portion = list(islice(ordered, MAX_BATCH))
        known = answering.settled(list(records.get_many(portion).values()))
        for approval_id in portion:
            approval = known.get(approval_id)
            if approval is not None and approval.current_status == status and approval.may_answer(user):
                if len(found) == limit:
                    return Page(found, found[-1].id)
                found.append(approval)
        if len(portion) < MAX_BATCH:
            return Page(found, None)
        before = portion[-1]
    return Page(found, before)


def _distinct(names: Iterator[str]) -> Iterator[str]:
    last = None
    for name in names:
        if name != last:
            yield name
        last = name


def _get(approval_id: str) -> Approval | None:
    if not ids.is_id(approval_id):
        return None
    found = records.get(approval_id)
    return None if found is None else answering.settled([found])[found.id]


def _not_found(approval_id: str) -> NotFound:
    return NotFound(f"There is no approval {approval_id!r} for you. GET /approvals lists yours.")
