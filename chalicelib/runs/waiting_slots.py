"""How many requests of a user may wait for runs at the same time, in all processes together.

On Lambda, a request that waits keeps an instance of the API's function to itself. A user has a number of slots, which
are attributes of one item of the table of runs: each has the time at which it is free again at the latest, so that an
instance that dies keeps none for longer than a request can last. A request that gets none is answered at once.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import aws
from chalicelib.errors import error_code
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL

TRIES = 3
"""How often another slot is tried if a request of the same user was faster."""
MARGIN = 2.0  # seconds that a request may take after its wait

_SLOTS = "slots"
_log = logging.getLogger(__name__)


@contextmanager
def slot(user_id: str, seconds: float) -> Iterator[bool]:
    """Take a slot for the duration of a wait, and say whether one was free.

    Args:
        user_id: Who waits.
        seconds: How long, at most.
    """
    limit = settings.waiting_per_user
    if not limit:
        yield True
        return
    until = f"{time.time() + seconds + MARGIN:.6f}{secrets.randbelow(1000):03}"
    try:
        taken = _take(user_id, limit, until)
    except Exception as error:  # the wait is a convenience: without the table, callers ask again
        _log.warning("a wait was refused, as its slot could not be taken: %s", type(error).__name__)
        taken = None
    try:
        yield taken is not None
    finally:
        if taken is not None:
            _release(user_id, taken, until)


def _take(user_id: str, limit: int, until: str) -> str | None:
    for _ in range(TRIES):
        now = time.time()
        item = aws.dynamodb_for_usage().get_item(
            TableName=settings.names.runs_table, Key=_key(user_id), ConsistentRead=True
        )
        held: dict[str, Any] = dict(item.get("Item") or {})
        free = [name for name in map(_name, range(limit)) if float(held.get(name, {}).get("N", 0)) < now]
        if not free:
            return None
        name = secrets.choice(free)
        if _written(
            user_id,
            UpdateExpression="SET #slot = :until, #ttl = :ttl",
            ConditionExpression="attribute_not_exists(#slot) OR #slot < :now",
            ExpressionAttributeNames={"#slot": name, "#ttl": TTL},
            ExpressionAttributeValues={
                ":until": {"N": until},
                ":now": {"N": f"{now:.6f}"},
                ":ttl": {"N": str(int(now) + 3600)},
            },
        ):
            return name
    return None


def _release(user_id: str, name: str, until: str) -> None:
    try:
        _written(
            user_id,
            UpdateExpression="REMOVE #slot",
            ConditionExpression="#slot = :until",
            ExpressionAttributeNames={"#slot": name},
            ExpressionAttributeValues={":until": {"N": until}},
        )
    except Exception as error:  # it ends by its time
        _log.warning("a slot for waiting could not be released: %s", type(error).__name__)


def _written(user_id: str, **update: Any) -> bool:
    try:
        aws.dynamodb_for_usage().update_item(TableName=settings.names.runs_table, Key=_key(user_id), **update)
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _key(user_id: str) -> dict[str, Any]:
    return RUNS.key(f"#waiting#{user_id}", _SLOTS)  # no user's id begins with `#`


def _name(number: int) -> str:
    return f"slot{number}"
