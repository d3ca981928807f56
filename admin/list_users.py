#!/usr/bin/env python3
"""List the users of a stage, with their groups."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PAGE_SIZE = 60  # Cognito's maximum

PARSER = common.parser(__doc__ or "")


def list_users(stage: common.Stage, _arguments: argparse.Namespace) -> common.Result:
    """List all users by email address."""
    groups = _groups_of_users(stage)
    users = [
        {
            "email": attributes.get("email", user["Username"]),
            "userId": attributes.get("sub", user["Username"]),
            "groups": sorted(groups[user["Username"]]),
            "status": user["UserStatus"] if user["Enabled"] else "DISABLED",
            "created": user["UserCreateDate"].isoformat(),
        }
        for user in _pages(stage, "list_users", "Users")
        for attributes in [common.attributes(user.get("Attributes", []))]
    ]
    users.sort(key=lambda user: user["email"])
    rows = [(user["email"], user["userId"], user["status"], ",".join(user["groups"]) or "-") for user in users]
    text = common.table(("EMAIL", "USER ID", "STATUS", "GROUPS"), rows)
    return common.Result({"users": users, "count": len(users)}, text)


def _groups_of_users(stage: common.Stage) -> dict[str, set[str]]:
    """List the members of each group: there are few groups, and asking for each user's would be a call a user."""
    groups: dict[str, set[str]] = defaultdict(set)
    for group in _pages(stage, "list_groups", "Groups"):
        for user in _pages(stage, "list_users_in_group", "Users", GroupName=group["GroupName"]):
            groups[user["Username"]].add(group["GroupName"])
    return groups


def _pages(stage: common.Stage, operation: str, key: str, **parameters: str) -> Iterator[Any]:
    paginator: Any = stage.cognito().get_paginator(operation)  # type: ignore[call-overload]
    for page in paginator.paginate(
        UserPoolId=stage.user_pool_id, PaginationConfig={"PageSize": PAGE_SIZE}, **parameters
    ):
        yield from page[key]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(list_users, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
