"""`/run` and `/runs`: start flows; follow, stop and redrive their runs."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

from chalicelib.api.flows import find_flow, unknown_flow
from chalicelib.api.http import Answer, Call
from chalicelib.errors import BadRequest, Forbidden, NotFound
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.flows.input_schema import check_input
from chalicelib.runs import Run, control, finding, waiting
from chalicelib.runs.history import MAX_EVENTS
from chalicelib.runs.history import history as events_of
from chalicelib.runs.listing import list_runs as runs_of
from chalicelib.runs.records import STATUSES
from chalicelib.runs.starting import MAX_INPUT, start
from chalicelib.settings import settings

MAX_WAIT = 25
"""Seconds that a request may wait for the end of a run; API Gateway gives up after 29."""


def start_run(call: Call) -> Answer:
    """Start a flow. With `?wait=SECONDS`, answer with the finished run if it ends in time."""
    deadline = _deadline(call)
    flow = find_flow(call.param("flow_name"))
    _check_access(call, flow)
    body = call.json_object(limit=MAX_INPUT)
    check_input(flow, body)
    run = start(flow, call.user.id, body, call.headers.get("idempotency-key"))
    if deadline is not None:
        run = waiting.wait(run, deadline)
        if run.ended:
            return Answer(_run(run))
    return Answer(
        {
            "message": f"The flow {flow.name} was started.",
            "executionArn": run.execution_arn,
            "executionId": run.execution_id,
            "flow": run.flow,
            "status": "SUCCESS",
            "runStatus": run.status,
        },
        202,
        {"Location": f"{call.path.rstrip('/')}/{run.execution_id}"},
    )


def get_run(call: Call) -> Answer:
    """Answer with a run: its status, and its output or error."""
    deadline = _deadline(call)
    run = _find(call)
    return Answer(_run(run if deadline is None else waiting.wait(run, deadline)))


def run_history(call: Call) -> Answer:
    """Answer with the events of a run."""
    limit = call.query_number("limit", default=100, lowest=1, highest=MAX_EVENTS)
    newest_first = _flag(call, "reverseOrder")
    found = events_of(_find(call), limit=limit, token=call.query("nextToken"), newest_first=newest_first)
    return Answer(_paged({"events": found.events, "count": len(found.events)}, found.next_token))


def run_states(call: Call) -> Answer:
    """Answer with what became of the states of a run."""
    from chalicelib.runs.states.answer import MAX_STATES, Question, states

    limit = call.query_number("limit", default=200, lowest=1, highest=MAX_STATES)
    question = Question(call.query("path"), call.query("iteration"), limit, call.query("nextToken"))
    run = _find(call)
    flow = catalog().flows.get(run.flow)
    found = states(run, None if flow is None else flow.definition, question)
    return Answer(_paged({"states": found.states}, found.next_token))


def run_logs(call: Call) -> Answer:
    """Answer with the log lines of a run's functions."""
    from chalicelib.runs.logs.answer import MAX_LINES, logs

    limit = call.query_number("limit", default=500, lowest=1, highest=MAX_LINES)
    found = logs(_find(call), catalog(), settings.names, limit=limit, token=call.query("nextToken"))
    return Answer(_paged({"lines": found.lines}, found.next_token))


def stop_run(call: Call) -> Answer:
    """Stop a run."""
    return Answer(_run(control.stop(_find(call))))


def redrive_run(call: Call) -> Answer:
    """Continue a failed run where it failed."""
    return Answer(_run(control.redrive(_find(call))), 202, {"Location": call.path.removesuffix("/redrive")})


def list_runs(call: Call) -> Answer:
    """Answer with the caller's runs of the last 90 days, newest first."""
    status = call.query("status")
    if status is not None and status not in STATUSES:
        raise BadRequest(f"The query parameter 'status' is {status!r}; it must be one of {', '.join(STATUSES)}.")
    limit = call.query_number("limit", default=50, lowest=1, highest=200)
    page = runs_of(call.user.id, flow=call.query("flow"), status=status, limit=limit, token=call.query("nextToken"))
    executions = [
        {
            "executionArn": run.execution_arn,
            "executionId": run.execution_id,
            "flow": run.flow,
            "flowName": run.flow,  # the former names of flow and executionId, which clients still read
            "name": run.execution_id,
            "status": run.status,
            "startDate": run.start_date,
            "stopDate": run.stop_date,
        }
        for run in page.runs
    ]
    return Answer(_paged({"executions": executions, "count": len(executions)}, page.next_token))


def _find(call: Call) -> Run:
    flow = call.param("flow_name")
    try:
        # Neither ids nor ARNs contain `%`: one that still does was encoded twice.
        return finding.find(call.user, flow, unquote(call.param("execution_id")))
    except NotFound:
        known = catalog()
        if flow not in known.flows and flow not in known.broken:
            raise unknown_flow(flow, known) from None
        raise


def _check_access(call: Call, flow: CatalogFlow) -> None:
    groups = flow.access_groups
    if groups and not call.user.is_admin and not set(groups) & set(call.user.groups):
        raise Forbidden(f"The flow {flow.name!r} may only be run by members of: {', '.join(groups)}.")


def _deadline(call: Call) -> float | None:
    """Until when the request wants to wait, by the monotonic clock; None if not at all."""
    text = call.query("wait")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT:
        raise BadRequest(
            f"The query parameter 'wait' is {text!r}; it must be a number of seconds from 0 to {MAX_WAIT}."
        )
    return time.monotonic() + seconds if seconds else None


def _flag(call: Call, name: str) -> bool:
    text = call.query(name)
    if text not in (None, "true", "false"):
        raise BadRequest(f"The query parameter {name!r} is {text!r}; it must be true or false.")
    return text == "true"


def _run(run: Run) -> dict[str, Any]:
    return {
        "executionArn": run.execution_arn,
        "executionId": run.execution_id,
        "flow": run.flow,
        "status": run.status,
        "output": None if run.output is None else json.loads(run.output),
        "error": run.error,
        "cause": run.cause,
        "startDate": run.start_date,
        "stopDate": run.stop_date,
    }


def _paged(body: dict[str, Any], next_token: str | None) -> dict[str, Any]:
    return body if next_token is None else {**body, "nextToken": next_token}
