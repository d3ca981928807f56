"""`make logs RUN=<id>`: the lines of one run, from CloudWatch Logs as Lambda and Step Functions write it."""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.runs.ids import new_id
from chalicelib.runs.trace import trace_id
from infrastructure import logs
from tests.infrastructure.conftest import APP


def put(client: Any, began: int, group: str, *events: tuple[int, str], stream: str = "s") -> None:
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    written = [{"timestamp": began + after, "message": message} for after, message in events]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=written)


def invocation(run: str, began: int, *messages: str) -> list[tuple[int, str]]:
    """The lines of an invocation as a function with the log format JSON has them."""
    request = str(uuid.uuid4())

    def platform(kind: str, record: dict[str, Any]) -> str:
        return json.dumps({"time": "2026-11-27T01:02:03.004Z", "type": f"platform.{kind}", "record": record})

    lines = [
        json.dumps({"timestamp": "t", "level": "WARN", "message": each, "logger": "root", "requestId": request})
        for each in messages
    ]
    tracing = {"spanId": "54e3b9d5a1c2f0aa", "type": "X-Amzn-Trace-Id", "value": f"Root={trace_id(run)};Sampled=1"}
    report = {"requestId": request, "metrics": {"durationMs": float(len(lines) + 1)}, "tracing": tracing}
    texts = [platform("start", {"requestId": request, "version": "$LATEST"}), *lines, platform("report", report)]
    return [(began + number, text) for number, text in enumerate(texts)]


@pytest.fixture
def run() -> Any:
    """A run whose lines are in CloudWatch Logs, among those of another."""
    run, other = new_id(), new_id()
    with mock_aws():
        client = boto3.client("logs")
        now = int(time.time() * 1000)
        started = {"level": "INFO", "message": "the flow orderFlow started", "requestId": "r-1", "startedRunId": run}
        put(client, now, f"/aws/lambda/{APP}-prod", (0, json.dumps(started)))
        put(
            client,
            now,
            f"/aws/lambda/{APP}-prod-validate",
            *invocation(other, 10, "not mine"),
            *invocation(run, 20, "first", "second"),
        )
        put(client, now, f"/aws/lambda/{APP}-prod-charge", *invocation(run, 40, "third\nwith more"))
        put(client, now, f"/aws/lambda/{APP}-dev-charge", *invocation(run, 50, "of another stage"))
        arn = f"arn:aws:states:us-east-1:123456789012:execution:{APP}-prod-orderFlow:{run}"
        failed = {"error": "Boom", "cause": "because"}
        put(
            client,
            now,
            f"/aws/vendedlogs/states/{APP}-prod-orderFlow",
            (5, json.dumps({"type": "ExecutionStarted", "details": {}, "execution_arn": arn})),
            (15, json.dumps({"type": "TaskStateEntered", "details": {"name": "Validate"}, "execution_arn": arn})),
            (60, json.dumps({"type": "ExecutionFailed", "details": failed, "execution_arn": arn})),
            (61, json.dumps({"type": "ExecutionStarted", "details": {}, "execution_arn": arn.replace(run, other)})),
        )
        yield run


def test_the_lines_of_a_run_are_in_order(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.main(["--stage", "prod", "--run", run]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line[25:] for line in printed if not line.startswith("    ")] == [
        "api  INFO     the flow orderFlow started (request r-1)",
        "prod-orderFlow  INFO     ExecutionStarted",
        "prod-orderFlow  INFO     TaskStateEntered Validate",
        "prod-validate  WARN     first",
        "prod-validate  WARN     second",
        "prod-charge  WARN     third",
        "prod-orderFlow  ERROR    ExecutionFailed: Boom because",
    ]
    assert "    with more" in printed


def test_lines_after_the_time_looked_at_are_not_read(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.main(["--stage", "prod", "--run", run, "--minutes", "-1"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", logs.NOTHING + "\n")


def test_another_execution_is_named_by_its_arn(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.main(["--stage", "prod", "--run", "nightly"]) == 1
    assert "error: nightly: not the id of a run that the API started; give the ARN" in capsys.readouterr().err
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{APP}-prod-orderFlow:nightly"
    assert logs.main(["--stage", "prod", "--run", arn]) == 1
    assert f"error: {arn}: Execution Does Not Exist" in capsys.readouterr().err


def test_the_local_cloud_is_a_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "PROJECT", tmp_path)
    assert logs.main(["--stage", "local", "--run", new_id()]) == 1
    (tmp_path / ".localcloud").mkdir()
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "STAGE": "local"}
    (tmp_path / ".localcloud" / "cloud.json").write_text(json.dumps({"environment": environment}))
    assert logs.main(["--stage", "other"]) == 1
    assert "make logs STAGE=local" in capsys.readouterr().err
    for name in environment:
        monkeypatch.setenv(name, "before")
    logs.use_local_cloud(tmp_path)
    assert {name: os.environ[name] for name in environment} == environment
