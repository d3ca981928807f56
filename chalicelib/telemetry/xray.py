"""Puts the request that starts a run into the run's X-Ray trace, and names the run in the request's.

API Gateway gives each request a trace of its own, and a run's has to be its own too, since one request may start many.
So the request gets a segment in the run's trace, above the state machine's, and a subsegment in its own, and each is
annotated with the other's trace. On Lambda documents go to X-Ray's daemon by UDP, which takes no time and never fails.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import socket
from typing import Any

from chalicelib.runs.trace import root_of, trace_id
from chalicelib.settings import settings

_HEADER = b'{"format": "json", "version": 1}\n'
_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})(?=;|$)")
_SAMPLED = re.compile(r"(?:^|;)\s*Sampled=1(?=;|$)")


def request_segment(execution_id: str) -> str | None:
    """Return the id of the request's segment in the trace of a run; None where no daemon takes segments.

    It follows from the run's id, so that a repeated start has the same trace header.
    """
    if settings.xray_daemon is None:
        return None
    return hashlib.sha256(f"request\n{execution_id}".encode()).hexdigest()[:16]


def send_request(execution_id: str, flow: str, began: float, ended: float) -> None:
    """Send the segments of a request that has started a run.

    Args:
        execution_id: The run's id.
        flow: Its flow.
        began: When it was to start, in seconds since 1970.
        ended: When it had started.
    """
    address = settings.xray_daemon
    if address is None:
        return
    times = {"start_time": began, "end_time": ended}
    run = {"runId": execution_id, "flow": flow}
    own, parent = root_of(settings.trace_header), _PARENT.search(settings.trace_header)
    segment = {
        "name": settings.service_name,
        "id": request_segment(execution_id),
        "trace_id": trace_id(execution_id),
        **times,
        "annotations": run | ({} if own is None else {"requestTraceId": own}),
    }
    documents: list[dict[str, Any]] = [segment]
    if own is not None and parent is not None and _SAMPLED.search(settings.trace_header):
        started = {"name": f"start {flow}", "id": secrets.token_hex(8), "trace_id": own, "parent_id": parent[1]}
        annotations = {**run, "runTraceId": trace_id(execution_id)}
        documents.append({"type": "subsegment", **started, **times, "annotations": annotations})
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.setblocking(False)
        for document in documents:
            daemon.sendto(_HEADER + json.dumps(document).encode(), address)
