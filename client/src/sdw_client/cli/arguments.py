"""What people write on the command line: inputs, labels, times, runs."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click

from sdw_client.core import checked_key, encoded
from sdw_client.errors import NotFound

if TYPE_CHECKING:
    from sdw_client.client import Client
    from sdw_client.runs import Run

LAST = "last"
_AGO = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ARN = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(?:execution|express):[^:]+:([^:]+)(?::[^:]+)?")
_PAGE = re.compile(r"https?://[^/?#]+/(?:[^?#]*/)?runs/([^/?#]+)/([^/?#]+)")
"""A run's page in the web console."""
_CLOCKS = timedelta(seconds=5)
"""How far the start of a run may be from the moment that its id names."""


def document(text: str, name: str = "--input") -> Any:
    """Return the value of a JSON text, of a file (`@FILE`), or of the standard input (`-`).

    Raises:
        click.BadParameter: There is no such file, or no JSON in it.
    """
    source = "the standard input" if text == "-" else text if text.startswith("@") else "it"
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        found = json.loads(text)
        encoded(found)
        return found
    except OSError as error:
        raise click.BadParameter(f"{source[1:]}: {error.strerror}", param_hint=name) from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(
            f"{source} is not JSON: {error}. Write JSON, @FILE, or - for the standard input.", param_hint=name
        ) from None


def input_document(text: str) -> dict[str, Any]:
    """Return the input of a flow, as `document` does.

    Raises:
        click.BadParameter: It is not a JSON object.
    """
    found = document(text)
    if not isinstance(found, dict):
        raise click.BadParameter("the input of a flow must be a JSON object, such as {}.", param_hint="--input")
    return found


def idempotency_key(text: str) -> str:
    """Return an `Idempotency-Key` that can be sent.

    Raises:
        click.BadParameter: It can't.
    """
    try:
        return checked_key(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--key") from None


def labels(texts: tuple[str, ...]) -> dict[str, str]:
    """Return labels that are written `NAME=VALUE`.

    Raises:
        click.BadParameter: One is not.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{text!r} must be NAME=VALUE.", param_hint="--label")
        found[name] = value
    return found


def moment(text: str) -> datetime | str:
    """Return a time: ISO 8601, which the API reads, or how long ago (`90s`, `30m`, `2h`, `3d`, `1w`).

    Raises:
        click.BadParameter: It is too long ago for a calendar.
    """
    match = _AGO.fullmatch(text)
    if match is None:
        return text
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):  # a number of more than 4,300 digits is a ValueError
        raise click.BadParameter(f"{text[:40]!r} is too long ago.") from None


def find_run(client: Client, text: str) -> Run:
    """Return the run that somebody means: `FLOW/ID`, an id, an ARN, an address of the console, or `last`.

    Raises:
        NotFound: There is no such run.
        click.BadParameter: It is none of these.
    """
    if text == LAST:
        newest = next(client.runs().all(), None)
        if newest is None:
            raise _NoRun("You have no runs.")
        return client.run(newest.flow, newest.id)
    if page := _PAGE.match(text):
        text = f"{page[1]}/{page[2]}"
    arn = _ARN.fullmatch(text)
    flow, _, execution_id = text.partition("/")
    if flow and execution_id and "/" not in execution_id and arn is None:
        return client.run(unquote(flow), unquote(execution_id))
    execution_id = text if arn is None else arn[1]
    stamp = _UUID7.fullmatch(execution_id)
    if stamp is None:
        raise click.BadParameter(f"{text!r} must be FLOW/ID, an id, or {LAST}; `sdw runs` shows them.")
    try:
        begun = datetime.fromtimestamp(int(stamp[1] + stamp[2], 16) / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # after the year 9999
        raise _NoRun(f"There is no run {execution_id!r}.") from None
    for run in client.runs(since=begun - _CLOCKS, until=begun + _CLOCKS):
        if run.id == execution_id:
            return client.run(run.flow, run.id)
    raise _NoRun(f"There is no run {execution_id!r} of yours. Use FLOW/ID for another user's run.")


class _NoRun(NotFound):
    def __init__(self, detail: str) -> None:
        super().__init__(404, {"title": "Not Found", "detail": detail})
