"""How an execution ended, as reported to the task that started it and waited for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl.engine.changes import REDRIVE_IS_TOLD, applies
from asl.engine.execution import SUCCEEDED, Execution
from asl.engine.jsontext import loads
from asl.language.timestamps import epoch_milliseconds


def outcome(execution: Execution, *, parsed: bool, redrive: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What `startExecution.sync` answers, or has as its cause: DescribeExecution's answer, in alphabetical order.

    `parsed` hands on the input and output of an execution that succeeded as JSON values: `startExecution.sync:2`.
    `redrive` has `redriveCount`, `redriveStatus` and `redriveStatusReason`.
    """
    parsed = parsed and execution.status == SUCCEEDED
    redrive = (redrive or {}) if applies(REDRIVE_IS_TOLD, execution) else {}
    described: dict[str, Any] = {
        "Cause": execution.cause,
        "Error": execution.error,
        "ExecutionArn": execution.arn,
        "Input": loads(execution.input) if parsed else execution.input,
        "InputDetails": {"Included": True},
        "Name": execution.name,
    }
    output = execution.output
    if output is not None:
        described |= {"Output": loads(output) if parsed else output, "OutputDetails": {"Included": True}}
    described |= {
        "RedriveCount": redrive.get("redriveCount"),
        "RedriveStatus": redrive.get("redriveStatus"),
        "RedriveStatusReason": redrive.get("redriveStatusReason"),
        "StartDate": epoch_milliseconds(execution.start_date),
        "StateMachineArn": execution.machine.arn,
        "Status": execution.status,
        "StopDate": epoch_milliseconds(execution.stop_date or execution.start_date),
    }
    # An output of null stays: it is what the execution answered.
    return {key: value for key, value in described.items() if value is not None or key == "Output"}
