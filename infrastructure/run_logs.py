"""The lines of one run, in order: of the functions that it called, of its flow, and of the request that started it.

They are found by the run's X-Ray trace (`chalicelib.runs.trace`): nobody has to look into the run's record or history.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib import APP_NAME
from chalicelib.runs.ids import made_at
from chalicelib.runs.logs import messages
from chalicelib.runs.logs.cloudwatch import Search
from chalicelib.runs.logs.requests import LogEvent, lines_by_request
from chalicelib.runs.trace import root_of, trace_id
from infrastructure.errors import DeploymentError

FUNCTIONS = "/aws/lambda/"
FLOWS = "/aws/vendedlogs/states/"
EARLIER = 60.0
"""Seconds before a run's start in which the request that started it may have written lines."""
PATIENCE = 300.0
"""Seconds that the search may take."""


class Run(NamedTuple):
    """A run: its id, its trace, and when it began, in seconds since 1970."""

    execution_id: str
    trace: str
    began: float


class Line(NamedTuple):
    """A line of the log. `time` is in milliseconds since 1970; `number` orders lines of the same time."""

    time: int
    number: int
    source: str
    level: str
    text: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        return f"{moment}  {self.source}  {self.level:7}  {self.text.replace(chr(10), chr(10) + '    ')}"


def find_run(name: str, states: Any) -> Run:
    """Return a run by its id, or by the ARN of its execution.

    Args:
        name: The id of a run that the API started, or the ARN of any execution.
        states: A client of Step Functions.

    Raises:
        DeploymentError: There is no such execution, or it has no trace.
    """
    from botocore.exceptions import ClientError

    trace, began = trace_id(name), made_at(name)
    if trace is not None and began is not None:
        return Run(name, trace, began)
    if not name.startswith("arn:"):
        raise DeploymentError(f"{name}: not the id of a run that the API started; give the ARN of its execution")
    own = trace_id(name.rpartition(":")[2])
    try:
        found = states.describe_execution(executionArn=name)
    except ClientError as error:
        raise DeploymentError(f"{name}: {error.response['Error'].get('Message', error)}") from None
    trace = own or root_of(found.get("traceHeader"))
    if trace is None:
        raise DeploymentError(f"{name}: the run was started without a trace, so its lines can't be told from others")
    return Run(found["name"], trace, found["startDate"].timestamp())


def lines(client: Any, stage: str, groups: Sequence[str], run: Run, seconds: float) -> list[Line]:
    """Return the lines of a run, oldest first.

    Args:
        client: A client of CloudWatch Logs.
        stage: The name of the stage.
        groups: Its log groups.
        run: The run.
        seconds: For how long after its start lines are looked for.

    Raises:
        Unavailable: The search takes too long.
    """
    search = Search(client, PATIENCE)
    first = int((run.began - EARLIER) * 1000)
    last = int(min(run.began + seconds, time.time() + EARLIER) * 1000)
    found = list(_of_functions(search, _named(groups, FUNCTIONS), run, first, last))
    api = f"{FUNCTIONS}{APP_NAME}-{stage}"
    if api in groups:  # the request that started the run has a trace of its own
        started = search.events(api, first, last, filterPattern=f'"{run.execution_id}"')
        found += [Line(event.time, 0, "api", *_with_request(event.message)) for event in started]
    for flow in _named(groups, FLOWS):
        for event in search.events(FLOWS + flow, first, last, filterPattern=f'"{run.execution_id}"'):
            found.append(_of_flow(flow, event))
    return sorted(line._replace(number=number) for number, line in enumerate(found))


def _of_functions(search: Search, functions: Iterable[str], run: Run, first: int, last: int) -> Iterator[Line]:
    invocations = search.invocations(functions, run.trace, first, last)
    by_id = {one.request_id: one for one in invocations}
    for request_id, events in lines_by_request(search.lines(invocations)).items():
        if request_id in by_id:
            source = by_id[request_id].function
            yield from (Line(event.time, 0, _short(source), *messages.read(event.message)) for event in events)


def _with_request(text: str) -> messages.Message:
    """Return what a line of the API says, with the id of the request."""
    found = messages.read(text)
    try:
        request = json.loads(text).get("requestId")
    except (ValueError, AttributeError):
        request = None
    return found if request is None else found._replace(text=f"{found.text} (request {request})")


def _of_flow(flow: str, event: LogEvent) -> Line:
    try:
        document = json.loads(event.message)
        details = document.get("details") or {}
        what = " ".join(str(part) for part in (document["type"], details.get("name", "")) if part)
        error = details.get("error")
    except (ValueError, KeyError, AttributeError):
        return Line(event.time, 0, _short(flow), "INFO", event.message.rstrip())
    text = f"{what}: {error} {details.get('cause') or ''}".rstrip() if error else what
    return Line(event.time, 0, _short(flow), "ERROR" if error else "INFO", text)


def _named(groups: Iterable[str], prefix: str) -> list[str]:
    return sorted(group.removeprefix(prefix) for group in groups if group.startswith(prefix))


def _short(name: str) -> str:
    return name.removeprefix(f"{APP_NAME}-")
