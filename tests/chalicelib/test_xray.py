"""The trace of a run begins with the request that started it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.runs.trace import trace_id
from chalicelib.settings import settings
from tests.chalicelib.conftest import LocalCloud, MakeApi, UseFlows, flow

DEFINITION = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
REQUEST = "1-5759e988-bd862e3fe1be46a994272793"


class Daemon:
    """X-Ray's daemon, as far as it receives."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.address = "{}:{}".format(*self.socket.getsockname())

    def received(self) -> dict[str, Any]:
        header, _, document = self.socket.recv(65536).partition(b"\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        found: dict[str, Any] = json.loads(document)
        assert re.fullmatch("[0-9a-f]{16}", found["id"])
        assert found["start_time"] <= found["end_time"]
        return found


@pytest.fixture
def daemon(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    daemon = Daemon()
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
    yield daemon
    daemon.socket.close()


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_request_is_above_the_run_that_it_started(
    kind: str, daemon: Daemon, cloud: LocalCloud, cloud_make_api: MakeApi, use_flows: UseFlows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    name = f"traced{kind}"
    cloud.create(name, DEFINITION, kind)
    use_flows(flow(name, DEFINITION, type=kind))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={REQUEST};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a:0")
    run = cloud_make_api().post(f"/run/{name}", {}).json()
    segment, subsegment = daemon.received(), daemon.received()
    assert segment["trace_id"] == subsegment["annotations"]["runTraceId"] == trace_id(run["executionId"])
    assert segment["annotations"] == {"runId": run["executionId"], "flow": name, "requestTraceId": REQUEST}
    assert (subsegment["trace_id"], subsegment["parent_id"]) == (REQUEST, "53995c3f42cd8ad8")
    assert subsegment["type"] == "subsegment"
    if kind == "STANDARD":
        described = cloud.cloud.service.handle("DescribeExecution", {"executionArn": run["executionArn"]})
        header = f"Root={trace_id(run['executionId'])};Parent={segment['id']};Sampled=1"
        assert described["traceHeader"] == header


def test_a_request_that_is_not_sampled_gets_no_subsegment(
    daemon: Daemon, cloud: LocalCloud, cloud_make_api: MakeApi, use_flows: UseFlows, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.create("unsampled", DEFINITION)
    use_flows(flow("unsampled", DEFINITION))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={REQUEST};Parent=53995c3f42cd8ad8;Sampled=0")
    cloud_make_api().post("/run/unsampled", {})
    assert "type" not in daemon.received()
    daemon.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.received()


def test_without_a_daemon_nothing_is_sent(clean: pytest.MonkeyPatch) -> None:
    for value in ("", "nonsense", "host:port"):
        clean.setenv("AWS_XRAY_DAEMON_ADDRESS", value)
        assert settings.xray_daemon is None
    clean.setenv("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000")
    assert settings.xray_daemon == ("169.254.79.129", 2000)
    clean.setenv("TRACING", "off")
    assert settings.xray_daemon is None
