"""The log lines of a run as the API answers, page by page and, of a running one, as they come.

Lines come invocation by invocation, in the order in which the invocations ended: Lambda names an invocation's trace in
the line that it writes at its end. The token of a page says which invocation, and which line of it, was the last.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib import times
from chalicelib.errors import BadRequest, Conflict
from chalicelib.flows.catalog import Catalog
from chalicelib.names import Names
from chalicelib.runs import executions
from chalicelib.runs.logs import messages
from chalicelib.runs.logs.attribution import Match, attribute
from chalicelib.runs.logs.children import children
from chalicelib.runs.logs.cloudwatch import Search
from chalicelib.runs.logs.requests import Invocation, LogEvent, lines_by_request
from chalicelib.runs.records import Run
from chalicelib.runs.states.fold import Wanted
from chalicelib.runs.states.outline import Outline
from chalicelib.runs.states.reading import Lent
from chalicelib.runs.states.visits import Attempt
from chalicelib.runs.trace import root_of, trace_id
from chalicelib.settings import settings

MAX_LINES = 1_000
MAX_BYTES = 2_500_000
"""Bytes of the messages in an answer. Lambda's limit is 6 MB, and quotes count twice."""
LATE = 60_000
"""Milliseconds after a run's end in which its functions may still end."""
_BATCH = 100  # invocations whose lines are read at a time


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines, and the token of the next page or of what comes from now on; None if nothing follows."""

    lines: list[dict[str, Any]]
    next_token: str | None


class _Cursor(NamedTuple):
    """The last invocation that was answered: when it ended, its id, and how many of its lines."""

    ended: int = 0
    request_id: str = ""
    lines: int = 0


class _Trace(NamedTuple):
    """The trace of a run; `shared` if it began in another execution, which has lines of its own in it."""

    root: str
    shared: bool


def logs(run: Run, catalog: Catalog, names: Names, *, limit: int, token: str | None) -> Lines:
    """Return the lines that the functions of a run and of the flows that it started have written.

    Args:
        run: The run.
        catalog: Today's flows.
        names: The stage's names.
        limit: The most lines to return.
        token: The `next_token` of the answer before.

    Raises:
        BadRequest: The token did not come from these lines.
        Conflict: The run of an EXPRESS flow was started without a trace.
        NotFound: Step Functions doesn't have the run's history.
        Unavailable: Step Functions or CloudWatch Logs doesn't answer.
    """
    after = _read_token(token)
    trace = _trace(run)
    flow = catalog.flows.get(run.flow)
    outline = Outline({} if flow is None else flow.definition)
    attempts = [] if run.is_express else _attempts(run, outline)
    functions = _functions(run.flow, catalog, names) | {one.function for one in attempts}
    known = sorted(name for name in functions if name.startswith(names.resource("")))
    search = Search()
    began = int(datetime.fromisoformat(run.start_date).timestamp() * 1000)
    root = None if trace is None else trace.root
    invocations = search.invocations(known, root, began - LATE, _end(run))
    matches = attribute(run.execution_arn, outline, attempts, invocations, traced=trace is not None)
    if settings.aws_endpoint is not None:  # on AWS, nothing leads from an invocation to a child execution
        matches = {**children(run.execution_arn, outline, invocations, matches), **matches}
    waiting = [
        one
        for one in invocations
        if (one.ended, one.request_id) >= (after.ended, after.request_id)
        and (one.request_id in matches or (trace is not None and not trace.shared))
    ]
    page = _Page(limit, after)
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        lines = lines_by_request(search.lines(batch))
        if not all(page.add(one, lines.get(one.request_id, []), matches.get(one.request_id)) for one in batch):
            return Lines(page.lines, _token(page.last))
    return Lines(page.lines, None if run.ended else _token(page.last))


class _Page:
    """The lines of an answer, as long as there is room."""

    def __init__(self, limit: int, after: _Cursor) -> None:
        self.lines: list[dict[str, Any]] = []
        self.last = after
        self._limit = limit
        self._bytes = 0

    def add(self, invocation: Invocation, events: list[LogEvent], match: Match | None) -> bool:
        """Add the lines of an invocation; False if not all of them have room."""
        before = self.last.lines if invocation.request_id == self.last.request_id else 0
        for number, event in enumerate(events[before:], start=before):
            size = len(event.message.encode())
            if len(self.lines) == self._limit or (self.lines and self._bytes + size > MAX_BYTES):
                return False
            self._bytes += size
            self.lines.append(_rendered(invocation, event, match))
            self.last = _Cursor(invocation.ended, invocation.request_id, number + 1)
        self.last = _Cursor(invocation.ended, invocation.request_id, len(events))
        return True


def _rendered(invocation: Invocation, event: LogEvent, match: Match | None) -> dict[str, Any]:
    level, text = messages.read(event.message)
    found: dict[str, Any] = {
        "time": times.iso(event.time / 1000),
        "level": level,
        "function": invocation.function,
        "state": None if match is None else match.state,
        "attempt": None if match is None else match.number,
        "requestId": invocation.request_id,
        "message": text,
    }
    if match is not None and (indexes := match.indexes):
        found["iteration"] = indexes[0] if len(indexes) == 1 else ".".join(map(str, indexes))
    if match is not None and match.estimated:
        found["estimated"] = True
    return found


def _trace(run: Run) -> _Trace | None:
    """Return the trace of a run: its own if the API started it, otherwise the one that it was started with.

    Schedules start flows without a trace. Their invocations are recognised by their request ids and times.

    Raises:
        Conflict: There is none, and an EXPRESS run has no history that could take its place.
    """
    own = trace_id(run.execution_id)
    if own is not None:
        return _Trace(own, shared=False)
    root = root_of(executions.describe(run.execution_arn).trace_header)
    if root is None and run.is_express:
        raise Conflict(
            "The EXPRESS run was started without an X-Ray trace, and its lines can't be told from others. See the log "
            "groups of its functions in CloudWatch."
        )
    return None if root is None else _Trace(root, shared=True)


def _attempts(run: Run, outline: Outline) -> list[Attempt]:
    with Lent(run.execution_arn, Wanted((), "", functions=True), outline) as fold:
        return list(fold.attempts)


def _functions(flow: str, catalog: Catalog, names: Names) -> set[str]:
    """Return the full names of the functions that a flow uses, and the flows that it starts."""
    found: set[str] = set()
    seen: set[str] = set()
    flows = [flow]
    while flows:
        known = catalog.flows.get(name := flows.pop())
        if known is None or name in seen:
            continue
        seen.add(name)
        found |= {names.resource(function) for function in known.functions}
        flows += known.references
    return found


def _end(run: Run) -> int:
    if run.stop_date is None:
        return int(time.time() * 1000) + LATE
    return int(datetime.fromisoformat(run.stop_date).timestamp() * 1000) + LATE


def _token(last: _Cursor) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(last), separators=(",", ":")).encode()).decode().rstrip("=")


def _read_token(token: str | None) -> _Cursor:
    if token is None:
        return _Cursor()
    try:
        found = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True))
        ended, request_id, lines = found
        valid = type(ended) is type(lines) is int and isinstance(request_id, str) and lines >= 0
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise BadRequest("The query parameter 'nextToken' did not come from these lines.")
    return _Cursor(ended, request_id, lines)
