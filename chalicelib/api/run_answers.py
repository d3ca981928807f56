"""Runs as the API shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.runs import Run, payloads
from chalicelib.runs.finding import flow_and_id

if TYPE_CHECKING:
    from chalicelib.runs.again import Done


def whole(run: Run) -> dict[str, Any]:
    """Return everything about a run."""
    return {
        **_common(run),
        "input": _value(payloads.input_of(run)),
        "output": _value(run.output),
        "error": run.error,
        "cause": run.cause,
        "approvals": [dict(each) for each in run.approvals],
    }


def listed(run: Run) -> dict[str, Any]:
    """Return a run as lists show it: without input, output and cause, which may be long."""
    return {
        **_common(run),
        "flowName": run.flow,  # the former names of flow and executionId, which clients still read
        "name": run.execution_id,
        "error": run.error,
    }


def done(one: Done) -> dict[str, Any]:
    """Return what a bulk request has done to a run."""
    shown = {"flow": one.run.flow, "executionId": one.run.execution_id, "result": one.result}
    more = {"detail": one.detail, "startedExecutionId": one.started}
    return {**shown, **{key: value for key, value in more.items() if value is not None}}


def _common(run: Run) -> dict[str, Any]:
    return {
        "executionArn": run.execution_arn,
        "executionId": run.execution_id,
        "flow": run.flow,
        "status": run.status,
        "startDate": run.start_date,
        "stopDate": run.stop_date,
        "durationSeconds": run.duration,
        "startedBy": run.started_by,
        "userId": run.owner,
        "parent": _parent(run.parent),
        "labels": dict(run.labels),
        "redriveCount": run.redrive_count,
    }


def _parent(arn: str | None) -> dict[str, str] | None:
    if arn is None:
        return None
    flow, execution_id = flow_and_id(arn) or ("", "")
    return {"executionArn": arn, "executionId": execution_id, "flow": flow}


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
