"""Executions as several operations answer them."""

from __future__ import annotations

from typing import Any

from asl import Execution
from stepfunctions.records import date


def render_execution(execution: Execution, machine_arn: str) -> dict[str, Any]:
    """Return what DescribeExecution and StartSyncExecution both say about an execution."""
    rendered: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": machine_arn,
        "status": execution.status,
        "startDate": date(execution.start_date),
        "input": execution.input,
        "inputDetails": {"included": True},
    }
    if execution.stop_date is not None:
        rendered["stopDate"] = date(execution.stop_date)
    if execution.output is not None:
        rendered |= {"output": execution.output, "outputDetails": {"included": True}}
    if execution.trace_header is not None:
        rendered["traceHeader"] = execution.trace_header
    if execution.error is not None:
        rendered["error"] = execution.error
    if execution.cause is not None:
        rendered["cause"] = execution.cause
    return rendered


def metadata_only(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer for `includedData: METADATA_ONLY`: without input, output, error and cause."""
    reduced = {key: value for key, value in answer.items() if key not in ("input", "output", "error", "cause")}
    for key in ("inputDetails", "outputDetails"):
        if key in reduced:
            reduced[key] = {"included": False}
    return reduced
