"""The records of approvals, in the table of runs.

The item of an approval is a partition of its own. In addition there is an index item in the list of every group and
user who may answer, and in the list of all approvals, which is for admins. The index item's key begins with `open#`, or
with `done#` once the answer has been delivered, and then sorts by the time of opening. It has no data that could get
out of date.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.errors import error_code
from chalicelib.settings import settings
from chalicelib.tables import RETENTION_SECONDS, RUNS, TTL

if TYPE_CHECKING:
    from chalicelib.identity import User

PENDING, ANSWERED, EXPIRED = STATUSES = ("pending", "answered", "expired")
OPEN, DONE = "open", "done"
"""The two halves of each list of approvals."""

MAX_BATCH = 100
_ITEM = "approval"
_ALL = "#approvals#all"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody has answered. Without an account (`via` is `link`), `user_id` and `email` are None.

    `email` is None as well if Cognito has not verified it: users can change theirs to anybody's.
    """

    decision: str
    data: dict[str, Any]
    user_id: str | None
    email: str | None
    via: str
    at: str

    def to_json(self) -> dict[str, Any]:
        by = {"id": self.user_id, "email": self.email, "via": self.via}
        return {"decision": self.decision, "data": self.data, "by": by, "at": self.at}


@dataclass(frozen=True, slots=True)
class Approval:
    """The record of an approval. Times are seconds since 1970.

    `status` is as stored: one that is `pending` in the item counts as expired from `expires` on. `delivered` says that
    Step Functions has the answer. `key_hash` is the SHA-256 of the link's key, `run_user` the partition of the run's
    record.
    """

    id: str
    token: str
    title: str
    message: str
    groups: tuple[str, ...]
    users: tuple[str, ...]
    form: Any
    created: float
    expires: float
    execution_arn: str | None = None
    execution_id: str | None = None
    run_user: str | None = None
    flow: str | None = None
    state: str | None = None
    key_hash: str | None = None
    status: str = PENDING
    answer: Answer | None = None
    delivered: bool = False

    @property
    def current_status(self) -> str:
        """The status now."""
        return EXPIRED if self.status == PENDING and time.time() >= self.expires else self.status

    def may_answer(self, user: User) -> bool:
        """Whether a user may see and answer it: members of the groups, the users named, and admins.

        An e-mail address counts only if Cognito has verified it, since users can change theirs.
        """
        if user.is_admin or set(self.groups) & set(user.groups) or user.id.lower() in self.users:
            return True
        return user.verified_email is not None and user.verified_email.lower() in self.users


def create(approval: Approval) -> None:
    """Write the record of a new approval: the index items first, since one without a record is ignored."""
    from chalicelib.runs import indexes

    indexes.write([_entry(name, OPEN, approval) for name in _lists(approval)])
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=_item(approval))


def delete(approval: Approval) -> None:
    """Remove an approval that nobody has been asked for."""
    aws.dynamodb().delete_item(TableName=settings.names.runs_table, Key=_key(approval.id))
    for name in _lists(approval):
        _delete_entry(name, OPEN, approval)


def get(approval_id: str) -> Approval | None:
    """Return the current record, None if there is none."""
    found = aws.dynamodb().get_item(TableName=settings.names.runs_table, Key=_key(approval_id), ConsistentRead=True)
    return _read(found["Item"]) if "Item" in found else None


def get_many(ids: list[str]) -> dict[str, Approval]:
    """Return those of at most 100 approvals that have records, by id."""
    table = settings.names.runs_table
    asked: Any = {table: {"Keys": [_key(each) for each in ids], "ConsistentRead": True}} if ids else {}
    found: dict[str, Approval] = {}
    while asked:
        answer = aws.dynamodb().batch_get_item(RequestItems=asked)
        for item in answer["Responses"].get(table, []):
            approval = _read(item)
            found[approval.id] = approval
        asked = answer.get("UnprocessedKeys")
    return found


def settle(approval: Approval, answer: Answer) -> bool:
    """Write the answer of a pending approval. False if it is no longer pending."""
    return _update(
        approval,
        "SET #status = :status, answer = :answer",
        "#status = :pending AND expires > :now",
        {
            ":status": {"S": ANSWERED},
            ":answer": {"S": json.dumps(answer.to_json(), ensure_ascii=False)},
            ":pending": {"S": PENDING},
            ":now": {"N": repr(time.time())},
        },
    )


def expire(approval: Approval) -> None:
    """Note that nobody can answer any more: the task has ended otherwise. An answer that came too late is dropped."""
    change = "SET #status = :status REMOVE answer"
    condition = "#status = :was AND attribute_not_exists(delivered)"
    _update(approval, change, condition, {":status": {"S": EXPIRED}, ":was": {"S": approval.status}})


def mark_delivered(approval: Approval) -> None:
    """Note that Step Functions has the answer, and move the approval to the other half of its lists."""
    from chalicelib.runs import indexes

    indexes.write([_entry(name, DONE, approval) for name in _lists(approval)])
    values = {":true": {"BOOL": True}, ":status": {"S": ANSWERED}}
    _update(approval, "SET delivered = :true", "#status = :status", values)
    for name in _lists(approval):
        _delete_entry(name, OPEN, approval)


def lists_of(user: User) -> list[str]:
    """Return the partitions that list what a user may answer."""
    if user.is_admin:
        return [_ALL]
    names = [_list_of_user(user.id.lower()), *(_list_of_group(group) for group in user.groups)]
    if user.verified_email is not None:
        names.append(_list_of_user(user.verified_email.lower()))
    return list(dict.fromkeys(names))


def newest_first(partition: str, half: str, before: str | None) -> Iterator[str]:
    """Yield the ids of the approvals of a list, newest first; reads page by page, as far as it is asked.

    Args:
        partition: The list, from `lists_of`.
        half: `OPEN` or `DONE`.
        before: Only ids before this one; None for all.
    """
    start: dict[str, Any] = {}
    if before is not None:
        start = {"ExclusiveStartKey": RUNS.key(partition, f"{half}#{before}")}
    while True:
        page = aws.dynamodb().query(
            TableName=settings.names.runs_table,
            KeyConditionExpression=f"{RUNS.hash_key} = :partition AND begins_with({RUNS.range_key}, :half)",
            ExpressionAttributeValues={":partition": {"S": partition}, ":half": {"S": f"{half}#"}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=MAX_BATCH,
            **start,
        )
        for item in page["Items"]:
            yield item[RUNS.range_key]["S"].removeprefix(f"{half}#")
        last = page.get("LastEvaluatedKey")
        if not last:
            return
        start = {"ExclusiveStartKey": last}


def _lists(approval: Approval) -> list[str]:
    groups = [_list_of_group(group) for group in approval.groups]
    return list(dict.fromkeys([_ALL, *groups, *(_list_of_user(user) for user in approval.users)]))


def _list_of_group(group: str) -> str:
    return f"#approvals#group#{group}"


def _list_of_user(user: str) -> str:
    return f"#approvals#user#{hashlib.sha256(user.encode()).hexdigest()[:32]}"


def _entry(partition: str, half: str, approval: Approval) -> dict[str, Any]:
    return {**RUNS.key(partition, f"{half}#{approval.id}"), TTL: {"N": str(_ttl(approval))}}


def _delete_entry(partition: str, half: str, approval: Approval) -> None:
    key = RUNS.key(partition, f"{half}#{approval.id}")
    aws.dynamodb().delete_item(TableName=settings.names.runs_table, Key=key)


def _ttl(approval: Approval) -> int:
    return int(approval.expires) + RETENTION_SECONDS


def _key(approval_id: str) -> dict[str, Any]:
    return RUNS.key(f"#approval#{approval_id}", _ITEM)


_STRINGS = {
    "executionArn": "execution_arn",
    "executionId": "execution_id",
    "runUser": "run_user",
    "flow": "flow",
    "state": "state",
    "keyHash": "key_hash",
    "status": "status",
    "token": "token",
    "title": "title",
    "message": "message",
}


def _item(approval: Approval) -> dict[str, Any]:
    """Return the item of an approval without an answer."""
    strings = {name: getattr(approval, field) for name, field in _STRINGS.items()}
    return {
        **_key(approval.id),
        **{name: {"S": value} for name, value in strings.items() if value is not None},
        "who": {"S": json.dumps({"groups": approval.groups, "users": approval.users}, ensure_ascii=False)},
        "form": {"S": json.dumps(approval.form, ensure_ascii=False)},
        "created": {"N": repr(approval.created)},
        "expires": {"N": repr(approval.expires)},
        TTL: {"N": str(_ttl(approval))},
    }


def _read(item: dict[str, Any]) -> Approval:
    who = json.loads(item["who"]["S"])
    return Approval(
        id=item[RUNS.hash_key]["S"].removeprefix("#approval#"),
        groups=tuple(who["groups"]),
        users=tuple(who["users"]),
        form=json.loads(item["form"]["S"]),
        created=float(item["created"]["N"]),
        expires=float(item["expires"]["N"]),
        answer=_read_answer(item["answer"]["S"]) if "answer" in item else None,
        delivered="delivered" in item,
        **{field: item[name]["S"] for name, field in _STRINGS.items() if name in item},
    )


def _read_answer(text: str) -> Answer:
    value = json.loads(text)
    by = value["by"]
    return Answer(value["decision"], value["data"], by["id"], by["email"], by["via"], value["at"])


def _update(approval: Approval, change: str, condition: str, values: dict[str, Any]) -> bool:
    try:
        aws.dynamodb().update_item(
            TableName=settings.names.runs_table,
            Key=_key(approval.id),
            UpdateExpression=change,
            ConditionExpression=f"attribute_exists({RUNS.range_key}) AND {condition}",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
        )
    except Exception as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
