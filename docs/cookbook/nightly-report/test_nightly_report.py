"""nightlyReport: which day it reports on, and who hears about a failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asl import SkippingClock
from asl.testing.plugin import Flows


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a chat, here a real HTTP server, receives at ALERT_URL."""
    received: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(json.loads(body)["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("ALERT_URL", f"http://127.0.0.1:{server.server_port}")
    yield received
    server.shutdown()
    server.server_close()


def test_it_reports_on_the_day_before(flows: Flows) -> None:
    run = flows.load("nightlyReport").run({}, clock=SkippingClock(datetime(2030, 3, 1, 1, 30, tzinfo=UTC)))
    run.assert_succeeded(output={"day": "2030-02-28", "text": "28 February 2030: 28 orders, 2800.00 EUR"})


def test_a_day_can_be_reported_again(flows: Flows, alerts: list[str]) -> None:
    run = flows.load("nightlyReport").run({"day": "2030-01-31"}).assert_succeeded()
    assert run.output["day"] == "2030-01-31"
    assert alerts == []


def test_a_database_that_is_down_for_half_an_hour_delays_the_report(flows: Flows, alerts: list[str]) -> None:
    flow = flows.load("nightlyReport")
    figures = {"day": "2030-01-31", "orders": 1, "revenue": 10}
    flow.task("collect_figures").fails("DatabaseDown", times=5).then.returns(figures)
    run = flow.run({}).assert_succeeded()
    assert run.seconds >= 1800
    assert alerts == []


@pytest.mark.parametrize("state", ["collect_figures", "render_report"])
def test_what_keeps_failing_alerts_somebody_and_fails(flows: Flows, alerts: list[str], state: str) -> None:
    flow = flows.load("nightlyReport")
    flow.task(state).fails("DatabaseDown")
    run = flow.run({}).assert_failed("ReportFailed")
    assert run.retries(state) == 6
    assert alerts == ["The nightly report failed: DatabaseDown"]
