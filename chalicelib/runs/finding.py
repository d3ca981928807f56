"""Finds a run for its owner. The record is what is read; `belief` checks one that says `RUNNING` for too long."""

from __future__ import annotations

import re

from chalicelib.errors import NotFound
from chalicelib.identity import User
from chalicelib.runs import belief, executions, records
from chalicelib.runs.records import Run
from chalicelib.settings import settings

_ARN = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(?:execution|express):(?P<machine>[^:]+):(?P<id>[^:]+)(?::[^:]+)?")


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
    return belief.checked(run)


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
