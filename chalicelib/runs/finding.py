"""Finds a run for its owner, and waits for its end.

The record is what is read. DescribeExecution is the fallback for a record that stays `RUNNING` although events should
have ended it, asked ever more rarely as a run grows older.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime

from chalicelib import times
from chalicelib.errors import NotFound
from chalicelib.identity import User
from chalicelib.runs import executions, records
from chalicelib.runs.records import RUNNING, Outcome, Run
from chalicelib.settings import settings

FIRST_DOUBT, LONGEST_TRUST = 10.0, 600.0  # seconds that a record saying RUNNING is believed, first and later
LONGEST_EXPRESS = 330.0  # seconds; Step Functions ends an EXPRESS execution after 300
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.01, 0.5, 1.5  # seconds between two looks at a record, and their growth
MAX_REMEMBERED = 10_000

_ARN = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(?:execution|express):(?P<machine>[^:]+):(?P<id>[^:]+)(?::[^:]+)?")

_doubts: dict[str, tuple[float, float]] = {}
"""When a run is to be checked with Step Functions again, and how long it is trusted after that."""


def find(user: User, flow: str, reference: str) -> Run:
    """The run that `reference`, an execution id or ARN, names, if it is the user's own, or the user is an admin.

    Raises `NotFound` for any other, as for one that does not exist.
    """
    execution_id = _execution_id(flow, reference)
    run = None if execution_id is None else records.get(user.id, execution_id)
    if run is None and execution_id is not None and user.is_admin:
        run = _of_any_user(flow, execution_id)
    if run is None or run.flow != flow:
        raise NotFound(f"There is no run {reference!r} of the flow {flow!r}. GET /runs lists yours.")
    return _doubted(run)


def wait(run: Run, seconds: float, *, now: Callable[[], float] = time.monotonic) -> Run:
    """The run when it has ended, or as it is after `seconds`.

    Looks at the record soon after the start, when short flows end, and ever more slowly later.
    """
    deadline = now() + seconds
    pause = FIRST_PAUSE
    while not run.ended and (left := deadline - now()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        run = _doubted(records.get(run.user_id, run.execution_id) or run)
    return run


def refreshed(run: Run) -> Run:
    """The run as Step Functions says it is; its record is brought up to date."""
    try:
        outcome = executions.describe(run.execution_arn).outcome
    except executions.DoesNotExist:
        cause = "Step Functions knows no such execution: it never started, or is gone since."
        outcome = Outcome("FAILED", times.now(), error="ExecutionDoesNotExist", cause=cause)
    if outcome.status == RUNNING:
        return run
    records.update(run.user_id, run.execution_id, run.execution_arn, outcome)
    return records.get(run.user_id, run.execution_id) or run


def _execution_id(flow: str, reference: str) -> str | None:
    match = _ARN.fullmatch(reference)
    if match is None:
        return None if ":" in reference else reference
    return match["id"] if match["machine"] == settings.names.resource(flow) else None


def _of_any_user(flow: str, execution_id: str) -> Run | None:
    """The run of whoever started it: Step Functions tells by its input. One by a schedule has no record."""
    try:
        found = executions.describe(settings.names.execution_arn(flow, execution_id))
    except executions.DoesNotExist:
        return None
    owner = executions.user_of(found.input)
    known = None if owner is None else records.get(owner, execution_id)
    return known or Run(
        user_id=owner or "",
        execution_id=execution_id,
        execution_arn=found.execution_arn,
        flow=flow,
        status=found.outcome.status,
        start_date=found.start_date,
        stop_date=found.outcome.stop_date,
        output=found.outcome.output,
        error=found.outcome.error,
        cause=found.outcome.cause,
        redrive_count=found.outcome.redrive_count or 0,
    )


def _doubted(run: Run) -> Run:
    """The run, checked with Step Functions if its record has said `RUNNING` for suspiciously long."""
    if run.ended:
        _doubts.pop(run.execution_id, None)
        return run
    age = time.time() - datetime.fromisoformat(run.start_date).timestamp()
    due, trust = _doubts.get(run.execution_id, (0.0, FIRST_DOUBT))
    if age < FIRST_DOUBT or time.monotonic() < due:
        return run
    if run.is_express:
        return _given_up(run) if age > LONGEST_EXPRESS else run
    if len(_doubts) >= MAX_REMEMBERED:
        _doubts.clear()
    _doubts[run.execution_id] = (time.monotonic() + trust, min(trust * 2, LONGEST_TRUST))
    return refreshed(run)


def _given_up(run: Run) -> Run:
    """An EXPRESS run whose process died: nobody can tell what became of it."""
    cause = "The API lost the execution. EXPRESS executions keep no record; make the flow STANDARD to have one."
    outcome = Outcome("TIMED_OUT", times.now(), error="States.Timeout", cause=cause)
    records.update(run.user_id, run.execution_id, run.execution_arn, outcome)
    return records.get(run.user_id, run.execution_id) or run
