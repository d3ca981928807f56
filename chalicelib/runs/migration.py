"""Gives records from before there were indexes what the indexes find them by.

It reads the whole table once, page by page, and keeps in the table how far it has come: after a crash the next call
continues there. A record that has its keys is left alone, so that another call changes nothing. Not imported by the
application: `python -m infrastructure.migrate` and the local cloud call it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import error_code
from chalicelib.runs import indexes, records
from chalicelib.runs.records import REDRIVABLE, Run
from chalicelib.tables import RUNS, RUNS_BY_MONTH

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Calls an operation of DynamoDB by its name, with the request, and returns the answer."""

PAGE = 1_000
_READ = ("executionArn", "flow", "#status", "startDate", "redriveCount", "#error", "cause")
_PLACE = RUNS.key("#migration", "runs-by-month")


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many records were read, and how many of them lacked the keys."""

    read: int
    changed: int


def migrate(
    call: Call, table: str, *, dry_run: bool = False, report: Callable[[Migrated], None] | None = None
) -> Migrated:
    """Bring the records of a table up to date.

    Args:
        call: Calls DynamoDB.
        table: The table's name.
        dry_run: Whether only to count.
        report: Called after each page with what was done so far.
    """
    read = changed = 0
    place = {} if dry_run else call("GetItem", {"TableName": table, "Key": _PLACE}).get("Item", {})
    start = {"ExclusiveStartKey": json.loads(place["startKey"]["S"])} if place else {}
    while True:
        page = call(
            "Scan",
            {
                "TableName": table,
                "FilterExpression": f"begins_with({RUNS.range_key}, :run)",
                "ExpressionAttributeValues": {":run": {"S": records.item_id("")}},
                "ProjectionExpression": ", ".join([*RUNS.keys, RUNS_BY_MONTH.range_key, *_READ]),
                "ExpressionAttributeNames": {"#status": "status", "#error": "error"},
                "Limit": PAGE,
                **start,
            },
        )
        former = [item for item in page["Items"] if RUNS_BY_MONTH.range_key not in item]
        read += len(page["Items"])
        changed += len(former)
        if not dry_run:
            for item in former:
                _change(call, table, records.read_item(item))
        if report is not None:
            report(Migrated(read, changed))
        last = page.get("LastEvaluatedKey")
        if last is None:
            break
        start = {"ExclusiveStartKey": last}
        if not dry_run:
            call("PutItem", {"TableName": table, "Item": {**_PLACE, "startKey": {"S": json.dumps(last)}}})
    if not dry_run:
        call("DeleteItem", {"TableName": table, "Key": _PLACE})
    return Migrated(read, changed)


def _change(call: Call, table: str, run: Run) -> None:
    items = indexes.items_of(run)
    if run.status in REDRIVABLE:
        items.append(indexes.failure_item(run.user_id, run.execution_id))
    for item in items:
        call("PutItem", {"TableName": table, "Item": item})
    keys = records.index_keys(run.order_id)
    words = {name: text for name, text in records.error_words(run.error, run.cause).items() if text}
    attributes = {**keys, "startedBy": {"S": run.started_by}, **{name: {"S": text} for name, text in words.items()}}
    try:
        call(
            "UpdateItem",
            {
                "TableName": table,
                "Key": RUNS.key(run.user_id, records.item_id(run.execution_id)),
                "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in attributes),
                "ConditionExpression": f"attribute_exists({RUNS.range_key})",
                "ExpressionAttributeValues": {f":{name}": value for name, value in attributes.items()},
            },
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":  # it has expired meanwhile
            raise
