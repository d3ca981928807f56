"""Inputs and outputs of runs that are too large for their records: items of their own, compressed.

A record is read in lists and searches, where DynamoDB charges for all of an item, and an item has 400 KB at most. So a
record holds inputs and outputs of up to `INLINE` bytes. Step Functions' own limit is 256 KB for each, so each fits an
item even if compression gains nothing and base64 makes it a third larger.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from chalicelib import aws
from chalicelib.settings import settings
from chalicelib.tables import RETENTION_SECONDS, RUNS, TTL

if TYPE_CHECKING:
    from chalicelib.runs.records import Run

Kind = Literal["input", "output"]
INLINE = 2_048
"""Bytes of an input or output that its record holds itself."""


def is_large(text: str | None) -> bool:
    """Whether the text gets an item of its own."""
    return text is not None and (len(text) > INLINE or len(text.encode()) > INLINE)


def item(user_id: str, execution_id: str, kind: Kind, text: str) -> dict[str, Any]:
    """Return the item that keeps a large input or output."""
    import base64
    import zlib

    packed = base64.b64encode(zlib.compress(text.encode(), 1)).decode()  # a string: only boto3 takes bytes
    return {
        **_key(user_id, execution_id, kind),
        "data": {"S": packed},
        TTL: {"N": str(int(time.time()) + RETENTION_SECONDS)},
    }


def put(user_id: str, execution_id: str, kind: Kind, text: str) -> None:
    """Keep a large input or output."""
    aws.dynamodb().put_item(TableName=settings.names.runs_table, Item=item(user_id, execution_id, kind, text))


def get(user_id: str, execution_id: str, kind: Kind) -> str | None:
    """Return a large input or output; None if there is none."""
    import base64
    import zlib

    found = (
        aws.dynamodb()
        .get_item(TableName=settings.names.runs_table, Key=_key(user_id, execution_id, kind), ConsistentRead=True)
        .get("Item")
    )
    return None if found is None else zlib.decompress(base64.b64decode(found["data"]["S"])).decode()


def input_of(run: Run) -> str | None:
    """Return the input of a run, as JSON without the user's id; None if it was not recorded."""
    return get(run.user_id, run.execution_id, "input") if run.large_input else run.input


def _key(user_id: str, execution_id: str, kind: Kind) -> dict[str, Any]:
    return RUNS.key(user_id, f"data#{execution_id}#{kind}")
