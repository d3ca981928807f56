"""Prints the logs of a stage, of the API, all functions and all flows: `python -m infrastructure.logs --stage prod`.

--run ID            only the lines of this run, in order; then ID is the id of a run, or the ARN of an execution
--name orderFlow    only this flow or function, or `api` for the API
--minutes 60        how far back to start; with --run, how long after its start to look (a day)
--follow            keep printing new events
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.errors import Unavailable
from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError

PAUSE = 2.0  # seconds between two requests
RECENT, DAY = 10.0, 1440.0  # minutes
LOCAL = "local"
NOTHING = "no lines: either nothing was written, or it is not in CloudWatch yet"
API = "api"
_PREFIXES = ("/aws/lambda/", "/aws/vendedlogs/states/", "/aws/apigateway/")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the logs, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.logs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument("--name")
    parser.add_argument("--run")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--follow", action="store_true")
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.run_logs import find_run, lines

    try:
        use_stage(arguments.stage, PROJECT)
        cloud = Cloud()
        client = cloud.client("logs")
        groups = log_groups(client, arguments.stage, arguments.name)
        if not groups:
            what = f" of {arguments.name!r}" if arguments.name else ""
            raise DeploymentError(f"the stage {arguments.stage} has no logs{what}")
        if arguments.run:
            run = find_run(arguments.run, cloud.client("stepfunctions"))
            found = lines(client, arguments.stage, groups, run, (arguments.minutes or DAY) * 60)
            print(*found, sep="\n") if found else print(NOTHING, file=sys.stderr)
            return 0
        since = int((time.time() - (arguments.minutes or RECENT) * 60) * 1000)
        while True:
            for line, at in events(client, groups, since):
                print(line, flush=True)
                since = max(since, at + 1)
            if not arguments.follow:
                return 0
            time.sleep(PAUSE)
    except (DeploymentError, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        if arguments.stage != LOCAL and _local_cloud(PROJECT).exists():
            print("note: the stage of `make run` is `local`: make logs STAGE=local", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 0


def _local_cloud(project: Path) -> Path:
    return project / ".localcloud" / "cloud.json"


def use_stage(name: str, project: Path) -> None:
    """Check that there is a stage; for `local`, let this process use the local cloud of a project.

    Raises:
        DeploymentError: There is no such stage, or no local cloud is running.
    """
    from infrastructure.synthesis import checked_stage

    if name == LOCAL:
        use_local_cloud(project)
    else:
        checked_stage(name)


def use_local_cloud(project: Path) -> None:
    """Let this process use the local cloud that `make run` serves in a project.

    Raises:
        DeploymentError: None is running there.
    """
    try:
        document = json.loads(_local_cloud(project).read_text(encoding="utf-8"))
        os.environ.update(document["environment"])
    except (OSError, ValueError, KeyError):
        raise DeploymentError("no local cloud is running here: start it with `make run`") from None


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
