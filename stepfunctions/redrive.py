"""Whether an execution can be redriven, and what DescribeExecution says about it.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from __future__ import annotations

import time
from typing import Any

from stepfunctions.execution_index import ExecutionRecord
from stepfunctions.records import date

REDRIVABLE_SECONDS = 14 * 24 * 3600
MAX_EVENTS = 24_999


def redrive_details(record: ExecutionRecord) -> dict[str, Any]:
    """Return `redriveCount`, `redriveDate`, `redriveStatus` and `redriveStatusReason` of an execution."""
    execution = record.execution
    details: dict[str, Any] = {"redriveCount": execution.redrive_count}
    if execution.redrive_date is not None:
        details["redriveDate"] = date(execution.redrive_date)
    reason = why_not_redrivable(record)
    details["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    if reason:
        details["redriveStatusReason"] = reason
    return details


def why_not_redrivable(record: ExecutionRecord) -> str | None:
    """Return why an execution cannot be redriven, in AWS's words; None if it can."""
    execution = record.execution
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.stop_date is not None and time.time() - execution.stop_date > REDRIVABLE_SECONDS:
        return "Execution has exceeded the redrivable period of 14 days and cannot be redriven"
    if len(execution.history) >= MAX_EVENTS:
        return "Execution event history limit exceeded"
    return None
