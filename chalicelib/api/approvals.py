"""`/approvals`: what waits for a person's answer, by account or by link."""

from __future__ import annotations

import base64
from typing import Any

from chalicelib import times
from chalicelib.api.http import Answer, Call
from chalicelib.approvals import answering, finding
from chalicelib.approvals.records import PENDING, STATUSES, Approval
from chalicelib.errors import BadRequest, DomainError, Invalid
from chalicelib.runs.ids import is_id

KEY = "key"
"""The query parameter of a link. A request that has it needs no token."""


def list_approvals(call: Call) -> Answer:
    """Answer with the approvals that the caller may answer, newest first; for admins all."""
    status = call.query("status") or PENDING
    if status not in STATUSES:
        raise BadRequest(f"The query parameter 'status' is {status!r}; it must be one of {', '.join(STATUSES)}.")
    limit = call.query_number("limit", default=50, lowest=1, highest=100)
    token = call.query("nextToken")
    page = finding.list_approvals(call.user, status, limit=limit, before=None if token is None else _read(token))
    approvals = [shown(approval) for approval in page.approvals]
    body: dict[str, Any] = {"approvals": approvals, "count": len(approvals)}
    return Answer(body if page.before is None else {**body, "nextToken": _token(page.before)})


def get_approval(call: Call) -> Answer:
    """Answer with one approval: with a page if a browser follows a link."""
    if call.query(KEY) is None or not _wants_page(call):
        return Answer(shown(_find(call)), headers=_private(call))
    from chalicelib.api import approval_page

    try:
        return approval_page.asking(_find(call))
    except DomainError as error:
        return _refusal(error)


def answer_approval(call: Call) -> Answer:
    """Answer an approval, once: with JSON, or with the form of the page behind a link."""
    if call.query(KEY) is not None and _is_form(call):
        return _answer_by_form(call)
    approval = _find(call)
    answering.refuse_closed(approval)
    body = call.json_object(limit=answering.MAX_BODY)
    given = answering.read_answer(approval, body, None if call.query(KEY) is not None else call.user)
    return Answer(shown(answering.answer(approval, given)), headers=_private(call))


def _answer_by_form(call: Call) -> Answer:
    from chalicelib.api import approval_page

    try:
        approval = _find(call)
        body, entries = approval_page.read_form(approval, call.body, answering.MAX_BODY)
        try:
            given = answering.read_answer(approval, body, None)
        except Invalid as error:
            return approval_page.asking(approval, entries, error.detail, error.errors)
        answering.answer(approval, given)
        return approval_page.thanking(approval, given.decision)
    except DomainError as error:
        return _refusal(error)


def _wants_page(call: Call) -> bool:
    from chalicelib.api.approval_page import is_wanted

    return is_wanted(call.headers.get("accept", ""))


def _is_form(call: Call) -> bool:
    from chalicelib.api.approval_page import is_form

    return is_form(call.headers.get("content-type", ""))


def _refusal(error: DomainError) -> Answer:
    from chalicelib.api.approval_page import refusing

    return refusing("This can't be answered", error.detail, error.status)


def shown(approval: Approval) -> dict[str, Any]:
    """Return an approval as the API shows it: the token and the key's hash stay here."""
    return {
        "id": approval.id,
        "status": approval.current_status,
        "title": approval.title,
        "message": approval.message,
        "form": approval.form,
        "who": {"groups": list(approval.groups), "users": list(approval.users)},
        "flow": approval.flow,
        "executionArn": approval.execution_arn,
        "executionId": approval.execution_id,
        "state": approval.state,
        "created": times.iso(approval.created),
        "expires": times.iso(approval.expires),
        "answer": None if approval.answer is None else approval.answer.to_json(),
    }


def _find(call: Call) -> Approval:
    key, approval_id = call.query(KEY), call.param("approval_id")
    return finding.find(approval_id, call.user) if key is None else finding.find_by_key(approval_id, key)


def _private(call: Call) -> dict[str, str]:
    """Return headers that keep a link's key out of caches and of the addresses that are sent to other sites."""
    return {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} if call.query(KEY) is not None else {}


def _token(approval_id: str) -> str:
    return base64.urlsafe_b64encode(approval_id.encode()).decode().rstrip("=")


def _read(token: str) -> str:
    try:
        before = base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True).decode()
    except ValueError:
        before = ""
    if not is_id(before):
        raise BadRequest("The query parameter 'nextToken' did not come from this list.")
    return before
