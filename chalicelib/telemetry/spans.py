"""Spans as the framework computes them, and their ids, which every process derives alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.runs.trace import trace_id

Kind = Literal["internal", "server", "client"]


@dataclass(frozen=True, slots=True)
class Span:
    """A span. Ids are hexadecimal digits, 32 of the trace and 16 of a span; times are seconds since 1970.

    `error` is what went wrong, None if nothing did.
    """

    trace: str
    id: str
    parent: str | None
    name: str
    began: float
    ended: float
    kind: Kind = "internal"
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    error: str | None = None


def trace_of_xray(root: str) -> str:
    """Return OpenTelemetry's id of an X-Ray trace, `1-<8 digits>-<24 digits>`: the same digits."""
    return root.removeprefix("1-").replace("-", "")


def trace_of_execution(execution_id: str) -> str | None:
    """Return the trace of an execution that the API started, None of any other."""
    root = trace_id(execution_id)
    return None if root is None else trace_of_xray(root)


def request_span_id(execution_id: str) -> str:
    """Return the id of the span of the request that started an execution."""
    return _span_id("request", execution_id)


def run_span_id(execution_arn: str) -> str:
    """Return the id of the span of an execution."""
    return _span_id("run", execution_arn)


def state_span_id(execution_arn: str, entered_id: int) -> str:
    """Return the id of the span of one entry into a state; `entered_id` is that of the event in the history."""
    return _span_id("state", f"{execution_arn}#{entered_id}")


def _span_id(kind: str, of: str) -> str:
    return hashlib.sha256(f"{kind}\n{of}".encode()).hexdigest()[:16]
