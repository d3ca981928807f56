"""Stops and redrives runs."""

from __future__ import annotations

from typing import Any

from chalicelib import aws, times
from chalicelib.errors import Conflict, Unavailable, error_code, is_throttling, is_unanswered
from chalicelib.runs import belief, records
from chalicelib.runs.records import REDRIVABLE, RUNNING, Outcome, Run

STOPPED = {"error": "Stopped", "cause": "Stopped by a user through the API."}


def stop(run: Run) -> Run:
    """Stop a run; stopping one that was stopped before changes nothing.

    Raises:
        Conflict: It ended otherwise, or is a run of an EXPRESS flow.
        Unavailable: Its execution has not begun yet, and may do so.
    """
    if run.status == "ABORTED":
        return run
    _refuse_express(run, "stopped")
    if not run.ended:
        run = _stopped(run)
    if run.ended and run.status != "ABORTED":
        raise Conflict(f"The run has already ended: {run.status}.")
    return run


def _stopped(run: Run) -> Run:
    try:
        aws.stepfunctions().stop_execution(executionArn=run.execution_arn, **STOPPED)
    except Exception as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return _stopped_before_it_began(run)
        if not is_unanswered(error):
            raise
        found = _known_better(run)  # it may have been stopped nevertheless
        if found is None or not found.ended:
            raise
        return found
    return belief.refreshed(run)  # it may have ended a moment earlier


def _stopped_before_it_began(run: Run) -> Run:
    if belief.may_begin(run):
        raise Unavailable("The run has not begun yet, so it can't be stopped. Try again.")
    outcome = Outcome("ABORTED", times.now(), error=STOPPED["error"], cause=STOPPED["cause"])
    records.infer(run, outcome)
    return records.get(run.user_id, run.execution_id) or run


def redrive(run: Run, token: str | None = None) -> Run:
    """Continue a run where it failed.

    Args:
        run: The run.
        token: A token with which Step Functions redrives once only, for a few minutes.

    Raises:
        Conflict: There is nothing to continue, or Step Functions cannot.
    """
    _refuse_express(run, "redriven")
    if run.status not in REDRIVABLE:
        raise Conflict(f"The run is {run.status}. Only runs that are {', '.join(sorted(REDRIVABLE))} can be redriven.")
    more: Any = {} if token is None else {"clientToken": token}
    try:
        aws.stepfunctions().redrive_execution(executionArn=run.execution_arn, **more)
    except Exception as error:
        refused = error_code(error) in {"ExecutionNotRedrivable", "ExecutionDoesNotExist"}
        if not (refused or is_unanswered(error)):
            raise
        found = _known_better(run)  # a redrive without an answer may have succeeded, and refuses the next
        if found is not None and found.redrive_count > run.redrive_count:
            return found
        if not refused:
            raise
        raise Conflict("Step Functions cannot redrive the run: it is too old, or its flow has changed.") from None
    # An event that arrived meanwhile is at least as recent, and is not overwritten.
    restarted = Outcome(RUNNING, redrive_count=run.redrive_count + 1)
    records.update(run.user_id, run.execution_id, run.execution_arn, restarted)
    return records.get(run.user_id, run.execution_id) or run


def _known_better(run: Run) -> Run | None:
    """What Step Functions says of the run after a call without an answer; None if it doesn't answer now either."""
    try:
        return belief.refreshed(run, patience=aws.READ_TIMEOUT)
    except Exception as error:
        if not (is_unanswered(error) or is_throttling(error)):
            raise
        return None


def _refuse_express(run: Run, verb: str) -> None:
    if run.is_express:
        raise Conflict(f"A run of an EXPRESS flow cannot be {verb}.")
