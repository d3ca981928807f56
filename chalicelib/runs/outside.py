"""Runs that the API did not start: those of schedules, of other flows, and of whoever calls StartExecution.

Which run has started a flow follows from the trace, which Step Functions hands down to the flows that a run starts
(`trace`). A run that a schedule has started has no trace of ours. The input of what it starts may name the parent, as
it does in AWS's console. Anybody could write that, so it counts only where it is true: an execution is a parent if its
flow starts this one's and it was running at that moment. Otherwise the parent is the execution whose history says so.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import error_code, is_throttling
from chalicelib.flows import labels
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.names import EXPRESS, SCHEDULED, STARTED_BY_KEY, USER_KEY
from chalicelib.runs import executions, records, searching
from chalicelib.runs.finding import flow_and_id
from chalicelib.runs.ids import is_id
from chalicelib.runs.records import OTHER, RUN, RUNNING, SCHEDULE, Run
from chalicelib.runs.trace import execution_id_of, root_of
from chalicelib.settings import settings

_CLOCKS = 5.0  # seconds by which the times of records and of executions may differ
_GENERATIONS = 4  # of flows that start flows
_EXECUTIONS = 100  # of a flow among which the parent is looked for: the newest
_HISTORIES = 20  # that are looked at
_EVENTS = 200
_STARTED = ("taskSubmittedEventDetails", "taskSucceededEventDetails")
"""The events whose output has the ARN of an execution that was started."""


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
    moment = _seconds(start_date)
    parent = _claimed(flow, value, moment) or _traced(flow, execution_arn, moment)
    if parent is None and not execution_id.startswith(SCHEDULED):
        parent = _of_history(flow, execution_arn, moment)
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


def _claimed(flow: CatalogFlow, value: Any, moment: float) -> str | None:
    """Return the parent that the input names, if it can be the one."""
    claimed = value.get(STARTED_BY_KEY) if isinstance(value, dict) else None
    if not isinstance(claimed, str) or (named := flow_and_id(claimed)) is None or not _starts(named[0], flow):
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
    return claimed if _was_running(began, ended, moment) else None


def _traced(flow: CatalogFlow, execution_arn: str, moment: float) -> str | None:
    """Return the parent that the trace leads to: the run whose trace it is, or one that it has started."""
    if not any(_starts(name, flow) for name in catalog().flows):
        return None
    try:
        trace = root_of(executions.describe(execution_arn).trace_header)
    except executions.DoesNotExist:
        return None
    began_it = None if trace is None else execution_id_of(trace)
    root = None if began_it is None else searching.find_by_id(began_it)
    generation = [] if root is None else [root]
    for _ in range(_GENERATIONS):
        for run in generation:
            if _starts(run.flow, flow) and _was_running(run.start_date, run.stop_date, moment):
                return run.execution_arn
        generation = [child for run in generation for child in _children(run)]
    return None


def _of_history(flow: CatalogFlow, execution_arn: str, moment: float) -> str | None:
    """Return the parent whose history names this execution, among those of the newest that the API did not start.

    Step Functions is asked, since the parent's own record may be on its way. If it has been asked too often, a run
    without a parent is better than none.
    """
    starters = [each for each in catalog().flows.values() if flow.name in each.references and each.type != EXPRESS]
    try:
        running = [arn for each in starters for arn in _running(each.state_machine_arn(settings.names), moment)]
        return next((arn for arn in running[:_HISTORIES] if _history_names(arn, execution_arn, moment)), None)
    except Exception as error:
        if is_throttling(error) or error_code(error) in {"StateMachineDoesNotExist", "ExecutionDoesNotExist"}:
            return None
        raise


def _running(machine: str, moment: float) -> list[str]:
    """Return the executions that were running at a moment, of the newest, without those that the API started."""
    found = aws.stepfunctions().list_executions(stateMachineArn=machine, maxResults=_EXECUTIONS)["executions"]
    stops = [times.iso(each["stopDate"]) if "stopDate" in each else None for each in found]
    return [
        each["executionArn"]
        for each, stop in zip(found, stops, strict=True)
        if not is_id(each["name"]) and _was_running(times.iso(each["startDate"]), stop, moment)
    ]


def _history_names(parent: str, execution_arn: str, moment: float) -> bool:
    """Whether one of the newest events of an execution says that it started another one."""
    page = aws.stepfunctions().get_execution_history(executionArn=parent, reverseOrder=True, maxResults=_EVENTS)
    events: list[Any] = [event for event in page["events"] if event["timestamp"].timestamp() >= moment - _CLOCKS]
    outputs = [event.get(details, {}).get("output", "") for event in events for details in _STARTED]
    return any(f'"{execution_arn}"' in output for output in outputs)


def _children(run: Run) -> list[Run]:
    """Return the newest runs that a run has started."""
    search = searching.Search(None, searching.Filter(started_by=RUN, parent=run.execution_arn))
    return next(search.portions()).runs


def _starts(name: str, flow: CatalogFlow) -> bool:
    starter = catalog().flows.get(name)
    return starter is not None and flow.name in starter.references


def _was_running(began: str, ended: str | None, moment: float) -> bool:
    return _seconds(began) - _CLOCKS <= moment and (ended is None or moment <= _seconds(ended) + _CLOCKS)


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()
