"""EventBridge's event "Step Functions Execution Status Change".

Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from stepfunctions.execution_index import ExecutionRecord
from stepfunctions.redrive import redrive_details

MAX_DATA_BYTES = 248 * 1024
"""Input and output are left out of the event when they exceed this together."""


def status_change_event(record: ExecutionRecord, region: str, account: str) -> dict[str, Any]:
    """The event of an execution's present status."""
    execution = record.execution
    stopped, output = execution.stop_date, execution.output
    redrive = redrive_details(record)
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
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(stopped),
            "input": execution.input if included else None,
            "output": output if included else None,
            "inputDetails": {"included": included},
            "outputDetails": None if output is None else {"included": included},
            "error": execution.error,
            "cause": execution.cause,
            "redriveCount": redrive["redriveCount"],
            "redriveDate": _milliseconds(redrive.get("redriveDate")),
            "redriveStatus": redrive["redriveStatus"],
            "redriveStatusReason": redrive.get("redriveStatusReason"),
        },
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
