"""One trace for each run: request, run, states, functions and nested flows; and nothing at all without the endpoint."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.functions import discovery
from chalicelib.functions.calling import call_from_flow
from chalicelib.runs import trace
from chalicelib.settings import PROJECT, settings
from chalicelib.telemetry import exporting, invocations

from .conftest import LocalCloud, MakeApi, UseFlows, flow

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine:serverless-dynamic-workflows-local-"
CHILD = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "End": True}}}
PARENT = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "ResultPath": None,
            "Next": "Nested",
        },
        "Nested": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn": f"{MACHINES}traceChild",
                "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
            },
            "Next": "Call",
        },
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:no-such-function",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}],
            "End": True,
        },
        "Broken": {"Type": "Fail", "Error": "Boom"},
    },
}


@pytest.fixture
def spans(clean: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, ReadableSpan]]]:
    """The exported spans by name, in place of a collector."""
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    clean.setenv(ENDPOINT, "http://127.0.0.1:1")
    target = exporting.Telemetry(exporter, background=False)
    for module in (exporting, invocations):
        clean.setattr(module, "telemetry", lambda: target)
    clean.setattr("chalicelib.telemetry.requests.telemetry", lambda: target)
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}


def eventually(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def test_a_run_is_one_trace(
    cloud: LocalCloud, use_flows: UseFlows, cloud_make_api: MakeApi, spans: Callable[[], dict[str, ReadableSpan]]
) -> None:
    use_flows(flow("traceParent", PARENT, references=("traceChild",)), flow("traceChild", CHILD))
    for name, definition in (("traceChild", CHILD), ("traceParent", PARENT)):
        cloud.create(name, definition)
    started = cloud_make_api().post("/run/traceParent", {"items": [1, 2]}).json()
    found = eventually(lambda: spans() if {"run traceParent", "run traceChild"} <= spans().keys() else None)

    root = trace.trace_id(started["executionId"]) or ""
    assert {f"{span.context.trace_id:032x}" for span in found.values()} == {root[2:].replace("-", "")}
    request, run, child = (found[name] for name in ("POST /run/{flow_name}", "run traceParent", "run traceChild"))
    assert parent_of(request) is None
    assert parent_of(run) == request.context.span_id
    assert parent_of(child) == run.context.span_id
    assert parent_of(found["Inside"]) == child.context.span_id
    assert parent_of(found["Each"]) == run.context.span_id
    assert parent_of(found["One"]) == found["Each"].context.span_id
    assert found["One"].attributes is not None
    assert found["One"].attributes["workflow.iteration"] in ("0", "1")
    call = found["invoke no-such-function"]
    assert parent_of(call) == found["Call"].context.span_id
    failed = {name for name, span in found.items() if not span.status.is_ok and span.status.description}
    assert failed == {"run traceParent", "Broken", "invoke no-such-function"}
    assert run.resource.attributes["service.name"] == "serverless-dynamic-workflows-local"
    for span in found.values():
        assert span.start_time is not None and span.end_time is not None and span.start_time <= span.end_time
        if span.name in ("Each", "Nested", "Call", "Broken"):
            assert (run.start_time or 0) <= span.start_time and span.end_time <= (run.end_time or 0)


def test_an_invocation_is_in_the_trace_that_lambda_names(
    clean: pytest.MonkeyPatch, spans: Callable[[], dict[str, ReadableSpan]], function_project: Callable[..., Path]
) -> None:
    code = (
        "from opentelemetry import trace\n"
        "def handler(a: int) -> int:\n"
        "    with trace.get_tracer('mine').start_as_current_span('my own'):\n"
        "        return a\n"
    )
    root = function_project(traced=code)
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    clean.setenv("_X_AMZN_TRACE_ID", "Root=1-00000001-000000000000000000000002;Parent=0000000000000003;Sampled=1")
    function = discovery.find("traced", root)
    assert function is not None
    assert call_from_flow(function, {"a": 1}, None) == 1
    with pytest.raises(Exception, match="a"):
        call_from_flow(function, {"a": "x"}, None)
    own, outer = spans()["my own"], spans()["traced"]
    assert f"{own.context.trace_id:032x}" == "00000001000000000000000000000002"
    assert outer.parent is not None and outer.parent.span_id == 3
    assert not outer.status.is_ok


def test_nothing_is_imported_or_exported_without_the_endpoint() -> None:
    code = """
import sys, json
import app
from chalicelib import telemetry
from chalicelib.functions import calling
from chalicelib.runs import status_events
print(json.dumps([telemetry.is_enabled(), sorted(n for n in sys.modules if "opentelemetry" in n or "telemetry." in n)]))
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTEST_"))}
    on, off = {ENDPOINT: "http://127.0.0.1:1"}, {"OTEL_SDK_DISABLED": "true"}
    for variables, enabled in (({}, False), (on, True), (on | off, False)):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, env=kept | variables, capture_output=True, check=True
        )
        assert json.loads(done.stdout) == [enabled, []]


def test_missing_packages_are_named_once(clean: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    clean.setenv(ENDPOINT, "http://127.0.0.1:1")
    clean.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    exporting.telemetry.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert exporting.telemetry() is exporting.telemetry() is None
    exporting.telemetry.cache_clear()
    (record,) = caplog.records
    assert "make add PACKAGE='opentelemetry-sdk opentelemetry-exporter-otlp-proto-http'" in record.getMessage()


def test_a_collector_that_fails_fails_nothing_else(clean: pytest.MonkeyPatch, make_api: MakeApi) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    clean.setenv(ENDPOINT, "http://127.0.0.1:1")
    clean.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    exporting.telemetry.cache_clear()
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    assert make_api().get("/auth/verify").status == 200
    assert settings.exports_traces
    exporting.telemetry.cache_clear()
