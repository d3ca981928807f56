"""Finds a run for its owner. The record is what is read; `belief` checks one that says `RUNNING` for too long."""

from __future__ import annotations

import re

from chalicelib.errors import NotFound
from chalicelib.identity import User
from chalicelib.runs import belief, executions, records, searching
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


def find_any_flow(user: User, reference: str) -> Run:
    """Return the same where the flow is not known.

    Raises:
        NotFound: The run does not exist, or is another user's.
    """
    named = flow_and_id(reference)
    execution_id = reference if named is None else named[1]
    run = None if ":" in execution_id else records.get(user.id, execution_id)
    if run is None and user.is_admin:
        if named is not None:
            run = records.get(records.nobody(*named), execution_id)
        run = run or searching.find_by_id(execution_id)
    if run is None:
        raise NotFound(f"There is no run {reference!r}. GET /runs lists yours.")
    return run


def flow_and_id(execution_arn: str) -> tuple[str, str] | None:
    """Return the flow and the id that an execution's ARN names; None if it is not of a flow of this stage."""
    match = _ARN.fullmatch(execution_arn)
    flow = None if match is None else settings.names.flow(match["machine"])
    return None if match is None or flow is None else (flow, match["id"])


def _execution_id(flow: str, reference: str) -> str | None:
    match = _ARN.fullmatch(reference)
    if match is None:
        return None if ":" in reference else reference
    return match["id"] if settings.names.flow(match["machine"]) == flow else None


def _of_any_user(flow: str, execution_id: str) -> Run | None:
    """Return the run of any user, or of nobody. Step Functions is asked about one that has no record."""
    known = records.get(records.nobody(flow, execution_id), execution_id)
    if known is None and (found_by_id := searching.find_by_id(execution_id)) is not None:
        known = records.get(found_by_id.user_id, execution_id)
    if known is not None:
        return known
    try:
        found = executions.describe(settings.names.execution_arn(flow, execution_id))
    except executions.DoesNotExist:
        return None
    owner = executions.user_of(found.input)
    known = None if owner is None else records.get(owner, execution_id)
    return known or Run(
        user_id=owner or records.nobody(flow, execution_id),
        started_by=records.OTHER if owner is None else records.USER,
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
