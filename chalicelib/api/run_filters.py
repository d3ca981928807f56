"""The filters of `GET /runs`, which the bodies of the bulk requests have, too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.api.http import Call
from chalicelib.errors import BadRequest, Forbidden
from chalicelib.flows.labels import MAX_LABELS, MAX_VALUE
from chalicelib.identity import User
from chalicelib.runs import finding
from chalicelib.runs.records import STARTERS, STATUSES
from chalicelib.runs.searching import Filter
from chalicelib.tables import RETENTION_SECONDS

ALL = "all"
TEXTS = ("flow", "status", "startedBy", "from", "to", "error", "user", "parent")
"""The filters that have one value."""


def from_query(call: Call) -> tuple[str | None, Filter]:
    """Return whose runs a request asks for, None for everybody's, and what they are narrowed to.

    Raises:
        BadRequest: A filter is not valid.
        Forbidden: It asks for another user's runs, and the caller is not an admin.
        NotFound: There is no run `parent`, or it is another user's.
    """
    texts = {name: call.query(name) for name in TEXTS}
    return _read(call.user, texts, call.query_list("label"), "The query parameter")


def from_body(user: User, body: dict[str, Any]) -> tuple[str | None, Filter]:
    """Return the same from the body of a bulk request, where `label` is a list.

    Raises:
        BadRequest: A filter is not valid.
        Forbidden: It asks for another user's runs, and the caller is not an admin.
        NotFound: There is no run `parent`, or it is another user's.
    """
    labels = body.get("label", [])
    labels = [labels] if isinstance(labels, str) else labels
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise BadRequest("The key 'label' must be a list of strings NAME:VALUE.")
    for name in TEXTS:
        if not isinstance(body.get(name), str | None):
            raise BadRequest(f"The key {name!r} must be a string.")
    return _read(user, {name: body.get(name) for name in TEXTS}, labels, "The key")


def _read(user: User, texts: dict[str, str | None], labels: Sequence[str], where: str) -> tuple[str | None, Filter]:
    user_id = _whose(user, texts["user"], where)
    wanted = Filter(
        flow=texts["flow"],
        status=_one_of("status", texts["status"], STATUSES, where),
        started_by=_one_of("startedBy", texts["startedBy"], STARTERS, where),
        began_from=_moment("from", texts["from"], where),
        began_to=_moment("to", texts["to"], where),
        error=texts["error"] or None,
        labels=_labels(labels, where),
        parent=None if texts["parent"] is None else finding.find_any_flow(user, texts["parent"]).execution_arn,
    )
    if wanted.began_from is not None and wanted.began_to is not None and wanted.began_from > wanted.began_to:
        raise BadRequest(f"{where} 'from' must not be after 'to'.")
    if wanted.began_to is not None and wanted.began_to < time.time() - RETENTION_SECONDS:
        raise BadRequest(f"{where} 'to' is more than 90 days ago; older runs are not kept.")
    if texts["parent"] is not None and texts["user"] is None and user.is_admin:
        user_id = None  # an admin sees all children: those of schedules and flows belong to nobody
    return user_id, wanted


def _whose(user: User, text: str | None, where: str) -> str | None:
    if text is None or text == user.id:
        return user.id
    if not user.is_admin:
        raise Forbidden(f"{where} 'user' is only for members of the group admin. Leave it out to see your own runs.")
    if not text or text.startswith("#"):
        raise BadRequest(f"{where} 'user' is {text!r}; it must be a user's id, or all.")
    return None if text == ALL else text


def _one_of(name: str, text: str | None, choices: Sequence[str], where: str) -> str | None:
    if text is not None and text not in choices:
        raise BadRequest(f"{where} {name!r} is {text!r}; it must be one of {', '.join(choices)}.")
    return text


def _moment(name: str, text: str | None, where: str) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadRequest(
            f"{where} {name!r} is {text!r}; it must be a date or a time in ISO 8601, such as 2026-01-31T12:00:00Z."
        ) from None


def _labels(texts: Sequence[str], where: str) -> tuple[tuple[str, str], ...]:
    if len(texts) > MAX_LABELS:
        raise BadRequest(f"{where} 'label' is given {len(texts)} times; a run has at most {MAX_LABELS} labels.")
    found: list[tuple[str, str]] = []
    for text in texts:
        name, colon, value = text.partition(":")
        if not name or not colon:
            raise BadRequest(f"{where} 'label' is {text!r}; it must be NAME:VALUE.")
        found.append((name, value[:MAX_VALUE]))
    return tuple(found)
