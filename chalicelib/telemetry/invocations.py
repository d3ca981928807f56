"""The span of a function's invocation, in the trace of the run; spans that the function makes itself are inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from chalicelib.runs.trace import root_of
from chalicelib.settings import settings
from chalicelib.telemetry.exporting import Telemetry, context_of, telemetry
from chalicelib.telemetry.spans import trace_of_xray

_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})", re.IGNORECASE)


def span_of(function: str) -> AbstractContextManager[Any]:
    """Return a context in which an invocation of a function is measured."""
    exporting = telemetry()
    return nullcontext() if exporting is None else _measured(function, exporting)


@contextmanager
def _measured(function: str, exporting: Telemetry) -> Iterator[None]:
    from opentelemetry import trace
    from opentelemetry.trace import NonRecordingSpan, SpanKind

    header = settings.trace_header
    root, parent = root_of(header), _PARENT.search(header)
    above = None
    if root is not None and parent is not None:
        above = trace.set_span_in_context(NonRecordingSpan(context_of(trace_of_xray(root), parent[1])))
    tracer = _provider(exporting).get_tracer("chalicelib")
    with tracer.start_as_current_span(function, above, SpanKind.SERVER, {"faas.name": function}):
        yield


@cache
def _provider(exporting: Telemetry) -> Any:
    """Return the provider of tracers: the function's own if it has set one, else ours, which functions then get."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(exporting.provider())
    return trace.get_tracer_provider()
