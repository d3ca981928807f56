"""Where the runs that a filter wants are read from: newest first, portion by portion, and never by a scan.

A user's runs are read from the narrowest list that the filter allows: a label's, the failures, a flow's, and otherwise
the user's partition. All users' runs are read from the index `byMonth`. The children of a run are a list of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib import aws, times
from chalicelib.runs import indexes, records
from chalicelib.runs.ids import is_id, lowest_id, made_at
from chalicelib.runs.indexes import Facet
from chalicelib.runs.records import ERROR_WORDS, MONTH_SHARDS, REDRIVABLE, RUNNING, Run
from chalicelib.settings import settings
from chalicelib.tables import RETENTION_SECONDS, RUNS, RUNS_BY_MONTH

HIGHEST = "g"
"""Greater than every order id."""
SLACK = 60.0
"""Seconds by which an id may be older than the start that the record names."""
MAX_BATCH = 100
_LISTED = (
    *("executionArn", "flow", "#status", "startDate", "stopDate", "redriveCount", "attemptDate", "checkedDate"),
    *("inferred", "startedBy", "parent", "labels", "#error"),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of runs is narrowed to; None and empty for everything.

    Args:
        flow: The name of the flow.
        status: The status.
        started_by: One of `records.STARTERS`.
        began_from: The earliest start, in seconds since 1970.
        began_to: The latest start, in seconds since 1970.
        error: How the error's name, or its cause, begins; upper and lower case are the same.
        labels: Names and values that the run must have, all of them.
        parent: The ARN of the execution that started or preceded the runs.
    """

    flow: str | None = None
    status: str | None = None
    started_by: str | None = None
    began_from: float | None = None
    began_to: float | None = None
    error: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    parent: str | None = None

    def allows(self, run: Run) -> bool:
        """Whether a run is as wanted, apart from its status, which may be out of date."""
        began, ended = self._period
        words = records.error_words(run.error, run.cause).values()
        return (
            self.flow in (None, run.flow)
            and self.started_by in (None, run.started_by)
            and began <= run.start_date <= ended
            and (self.error is None or any(text.startswith(self._error) for text in words))
            and all(run.labels.get(name) == value for name, value in self.labels)
        )

    def expression(self) -> dict[str, Any]:
        """Return the same as DynamoDB's FilterExpression, with the statuses that may turn out to be the wanted one."""
        parts: list[str] = []
        names: dict[str, str] = {}
        values: dict[str, Any] = {}

        def equals(attribute: str, value: str | None) -> None:
            if value is not None:
                parts.append(f"{attribute} = :{attribute.lstrip('#')}")
                values[f":{attribute.lstrip('#')}"] = {"S": value}

        equals("flow", self.flow)
        equals("startedBy", self.started_by)
        if self.status is not None:
            parts.append("#status IN (:status, :running)")
            values |= {":status": {"S": self.status}, ":running": {"S": RUNNING}}
        if self.began_from is not None or self.began_to is not None:
            parts.append("startDate BETWEEN :began AND :ended")
            values |= {key: {"S": date} for key, date in zip((":began", ":ended"), self._period, strict=True)}
        if self.error is not None:
            parts.append(f"({' OR '.join(f'begins_with({attribute}, :words)' for attribute in ERROR_WORDS)})")
            values[":words"] = {"S": self._error}
        for number, (name, value) in enumerate(self.labels):
            parts.append(f"labels.#label{number} = :label{number}")
            names[f"#label{number}"], values[f":label{number}"] = name, {"S": value}
        if not parts:
            return {}
        return {"FilterExpression": " AND ".join(parts), "names": names, "values": values}

    @property
    def range(self) -> tuple[str, str]:
        """The lowest and the highest order id that a wanted run may have."""
        lowest = time.time() - RETENTION_SECONDS
        if self.began_from is not None:
            lowest = max(lowest, self.began_from - SLACK)
        return lowest_id(lowest), HIGHEST if self.began_to is None else lowest_id(max(0.0, self.began_to + SLACK))

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    @property
    def _period(self) -> tuple[str, str]:
        began = "" if self.began_from is None else times.iso(self.began_from)
        return began, "~" if self.began_to is None else times.iso(self.began_to)

    @property
    def _error(self) -> str:
        return (self.error or "").strip()[: records.MAX_ERROR_WORDS].lower()


@dataclass(frozen=True, slots=True)
class Portion:
    """Some runs, newest first, and the order id down to which everything was read; None at the end."""

    runs: list[Run]
    seen: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """One search.

    Args:
        user_id: Whose runs; None for all users' and nobody's.
        filter: What they are narrowed to.
        before: The order id before which to begin; None for the newest.
        page_size: How many items one request reads from a partition.
    """

    user_id: str | None
    filter: Filter
    before: str | None = None
    page_size: int = field(default=200)

    def portions(self) -> Iterator[Portion]:
        """Yield the runs. Those whose status the record doesn't know for certain are among them."""
        lowest, highest = self.filter.range
        if lowest > (self.before or highest):
            return iter([Portion([], None)])
        facet = self._facet()
        if facet is not None:
            return self._of_facet(facet)
        return self._of_all() if self.user_id is None else self._of_user(self.user_id)

    def _facet(self) -> Facet | None:
        wanted = self.filter
        if wanted.parent is not None:
            return indexes.children(wanted.parent)
        if self.user_id is None:
            return None
        if wanted.labels:
            return indexes.by_label(self.user_id, *wanted.labels[0])
        if wanted.error is not None or wanted.status in REDRIVABLE:
            return indexes.failures(self.user_id)
        return None if wanted.flow is None else indexes.by_flow(self.user_id, wanted.flow)

    def _of_facet(self, facet: Facet) -> Iterator[Portion]:
        lowest, highest = self.filter.range
        pages = indexes.newest_first(
            facet, before=self.before, lowest=lowest, highest=highest, page_size=min(self.page_size, MAX_BATCH)
        )
        last: Portion | None = None
        for page in pages:
            if last is not None:
                yield last
            runs = records.get_many([entry.key for entry in page]) if page else []
            wanted = [run for run in runs if self.user_id in (None, run.user_id) and self.filter.allows(run)]
            last = Portion(wanted, page[-1].order_id if page else self.before)
        yield Portion([] if last is None else last.runs, None)

    def _of_user(self, user_id: str) -> Iterator[Portion]:
        lowest, highest = (records.item_id(order_id) for order_id in self.filter.range)
        start: dict[str, Any] = {}
        if self.before is not None:
            start = {"ExclusiveStartKey": RUNS.key(user_id, records.item_id(self.before))}
        while True:
            runs, last = self._query((RUNS.hash_key, user_id), (RUNS.range_key, lowest, highest), start)
            yield Portion(runs, None if last is None else last[RUNS.range_key]["S"].removeprefix(records.item_id("")))
            if last is None:
                return
            start = {"ExclusiveStartKey": last}

    def _of_all(self) -> Iterator[Portion]:
        """Read the shards of a month side by side, down to where the one that was read least deep has come."""
        index = RUNS_BY_MONTH
        lowest, highest = self.filter.range
        before = self.before or highest
        months = _months(made_at(lowest) or 0.0, made_at(before) or time.time() + SLACK)
        with ThreadPoolExecutor(MONTH_SHARDS, "shards") as threads:
            for month in months:
                while True:
                    found = list(
                        threads.map(
                            lambda shard, month=month, before=before: self._query(
                                (index.hash_key, records.month_partition(month, shard)),
                                (index.range_key, lowest, before),
                                {"IndexName": index.name},
                            ),
                            range(MONTH_SHARDS),
                        )
                    )
                    depths = [last[index.range_key]["S"] for _, last in found if last is not None]
                    depth = max(depths, default="")
                    runs = [
                        run for page, _ in found for run in page if depth <= run.order_id and run.order_id != before
                    ]
                    runs.sort(key=lambda run: run.order_id, reverse=True)
                    if not depth:
                        at_end = month == months[-1]
                        yield Portion(runs, None if at_end else _first_of(month))
                        break
                    yield Portion(runs, depth)
                    before = depth

    def _query(
        self, partition: tuple[str, str], key_range: tuple[str, str, str], more: dict[str, Any]
    ) -> tuple[list[Run], dict[str, Any] | None]:
        expression = self.filter.expression()
        more = more if "IndexName" in more else {"ConsistentRead": True, **more}
        if expression:
            more["FilterExpression"] = expression["FilterExpression"]
        page = aws.dynamodb().query(
            TableName=settings.names.runs_table,
            KeyConditionExpression=f"{partition[0]} = :partition AND {key_range[0]} BETWEEN :lowest AND :highest",
            ExpressionAttributeValues={
                ":partition": {"S": partition[1]},
                ":lowest": {"S": key_range[1]},
                ":highest": {"S": key_range[2]},
                **expression.get("values", {}),
            },
            ProjectionExpression=", ".join([*RUNS.keys, *_LISTED]),
            ExpressionAttributeNames={"#status": "status", "#error": "error", **expression.get("names", {})},
            ScanIndexForward=False,
            Limit=self.page_size,
            **more,
        )
        return [records.read_item(item) for item in page["Items"]], page.get("LastEvaluatedKey")


def find_by_id(execution_id: str) -> Run | None:
    """Return the run of any user with this id, which the API made; None if there is none, or none yet."""
    index = RUNS_BY_MONTH
    if not is_id(execution_id):
        return None
    keys = records.index_keys(execution_id)
    found = aws.dynamodb().query(
        TableName=settings.names.runs_table,
        IndexName=index.name,
        KeyConditionExpression=f"{index.hash_key} = :hash AND {index.range_key} = :range",
        ExpressionAttributeValues={":hash": keys[index.hash_key], ":range": keys[index.range_key]},
    )["Items"]
    return records.read_item(found[0]) if found else None


def _months(first: float, last: float) -> list[str]:
    """Return the months, `YYYY-MM`, from that of one moment back to that of an earlier one."""
    begin, month = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    found: list[str] = []
    year, number = month.year, month.month
    while (year, number) >= (begin.year, begin.month):
        found.append(f"{year:04}-{number:02}")
        year, number = (year, number - 1) if number > 1 else (year - 1, 12)
    return found


def _first_of(month: str) -> str:
    return lowest_id(datetime.fromisoformat(f"{month}-01T00:00:00+00:00").timestamp())
