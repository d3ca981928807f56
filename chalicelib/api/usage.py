"""`/usage`: the number of calls of a user in each month."""

from __future__ import annotations

import re

from chalicelib import usage
from chalicelib.api.http import Answer, Call
from chalicelib.errors import BadRequest, Forbidden

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def own_usage(call: Call) -> Answer:
    """Answer with the caller's usage."""
    return _usage(call, call.user.id)


def user_usage(call: Call) -> Answer:
    """Answer with a user's usage; only the group `admin` may see another's."""
    user_id = call.param("user_id")
    if user_id != call.user.id and not call.user.is_admin:
        raise Forbidden("Only members of the group 'admin' may see another user's usage.")
    return _usage(call, user_id)


def _usage(call: Call, user_id: str) -> Answer:
    start, end = _month(call, "startDate", "0000-01"), _month(call, "endDate", "9999-12")
    if start > end:
        raise BadRequest(f"startDate ({start}) must not be after endDate ({end}).")
    usage.settle_current()  # so that the answer includes this call
    months = [{"yearMonth": m.year_month, "apiCalls": m.api_calls} for m in usage.monthly(user_id, start, end)]
    return Answer({"userId": user_id, "usage": months})


def _month(call: Call, name: str, default: str) -> str:
    text = call.query(name)
    if text is None:
        return default
    if not _MONTH.fullmatch(text):
        raise BadRequest(f"The query parameter {name!r} is {text!r}; it must be a month as YYYY-MM.")
    return text
