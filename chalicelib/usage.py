"""Monthly usage per user: counted exactly, without failing a call or delaying it by more than a second.

Every authenticated HTTP call is counted by the API. `track_usage_middleware` counts the calls of one function, from a
flow too; within one call nothing is counted twice.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from chalicelib import aws, metrics
from chalicelib.names import USER_KEY
from chalicelib.settings import settings
from chalicelib.tables import TTL, USAGE
from chalicelib.usage_ledger import Batch, Hooks, Ledger, Refused

RETENTION_SECONDS = 90 * 24 * 3600
MAX_DELAY = 0.9  # seconds that a call may wait for its count
FLUSH_SECONDS = 2.0  # seconds that the end of the process may wait for the last counts
WRITER = "writer_"
_PROCESS = os.urandom(6).hex()
KEEP_WRITERS_SECONDS = 3600  # longer than any request is under way
MANY_WRITERS = 20  # attributes of processes that are gone, which are worth an UpdateItem

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class MonthlyUsage:
    """The calls of a user in a month (`YYYY-MM`, UTC)."""

    year_month: str
    api_calls: int


class Call:
    """One call, which is counted at most once, and not at all if another process has counted it already."""

    __slots__ = ("_batch", "_deadline", "user_id")

    def __init__(self, user_id: str | None, *, counted: bool = False):
        self.user_id = user_id
        self._batch: Batch | None = None
        self._deadline: float | None = 0.0 if counted else None

    def count(self) -> None:
        """Count the call while it continues: DynamoDB is asked in another thread."""
        if self._deadline is None and self.user_id:
            self._deadline = time.monotonic() + MAX_DELAY
            self._batch = _ledger().add(self.user_id, datetime.now(UTC).strftime("%Y-%m"))

    def settle(self) -> None:
        """Wait until the count is written, or the time is up; then it is written later."""
        batch, self._batch = self._batch, None
        if batch is None or self._deadline is None:
            return
        batch.written.wait(max(0.0, self._deadline - time.monotonic()))
        if settings.on_lambda:  # where nothing is written between calls, those that are late have this call's time, too
            for late in _ledger().unwritten():
                late.written.wait(max(0.0, self._deadline - time.monotonic()))


_current: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def call(user_id: str | None, *, counted: bool = False) -> Iterator[Call]:
    """Open the scope of one call by `user_id`; its end waits for the count.

    Args:
        user_id: The caller's id, None if nobody's usage is to be counted.
        counted: Whether another process has counted the call already.
    """
    active = Call(user_id, counted=counted)
    token = _current.set(active)
    try:
        yield active
    finally:
        _current.reset(token)
        active.settle()


def settle_current() -> None:
    """Wait for the count of the current call, so that it can be read."""
    active = _current.get()
    if active is not None:
        active.settle()


def track_usage_middleware(handler: Callable[_P, _R]) -> Callable[_P, _R]:
    """Count each call of a function, of either style, for the user who caused it, if there is one.

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
    """Return a user's months from `start` to `end` (`YYYY-MM`, both included), oldest first."""
    months: list[MonthlyUsage] = []
    rest: Any = {}
    while True:
        page = aws.dynamodb().query(
            TableName=settings.names.usage_table,
            KeyConditionExpression=f"{USAGE.hash_key} = :user AND {USAGE.range_key} BETWEEN :start AND :end",
            ExpressionAttributeValues={":user": {"S": user_id}, ":start": {"S": start}, ":end": {"S": end}},
            ConsistentRead=True,
            **rest,
        )
        months += [MonthlyUsage(item[USAGE.range_key]["S"], int(item["apiCalls"]["N"])) for item in page["Items"]]
        if not page.get("LastEvaluatedKey"):
            return months
        rest = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


_lock = threading.Lock()
_ledgers: list[Ledger] = []
"""The one of this process, once something is counted: two would write under the same name."""


def _ledger() -> Ledger:
    if not _ledgers:
        with _lock:
            if not _ledgers:
                ledger = Ledger(Hooks(_write, _report_loss))
                atexit.register(ledger.flush, FLUSH_SECONDS)
                _ledgers.append(ledger)
    return _ledgers[0]


def forget() -> None:
    """Drop what is counted and not written."""
    while _ledgers:
        ledger = _ledgers.pop()
        atexit.unregister(ledger.flush)
        ledger.flush(0)


def _write(batch: Batch) -> None:
    """Add a batch to its month; that an earlier try has done so already is as good."""
    try:
        _increment(batch)
    except Exception as error:
        from chalicelib.errors import error_code, is_throttling

        code = error_code(error)
        if code == "ConditionalCheckFailedException":
            return
        _log.warning("calls are not counted yet: %s", aws.error_name(error))
        response = getattr(error, "response", None)
        status = response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(response, dict) else 500
        if 400 <= status < 500 and not is_throttling(error):
            raise Refused(code) from error
        raise


def _increment(batch: Batch) -> None:
    answer = aws.dynamodb_for_usage().update_item(
        TableName=settings.names.usage_table,
        Key=USAGE.key(*batch.key),
        UpdateExpression="ADD apiCalls :calls SET #ttl = :ttl, #writer = :number",
        ConditionExpression="attribute_not_exists(#writer) OR #writer < :number",
        ExpressionAttributeNames={"#ttl": TTL, "#writer": _writer()},
        ExpressionAttributeValues={
            ":calls": {"N": str(batch.calls)},
            ":number": {"N": str(batch.number)},
            ":ttl": {"N": str(int(time.time()) + RETENTION_SECONDS)},
        },
        ReturnValues="ALL_NEW",
    )
    oldest = batch.number - KEEP_WRITERS_SECONDS * 1000
    written = answer.get("Attributes", {})
    stale = [name for name, value in written.items() if name.startswith(WRITER) and int(value["N"]) < oldest]
    if len(stale) >= MANY_WRITERS:
        _remove(batch.key, stale)


def _writer() -> str:
    """The attribute of this process. Forked processes have one each."""
    return f"{WRITER}{_PROCESS}{os.getpid():x}"


def _remove(key: tuple[str, str], writers: list[str]) -> None:
    """Remove the attributes of processes that are gone, lest the item grow; the next batch finds what is left."""
    names = {f"#{i}": name for i, name in enumerate(writers[:100])}
    try:
        aws.dynamodb_for_usage().update_item(
            TableName=settings.names.usage_table,
            Key=USAGE.key(*key),
            UpdateExpression=f"REMOVE {', '.join(names)}",
            ExpressionAttributeNames=names,
        )
    except Exception as error:
        _log.debug("the writers of %s are still there: %s", key[1], aws.error_name(error))


def _report_loss(calls: int, reason: str) -> None:
    """Log a loss, and count it as the metric `UsageLost` (CloudWatch embedded metric format)."""
    _log.warning("%d calls were not counted: %s", calls, reason)
    metrics.count("UsageLost", calls)


def _user_of(event: Any) -> str | None:
    """Return the caller that an API Gateway event or a flow's input names."""
    if not isinstance(event, dict):
        return None
    context = event.get("requestContext")
    authorizer = context.get("authorizer") if isinstance(context, dict) else None
    claims = authorizer.get("claims") if isinstance(authorizer, dict) else None
    user = claims.get("sub") if isinstance(claims, dict) else event.get(USER_KEY)
    return user if isinstance(user, str) else None
