"""`Idempotency-Key`: for a day, the same key and body are the same run.

The key's item names the run before the run's record is written. Whatever a crash leaves behind, the next request with
the key finds the id and continues from there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from chalicelib import aws
from chalicelib.errors import BadRequest, Conflict, error_code
from chalicelib.runs.ids import new_id
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL

KEEP_SECONDS = 24 * 3600
MAX_LENGTH = 255


def claim(user_id: str, flow: str, key: str, input_sha: str) -> tuple[str, bool]:
    """Return the execution id that belongs to `key`, and whether it is new.

    Of two simultaneous requests, one creates the id and the other gets it.

    Args:
        user_id: Who sent the key; keys of different users are different.
        flow: The name of the flow.
        key: The value of the header.
        input_sha: The hash of the request's body.

    Raises:
        BadRequest: The key is empty, too long or not printable.
        Conflict: The key was sent with another body before.
    """
    check(key)
    execution_id = new_id()
    now = int(time.time())
    try:
        aws.dynamodb().put_item(
            TableName=settings.names.runs_table,
            Item={
                **_item_key(user_id, flow, key),
                "executionId": {"S": execution_id},
                "inputSha": {"S": input_sha},
                TTL: {"N": str(now + KEEP_SECONDS)},
            },
            ConditionExpression=f"attribute_not_exists({RUNS.range_key}) OR #ttl < :now",
            ExpressionAttributeNames={"#ttl": TTL},
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return _existing(user_id, flow, key, input_sha), False
    return execution_id, True


def check(key: str) -> None:
    """Check a value of the header.

    Raises:
        BadRequest: The key is empty, too long or not printable.
    """
    if not 1 <= len(key) <= MAX_LENGTH or not key.isprintable():
        raise BadRequest(f"The header Idempotency-Key must have 1 to {MAX_LENGTH} printable characters.")


def derived(key: str, purpose: str) -> str:
    """Return the key of one of the starts that a request with `key` makes; `purpose` tells them apart."""
    return f"{purpose}:{hashlib.sha256(key.encode()).hexdigest()}"


def remember(user_id: str, key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was first remembered under a derived key in the last day: `value`, if nothing was before."""
    now = int(time.time())
    item_key = RUNS.key(user_id, f"key#{key}")
    try:
        aws.dynamodb().put_item(
            TableName=settings.names.runs_table,
            Item={**item_key, "memory": {"S": json.dumps(value)}, TTL: {"N": str(now + KEEP_SECONDS)}},
            ConditionExpression=f"attribute_not_exists({RUNS.range_key}) OR #ttl < :now",
            ExpressionAttributeNames={"#ttl": TTL},
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
    else:
        return dict(value)
    found = aws.dynamodb().get_item(TableName=settings.names.runs_table, Key=item_key, ConsistentRead=True)
    known: dict[str, Any] = json.loads(found["Item"]["memory"]["S"])
    return known


def release(user_id: str, flow: str, key: str, execution_id: str) -> None:
    """Give a key back whose run could not be started, if it still stands for that run."""
    try:
        aws.dynamodb().delete_item(
            TableName=settings.names.runs_table,
            Key=_item_key(user_id, flow, key),
            ConditionExpression="executionId = :id",
            ExpressionAttributeValues={":id": {"S": execution_id}},
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise


def _existing(user_id: str, flow: str, key: str, input_sha: str) -> str:
    item = (
        aws.dynamodb()
        .get_item(TableName=settings.names.runs_table, Key=_item_key(user_id, flow, key), ConsistentRead=True)
        .get("Item")
    )
    if item is None:
        raise Conflict("Another request with this Idempotency-Key just failed. Try again.")
    if item["inputSha"]["S"] != input_sha:
        raise Conflict("This Idempotency-Key was used with another body. Use a new key for a new run.")
    return item["executionId"]["S"]


def _item_key(user_id: str, flow: str, key: str) -> dict[str, dict[str, str]]:
    return RUNS.key(user_id, f"key#{flow}#{hashlib.sha256(key.encode()).hexdigest()}")
