"""Stops and redrives runs."""

from __future__ import annotations

from chalicelib import aws
from chalicelib.errors import Conflict, error_code
from chalicelib.runs import finding, records
from chalicelib.runs.records import REDRIVABLE, RUNNING, Outcome, Run


def stop(run: Run) -> Run:
    """Stop a run; stopping one that was stopped before changes nothing. Raises `Conflict` if it ended otherwise."""
    if run.status == "ABORTED":
        return run
    _refuse_express(run, "stopped")
    if not run.ended:
        aws.stepfunctions().stop_execution(
            executionArn=run.execution_arn, error="Stopped", cause="Stopped by a user through the API."
        )
        run = finding.refreshed(run)  # it may have ended by itself a moment earlier
    if run.ended and run.status != "ABORTED":
        raise Conflict(f"The run has ended already: {run.status}.")
    return run


def redrive(run: Run) -> Run:
    """Continue a run where it failed. Raises `Conflict` if there is nothing to continue."""
    _refuse_express(run, "redriven")
    if run.status not in REDRIVABLE:
        raise Conflict(f"The run is {run.status}; only one that is {', '.join(sorted(REDRIVABLE))} can be redriven.")
    try:
        aws.stepfunctions().redrive_execution(executionArn=run.execution_arn)
    except Exception as error:
        if error_code(error) not in {"ExecutionNotRedrivable", "ExecutionDoesNotExist"}:
            raise
        raise Conflict("Step Functions cannot redrive the run: it is too old, or its flow has changed.") from None
    # An event that came meanwhile knows as much or more, and is not overwritten.
    restarted = Outcome(RUNNING, redrive_count=run.redrive_count + 1)
    records.update(run.user_id, run.execution_id, run.execution_arn, restarted)
    return records.get(run.user_id, run.execution_id) or run


def _refuse_express(run: Run, verb: str) -> None:
    if run.is_express:
        raise Conflict(f"A run of an EXPRESS flow cannot be {verb}.")
