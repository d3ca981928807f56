#!/usr/bin/env python3
"""Create a user with a strong password, which is shown once."""

from __future__ import annotations

import argparse
import secrets
import string
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PASSWORD_LENGTH = 24
SYMBOLS = "-_.+=@%"  # Cognito's, less what a shell reads

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--email", required=True, type=common.email)
PARSER.add_argument("--group", metavar="NAME", help="a Cognito group to put the user in, such as 'admin'; made if new")


def create_user(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Creates the user, confirmed, with a permanent password.

    Raises:
        common.CommandError: The user exists.
    """
    client = stage.cognito()
    pool, email, group = stage.user_pool_id, arguments.email, arguments.group
    password = generate_password()
    try:
        user = client.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )["User"]
    except client.exceptions.UsernameExistsException:
        raise common.CommandError(
            f"stage {stage.name} has a user {email} already; ./admin/delete_user.py deletes it"
        ) from None
    try:
        client.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
        if group:
            _ensure_group(stage, group)
            client.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    except BaseException:
        client.admin_delete_user(UserPoolId=pool, Username=email)  # half a user helps nobody
        raise
    identity = common.attributes(user.get("Attributes", [])).get("sub", user["Username"])
    document = {
        "stage": stage.name,
        "email": email,
        "userId": identity,
        "groups": [group] if group else [],
        "password": password,
    }
    text = f"""Created {email} in stage {stage.name}{f", group {group}" if group else ""}.
User id:  {identity}
Password: {password}
The password is not shown again."""
    return common.Result(document, text)


def generate_password(length: int = PASSWORD_LENGTH) -> str:
    """A random password that meets every rule a user pool can set, and starts with a letter.

    (A leading "-" would read as an option on a command line.)
    """
    alphabet = string.ascii_letters + string.digits + SYMBOLS
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    while True:
        password = secrets.choice(string.ascii_letters) + "".join(secrets.choice(alphabet) for _ in range(length - 1))
        if all(any(character in kind for character in password) for kind in classes):
            return password


def _ensure_group(stage: common.Stage, group: str) -> None:
    client = stage.cognito()
    try:
        client.get_group(UserPoolId=stage.user_pool_id, GroupName=group)
    except client.exceptions.ResourceNotFoundException:
        client.create_group(UserPoolId=stage.user_pool_id, GroupName=group)
        print(f"Group {group} is new.", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the script and returns its exit code."""
    return common.run(create_user, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
