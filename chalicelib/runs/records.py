"""The records of runs: one item per run in the table `<app>-<stage>-runs`, kept for 90 days.

A user's run is in the user's partition. A run that a schedule, another flow or somebody outside the API started belongs
to nobody: its partition is its own, `#nobody#<flow>#<execution>`, which no user's id can be.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib import aws, times
from chalicelib.errors import error_code
from chalicelib.runs import indexes, payloads
from chalicelib.runs.ids import id_for, is_id, made_at
from chalicelib.settings import settings
from chalicelib.tables import RETENTION_SECONDS, RUNS, RUNS_BY_MONTH, TTL

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef as Value

RUNNING = "RUNNING"
REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
STATUSES = (RUNNING, "SUCCEEDED", *sorted(REDRIVABLE))
NEVER_BEGAN = "ExecutionDoesNotExist"
"""The error of a run that was inferred to have failed, as Step Functions doesn't know its execution."""

USER, SCHEDULE, RUN, OTHER = STARTERS = ("user", "schedule", "run", "other")
"""Who or what started a run. `run` is a rerun, or a flow that started another; `other` is anything outside the API that
doesn't say what it is: somebody who called StartExecution, or a flow that doesn't name itself."""

MONTH_SHARDS = 8
"""Partitions of the index `byMonth` for each month: one takes 1,000 writes a second."""

ERROR_WORDS = ("errorWords", "causeWords")
MAX_ERROR_WORDS = 200
"""Characters of an error's name and of its cause that are searched."""

_PREFIX = "run#"
_NOBODY = "#nobody#"
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
    "startedBy": "started_by",
    "parent": "parent",
    "input": "input",
}
_INFERRED = "inferred"
_APPROVAL = "approval#"
_LARGE_INPUT, _LARGE_OUTPUT = "largeInput", "largeOutput"

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
    """The record of a run. Dates are ISO 8601 in UTC; `input` and `output` are JSON text.

    `input` is without the user's id, and None if it is large (`payloads` has it then) or was not recorded. `parent` is
    the ARN of the execution that this one repeats, or that started it. `order_id` sorts runs by their start.

    `attempt_date` is when a repeated request, or a redrive, last tried to start the execution; `checked_date` when Step
    Functions was last asked. `inferred` says that the status is not from Step Functions. `creator` tells the request
    that wrote the record from others with the same idempotency key. `approvals` are the answers that people gave.
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
    started_by: str = USER
    parent: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    input: str | None = None
    large_input: bool = False
    large_output: bool = False
    approvals: tuple[Mapping[str, Any], ...] = ()

    @property
    def owner(self) -> str | None:
        """The user whose run it is; None if it is nobody's."""
        return self.user_id if is_owner(self.user_id) else None

    @property
    def order_id(self) -> str:
        if is_id(self.execution_id):
            return self.execution_id
        return id_for(datetime.fromisoformat(self.start_date).timestamp(), self.execution_arn)

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it runs."""
        if self.stop_date is None:
            return None
        began, ended = (datetime.fromisoformat(date) for date in (self.start_date, self.stop_date))
        return round((ended - began).total_seconds(), 3)

    @property
    def ended(self) -> bool:
        return self.status != RUNNING

    @property
    def is_express(self) -> bool:
        """Whether it is a run of an EXPRESS flow, which Step Functions keeps no record of."""
        return ":express:" in self.execution_arn


def nobody(flow: str, execution_id: str) -> str:
    """Return what stands for the user's id in the record of a run that belongs to nobody."""
    return f"{_NOBODY}{flow}#{execution_id}"


def is_owner(user_id: str) -> bool:
    """Whether this is a user's id, and not what stands for it in the record of a run that belongs to nobody."""
    return not user_id.startswith(_NOBODY)


def create(run: Run) -> bool:
    """Write the record of a run that is about to start. Return False if there is one already."""
    run = _without_large_output(run)
    return _conditionally(
        aws.dynamodb().put_item,
        TableName=settings.names.runs_table,
        Item=item_of(run),
        ConditionExpression=f"attribute_not_exists({RUNS.range_key})",
    )


def put(run: Run) -> None:
    """Write a record, whatever it was before; a large output gets an item of its own."""
    run = _without_large_output(run)
    if run.status in REDRIVABLE and run.owner is not None:
        indexes.write_failure(run.user_id, run.execution_id)
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=item_of(run))


def _without_large_output(run: Run) -> Run:
    if run.output is None or not payloads.is_large(run.output):
        return run
    payloads.put(run.user_id, run.execution_id, "output", run.output)
    return replace(run, output=None, large_output=True)


def get(user_id: str, execution_id: str) -> Run | None:
    """Return the current record, None if this user has no such run. A large output is read as well."""
    with _reads:
        found = aws.dynamodb().get_item(
            TableName=settings.names.runs_table, Key=_key(user_id, execution_id), ConsistentRead=True
        )
    item = found.get("Item")
    if item is None:
        return None
    run = read_item(item)
    return replace(run, output=payloads.get(user_id, execution_id, "output")) if run.large_output else run


def get_many(keys: list[tuple[str, str]]) -> list[Run]:
    """Return those of at most 100 runs, named by user and execution id, that have records; without large outputs."""
    table = settings.names.runs_table
    asked: Any = {table: {"Keys": [_key(*key) for key in dict.fromkeys(keys)], "ConsistentRead": True}}
    found: dict[tuple[str, str], Run] = {}
    while asked:
        answer = aws.dynamodb().batch_get_item(RequestItems=asked)
        for item in answer["Responses"].get(table, []):
            run = read_item(item)
            found[run.user_id, run.execution_id] = run
        asked = answer.get("UnprocessedKeys")
        if asked:
            time.sleep(0.05)
    return [found[key] for key in dict.fromkeys(keys) if key in found]


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


class Place(NamedTuple):
    """Where the record of an execution is."""

    user_id: str
    execution_id: str
    execution_arn: str


def note_approval(place: Place, approval_id: str, answer: str) -> bool:
    """Note the answer of an approval, a JSON object, in a run's record. False if there is no such record."""
    return _conditionally(
        aws.dynamodb().update_item,
        TableName=settings.names.runs_table,
        Key=_key(place.user_id, place.execution_id),
        UpdateExpression="SET #approval = :answer",
        ConditionExpression="executionArn = :arn",
        ExpressionAttributeNames={"#approval": _APPROVAL + approval_id},
        ExpressionAttributeValues={":answer": {"S": answer}, ":arn": {"S": place.execution_arn}},
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
    if outcome.output is not None and payloads.is_large(outcome.output):
        payloads.put(user_id, execution_id, "output", outcome.output)
        outcome = replace(outcome, output=None)
        values[":large"] = {"BOOL": True}
        sets.append(f"{_LARGE_OUTPUT} = :large")
    if outcome.status in REDRIVABLE and is_owner(user_id):
        indexes.write_failure(user_id, execution_id)
    for attribute, words in error_words(outcome.error, outcome.cause).items():
        if words:
            sets.append(f"{attribute} = :{attribute}")
            values[f":{attribute}"] = {"S": words}
        else:
            removes.append(attribute)
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
            "ProjectionExpression": ", ".join([*RUNS.keys, "#status"]),
            "ExpressionAttributeNames": {"#status": "status"},
        }
    }
    found = aws.dynamodb().batch_get_item(RequestItems=asked)  # what it leaves unprocessed is asked for the next time
    return {
        (item[RUNS.hash_key]["S"], item[RUNS.range_key]["S"].removeprefix(_PREFIX))
        for item in found["Responses"].get(table, [])
        if item["status"]["S"] != RUNNING
    }


def error_words(error: str | None, cause: str | None) -> dict[str, str]:
    """Return the beginnings of an error's name and of its cause as they are searched, by attribute; may be empty."""
    return {
        attribute: (text or "").strip()[:MAX_ERROR_WORDS].lower()
        for attribute, text in zip(ERROR_WORDS, (error, cause), strict=True)
    }


def item_of(run: Run) -> dict[str, Value]:
    """Return the item that is a run's record."""
    item = _key(run.user_id, run.execution_id)
    for attribute, name in _STRINGS.items():
        value = getattr(run, name)
        if value is not None:
            item[attribute] = {"S": value}
    if payloads.is_large(run.input):
        del item["input"]
    if run.large_input or payloads.is_large(run.input):
        item[_LARGE_INPUT] = {"BOOL": True}
    if run.large_output:
        item[_LARGE_OUTPUT] = {"BOOL": True}
    if run.labels:
        item["labels"] = {"M": {name: {"S": value} for name, value in run.labels.items()}}
    item |= {_APPROVAL + each["id"]: {"S": json.dumps(each, ensure_ascii=False)} for each in run.approvals}
    item |= {name: {"S": words} for name, words in error_words(run.error, run.cause).items() if words}
    item |= index_keys(run.order_id)
    item["redriveCount"] = {"N": str(run.redrive_count)}
    if run.inferred:
        item[_INFERRED] = {"BOOL": True}
    item[TTL] = {"N": str(int(time.time()) + RETENTION_SECONDS)}
    return item


def index_keys(order_id: str) -> dict[str, Value]:
    """Return the attributes with which the index `byMonth` finds a run."""
    month = datetime.fromtimestamp(made_at(order_id) or 0, UTC).strftime("%Y-%m")
    shard = int(order_id[-1], 16) % MONTH_SHARDS
    return {
        RUNS_BY_MONTH.hash_key: {"S": month_partition(month, shard)},
        RUNS_BY_MONTH.range_key: {"S": order_id},
    }


def month_partition(month: str, shard: int) -> str:
    """Return the partition of the index `byMonth` for a month, which is `YYYY-MM`, and one of its shards."""
    return f"{month}#{shard}"


def _changes(outcome: Outcome) -> dict[str, str | None]:
    return {
        "stopDate": outcome.stop_date,
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
    }


def _key(user_id: str, execution_id: str) -> dict[str, Value]:
    return RUNS.key(user_id, item_id(execution_id))


def item_id(execution_id: str) -> str:
    """Return the range key of a run's record."""
    return _PREFIX + execution_id


def read_item(item: dict[str, Any]) -> Run:
    """Return the run whose record, or part of it, this is."""
    strings = {name: item[attribute]["S"] for attribute, name in _STRINGS.items() if attribute in item}
    return Run(
        user_id=item[RUNS.hash_key]["S"],
        execution_id=item[RUNS.range_key]["S"].removeprefix(_PREFIX),
        redrive_count=int(item["redriveCount"]["N"]),
        inferred=_INFERRED in item,
        labels={name: value["S"] for name, value in item["labels"]["M"].items()} if "labels" in item else {},
        large_input=_LARGE_INPUT in item,
        large_output=_LARGE_OUTPUT in item,
        approvals=_approvals(item),
        **strings,
    )


def _approvals(item: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
    # Their ids sort by the time of opening.
    return tuple(json.loads(item[name]["S"]) for name in sorted(item) if name.startswith(_APPROVAL))


def _conditionally(write: Any, **arguments: Any) -> bool:
    try:
        write(**arguments)
    except Exception as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
