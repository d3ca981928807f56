#!/usr/bin/env python3
"""Print a user's API calls by month, as far as records are kept (90 days)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

if TYPE_CHECKING:
    from datetime import datetime

PARSER = common.parser(__doc__ or "")
WHO = PARSER.add_mutually_exclusive_group(required=True)
WHO.add_argument("--email", type=common.email)
WHO.add_argument("--user-id", metavar="ID", help="the user's Cognito id (the token's `sub`)")
PARSER.add_argument(
    "--months", metavar="N", type=common.positive, help="the last N months, the current one included; default: all"
)


def get_user_usage(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Read the user's records from the usage table, oldest month first.

    Raises:
        common.CommandError: There is no such user.
    """
    from datetime import UTC, datetime  # UTC needs Python 3.11, which `common.run` has ensured by now

    user = arguments.user_id or common.user_id(stage, arguments.email)
    condition, values = "userId = :user", {":user": {"S": user}}
    if arguments.months:
        condition += " AND yearMonth >= :first"
        values[":first"] = {"S": first_month(arguments.months, datetime.now(UTC))}
    usage: list[dict[str, Any]] = []
    for page in (
        stage.dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=stage.usage_table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
    ):
        usage += [
            {"yearMonth": item["yearMonth"]["S"], "apiCalls": int(item["apiCalls"]["N"])} for item in page["Items"]
        ]
    rows = [(entry["yearMonth"], str(entry["apiCalls"])) for entry in usage]
    rows.append(("total", str(sum(entry["apiCalls"] for entry in usage))))
    return common.Result({"userId": user, "usage": usage}, common.table(("MONTH", "API CALLS"), rows))


def first_month(months: int, now: datetime) -> str:
    """Return the first of the last `months` months, the current one included, as YYYY-MM."""
    year, month = divmod(now.year * 12 + now.month - months, 12)
    return f"{max(year, 0):04}-{month + 1:02}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(get_user_usage, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
