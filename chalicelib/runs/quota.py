"""The share of DescribeExecution's quota that may go into checking records, of all processes together.

The quota is 300 calls at once and 15 more a second for the whole account and region. Checks take at most 50 in ten
seconds, a third of what is refilled; stops, redrives and large events have the rest. The count is an item of the table
of runs, one for each ten seconds.
"""

from __future__ import annotations

import time

from chalicelib import aws
from chalicelib.errors import error_code
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL

WINDOW = 10  # seconds
CALLS = 50
"""Checks in one window: 300 a minute."""

_HASH = "#describe-execution"  # no user has this id


def take(calls: int = 1) -> bool:
    """Return whether so many more calls may be made now; if so, they are counted."""
    now = int(time.time())
    window = now - now % WINDOW
    try:
        aws.dynamodb().update_item(
            TableName=settings.names.runs_table,
            Key=RUNS.key(_HASH, f"window#{window}"),
            UpdateExpression="ADD calls :calls SET #ttl = :ttl",
            ConditionExpression="attribute_not_exists(calls) OR calls <= :left",
            ExpressionAttributeNames={"#ttl": TTL},
            ExpressionAttributeValues={
                ":calls": {"N": str(calls)},
                ":left": {"N": str(CALLS - calls)},
                ":ttl": {"N": str(window + 3600)},
            },
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True
