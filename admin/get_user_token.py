#!/usr/bin/env python3
"""Print a user's id token, and nothing else: TOKEN=$(./admin/get_user_token.py --email you@example.com)

With --json: the access and the refresh token too. PASSWORD=... gives the password without a prompt.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--email", required=True, type=common.email)
PARSER.add_argument(
    "--password", help="default: PASSWORD of the environment; else ask, or read a line of standard input"
)


def get_user_token(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Sign the user in.

    Raises:
        common.CommandError: The password is wrong, or must be changed first.
    """
    password = arguments.password
    if password is None:
        password = os.environ.get("PASSWORD") or read_password(arguments.email)
    client = stage.cognito()
    try:
        answer = client.admin_initiate_auth(
            UserPoolId=stage.user_pool_id,
            ClientId=stage.user_pool_client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": arguments.email, "PASSWORD": password},
        )
    except client.exceptions.UserNotFoundException:
        raise common.no_such_user(stage, arguments.email) from None
    except client.exceptions.NotAuthorizedException:
        raise common.CommandError(f"wrong email or password for {arguments.email}, or the user is disabled") from None
    if "AuthenticationResult" not in answer:
        raise common.CommandError(f"{arguments.email} cannot sign in yet: Cognito requires {answer['ChallengeName']}")
    result = answer["AuthenticationResult"]
    tokens = {
        "idToken": result["IdToken"],
        "accessToken": result["AccessToken"],
        "refreshToken": result.get("RefreshToken"),
    }
    return common.Result({**tokens, "expiresIn": result["ExpiresIn"]}, result["IdToken"])


def read_password(email: str) -> str:
    """Ask for the password without echo, or read one line of standard input if that is not a terminal.

    Raises:
        common.CommandError: There is no password on standard input.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"Password of {email}: ")
    password = sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    if not password:
        raise common.CommandError("no password: use --password or PASSWORD=..., or pass the password on standard input")
    return password


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(get_user_token, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
