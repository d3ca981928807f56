"""Lines of a deployed stage are JSON with the ids of request, trace and run."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from chalicelib import logs
from chalicelib.runs.ids import new_id
from chalicelib.runs.logs import messages
from chalicelib.runs.trace import trace_header, trace_id


@pytest.fixture
def lambda_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a function logs on Lambda, with Lambda's own formatter."""
    formatters = pytest.importorskip("awslambdaric.lambda_runtime_log_utils")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    before, noisy = logging.getLogRecordFactory(), logging.getLogger("botocore").level
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.terminator = ""
    handler.setFormatter(formatters.JsonFormatter())
    logging.getLogger("own").addHandler(handler)
    logs.configure()
    yield text
    logging.getLogger("own").removeHandler(handler)
    logging.setLogRecordFactory(before)
    logging.getLogger("botocore").setLevel(noisy)


def line(text: io.StringIO) -> dict[str, str]:
    (only,) = text.getvalue().splitlines()
    found: dict[str, str] = json.loads(only)
    return found


def test_a_function_of_a_run_logs_its_id_and_its_trace(
    lambda_log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_id()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace_header(run) + ";Parent=53995c3f42cd8ad8;Lineage=1:a:0")
    logging.getLogger("own").error("no %s left", "stock")
    found = line(lambda_log)
    assert (found["level"], found["message"], found["logger"]) == ("ERROR", "no stock left", "own")
    assert (found["runId"], found["traceId"]) == (run, trace_id(run))
    assert messages.read(json.dumps(found)) == ("ERROR", "no stock left")


def test_a_request_has_a_trace_and_no_run(lambda_log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = "1-5759e988-bd862e3fe1be46a994272793"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={trace};Sampled=0")
    logging.getLogger("own").error("x", extra={"startedRunId": "r"})
    found = line(lambda_log)
    assert (found["traceId"], found["startedRunId"]) == (trace, "r")
    assert "runId" not in found


def test_without_a_trace_there_is_none(lambda_log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    logging.getLogger("own").error("x")
    assert not {"traceId", "runId"} & line(lambda_log).keys()


def test_libraries_do_not_log_what_they_send_at_the_level_debug(lambda_log: io.StringIO) -> None:
    root, before = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.DEBUG)  # as Lambda does for the application log level of a stage
    try:
        assert not logging.getLogger("botocore.endpoint").isEnabledFor(logging.INFO)
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
    finally:
        root.setLevel(before)
