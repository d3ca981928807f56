"""The options that choose runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from sdw_client.cli import arguments
from sdw_client.cli.completion import flow_names
from sdw_client.models import Filters

F = TypeVar("F", bound=Callable[..., Any])

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_OPTIONS = (
    click.option("--flow", shell_complete=flow_names, help="Runs of this flow."),
    click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Runs with this status."),
    click.option("--label", multiple=True, metavar="NAME=VALUE", help="Runs with this label. Can be repeated."),
    click.option(
        "--since", metavar="TIME", help="Runs that began at or after: ISO 8601, or an age such as 30m, 2h, 3d."
    ),
    click.option("--until", metavar="TIME", help="Runs that began at or before."),
    click.option("--error", help="Runs whose error or cause begins with this."),
    click.option("--started-by", type=click.Choice(["user", "schedule", "run", "other"]), help="Who started them."),
    click.option("--parent", metavar="ID", help="Runs that this run started, or that repeat it."),
    click.option("--user", metavar="ID", help="A user's id, or all: for members of the group admin."),
)


def filtered(command: F) -> F:
    """Give a command the options that choose runs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read(options: dict[str, Any]) -> Filters:
    """Return the filters that the options say."""
    found = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("since", "until"):
        if name in found:
            found[name] = arguments.moment(found[name])
    if "label" in found:
        found["label"] = arguments.labels(found["label"])
    return cast("Filters", found)
