"""Runs that the API did not start: those of schedules, of other flows, and of whoever calls StartExecution.

What such a run says of its origin comes from its input, so it counts only where it is true: an execution is a parent if
its flow starts this one's and it was running at that moment.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from chalicelib.flows import labels
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.names import SCHEDULED, STARTED_BY_KEY, USER_KEY
from chalicelib.runs import executions, records, searching
from chalicelib.runs.finding import flow_and_id
from chalicelib.runs.records import OTHER, RUN, RUNNING, SCHEDULE, Run

_CLOCKS = 5.0  # seconds by which the times of records and of executions may differ


def run_of(flow: CatalogFlow, execution_id: str, execution_arn: str, start_date: str, text: str | None) -> Run:
    """Return the record of an execution that has just begun.

    Args:
        flow: Its flow.
        execution_id: Its name.
        execution_arn: Its ARN.
        start_date: When it began, in ISO 8601.
        text: Its input.
    """
    value = json.loads(text or "{}")
    parent = _parent(flow, value, start_date)
    outside = OTHER if parent is None else RUN
    body = {key: item for key, item in value.items() if key != USER_KEY} if isinstance(value, dict) else value
    return Run(
        user_id=records.nobody(flow.name, execution_id),
        execution_id=execution_id,
        execution_arn=execution_arn,
        flow=flow.name,
        status=RUNNING,
        start_date=start_date,
        started_by=SCHEDULE if execution_id.startswith(SCHEDULED) else outside,
        parent=parent,
        labels=labels.of_input(flow.labels, body),
        input=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    )


def _parent(flow: CatalogFlow, value: Any, start_date: str) -> str | None:
    claimed = value.get(STARTED_BY_KEY) if isinstance(value, dict) else None
    if not isinstance(claimed, str) or (named := flow_and_id(claimed)) is None:
        return None
    starter = catalog().flows.get(named[0])
    if starter is None or flow.name not in starter.references:
        return None
    known = records.get(records.nobody(*named), named[1]) or searching.find_by_id(named[1])
    if known is not None and known.execution_arn == claimed:
        began, ended = known.start_date, known.stop_date
    else:  # its own record may be on its way
        try:
            found = executions.describe(claimed)
        except executions.DoesNotExist:
            return None
        began, ended = found.start_date, found.outcome.stop_date
    moment = _seconds(start_date)
    running = _seconds(began) - _CLOCKS <= moment and (ended is None or moment <= _seconds(ended) + _CLOCKS)
    return claimed if running else None


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()
