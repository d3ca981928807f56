"""EventBridge's event "Step Functions Execution Status Change".

Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from asl.language.timestamps import epoch_milliseconds
from stepfunctions.execution_index import ExecutionRecord
from stepfunctions.redrive import redrive_details

MAX_DATA_BYTES = 248 * 1024
"""Input and output are left out of the event when they are larger than this together."""

StatusCallback = Callable[[dict[str, Any]], None]
"""Receives EventBridge's event whenever a STANDARD execution starts, ends or is redriven.

It runs on the thread that caused the change, mostly the engine's, and so must be quick.
"""


def ignore_status_changes(_event: dict[str, Any]) -> None:
    """Do nothing: the `StatusCallback` of a service whose events nobody needs."""


def status_change_event(record: ExecutionRecord, region: str, account: str) -> dict[str, Any]:
    """Return the event of an execution's current status."""
    execution = record.execution
    stopped, output = execution.stop_date, execution.output
    redrive = redrive_details(record)
    timed_out = execution.status == "TIMED_OUT"  # of which AWS tells neither error nor cause
    size = len(execution.input.encode()) + len((output or "").encode())
    included = size <= MAX_DATA_BYTES
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stopped or execution.start_date)),
        "region": region,
        "resources": [execution.arn],
        "detail": {
            "executionArn": execution.arn,
            "stateMachineArn": record.machine_arn,
            "stateMachineVersionArn": record.version_arn,
            "stateMachineAliasArn": record.alias_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": epoch_milliseconds(execution.start_date),
            "stopDate": None if stopped is None else epoch_milliseconds(stopped),
            "input": execution.input if included else None,
            "output": output if included else None,
            "inputDetails": {"included": included},
            "outputDetails": None if output is None else {"included": included},
            "error": None if timed_out else execution.error,
            "cause": None if timed_out else execution.cause,
            "redriveCount": redrive["redriveCount"],
            "redriveDate": epoch_milliseconds(redrive["redriveDate"]) if "redriveDate" in redrive else None,
            "redriveStatus": redrive["redriveStatus"],
            "redriveStatusReason": redrive.get("redriveStatusReason"),
        },
    }
