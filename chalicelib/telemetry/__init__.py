"""OpenTelemetry: one trace for each run, exported by OTLP if `OTEL_EXPORTER_OTLP_ENDPOINT` is set.

A run's trace has the id of its X-Ray trace (`chalicelib.runs.trace`), so that everybody who knows the execution's id
knows the trace. `run_spans` computes the spans of run, states and attempts from the history when the run has ended;
`requests` has the span of the request that started it, `invocations` those of the functions. `exporting` is the only
module that needs OpenTelemetry's packages. Without the endpoint nothing of all that is imported.
"""

from __future__ import annotations

from chalicelib.settings import settings


def is_enabled() -> bool:
    """Whether spans are exported."""
    return settings.exports_traces
