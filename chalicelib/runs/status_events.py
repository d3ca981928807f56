"""EventBridge's "Step Functions Execution Status Change" -> the run's record.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from typing import Any

from chalicelib import metrics, telemetry, times
from chalicelib.flows.catalog import catalog
from chalicelib.runs import belief, executions, indexes, outside, records, searching
from chalicelib.runs.finding import flow_and_id
from chalicelib.runs.ids import made_at
from chalicelib.runs.records import RUNNING, Outcome
from chalicelib.settings import settings
from chalicelib.webhooks import notifying

_FAILED = frozenset({"FAILED", "TIMED_OUT"})

_log = logging.getLogger(__name__)


def on_status_change(event: dict[str, Any]) -> None:
    """Record a change of an execution's status; when it has ended, send webhooks and export spans, if they are wanted.

    Repeated, late and reordered events change nothing. The API has written a record of what it starts; any other
    execution gets one that belongs to nobody, whatever its input says.
    """
    if _is_delivery(event["detail"]):
        return
    _count_failures(event["detail"])
    _record(event["detail"])
    notifying.on_status_change(event["detail"])
    if telemetry.is_enabled() and event["detail"]["status"] != RUNNING:
        _export(event["detail"])


def _is_delivery(detail: dict[str, Any]) -> bool:
    """Whether it is the delivery of a webhook, which is not a run and has no record."""
    return str(detail["stateMachineArn"]) == settings.names.webhooks_arn


def _export(detail: dict[str, Any]) -> None:
    from chalicelib.telemetry.exporting import telemetry as exporting
    from chalicelib.telemetry.run_spans import ended_run, spans_of

    target, run = exporting(), ended_run(detail)
    if target is None or run is None:
        return
    try:
        spans = spans_of(run, catalog())
    except Exception:
        _log.warning("%s: its spans could not be computed.", run.execution_arn, exc_info=True)
        return
    target.export(spans)


def _record(detail: dict[str, Any]) -> None:
    begins = detail["status"] == RUNNING and not detail.get("redriveCount")
    if begins and not executions.is_included(detail, "inputDetails"):
        known = searching.find_by_id(detail["name"])
        if known is not None and known.execution_arn == detail["executionArn"]:
            return  # the API's, so that Step Functions need not be asked for its input
    text = executions.input_of(detail)
    user_id, execution_id, arn = executions.user_of(text), detail["name"], detail["executionArn"]
    if user_id is not None:
        if not (begins and not _may_be_inferred(execution_id)):  # the record says so from the start
            outcome = _outcome(detail)
            if records.update(user_id, execution_id, arn, outcome):
                return
        known = records.get(user_id, execution_id)
        if known is not None and known.execution_arn == arn:
            return
    _record_nobodys(detail, text)


def _count_failures(detail: dict[str, Any]) -> None:
    """Count a run that failed or timed out as the metric `RunsFailed`, which one alarm of a deployed stage watches."""
    named = flow_and_id(detail["executionArn"])
    if detail["status"] in _FAILED and named is not None and settings.names.alias:
        metrics.count("RunsFailed", 1, Flow=named[0])


def _record_nobodys(detail: dict[str, Any], text: str | None) -> None:
    """Bring the record of an execution up to date that the API didn't start, or write one."""
    execution_id, arn, outcome = detail["name"], detail["executionArn"], _outcome(detail)
    named = flow_and_id(arn)
    if named is None:
        return
    owner = records.nobody(named[0], execution_id)
    begins = outcome.status == RUNNING and not outcome.redrive_count
    if not begins and records.update(owner, execution_id, arn, outcome):
        return
    flow = catalog().flows.get(named[0])
    if flow is None:  # it was removed meanwhile, or is another stage's whose name begins with this one's
        return
    run = outside.run_of(flow, execution_id, arn, times.iso(detail["startDate"] / 1000), text)
    run = replace(
        run,
        status=outcome.status,
        stop_date=outcome.stop_date,
        output=outcome.output,
        error=outcome.error,
        cause=outcome.cause,
        redrive_count=outcome.redrive_count or 0,
    )
    indexes.write(indexes.items_of(run))
    if not records.create(run) and not records.update(owner, execution_id, arn, outcome):
        _log.debug("%s: nothing new in %s", arn, outcome.status)


def _may_be_inferred(execution_id: str) -> bool:
    """Whether the record may say, by now, that the execution never began."""
    made = made_at(execution_id)
    return made is not None and time.time() - made >= belief.MAY_BEGIN


def _outcome(detail: dict[str, Any]) -> Outcome:
    output = detail.get("output")
    if output is None and detail["status"] == "SUCCEEDED" and not executions.is_included(detail, "outputDetails"):
        output = executions.describe(detail["executionArn"]).outcome.output
    stop = detail.get("stopDate")
    return Outcome(
        status=detail["status"],
        stop_date=None if stop is None else times.iso(stop / 1000),
        output=output if output is None or isinstance(output, str) else json.dumps(output),
        error=detail.get("error"),
        cause=detail.get("cause"),
        redrive_count=detail.get("redriveCount"),
    )
