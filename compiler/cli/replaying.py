"""`replay RUN`: today's definition against the recorded history of a run."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asl.language.values import read_json
from asl.replay import Departure, RecordedRun, ReplayReport
from chalicelib import APP_NAME
from chalicelib.names import Names
from compiler.cli.terminal import Style

SESSION = Path(".localcloud/session.json")
LOCAL = Names("local", "us-east-1", "123456789012")
_EXECUTION = re.compile(
    r"arn:(?P<partition>[a-z-]+):states:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):execution:(?P<machine>[^:]+):[^:]+"
)
_RESOURCE = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    rf"{re.escape(APP_NAME)}-(?P<stage>[a-z][a-z0-9]*)-"
)
_SECONDS = 30.0


class NoHistory(Exception):
    """The history can't be had. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class History:
    """A history and where it is from.

    Attributes:
        events: The events, as GetExecutionHistory returns them.
        flow: The flow's name, if it is known.
        names: The names of the stage that the execution ran in.
        execution_arn: The execution's ARN, if it is known.
    """

    events: list[dict[str, Any]]
    flow: str | None
    names: Names
    execution_arn: str | None = None


def find_history(run: str, root: Path, flow: str | None) -> History:
    """Find the history of a run.

    Args:
        run: A file with the answer of GetExecutionHistory or of the API, the ARN of an execution, or the id of a run of
            the API under `make run`.
        root: The project's folder.
        flow: The flow's name, if it was given.

    Raises:
        NoHistory: There is none.
    """
    arn = _EXECUTION.fullmatch(run)
    if arn is not None:
        return _from_step_functions(run, arn, root)
    if Path(run).is_file():
        return _from_file(Path(run), flow)
    return _from_api(run, root, flow)


def report_lines(report: ReplayReport, flow: str, style: Style) -> Iterator[str]:
    """Yield what came of a replay as lines for a reader."""
    for note in report.notes:
        yield style.faint(note)
    course = [departure for departure in report.departures if not departure.in_data]
    data = [departure for departure in report.departures if departure.in_data]
    for title, departures in (("departs", course), ("differs in data", data)):
        for departure in departures:
            yield f"{style.bold(title)} at event {departure.event_id}{_where(departure)}: {departure.message}"
    events = _count(report.recorded)
    if report.fits:
        yield f"{flow}: does what the record says ({events}, {report.recorded.status})"
    else:
        yield f"{flow}: {len(course)} departures, {len(data)} differences in data ({events}, {report.recorded.status})"


def _where(departure: Departure) -> str:
    inside = [f"{state}[{branch}]" if isinstance(branch, int) else str(state) for state, branch in departure.place]
    return f" in {'/'.join(inside)}" if inside else ""


def _count(recorded: RecordedRun) -> str:
    steps = sum(len(lane) for lane in recorded.lanes.values())
    attempts = sum(len(each) for each in recorded.attempts.values())
    return f"{steps} steps, {attempts} tasks"


def _from_file(path: Path, flow: str | None) -> History:
    try:
        document = read_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise NoHistory(f"can't read {path}: {error}") from None
    events = document.get("events") if isinstance(document, dict) else document
    if not isinstance(events, list):
        raise NoHistory(f"{path} has no events: save the answer of `aws stepfunctions get-execution-history`")
    arn = document.get("executionArn") if isinstance(document, dict) else None
    if isinstance(arn, str) and (match := _EXECUTION.fullmatch(arn)) is not None:
        names, found = _names_of(match)
        return History(events, flow or found, names, arn)
    return History(events, flow, _names_in(events))


def _from_step_functions(arn: str, match: re.Match[str], root: Path) -> History:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    names, flow = _names_of(match)
    options: dict[str, Any] = {"region_name": names.region}
    if names.account == LOCAL.account and "AWS_ENDPOINT_URL" not in os.environ:
        options |= {"endpoint_url": _session(root)["awsEndpoint"]}
        options |= {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    try:
        client = boto3.client("stepfunctions", **options)
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        events: list[Any] = [event for page in pages for event in page["events"]]
    except (BotoCoreError, ClientError) as error:
        raise NoHistory(f"can't get the history of {arn}: {error}") from None
    return History(events, flow, names, arn)


def _from_api(run: str, root: Path, flow: str | None) -> History:
    session = _session(root)
    flow = _flow_of(run, session) or flow
    if flow is None:
        raise NoHistory(f"the demo user has no run {run!r}, and there is no such file; name the flow with --flow")
    events: list[dict[str, Any]] = []
    path = f"/run/{quote(flow)}/{quote(run, safe='')}/history?limit=1000"
    token = ""
    while True:
        page = _get(session, path + (f"&nextToken={quote(token, safe='')}" if token else ""))
        events += page["events"]
        token = page.get("nextToken") or ""
        if not token:
            return History(events, flow, LOCAL, LOCAL.execution_arn(flow, run))


def _flow_of(run: str, session: Mapping[str, str]) -> str | None:
    token = ""
    while True:
        page = _get(session, "/runs?limit=100" + (f"&nextToken={quote(token, safe='')}" if token else ""))
        for entry in page["executions"]:
            if entry["executionId"] == run:
                return str(entry["flowName"])
        token = page.get("nextToken") or ""
        if not token:
            return None


def _session(root: Path) -> Mapping[str, str]:
    try:
        session: dict[str, str] = json.loads((root / SESSION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NoHistory(
            f"there is no {SESSION}: start `make run`, or give a file with a history, or the ARN of an execution"
        ) from None
    return session


def _get(session: Mapping[str, str], path: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the address is that of the local API
        session["apiUrl"] + path, headers={"Authorization": f"Bearer {session['idToken']}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # nosec B310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            problem = json.load(error)
        raise NoHistory(f"GET {path.partition('?')[0]}: {problem.get('detail', error)}") from None
    except (OSError, ValueError) as error:
        raise NoHistory(f"can't reach the API at {session['apiUrl']}: {error}") from None


def _names_of(match: re.Match[str]) -> tuple[Names, str]:
    """Return the stage's names and the flow of an execution's ARN."""
    app, _, rest = match["machine"].partition(f"{APP_NAME}-")
    stage, _, flow = rest.partition("-")
    if app or not flow:
        raise NoHistory(f"{match[0]} is no execution of this project, whose state machines are {APP_NAME}-STAGE-FLOW")
    return Names(stage, match["region"], match["account"], match["partition"]), flow


def _names_in(events: list[Any]) -> Names:
    """Return the names of the stage whose functions a history has called; the local ones if it has called none."""
    found = _RESOURCE.search(json.dumps(events, default=str))
    if found is None:
        return LOCAL
    return Names(found["stage"], found["region"], found["account"], found["partition"])
