"""The spans of a run that has ended: of the run, of its states, and of the attempts of its functions.

They are computed from the history, by the pass that also answers `GET .../states`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.flows.catalog import Catalog
from chalicelib.runs import executions, records
from chalicelib.runs.finding import flow_and_id
from chalicelib.runs.records import RUN
from chalicelib.runs.states.fold import Fold, Wanted
from chalicelib.runs.states.outline import Outline
from chalicelib.runs.states.reading import Lent
from chalicelib.runs.states.visits import FAILED, TIMED_OUT, Attempt, Visit
from chalicelib.runs.trace import root_of, segment_id
from chalicelib.telemetry.spans import (
    Span,
    request_span_id,
    run_span_id,
    state_span_id,
    trace_of_execution,
    trace_of_xray,
)

MAX_SPANS = 5_000
"""The most states of which a run has spans; the span of the run says if there were more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended. Times are seconds since 1970."""

    execution_arn: str
    execution_id: str
    flow: str
    status: str
    began: float
    ended: float
    error: str | None = None


def ended_run(detail: dict[str, Any]) -> Ended | None:
    """Return the run whose end an event of EventBridge tells; None if it tells something else."""
    named = flow_and_id(detail["executionArn"])
    if named is None or detail.get("stopDate") is None:
        return None
    began, ended = detail["startDate"] / 1000, detail["stopDate"] / 1000
    return Ended(detail["executionArn"], named[1], named[0], detail["status"], began, ended, detail.get("error"))


def spans_of(run: Ended, catalog: Catalog) -> list[Span]:
    """Return the spans of a run.

    Args:
        run: The run.
        catalog: Today's flows.

    Raises:
        NotFound: Step Functions doesn't have the run's history.
        Unavailable: Step Functions doesn't answer.
    """
    trace, parent = _trace(run)
    flow = catalog.flows.get(run.flow)
    outline = Outline({} if flow is None else flow.definition)
    with Lent(run.execution_arn, Wanted(functions=True, visits=MAX_SPANS), outline) as fold:
        found = [_run_span(run, trace, parent, fold)]
        known = {visit.entered_id for visit in fold.visits}
        found += [_state_span(visit, run, trace, known) for visit in fold.visits]
        found += [_attempt_span(each, run, trace, outline) for each in fold.attempts if each.visit.entered_id in known]
    return found


def _trace(run: Ended) -> tuple[str, str | None]:
    """Return the trace of a run, and the span above the run's own."""
    own = trace_of_execution(run.execution_id)
    if own is not None:
        return own, request_span_id(run.execution_id)
    root = root_of(executions.describe(run.execution_arn).trace_header)
    trace = trace_of_xray(root) if root is not None else run_span_id(run.execution_arn) * 2
    record = records.get(records.nobody(run.flow, run.execution_id), run.execution_id)
    started_by_flow = record is not None and record.started_by == RUN and record.parent is not None
    return trace, run_span_id(record.parent or "") if started_by_flow and record is not None else None


def _run_span(run: Ended, trace: str, parent: str | None, fold: Fold) -> Span:
    attributes: dict[str, str | int | float | bool] = {
        "aws.stepfunctions.execution.arn": run.execution_arn,
        "workflow.flow": run.flow,
        "workflow.status": run.status,
    }
    if fold.visits_left_out:
        attributes["workflow.states_left_out"] = fold.visits_left_out
    error = None if run.status == "SUCCEEDED" else run.error or run.status
    span_id = run_span_id(run.execution_arn)
    return Span(trace, span_id, parent, f"run {run.flow}", run.began, run.ended, "internal", attributes, error)


def _state_span(visit: Visit, run: Ended, trace: str, known: set[int]) -> Span:
    arn, container = run.execution_arn, visit.container
    inside = container is not None and container.entered_id in known
    attributes: dict[str, str | int | float | bool] = {
        "workflow.state": visit.name,
        "workflow.state.type": visit.type,
        "workflow.state.status": visit.status,
        "workflow.state.attempts": visit.attempts,
    }
    if visit.indexes:
        attributes["workflow.iteration"] = ".".join(map(str, visit.indexes))
    return Span(
        trace,
        state_span_id(arn, visit.entered_id),
        state_span_id(arn, container.entered_id) if inside and container is not None else run_span_id(arn),
        visit.name,
        visit.entered,
        run.ended if visit.exited is None else visit.exited,
        attributes=attributes,
        error=(visit.error or visit.status) if visit.status in {FAILED, TIMED_OUT} else None,
    )


def _attempt_span(attempt: Attempt, run: Ended, trace: str, outline: Outline) -> Span:
    """Return the span of an attempt. Its id is that of the segment which the local cloud names to the function."""
    visit = attempt.visit
    place = outline.named(visit.name)
    path = visit.name if place is None else place.path
    attributes: dict[str, str | int | float | bool] = {"workflow.attempt": attempt.number}
    if attempt.request_id is not None:
        attributes["faas.invocation_id"] = attempt.request_id
    failure = attempt.error
    return Span(
        trace,
        segment_id(run.execution_arn, path, visit.indexes, attempt.since_redrive),
        state_span_id(run.execution_arn, visit.entered_id),
        f"invoke {attempt.function}",
        attempt.began,
        run.ended if attempt.ended is None else attempt.ended,
        "client",
        {**attributes, "faas.invoked_name": attempt.function},
        failure,
    )
