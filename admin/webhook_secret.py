#!/usr/bin/env python3
"""Show the secret that signs a stage's webhooks, and create it if there is none. The stage need not be deployed yet."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--name", default="WEBHOOK_SECRET", help="the secret's name; default: WEBHOOK_SECRET")
CHANGE = PARSER.add_mutually_exclusive_group()
CHANGE.add_argument("--rotate", action="store_true", help="create a new secret and sign with both, the new one first")
CHANGE.add_argument("--retire", action="store_true", help="sign with the new secret only: no receiver needs the former")


def webhook_secret(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Show, create, rotate or retire a secret.

    Raises:
        common.CommandError: The name can't be one, or there is nothing to rotate or to retire.
    """
    from chalicelib import APP_NAME
    from chalicelib.webhooks.signing import new_secret

    name = arguments.name
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,127}", name):
        raise common.CommandError(f"{name!r} cannot be the name of a secret: use capital letters, digits and _")
    parameter = f"/{APP_NAME}/{stage.name}/{name}"
    current = _current(stage, parameter)
    if arguments.retire:
        if len(current) < 2:
            raise common.CommandError(f"{parameter} has no former secret to retire; --rotate creates a new one")
        wanted = current[:1]
    elif arguments.rotate:
        if not current:
            raise common.CommandError(f"{parameter} does not exist; leave out --rotate to create it")
        wanted = [new_secret(), current[0]]
    else:
        wanted = current or [new_secret()]
    if wanted != current:
        stage.ssm().put_parameter(Name=parameter, Value=" ".join(wanted), Type="SecureString", Overwrite=True)
    lines = [f"{parameter} ({'unchanged' if wanted == current else 'written'})", *wanted]
    return common.Result({"stage": stage.name, "parameter": parameter, "secrets": wanted}, "\n".join(lines))


def _current(stage: common.Stage, parameter: str) -> list[str]:
    client = stage.ssm()
    try:
        found = client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    except client.exceptions.ParameterNotFound:
        return []
    return found["Value"].split()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script, and return its exit code."""
    return common.run(webhook_secret, PARSER, argv, common.find_parameters)


if __name__ == "__main__":
    sys.exit(main())
