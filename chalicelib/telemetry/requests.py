"""The spans of requests: in the trace of the run that the request has started, or in a trace of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from chalicelib.telemetry.exporting import telemetry
from chalicelib.telemetry.spans import Span, request_span_id, trace_of_execution


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered. `path` is the route's, times are seconds since 1970."""

    method: str
    path: str
    request_id: str
    status: int
    body: Any
    began: float
    ended: float


def export(request: Answered) -> None:
    """Export the span of a request; for one that has started several runs, a span in the trace of each."""
    exporting = telemetry()
    if exporting is None:
        return
    started = [
        (trace, span)
        for each in _started(request)
        if (trace := trace_of_execution(each)) is not None
        for span in [request_span_id(each)]
    ]
    exporting.export(_span(request, *ids) for ids in started or [(secrets.token_hex(16), secrets.token_hex(8))])


def _started(request: Answered) -> list[str]:
    """Return the ids of the executions that a request has started."""
    body = request.body
    if request.method != "POST" or not isinstance(body, dict):
        return []
    if request.path == "/run/{flow_name}" or request.path.endswith("/rerun"):
        many = [one.get("startedExecutionId") for one in body.get("runs", [])]
        return [each for each in (body.get("executionId"), *many) if isinstance(each, str)]
    return []


def _span(request: Answered, trace: str, span: str) -> Span:
    return Span(
        trace,
        span,
        None,
        f"{request.method} {request.path}",
        request.began,
        request.ended,
        "server",
        {
            "http.request.method": request.method,
            "http.route": request.path,
            "http.response.status_code": request.status,
            "faas.invocation_id": request.request_id,
        },
        str(request.status) if request.status >= 500 else None,
    )
