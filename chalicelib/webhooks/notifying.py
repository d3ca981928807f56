"""Starts the deliveries of a run that has ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import error_code
from chalicelib.flows import labels
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.names import USER_KEY
from chalicelib.runs import executions
from chalicelib.runs.finding import flow_and_id
from chalicelib.settings import settings


def on_status_change(detail: Mapping[str, Any]) -> None:
    """Start a delivery for each call that the flow's `notify` wants at this status.

    A delivery is an execution named after what it tells, so that a repeated event starts nothing twice.

    Args:
        detail: The detail of "Step Functions Execution Status Change".
    """
    named = flow_and_id(detail["executionArn"])
    flow = None if named is None else catalog().flows.get(named[0])
    wanted = [] if flow is None else [entry for entry in flow.notify if detail["status"] in entry["on"]]
    if flow is None or not wanted:
        return
    body = json.dumps(payload(flow, detail), ensure_ascii=False, separators=(",", ":"))
    for entry in wanted:
        _start({"id": _identifier(detail, entry["url"]), "url": entry["url"], "secret": entry["secret"], "body": body})


def payload(flow: CatalogFlow, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of the call."""
    started, stopped = detail["startDate"] / 1000, detail["stopDate"] / 1000
    return {
        "type": f"run.{detail['status'].lower()}",
        "timestamp": times.iso(stopped),
        "data": {
            "executionId": detail["name"],
            "flow": flow.name,
            "status": detail["status"],
            "startDate": times.iso(started),
            "stopDate": times.iso(stopped),
            "durationSeconds": round(stopped - started, 3),
            "error": detail.get("error"),
            "cause": detail.get("cause"),
            "labels": _labels(flow, detail),
            "redriveCount": detail.get("redriveCount") or 0,
        },
    }


def _labels(flow: CatalogFlow, detail: Mapping[str, Any]) -> dict[str, str]:
    if not flow.labels:
        return {}
    value = json.loads(executions.input_of(detail) or "{}")
    if isinstance(value, dict):
        value.pop(USER_KEY, None)
    return labels.of_input(flow.labels, value)


def _identifier(detail: Mapping[str, Any], url: str) -> str:
    told = [detail["executionArn"], detail["status"], str(detail.get("redriveCount") or 0), url]
    return "msg_" + hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _start(delivery: dict[str, str]) -> None:
    try:
        aws.stepfunctions_starting().start_execution(
            stateMachineArn=settings.names.webhooks_arn,
            name=delivery["id"],
            input=json.dumps(delivery, ensure_ascii=False),
        )
    except Exception as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise
