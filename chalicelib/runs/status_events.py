"""EventBridge's "Step Functions Execution Status Change" -> the run's record.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from chalicelib import times
from chalicelib.runs import belief, executions, records
from chalicelib.runs.ids import made_at
from chalicelib.runs.records import RUNNING, Outcome

_log = logging.getLogger(__name__)


def on_status_change(event: dict[str, Any]) -> None:
    """Record a change of an execution's status.

    Repeated, late and reordered events change nothing. Executions without a record (nested and scheduled ones) are
    ignored.
    """
    detail = event["detail"]
    redrives = detail.get("redriveCount")
    if detail["status"] == RUNNING and not redrives and not _may_be_inferred(detail["name"]):
        return  # the record says so from the start
    user_id = executions.user_of(_input(detail))
    if user_id is None:
        return
    outcome = _outcome(detail)
    if not records.update(user_id, detail["name"], detail["executionArn"], outcome):
        _log.debug("%s: no record to update with %s", detail["executionArn"], outcome.status)


def _may_be_inferred(execution_id: str) -> bool:
    """Whether the record may say, by now, that the execution never began."""
    made = made_at(execution_id)
    return made is not None and time.time() - made >= belief.MAY_BEGIN


def _input(detail: dict[str, Any]) -> str | None:
    """Return the execution's input, which an event does not include if it would be too large."""
    if detail.get("input") is None and not _included(detail, "inputDetails"):
        return executions.describe(detail["executionArn"]).input
    text: str | None = detail.get("input")
    return text


def _outcome(detail: dict[str, Any]) -> Outcome:
    output = detail.get("output")
    if output is None and detail["status"] == "SUCCEEDED" and not _included(detail, "outputDetails"):
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


def _included(detail: dict[str, Any], name: str) -> bool:
    return (detail.get(name) or {}).get("included", True) is not False
