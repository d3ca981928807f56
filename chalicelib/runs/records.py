"""The records of runs: one item a run in the table `<app>-<stage>-runs`, kept for 90 days."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.errors import error_code
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef as Value

RETENTION_SECONDS = 90 * 24 * 3600
RUNNING = "RUNNING"
REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
STATUSES = (RUNNING, "SUCCEEDED", *sorted(REDRIVABLE))

_PREFIX = "run#"
_TEXTS = {
    "executionArn": "execution_arn",
    "flow": "flow",
    "status": "status",
    "startDate": "start_date",
    "stopDate": "stop_date",
    "output": "output",
    "error": "error",
    "cause": "cause",
    "inputSha": "input_sha",
}
_LISTED = ("executionArn", "flow", "#status", "startDate", "stopDate", "redriveCount")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Step Functions says of an execution. `redrive_count` is None where it does not say."""

    status: str
    stop_date: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The record of a run. Dates are ISO 8601 in UTC; `output` is JSON text."""

    user_id: str
    execution_id: str
    execution_arn: str
    flow: str
    status: str
    start_date: str
    stop_date: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    input_sha: str | None = None
    redrive_count: int = 0

    @property
    def ended(self) -> bool:
        return self.status != RUNNING

    @property
    def is_express(self) -> bool:
        """Whether it is a run of an EXPRESS flow, which Step Functions keeps no record of."""
        return ":express:" in self.execution_arn


def create(run: Run) -> bool:
    """Write the record of a run that is about to start. False if there is one already."""
    return _conditionally(
        aws.dynamodb().put_item,
        TableName=settings.names.runs_table,
        Item=_item(run),
        ConditionExpression=f"attribute_not_exists({RUNS.range_key})",
    )


def put(run: Run) -> None:
    """Write a record whatever it was before."""
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=_item(run))


def get(user_id: str, execution_id: str) -> Run | None:
    """The record as it is now, None if this user has none such."""
    found = aws.dynamodb().get_item(
        TableName=settings.names.runs_table, Key=_key(user_id, execution_id), ConsistentRead=True
    )
    item = found.get("Item")
    return None if item is None else _run(item)


def delete(user_id: str, execution_id: str) -> None:
    """Remove the record of a run that never started."""
    aws.dynamodb().delete_item(TableName=settings.names.runs_table, Key=_key(user_id, execution_id))


def update(user_id: str, execution_id: str, execution_arn: str, outcome: Outcome) -> bool:
    """Bring a record up to date. False if there is no record of this execution, or it knows better.

    Events arrive late, twice and out of order. A run that has ended starts again by a redrive alone, so what counts is
    the number of redrives, and within one an end beats `RUNNING`.
    """
    newer = "redriveCount < :redrives"
    same = "#status = :running"
    values: dict[str, Value] = {":arn": {"S": execution_arn}, ":status": {"S": outcome.status}}
    if outcome.redrive_count is None:
        condition = same
    else:
        values[":redrives"] = {"N": str(outcome.redrive_count)}
        ends = outcome.status != RUNNING
        condition = f"({newer} OR (redriveCount = :redrives AND {same}))" if ends else newer
    if same in condition:
        values[":running"] = {"S": RUNNING}
    sets, removes = ["#status = :status"], []
    if outcome.redrive_count is not None:
        sets.append("redriveCount = :redrives")
    for attribute, value in _changes(outcome).items():
        if value is None:
            removes.append(f"#{attribute}")
        else:
            sets.append(f"#{attribute} = :{attribute}")
            values[f":{attribute}"] = {"S": value}
    return _conditionally(
        aws.dynamodb().update_item,
        TableName=settings.names.runs_table,
        Key=_key(user_id, execution_id),
        UpdateExpression=f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
        ConditionExpression=f"executionArn = :arn AND {condition}",
        ExpressionAttributeNames={"#status": "status", **{f"#{name}": name for name in _changes(outcome)}},
        ExpressionAttributeValues=values,
    )


def newest_first(user_id: str, *, before: str | None, lowest: str, page_size: int) -> Iterator[list[Run]]:
    """A user's runs from the newest on, page after page: those older than the id `before`, down to the id `lowest`."""
    start: dict[str, Any] = {} if before is None else {"ExclusiveStartKey": _key(user_id, before)}
    while True:
        page = aws.dynamodb().query(
            TableName=settings.names.runs_table,
            KeyConditionExpression=f"{RUNS.hash_key} = :user AND {RUNS.range_key} BETWEEN :lowest AND :highest",
            ExpressionAttributeValues={
                ":user": {"S": user_id},
                ":lowest": {"S": _PREFIX + lowest},
                ":highest": {"S": _PREFIX + "g"},
            },
            ProjectionExpression=", ".join([*RUNS, *_LISTED]),
            ExpressionAttributeNames={"#status": "status"},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=page_size,
            **start,
        )
        yield [_run(item) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        if not last:
            return
        start = {"ExclusiveStartKey": last}


def _item(run: Run) -> dict[str, Value]:
    item = _key(run.user_id, run.execution_id)
    for attribute, name in _TEXTS.items():
        value = getattr(run, name)
        if value is not None:
            item[attribute] = {"S": value}
    item["redriveCount"] = {"N": str(run.redrive_count)}
    item[TTL] = {"N": str(int(time.time()) + RETENTION_SECONDS)}
    return item


def _changes(outcome: Outcome) -> dict[str, str | None]:
    return {
        "stopDate": outcome.stop_date,
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
    }


def _key(user_id: str, execution_id: str) -> dict[str, Value]:
    return RUNS.key(user_id, _PREFIX + execution_id)


def _run(item: dict[str, Any]) -> Run:
    texts = {name: item[attribute]["S"] for attribute, name in _TEXTS.items() if attribute in item}
    return Run(
        user_id=item[RUNS.hash_key]["S"],
        execution_id=item[RUNS.range_key]["S"].removeprefix(_PREFIX),
        redrive_count=int(item["redriveCount"]["N"]),
        **texts,
    )


def _conditionally(write: Any, **arguments: Any) -> bool:
    try:
        write(**arguments)
    except Exception as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
