"""Reads the history of an execution, a page at a time, and keeps what was computed from it for the next request.

GetExecutionHistory reads from either end. Of an execution that was looked at before, only what is new is read, newest
first, until a known event comes. What was computed stays in the process, for a few executions; another process begins
from the start, with the same result.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

from chalicelib import aws
from chalicelib.errors import NotFound, Unavailable, error_code
from chalicelib.runs.states.events import Event
from chalicelib.runs.states.fold import Fold, Wanted
from chalicelib.runs.states.outline import Outline

PAGE = 1_000
"""Events of a page: the most that GetExecutionHistory returns."""
FIRST_NEWS = 100
"""Events of the first page that is read of an execution that is known already."""
MAX_NEWS = 3_000
"""New events that are held to be taken in their order. If there are more, the history is read again from its start."""
MAX_FOLDS, MAX_FOLD_SIZE = 8, 4 * 1024 * 1024
"""How many executions are kept in the process, and how many characters of data each may have."""

GONE = (
    "Step Functions has no history of this run: it has not begun yet, or the history was deleted, as Step Functions "
    "does 90 days after a run's end."
)

_Key = tuple[str, Wanted]


class _Kept:
    """What was computed for the last requests. One that is in use belongs to the request that took it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folds: OrderedDict[_Key, Fold] = OrderedDict()

    def take(self, key: _Key) -> Fold | None:
        with self._lock:
            return self._folds.pop(key, None)

    def put(self, key: _Key, fold: Fold) -> None:
        if fold.kept_size + fold.assigned_size > MAX_FOLD_SIZE:
            return
        with self._lock:
            self._folds[key] = fold
            while len(self._folds) > MAX_FOLDS:
                self._folds.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._folds.clear()


_kept = _Kept()


def forget() -> None:
    """Read everything again."""
    _kept.clear()


class Lent:
    """A computed history, for the time of a request: `with Lent(...) as fold`.

    Raises:
        NotFound: Step Functions doesn't have the history.
        Unavailable: Step Functions doesn't answer.
    """

    def __init__(self, execution_arn: str, wanted: Wanted, outline: Outline) -> None:
        self._arn = execution_arn
        self._key = (execution_arn, wanted)
        self._outline = outline
        self._fold: Fold | None = None

    def __enter__(self) -> Fold:
        fold = _kept.take(self._key)
        news = None if fold is None else _news(self._arn, fold.last_id)
        if fold is None or news is None:
            fold = Fold(self._key[1], self._outline.failures())
            for events in _pages(self._arn):
                fold.add(events)
        else:
            fold.add(news)
        self._fold = fold
        return fold

    def __exit__(self, *_: object) -> None:
        if self._fold is not None:
            _kept.put(self._key, self._fold)


def _news(execution_arn: str, last_id: int) -> list[Event] | None:
    """Return the events after one, in order; None if they are too many."""
    found: list[Event] = []
    for events in _pages(execution_arn, first=FIRST_NEWS, newest_first=True):
        for event in events:
            if event["id"] <= last_id:
                return found[::-1]
            found.append(event)
        if found and found[-1]["id"] - last_id > MAX_NEWS:
            return None
    return found[::-1]


def _pages(execution_arn: str, *, first: int = PAGE, newest_first: bool = False) -> Iterator[list[Event]]:
    """Read the history. While a page is looked at, the next one is under way."""

    def read(size: int, more: dict[str, Any]) -> dict[str, Any]:
        order = {"executionArn": execution_arn, "reverseOrder": newest_first}
        found: dict[str, Any] = called(client.get_execution_history, maxResults=size, **order, **more)
        return found

    client = aws.stepfunctions_history()
    page = read(first, {})
    if not page.get("nextToken"):
        yield page["events"]
        return
    with ThreadPoolExecutor(1, "history") as ahead:
        while token := page.get("nextToken"):
            following = ahead.submit(read, PAGE, {"nextToken": token})
            yield page["events"]
            page = following.result()
        yield page["events"]


def called(operation: Any, **arguments: Any) -> Any:
    """Call Step Functions about an execution.

    Raises:
        NotFound: It doesn't know the execution.
        Unavailable: There is no answer.
    """
    try:
        return operation(**arguments)
    except (OSError, HTTPException):  # of the client without boto3
        raise Unavailable("Step Functions did not answer. Try again.") from None
    except Exception as error:
        if error_code(error) == "ExecutionDoesNotExist":
            raise NotFound(GONE) from None
        raise
