"""Index items: where else the table names a run, so that searches read what they find and nothing else.

Each flow, each label and the failures of a user have a partition, with an item for each run. Its key is the run's order
id, so that a partition is read newest first and from any moment on; it has nothing that would have to be kept up to
date. The children of a run are a partition as well. Partitions of their own spread the writes of a user with many runs.
Index items are written before the record: one without a record is ignored, and expires.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.errors import Unavailable
from chalicelib.runs import payloads
from chalicelib.settings import settings
from chalicelib.tables import RETENTION_SECONDS, RUNS, TTL

if TYPE_CHECKING:
    from chalicelib.runs.records import Run

MAX_BATCH_WRITES = 25


@dataclass(frozen=True, slots=True)
class Facet:
    """One list of runs: the partition that has it. It begins with `#`, which no user's id does."""

    partition: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A run that a facet lists."""

    order_id: str
    user_id: str
    execution_id: str

    @property
    def key(self) -> tuple[str, str]:
        return self.user_id, self.execution_id


def by_flow(user_id: str, flow: str) -> Facet:
    """The user's runs of a flow."""
    return Facet(f"#by-flow#{user_id}#{flow}")


def by_label(user_id: str, name: str, value: str) -> Facet:
    """The user's runs with a label."""
    return Facet(f"#by-label#{user_id}#{name}#{hashlib.sha256(value.encode()).hexdigest()[:32]}")


def failures(user_id: str) -> Facet:
    """The user's runs that have ever failed, timed out or been stopped."""
    return Facet(f"#failed#{user_id}")


def children(execution_arn: str) -> Facet:
    """The runs that an execution started, and those that repeat it."""
    return Facet(f"#children#{execution_arn}")


def facets(run: Run) -> list[Facet]:
    """Return what lists a run from its start."""
    found: list[Facet] = []
    if run.owner is not None:
        found.append(by_flow(run.user_id, run.flow))
        found += [by_label(run.user_id, name, value) for name, value in sorted(run.labels.items())]
    if run.parent is not None:
        found.append(children(run.parent))
    return found


def items_of(run: Run) -> list[dict[str, Any]]:
    """Return the items that belong to a run besides its record: of its indexes, and of its input if it is large."""
    items = [_item(facet, run) for facet in facets(run)]
    if run.input is not None and payloads.is_large(run.input):
        items.append(payloads.item(run.user_id, run.execution_id, "input", run.input))
    return items


def write(items: list[dict[str, Any]]) -> None:
    """Write items, up to 25 with one request.

    Raises:
        Unavailable: DynamoDB was too busy for some of them.
    """
    table = settings.names.runs_table
    for first in range(0, len(items), MAX_BATCH_WRITES):
        left: Any = [{"PutRequest": {"Item": item}} for item in items[first : first + MAX_BATCH_WRITES]]
        for attempt in range(5):
            left = aws.dynamodb().batch_write_item(RequestItems={table: left}).get("UnprocessedItems", {}).get(table)
            if not left:
                break
            time.sleep(0.05 * 2**attempt)
        else:
            raise Unavailable("DynamoDB is too busy to record the run. Try again.")


def failure_item(user_id: str, execution_id: str) -> dict[str, Any]:
    """Return the item that lists a user's run among the failures; its id is its order id."""
    return _entry(failures(user_id), Entry(execution_id, user_id, execution_id))


def write_failure(user_id: str, execution_id: str) -> None:
    """List a user's run among the failures."""
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=failure_item(user_id, execution_id))


def newest_first(
    facet: Facet, *, before: str | None, lowest: str, highest: str, page_size: int
) -> Iterator[list[Entry]]:
    """Yield the runs of a facet page by page, newest first.

    Args:
        facet: The list.
        before: Only runs before this order id; None for all.
        lowest: The lowest order id.
        highest: The highest order id.
        page_size: The most runs of one page.
    """
    start: dict[str, Any] = {}
    if before is not None:
        start = {"ExclusiveStartKey": RUNS.key(facet.partition, before)}
    while True:
        page = aws.dynamodb().query(
            TableName=settings.names.runs_table,
            KeyConditionExpression=f"{RUNS.hash_key} = :partition AND {RUNS.range_key} BETWEEN :lowest AND :highest",
            ExpressionAttributeValues={
                ":partition": {"S": facet.partition},
                ":lowest": {"S": lowest},
                ":highest": {"S": highest},
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=page_size,
            **start,
        )
        yield [_read(item) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        if not last:
            return
        start = {"ExclusiveStartKey": last}


def _item(facet: Facet, run: Run) -> dict[str, Any]:
    return _entry(facet, Entry(run.order_id, run.user_id, run.execution_id))


def _entry(facet: Facet, entry: Entry) -> dict[str, Any]:
    return {
        **RUNS.key(facet.partition, entry.order_id),
        "owner": {"S": entry.user_id},
        "executionId": {"S": entry.execution_id},
        TTL: {"N": str(int(time.time()) + RETENTION_SECONDS)},
    }


def _read(item: dict[str, Any]) -> Entry:
    return Entry(item[RUNS.range_key]["S"], item["owner"]["S"], item["executionId"]["S"])
