"""Takes the answer of an approval, once, and hands it to Step Functions.

The answer is written before it is sent. Whoever looks at the approval after a crash in between sends it again, so that
no answer is lost; the task's output has the approval's id, which tells an answer that has arrived from one that came
too late.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import aws, times
from chalicelib.approvals import records
from chalicelib.approvals.records import ANSWERED, EXPIRED, PENDING, Answer, Approval
from chalicelib.errors import BadRequest, Conflict, FieldError, Invalid, error_code
from chalicelib.flows.input_schema import check_value
from chalicelib.identity import User
from chalicelib.runs import records as run_records

APPROVE, REJECT = DECISIONS = ("approve", "reject")
MAX_BODY = 100_000
"""Bytes of an answer."""

SENDING_SECONDS = 30.0
"""How long after the answer was written somebody else may send it: a request has ended by then."""

_OVER = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_SUCCESSES = ("taskSucceededEventDetails", "activitySucceededEventDetails")
_EVENTS = 1_000
"""Events of a page of the history."""
_CLOCKS = timedelta(seconds=60)
"""By how much the clocks of this process and of Step Functions may differ."""


def read_answer(approval: Approval, body: dict[str, Any], user: User | None) -> Answer:
    """Check the body of an answer, `{decision, data?}`.

    The form describes the data of an approving answer. A rejection may leave the data out.

    Args:
        approval: What is answered.
        body: The body.
        user: Who answers; None for somebody with a link.

    Raises:
        BadRequest: The body has an unknown key.
        Invalid: The decision is unknown, or the data doesn't match the form; names each field.
    """
    unknown = body.keys() - {"decision", "data"}
    if unknown:
        raise BadRequest(f"The body has the unknown key {min(unknown)!r}. It may have 'decision' and 'data'.")
    decision, data = body.get("decision"), body.get("data", {})
    if decision not in DECISIONS:
        message = f"must be {' or '.join(map(repr, DECISIONS))}"
        raise Invalid(f"The answer's decision {message}.", errors=[FieldError("decision", message)])
    if not isinstance(data, dict):
        raise Invalid("The answer's data must be an object.", errors=[FieldError("data", "must be an object")])
    if approval.form is not None and (decision == APPROVE or data):
        check_value(approval.form, data, "The answer's data doesn't match the form of the approval", below="data")
    at = times.now()
    if user is None:
        return Answer(decision, data, None, None, "link", at)
    return Answer(decision, data, user.id, user.verified_email, "account", at)


def answer(approval: Approval, given: Answer) -> Approval:
    """Answer an approval: the task continues with the answer as its result.

    The same answer of the same person again is not an error while the first is still to be sent.

    Raises:
        Conflict: It has been answered, or it has expired.
    """
    refuse_closed(approval)
    if not records.settle(approval, given):
        current = records.get(approval.id) or approval
        if current.status == ANSWERED and not current.delivered and _same(current.answer, given):
            return deliver(current)
        if current.status == ANSWERED:
            raise _answered(current)
        refuse_closed(current)
        raise Conflict("The approval has expired.")
    return deliver(replace(approval, status=ANSWERED, answer=given))


def deliver(approval: Approval) -> Approval:
    """Hand the answer to Step Functions, which may have it already: from another process, or a try without a reply.

    Args:
        approval: One that is answered.

    Raises:
        Conflict: The task no longer waits, and hasn't got the answer.
    """
    assert approval.answer is not None
    output = {"id": approval.id, **approval.answer.to_json()}
    try:
        aws.stepfunctions().send_task_success(taskToken=approval.token, output=json.dumps(output))
    except Exception as error:
        if error_code(error) not in _OVER:
            raise
        if not _has_arrived(approval):
            records.expire(approval)
            raise Conflict("The run no longer waits for this approval: it has ended, or went on without it.") from None
    if approval.run_user is not None and approval.execution_id is not None and approval.execution_arn is not None:
        entry = json.dumps({**output, "state": approval.state}, ensure_ascii=False)
        where = run_records.Place(approval.run_user, approval.execution_id, approval.execution_arn)
        run_records.note_approval(where, approval.id, entry)
    records.mark_delivered(approval)
    return replace(approval, delivered=True)


def settled(approvals: list[Approval]) -> dict[str, Approval]:
    """Return approvals as they are now, by id.

    What a crash has left undone is done: an answer that was not sent is sent. A pending one whose run has ended
    expires.
    """
    found = {each.id: each for each in approvals}
    for each in approvals:
        if each.status == ANSWERED and not each.delivered and _is_overdue(each):
            try:
                found[each.id] = deliver(each)
            except Conflict:
                found[each.id] = replace(each, status=EXPIRED, answer=None)
    pending = [each for each in found.values() if each.current_status == PENDING]
    runs = {(each.run_user, each.execution_id) for each in pending if each.run_user and each.execution_id}
    ended = run_records.ended([(user, run) for user, run in runs if user and run]) if runs else set()
    for each in pending:
        if (each.run_user, each.execution_id) in ended:
            records.expire(each)
            found[each.id] = replace(each, status=EXPIRED)
    return found


def refuse_closed(approval: Approval) -> None:
    """Refuse an approval that nobody can answer any more. While an answer is being sent, it may be repeated.

    Raises:
        Conflict: It has been answered, or it has expired; says by whom and when.
    """
    if approval.delivered:
        raise _answered(approval)
    if approval.current_status == EXPIRED:
        if approval.status == PENDING:
            raise Conflict(f"The approval expired at {times.iso(approval.expires)}.")
        raise Conflict("The approval has expired: its run no longer waits for it.")


def _answered(approval: Approval) -> Conflict:
    given = approval.answer
    assert given is not None
    by = given.email or given.user_id or "somebody with a link"
    verb = "approved" if given.decision == APPROVE else "rejected"
    return Conflict(f"The approval has already been answered: {by} {verb} it at {given.at}.")


def _same(one: Answer | None, other: Answer) -> bool:
    return one is not None and replace(one, at=other.at) == other


def _is_overdue(approval: Approval) -> bool:
    assert approval.answer is not None
    since = datetime.fromisoformat(times.now()) - datetime.fromisoformat(approval.answer.at)
    return since.total_seconds() > SENDING_SECONDS


def _has_arrived(approval: Approval) -> bool:
    """Whether the run's history has the answer: one of the events since then, which are read newest first."""
    if approval.execution_arn is None or approval.answer is None:
        return False
    since = datetime.fromisoformat(approval.answer.at) - _CLOCKS
    more: dict[str, Any] = {}
    while True:
        try:
            page: Any = aws.stepfunctions().get_execution_history(
                executionArn=approval.execution_arn, reverseOrder=True, maxResults=_EVENTS, **more
            )
        except Exception as error:
            if error_code(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
                return False
            raise
        for event in page["events"]:
            if event["timestamp"] < since:
                return False
            outputs = (event.get(name, {}).get("output", "") for name in _SUCCESSES)
            if any(_id_in(output) == approval.id for output in outputs):
                return True
        if "nextToken" not in page:
            return False
        more = {"nextToken": page["nextToken"]}


def _id_in(output: str) -> Any:
    try:
        value = json.loads(output)
    except ValueError:
        return None
    return value.get("id") if isinstance(value, dict) else None
