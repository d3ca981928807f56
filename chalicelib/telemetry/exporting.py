"""Hands spans to OpenTelemetry's exporter. What fails here is logged, and fails nothing else.

On Lambda spans are exported at once: when a function has returned, its process stands still. Elsewhere a thread exports
them, so that no request waits for a collector.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import APP_NAME
from chalicelib.settings import settings
from chalicelib.telemetry.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
TIMEOUT = 3.0
"""Seconds that an export may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says something else."""

_log = logging.getLogger(__name__)


class Telemetry:
    """Exports spans.

    Args:
        exporter: Where they go.
        background: Whether a thread exports them, so that nobody waits.
    """

    def __init__(self, exporter: SpanExporter, *, background: bool) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._exporter = exporter
        self._background = BatchSpanProcessor(exporter) if background else None
        # Resource.create reads OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, which count more.
        self._resource: Resource = Resource.create(
            {"service.name": settings.service_name, "deployment.environment.name": settings.stage}
        )

    def export(self, spans: Iterable[Span]) -> None:
        """Export spans."""
        try:
            readable = [self._readable(span) for span in spans]
            if self._background is None:
                self._exporter.export(readable)
                return
            for span in readable:
                self._background.on_end(span)
        except Exception:
            _log.warning("Spans could not be exported.", exc_info=True)

    def provider(self) -> TracerProvider:
        """Return a provider of tracers, for spans that are measured."""
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor

        provider = TracerProvider(resource=self._resource, shutdown_on_exit=False)
        provider.add_span_processor(self._background or SimpleSpanProcessor(self._exporter))
        return provider

    def _readable(self, span: Span) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanKind, Status, StatusCode

        status = Status(StatusCode.UNSET) if span.error is None else Status(StatusCode.ERROR, span.error)
        return ReadableSpan(
            name=span.name,
            context=context_of(span.trace, span.id),
            parent=None if span.parent is None else context_of(span.trace, span.parent),
            resource=self._resource,
            attributes=dict(span.attributes),
            kind=SpanKind[span.kind.upper()],
            status=status,
            start_time=int(span.began * 1e9),
            end_time=int(max(span.began, span.ended) * 1e9),
            instrumentation_scope=InstrumentationScope(APP_NAME),
        )


def context_of(trace: str, span: str) -> Any:
    """Return OpenTelemetry's context of a span."""
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@cache
def telemetry() -> Telemetry | None:
    """Return what exports spans; None if the packages are missing, which is logged once."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        _log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no spans are exported: %s. Run `make add PACKAGE='%s'`.",
            error,
            PACKAGES,
        )
        return None
    exporter = OTLPSpanExporter(timeout=None if settings.has_otlp_timeout else TIMEOUT)
    return Telemetry(exporter, background=not settings.on_lambda)
