"""Monthly usage per user: one UpdateItem a call, which never fails nor delays the call by more than a second.

Every authenticated HTTP call is counted by the API. `track_usage_middleware` counts the calls of one function, from a
flow too; within one call nothing is counted twice.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from chalicelib import aws
from chalicelib.names import USER_KEY
from chalicelib.settings import settings
from chalicelib.tables import TTL, USAGE

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

RETENTION_SECONDS = 90 * 24 * 3600
MAX_DELAY = 0.9  # seconds that a call may wait for its count

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class MonthlyUsage:
    """How many calls a user made in a month (`YYYY-MM`, UTC)."""

    year_month: str
    api_calls: int


class Call:
    """One call, counted at most once."""

    __slots__ = ("_deadline", "_pending", "user_id")

    def __init__(self, user_id: str | None):
        self.user_id = user_id
        self._pending: Future[None] | None = None
        self._deadline: float | None = None

    def count(self) -> None:
        """Count the call, beside its work: DynamoDB answers while the call goes on."""
        if self._deadline is None and self.user_id:
            self._deadline = time.monotonic() + MAX_DELAY
            try:
                self._pending = _workers().submit(_increment, self.user_id)
            except RuntimeError as error:  # no more threads
                _report_loss(error)

    def settle(self) -> None:
        """Wait until the count is written, or given up."""
        pending, self._pending = self._pending, None
        if pending is None or self._deadline is None:
            return
        try:
            pending.result(max(0.0, self._deadline - time.monotonic()))
        except Exception as error:
            pending.cancel()
            _report_loss(error)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def call(user_id: str | None) -> Iterator[Call]:
    """The scope of one call by `user_id`; at its end the count is settled."""
    active = Call(user_id)
    token = _current.set(active)
    try:
        yield active
    finally:
        _current.reset(token)
        active.settle()


def settle_current() -> None:
    """Wait for the count of the call that is going on, so that it can be read."""
    active = _current.get()
    if active is not None:
        active.settle()


def track_usage_middleware(handler: Callable[_P, _R]) -> Callable[_P, _R]:
    """Count each call of a function, of either style, for the user who caused it. No user, nothing to count.

    ```python
    @track_usage_middleware
    def handler(event, context):
        return {"status": "success"}
    ```
    """

    @functools.wraps(handler)
    def tracked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        active = _current.get()
        if active is not None:
            active.count()
            return handler(*args, **kwargs)
        with call(_user_of(args[0] if args else kwargs.get("event"))) as own:
            own.count()
            return handler(*args, **kwargs)

    return tracked


def monthly(user_id: str, start: str = "0000-01", end: str = "9999-12") -> list[MonthlyUsage]:
    """A user's months from `start` to `end` (`YYYY-MM`, both included), oldest first."""
    pages = (
        aws.dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=settings.names.usage_table,
            KeyConditionExpression=f"{USAGE.hash_key} = :user AND {USAGE.range_key} BETWEEN :start AND :end",
            ExpressionAttributeValues={":user": {"S": user_id}, ":start": {"S": start}, ":end": {"S": end}},
            ConsistentRead=True,
        )
    )
    return [MonthlyUsage(i[USAGE.range_key]["S"], int(i["apiCalls"]["N"])) for page in pages for i in page["Items"]]


@functools.cache
def _workers() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="usage")


def _increment(user_id: str) -> None:
    now = datetime.now(UTC)
    aws.dynamodb_for_usage().update_item(
        TableName=settings.names.usage_table,
        Key=USAGE.key(user_id, now.strftime("%Y-%m")),
        UpdateExpression="ADD apiCalls :one SET #ttl = :ttl",
        ExpressionAttributeNames={"#ttl": TTL},
        ExpressionAttributeValues={":one": {"N": "1"}, ":ttl": {"N": str(int(now.timestamp()) + RETENTION_SECONDS)}},
    )


def _report_loss(error: BaseException) -> None:
    """Log the loss, and count it as the metric `UsageLost` (CloudWatch embedded metric format)."""
    _log.warning("a call was not counted: %s", aws.error_name(error))
    metric = {"Name": "UsageLost", "Unit": "Count"}
    directive = {"Namespace": settings.names.app, "Dimensions": [["Stage"]], "Metrics": [metric]}
    record = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "Stage": settings.stage,
        "UsageLost": 1,
    }
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def _user_of(event: Any) -> str | None:
    """The caller named by an API Gateway event, or by a flow's input."""
    if not isinstance(event, dict):
        return None
    context = event.get("requestContext")
    authorizer = context.get("authorizer") if isinstance(context, dict) else None
    claims = authorizer.get("claims") if isinstance(authorizer, dict) else None
    user = claims.get("sub") if isinstance(claims, dict) else event.get(USER_KEY)
    return user if isinstance(user, str) else None
