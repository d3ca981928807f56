"""The records of runs: one item per run in the table `<app>-<stage>-runs`, kept for 90 days."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib import aws, times
from chalicelib.errors import error_code
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef as Value

RETENTION_SECONDS = 90 * 24 * 3600
RUNNING = "RUNNING"
REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
STATUSES = (RUNNING, "SUCCEEDED", *sorted(REDRIVABLE))
NEVER_BEGAN = "ExecutionDoesNotExist"
"""The error of a run that was inferred to have failed, as Step Functions doesn't know its execution."""

_PREFIX = "run#"
_STRINGS = {
    "executionArn": "execution_arn",
    "flow": "flow",
    "status": "status",
    "startDate": "start_date",
    "stopDate": "stop_date",
    "output": "output",
    "error": "error",
    "cause": "cause",
    "inputSha": "input_sha",
    "attemptDate": "attempt_date",
    "checkedDate": "checked_date",
    "creator": "creator",
}
_INFERRED = "inferred"
_LISTED = (
    *("executionArn", "flow", "#status", "startDate", "stopDate", "redriveCount"),
    *("attemptDate", "checkedDate", _INFERRED),
)


_reads = threading.BoundedSemaphore(32)
"""A thousand requests at once queue up here, where no time-out runs yet, and not at the table."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an execution, according to Step Functions. `redrive_count` is None if unknown."""

    status: str
    stop_date: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The record of a run. Dates are ISO 8601 in UTC; `output` is JSON text.

    `attempt_date` is when a repeated request, or a redrive, last tried to start the execution; `checked_date` when Step
    Functions was last asked. `inferred` says that the status is not from Step Functions. `creator` tells the request
    that wrote the record from others with the same idempotency key.
    """

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
    attempt_date: str | None = None
    checked_date: str | None = None
    creator: str | None = None
    inferred: bool = False

    @property
    def ended(self) -> bool:
        return self.status != RUNNING

    @property
    def is_express(self) -> bool:
        """Whether it is a run of an EXPRESS flow, which Step Functions keeps no record of."""
        return ":express:" in self.execution_arn


def create(run: Run) -> bool:
    """Write the record of a run that is about to start. Return False if there is one already."""
    return _conditionally(
        aws.dynamodb().put_item,
        TableName=settings.names.runs_table,
        Item=_item(run),
        ConditionExpression=f"attribute_not_exists({RUNS.range_key})",
    )


def put(run: Run) -> None:
    """Write a record, whatever it was before."""
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=_item(run))


def get(user_id: str, execution_id: str) -> Run | None:
    """Return the current record, None if this user has no such run."""
    with _reads:
        found = aws.dynamodb().get_item(
            TableName=settings.names.runs_table, Key=_key(user_id, execution_id), ConsistentRead=True
        )
    item = found.get("Item")
    return None if item is None else _run(item)


def delete(run: Run) -> bool:
    """Remove the record of a run that did not begin. False if another request has tried to start it since."""
    return _conditionally(
        aws.dynamodb().delete_item,
        TableName=settings.names.runs_table,
        Key=_key(run.user_id, run.execution_id),
        ConditionExpression="attribute_not_exists(attemptDate)",
    )


def update(user_id: str, execution_id: str, execution_arn: str, outcome: Outcome) -> bool:
    """Bring a record up to date with what Step Functions says. False if there is no such record, or it knows better.

    Events arrive late, twice and out of order. A run that has ended starts again only by a redrive, so what counts is
    the number of redrives, and within one an end beats `RUNNING`. Anything beats what was inferred.
    """
    inferred = f"attribute_exists({_INFERRED})"
    open_ = f"(#status = :running OR {inferred})"
    ends = outcome.status != RUNNING
    values: dict[str, Value] = {":arn": {"S": execution_arn}}
    if outcome.redrive_count is None:
        condition = open_
    else:
        values[":redrives"] = {"N": str(outcome.redrive_count)}
        condition = f"(redriveCount < :redrives OR (redriveCount = :redrives AND {open_ if ends else inferred}))"
    if ":running" in condition:
        values[":running"] = {"S": RUNNING}
    return _change(user_id, execution_id, outcome, _Condition(f"executionArn = :arn AND {condition}", values))


def infer(run: Run, outcome: Outcome) -> bool:
    """Write an end that Step Functions has not confirmed. False if the record has changed since it was read."""
    values: dict[str, Value] = {
        ":running": {"S": RUNNING},
        ":known": {"N": str(run.redrive_count)},
        ":inferred": {"BOOL": True},
    }
    condition = "#status = :running AND redriveCount = :known AND "
    if run.attempt_date is None:
        condition += "attribute_not_exists(attemptDate)"
    else:
        condition += "attemptDate = :attempt"
        values[":attempt"] = {"S": run.attempt_date}
    return _change(run.user_id, run.execution_id, outcome, _Condition(condition, values))


def restart(run: Run, attempt_date: str) -> bool:
    """Note that a repeated request starts the execution now. False if the run has ended, or the record is gone."""
    values: dict[str, Value] = {":running": {"S": RUNNING}, ":none": {"N": "0"}, ":never": {"S": NEVER_BEGAN}}
    condition = f"redriveCount = :none AND (#status = :running OR (attribute_exists({_INFERRED}) AND #error = :never))"
    return _change(run.user_id, run.execution_id, Outcome(RUNNING), _Condition(condition, values), now=attempt_date)


def mark_checked(run: Run, date: str) -> None:
    """Note that Step Functions was asked about the run, and said nothing new."""
    _conditionally(
        aws.dynamodb().update_item,
        TableName=settings.names.runs_table,
        Key=_key(run.user_id, run.execution_id),
        UpdateExpression="SET checkedDate = :date",
        ConditionExpression=f"attribute_exists({RUNS.range_key})",
        ExpressionAttributeValues={":date": {"S": date}},
    )


class _Condition(NamedTuple):
    """Under which a record is changed: an expression, and the values that it names."""

    expression: str
    values: dict[str, Value]


def _change(
    user_id: str, execution_id: str, outcome: Outcome, condition: _Condition, *, now: str | None = None
) -> bool:
    values = {**condition.values, ":status": {"S": outcome.status}}
    sets, removes = ["#status = :status"], ["checkedDate"]
    if ":inferred" in values:
        sets.append(f"{_INFERRED} = :inferred")
    else:
        removes.append(_INFERRED)
    if outcome.status == RUNNING:
        sets.append("attemptDate = :now")
        values[":now"] = {"S": now or times.now()}
    if ":redrives" in values:
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
        UpdateExpression=f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
        ConditionExpression=condition.expression,
        ExpressionAttributeNames={"#status": "status", **{f"#{name}": name for name in _changes(outcome)}},
        ExpressionAttributeValues=values,
    )


def ended(keys: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of at most 100 runs, named by user and execution id, whose records don't say `RUNNING` any more."""
    table = settings.names.runs_table
    asked: Any = {
        table: {
            "Keys": [_key(*key) for key in keys],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join([*RUNS, "#status"]),
            "ExpressionAttributeNames": {"#status": "status"},
        }
    }
    found = aws.dynamodb().batch_get_item(RequestItems=asked)  # what it leaves unprocessed is asked for the next time
    return {
        (item[RUNS.hash_key]["S"], item[RUNS.range_key]["S"].removeprefix(_PREFIX))
        for item in found["Responses"].get(table, [])
        if item["status"]["S"] != RUNNING
    }


def newest_first(user_id: str, *, before: str | None, lowest: str, page_size: int) -> Iterator[list[Run]]:
    """Yield a user's runs, newest first, page by page: those older than the id `before`, down to the id `lowest`."""
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
    for attribute, name in _STRINGS.items():
        value = getattr(run, name)
        if value is not None:
            item[attribute] = {"S": value}
    item["redriveCount"] = {"N": str(run.redrive_count)}
    if run.inferred:
        item[_INFERRED] = {"BOOL": True}
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
    strings = {name: item[attribute]["S"] for attribute, name in _STRINGS.items() if attribute in item}
    return Run(
        user_id=item[RUNS.hash_key]["S"],
        execution_id=item[RUNS.range_key]["S"].removeprefix(_PREFIX),
        redrive_count=int(item["redriveCount"]["N"]),
        inferred=_INFERRED in item,
        **strings,
    )


def _conditionally(write: Any, **arguments: Any) -> bool:
    try:
        write(**arguments)
    except Exception as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
