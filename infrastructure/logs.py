"""Prints the logs of a stage, of the API, all functions and all flows: `python -m infrastructure.logs --stage prod`.

--name orderFlow    only this flow or function, or `api` for the API
--minutes 60        how far back to start
--follow            keep printing new events
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib import APP_NAME
from infrastructure.errors import DeploymentError

PAUSE = 2.0  # seconds between two requests
API = "api"
_PREFIXES = ("/aws/lambda/", "/aws/vendedlogs/states/", "/aws/apigateway/")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the logs, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.logs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument("--name")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--follow", action="store_true")
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        client = Cloud().client("logs")
        groups = log_groups(client, stage.name, arguments.name)
        if not groups:
            what = f" of {arguments.name!r}" if arguments.name else ""
            raise DeploymentError(f"the stage {stage.name} has no logs{what}")
        since = int((time.time() - arguments.minutes * 60) * 1000)
        while True:
            for line, at in events(client, groups, since):
                print(line, flush=True)
                since = max(since, at + 1)
            if not arguments.follow:
                return 0
            time.sleep(PAUSE)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 0


def log_groups(client: Any, stage: str, name: str | None = None) -> list[str]:
    """Return the names of a stage's log groups.

    Args:
        client: A client of CloudWatch Logs.
        stage: The stage's name.
        name: A flow, a function or `api`; None for all.
    """
    own = f"{APP_NAME}-{stage}"
    found = []
    for prefix in _PREFIXES:
        for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix + own):
            for group in page["logGroups"]:
                rest = group["logGroupName"].removeprefix(prefix + own)  # "" for the API, "-<name>" for all others
                wanted = (
                    rest[:1] in ("", "-")
                    if name is None
                    else rest in ([""] if name == API else [f"-{name}", f"--express-{name}"])
                )
                if wanted:
                    found.append(group["logGroupName"])
    return found


def events(client: Any, groups: Sequence[str], since: int) -> Iterator[tuple[str, int]]:
    """Yield the lines of all groups together, oldest first.

    Args:
        client: A client of CloudWatch Logs.
        groups: The names of the log groups.
        since: The time to start at, in milliseconds since 1970.

    Yields:
        A line, and its time in milliseconds since 1970.
    """
    found = []
    for group in groups:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        found += [(event["timestamp"], group, event["message"].rstrip()) for page in pages for event in page["events"]]
    for at, group, message in sorted(found):
        moment = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        yield f"{moment}  {group.rpartition('/')[2].removeprefix(APP_NAME + '-')}  {message}", at


if __name__ == "__main__":
    sys.exit(main())
