"""Executions as Step Functions knows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import error_code
from chalicelib.names import USER_KEY
from chalicelib.runs.records import RUNNING, Outcome


class DoesNotExist(Exception):
    """Step Functions does not know the execution."""


@dataclass(frozen=True, slots=True)
class Description:
    """The answer of DescribeExecution."""

    execution_arn: str
    name: str
    start_date: str
    input: str | None
    outcome: Outcome
    trace_header: str | None = None


def describe(execution_arn: str, *, patience: float | None = None) -> Description:
    """Ask Step Functions (a scarce call: 15 a second for all).

    Args:
        execution_arn: The execution.
        patience: How many seconds to wait for the one answer; None for the usual time and a second try.

    Raises:
        DoesNotExist: Step Functions knows no such execution.
    """
    attempts = 2 if patience is None else 1
    try:
        found = aws.stepfunctions(attempts=attempts, read_timeout=patience).describe_execution(
            executionArn=execution_arn
        )
    except Exception as error:
        if error_code(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
            raise DoesNotExist(execution_arn) from None
        raise
    status = found["status"]
    return Description(
        execution_arn=found["executionArn"],
        name=found.get("name", ""),
        start_date=times.iso(found["startDate"]),
        input=found.get("input"),
        trace_header=found.get("traceHeader"),
        outcome=Outcome(
            status=RUNNING if status == "PENDING_REDRIVE" else status,
            stop_date=times.iso(found["stopDate"]) if "stopDate" in found else None,
            output=found.get("output"),
            error=found.get("error"),
            cause=found.get("cause"),
            redrive_count=found.get("redriveCount"),
        ),
    )


def user_of(input_text: str | None) -> str | None:
    """Return the user who started the execution with this input, None if no user did."""
    try:
        value = json.loads(input_text or "null")
    except ValueError:
        return None
    user = value.get(USER_KEY) if isinstance(value, dict) else None
    return user if isinstance(user, str) and user else None


def input_of(detail: Mapping[str, Any]) -> str | None:
    """Return the input of the execution that an event is about; one that is too large for events is asked for."""
    if detail.get("input") is None and not is_included(detail, "inputDetails"):
        return describe(detail["executionArn"]).input
    text: str | None = detail.get("input")
    return text


def is_included(detail: Mapping[str, Any], name: str) -> bool:
    """Whether an event contains the input (`inputDetails`) or the output (`outputDetails`) of its execution."""
    return (detail.get(name) or {}).get("included", True) is not False
