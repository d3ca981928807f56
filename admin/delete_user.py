#!/usr/bin/env python3
"""Delete a user. Records of usage and runs remain until they expire, 90 days after they were written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--email", required=True, type=common.email)
PARSER.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def delete_user(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Delete the user, after asking for confirmation.

    Raises:
        common.CommandError: There is no such user, or the answer is not yes.
    """
    identity = common.user_id(stage, arguments.email)
    if not arguments.yes and not confirmed(f"Delete {arguments.email} from stage {stage.name}? [y/N] "):
        raise common.CommandError("nothing was deleted")
    stage.cognito().admin_delete_user(UserPoolId=stage.user_pool_id, Username=arguments.email)
    document = {"stage": stage.name, "email": arguments.email, "userId": identity, "deleted": True}
    return common.Result(document, f"Deleted {arguments.email} from stage {stage.name}.")


def confirmed(question: str) -> bool:
    """Ask on standard error, so that standard output has nothing but the result.

    Raises:
        common.CommandError: Standard input has no answer.
    """
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if not answer:
        print(file=sys.stderr)
        raise common.CommandError("nothing was deleted: no answer on standard input; --yes deletes without asking")
    return answer.strip().lower() in ("y", "yes")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(delete_user, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
