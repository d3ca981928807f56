"""Finds a run for its owner, and waits for its end.

It reads the record. DescribeExecution is the fallback for a record that stays `RUNNING` although an event should have
ended it; the longer a run takes, the more rarely it is called.
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
"""When to check a run with Step Functions again, and for how long to trust its record after that."""


def find(user: User, flow: str, reference: str) -> Run:
    """Return a run that is the user's own, or anybody's if the user is an admin.

    Args:
        user: Who asks.
        flow: The name of the flow.
        reference: The execution's id or ARN.

    Raises:
        NotFound: The run does not exist, or is another user's.
    """
    execution_id = _execution_id(flow, reference)
    run = None if execution_id is None else records.get(user.id, execution_id)
    if run is None and execution_id is not None and user.is_admin:
        run = _of_any_user(flow, execution_id)
    if run is None or run.flow != flow:
        raise NotFound(f"There is no run {reference!r} of the flow {flow!r}. GET /runs lists yours.")
    return _doubted(run)


def wait(run: Run, seconds: float, *, now: Callable[[], float] = time.monotonic) -> Run:
    """Return the run when it has ended, or as it is after `seconds`.

    It reads the record often at first, when short flows end, and more and more rarely later.
    """
    deadline = now() + seconds
    pause = FIRST_PAUSE
    while not run.ended and (left := deadline - now()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        run = _doubted(records.get(run.user_id, run.execution_id) or run)
    return run


def refreshed(run: Run) -> Run:
    """Bring the record of a run up to date with Step Functions, and return the run."""
    try:
        outcome = executions.describe(run.execution_arn).outcome
    except executions.DoesNotExist:
        cause = "Step Functions does not know the execution: it never started, or no longer exists."
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
    """Return the run of any user: its input names who started it. One that a schedule started has no record."""
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
    """Return the run, checked with Step Functions if its record has been `RUNNING` for suspiciously long."""
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
    """End an EXPRESS run whose process died, as its outcome cannot be known any more."""
    cause = "The API lost the execution. Step Functions keeps no record of EXPRESS executions; make the flow STANDARD."
    outcome = Outcome("TIMED_OUT", times.now(), error="States.Timeout", cause=cause)
    records.update(run.user_id, run.execution_id, run.execution_arn, outcome)
    return records.get(run.user_id, run.execution_id) or run
