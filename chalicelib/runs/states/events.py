"""Reads what single events of a history say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]
"""An event of GetExecutionHistory; its timestamp is a datetime or in seconds since 1970."""


def details_of(event: Event) -> Mapping[str, Any]:
    """Return the details of an event, whose key depends on its type; not those of StateEntered and StateExited."""
    kind = event["type"]
    key = _DETAILS.get(kind)
    if key is None:
        key = _DETAILS[kind] = f"{kind[0].lower()}{kind[1:]}EventDetails"
    details: Mapping[str, Any] = event.get(key, _NO_DETAILS)
    return details


_DETAILS: dict[str, str] = {}
_NO_DETAILS: Mapping[str, Any] = {}


REQUEST_ID = re.compile(
    r'(?:"SdkResponseMetadata":\{"RequestId":|"requestId":|RequestId:)\s?"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'
)
"""Where a result of `lambda:invoke`, an error document of Lambda or its message has the id of the invocation."""


def function_of(details: Mapping[str, Any]) -> str | None:
    """Return the full name of the function that a scheduled task invokes; None for other tasks."""
    resource = str(details.get("resource", ""))
    if details.get("resourceType") == "lambda":
        try:
            resource = str(json.loads(details.get("parameters") or "{}").get("FunctionName", ""))
        except (ValueError, AttributeError):
            return None
    elif ":lambda:" not in resource:
        return None
    return resource.rpartition("function:")[2].partition(":")[0] or None


def seconds_of(event: Event) -> float:
    moment: datetime | float = event["timestamp"]
    return moment.timestamp() if isinstance(moment, datetime) else moment
