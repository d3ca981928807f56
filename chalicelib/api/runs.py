"""`/run` and `/runs`: start flows; follow, stop and redrive their runs."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from chalicelib.api import access
from chalicelib.api import run_answers as answers
from chalicelib.api import run_filters as filters
from chalicelib.api.flows import find_flow, unknown_flow
from chalicelib.api.http import Answer, Call
from chalicelib.errors import BadRequest, NotFound
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.flows.input_schema import check_input
from chalicelib.runs import Run, again, control, finding, idempotency, waiting
from chalicelib.runs.history import MAX_EVENTS
from chalicelib.runs.history import history as events_of
from chalicelib.runs.listing import list_runs as runs_of
from chalicelib.runs.starting import MAX_INPUT, start
from chalicelib.settings import settings

MAX_WAIT = 25
"""Seconds that a request may wait for the end of a run; API Gateway gives up after 29."""


def start_run(call: Call) -> Answer:
    """Start a flow. With `?wait=SECONDS`, answer with the finished run if it ends in time."""
    deadline = _deadline(call)
    flow = find_flow(call.param("flow_name"))
    access.check(call.user, flow)
    body = call.json_object(limit=MAX_INPUT)
    check_input(flow, body)
    run = start(flow, call.user.id, body, call.headers.get("idempotency-key"))
    if deadline is not None:
        run = waiting.wait(run, deadline, call.user.id)
        if run.ended:
            return Answer(answers.whole(run))
    return _started(run, f"The flow {flow.name} was started.", f"{call.path.rstrip('/')}/{run.execution_id}")


def get_run(call: Call) -> Answer:
    """Answer with a run: its status, and its output or error."""
    deadline = _deadline(call)
    run = find_run(call)
    return Answer(answers.whole(run if deadline is None else waiting.wait(run, deadline, call.user.id)))


def run_history(call: Call) -> Answer:
    """Answer with the events of a run."""
    limit = call.query_number("limit", default=100, lowest=1, highest=MAX_EVENTS)
    newest_first = _flag(call, "reverseOrder")
    found = events_of(find_run(call), limit=limit, token=call.query("nextToken"), newest_first=newest_first)
    return Answer(_paged({"events": found.events, "count": len(found.events)}, found.next_token))


def run_states(call: Call) -> Answer:
    """Answer with what became of the states of a run."""
    from chalicelib.runs.states.answer import MAX_STATES, Question, states

    limit = call.query_number("limit", default=200, lowest=1, highest=MAX_STATES)
    question = Question(call.query("path"), call.query("iteration"), limit, call.query("nextToken"))
    run = find_run(call)
    flow = catalog().flows.get(run.flow)
    found = states(run, None if flow is None else flow.definition, question)
    return Answer(_paged({"states": found.states}, found.next_token))


def run_logs(call: Call) -> Answer:
    """Answer with the log lines of a run's functions."""
    from chalicelib.runs.logs.answer import MAX_LINES, logs

    limit = call.query_number("limit", default=500, lowest=1, highest=MAX_LINES)
    found = logs(find_run(call), catalog(), settings.names, limit=limit, token=call.query("nextToken"))
    return Answer(_paged({"lines": found.lines}, found.next_token))


def stop_run(call: Call) -> Answer:
    """Stop a run."""
    return Answer(answers.whole(control.stop(find_run(call))))


def redrive_run(call: Call) -> Answer:
    """Continue a failed run where it failed."""
    return Answer(answers.whole(control.redrive(find_run(call))), 202, {"Location": call.path.removesuffix("/redrive")})


def rerun_run(call: Call) -> Answer:
    """Start a flow again with the input of a former run, or with another one."""
    run = find_run(call)
    flow = find_flow(run.flow)
    access.check(call.user, flow)
    body = call.json_object(limit=MAX_INPUT)
    unknown = body.keys() - {"input"}
    if unknown:
        raise BadRequest(
            f"The body has the unknown key {min(unknown)!r}. It may have 'input', the input of the new run."
        )
    value = body["input"] if "input" in body else again.former_input(run)
    if not isinstance(value, dict):
        raise BadRequest("The key 'input' must be an object.")
    check_input(flow, value)
    new = again.rerun(flow, call.user.id, run, value, call.headers.get("idempotency-key"))
    location = f"{call.path.rstrip('/').removesuffix('/rerun').rpartition('/')[0]}/{new.execution_id}"
    return _started(new, f"The flow {flow.name} was started again.", location)


def redrive_runs(call: Call) -> Answer:
    """Continue all failed runs that a filter finds."""
    order, dry_run = _order(call)
    return _part(again.redrive_many(order), dry_run)


def rerun_runs(call: Call) -> Answer:
    """Start all runs again that a filter finds, each with its former input."""
    order, dry_run = _order(call)
    user, known = call.user, catalog()  # compiled at most once, not by each thread

    def flow_of(run: Run, body: dict[str, Any]) -> CatalogFlow:
        flow = known.flows.get(run.flow)
        if flow is None:
            raise unknown_flow(run.flow, known)
        access.check(user, flow)
        check_input(flow, body)
        return flow

    return _part(again.rerun_many(order, flow_of), dry_run)


def list_runs(call: Call) -> Answer:
    """Answer with runs of the last 90 days, newest first: the caller's, and for admins any user's."""
    user_id, wanted = filters.from_query(call)
    limit = call.query_number("limit", default=50, lowest=1, highest=200)
    page = runs_of(user_id, wanted, limit=limit, token=call.query("nextToken"))
    executions = [answers.listed(run) for run in page.runs]
    return Answer(_paged({"executions": executions, "count": len(executions)}, page.next_token))


def find_run(call: Call) -> Run:
    """Return the run that the path names, if the caller may see it.

    Raises:
        NotFound: There is no such run or flow, or the run is another user's.
    """
    flow = call.param("flow_name")
    try:
        # Neither ids nor ARNs contain `%`: one that still does was encoded twice.
        return finding.find(call.user, flow, unquote(call.param("execution_id")))
    except NotFound:
        known = catalog()
        if flow not in known.flows and flow not in known.broken:
            raise unknown_flow(flow, known) from None
        raise


def _started(run: Run, message: str, location: str) -> Answer:
    body = {
        "message": message,
        "executionArn": run.execution_arn,
        "executionId": run.execution_id,
        "flow": run.flow,
        "status": "SUCCESS",
        "runStatus": run.status,
    }
    return Answer(body, 202, {"Location": location})


def _order(call: Call) -> tuple[again.Order, bool]:
    """Return what a bulk request wants, and whether it only asks what would be done."""
    body = call.json_object()
    unknown = sorted(body.keys() - {*filters.TEXTS, "label", "dryRun", "limit", "nextToken"})
    if unknown:
        raise BadRequest(f"The body has the unknown key {unknown[0]!r}. It may have the filters of GET /runs.")
    dry_run, limit, token = body.get("dryRun", False), body.get("limit", again.MAX_RUNS), body.get("nextToken")
    if not isinstance(dry_run, bool):
        raise BadRequest("The key 'dryRun' must be true or false.")
    if type(limit) is not int or not 1 <= limit <= again.MAX_RUNS:
        raise BadRequest(f"The key 'limit' must be a number from 1 to {again.MAX_RUNS}.")
    if not isinstance(token, str | None):
        raise BadRequest("The key 'nextToken' must be a string.")
    key = call.headers.get("idempotency-key")
    if key is not None:
        idempotency.check(key)
    elif not dry_run:
        raise BadRequest("Send the header Idempotency-Key, so that repeating the request does nothing twice.")
    user_id, wanted = filters.from_body(call.user, body)
    return again.Order(call.user.id, user_id, wanted, None if dry_run else key, limit, token), dry_run


def _part(part: again.Part, dry_run: bool) -> Answer:
    refused = sum(done.result == "refused" for done in part.done)
    runs = [answers.done(done) for done in part.done]
    body = {"dryRun": dry_run, "runs": runs, "count": len(runs), "refused": refused}
    return Answer(_paged(body, part.next_token))


def _deadline(call: Call) -> float | None:
    """Until when the request wants to wait, by the monotonic clock; None if not at all. It counts from its arrival."""
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
    return time.monotonic() + max(0.0, seconds - call.age) if seconds else None


def _flag(call: Call, name: str) -> bool:
    text = call.query(name)
    if text not in (None, "true", "false"):
        raise BadRequest(f"The query parameter {name!r} is {text!r}; it must be true or false.")
    return text == "true"


def _paged(body: dict[str, Any], next_token: str | None) -> dict[str, Any]:
    return body if next_token is None else {**body, "nextToken": next_token}
