#!/usr/bin/env python3
"""Create a user with a strong password, which is shown only once."""

from __future__ import annotations

import argparse
import secrets
import string
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PASSWORD_LENGTH = 24
SYMBOLS = "-_.+=@%"  # those of Cognito's symbols that a shell does not interpret

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--email", required=True, type=common.email)
PARSER.add_argument(
    "--group", metavar="NAME", help="add the user to this Cognito group, such as 'admin'; created if new"
)


def create_user(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Create the user, confirmed, with a permanent password.

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
            f"stage {stage.name} already has a user {email}; ./admin/delete_user.py deletes it"
        ) from None
    try:
        client.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
        if group:
            _ensure_group(stage, group)
            client.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    except BaseException:
        client.admin_delete_user(UserPoolId=pool, Username=email)  # leave no user without password or group
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
    """Generate a random password that meets every policy that a user pool can set.

    It begins with a letter, since a leading "-" would be read as an option on a command line.
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
        print(f"Created the group {group}.", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(create_user, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
