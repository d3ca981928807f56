"""fetchRates: against an API on this machine that asks for a key, refuses, fails, and limits the rate of calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asl.testing.plugin import Flows


@dataclass
class Api:
    """`refusals` are the statuses of the next answers; after them, it answers with rates."""

    refusals: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api()

    class Rates(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.calls.append(self.path)
            status = api.refusals.pop(0) if api.refusals else 200
            if self.headers["Authorization"] != "Bearer the-key":
                status = 401
            elif self.path == "/rates/ZZZ":
                status = 404
            self.send_response(status)
            self.send_header("Retry-After", "5")
            self.end_headers()
            self.wfile.write(json.dumps({"rate": 1.25}).encode())

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("RATES_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("RATES_KEY", "the-key")
    yield api
    server.shutdown()
    server.server_close()


def test_rates_are_fetched(flows: Flows, api: Api) -> None:
    run = flows.load("fetchRates").run({"currencies": ["EUR", "JPY"]}).assert_succeeded()
    assert run.output == [{"currency": "EUR", "rate": 1.25}, {"currency": "JPY", "rate": 1.25}]
    assert sorted(api.calls) == ["/rates/EUR", "/rates/JPY"]


def test_the_rate_limit_is_waited_for(flows: Flows, api: Api) -> None:
    api.refusals = [429, 429, 429]
    run = flows.load("fetchRates").run({"currencies": ["EUR"]}).assert_succeeded()
    assert len(api.calls) == 4
    assert run.seconds >= 5 + 10 + 20


def test_a_failing_api_is_asked_again(flows: Flows, api: Api) -> None:
    api.refusals = [503, 500]
    flows.load("fetchRates").run({"currencies": ["EUR"]}).assert_succeeded()
    assert len(api.calls) == 3


def test_an_api_that_is_down_fails_the_run(flows: Flows, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATES_URL", "http://127.0.0.1:1")
    run = flows.load("fetchRates").run({"currencies": ["EUR"]}).assert_failed("RatesUnavailable")
    assert run.retries("fetch_rate") == 3


def test_an_unknown_currency_is_reported_and_not_retried(flows: Flows, api: Api) -> None:
    run = flows.load("fetchRates").run({"currencies": ["ZZZ", "EUR"]}).assert_succeeded()
    assert run.output[0] == {"error": "the API answered 404 to 'ZZZ'"}
    assert run.output[1]["rate"] == 1.25
    assert len(api.calls) == 2


def test_a_wrong_key_fails_the_run_and_appears_in_no_error(
    flows: Flows, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATES_KEY", "a-wrong-key")
    run = flows.load("fetchRates").run({"currencies": ["EUR"]}).assert_failed("KeyRefused")
    assert len(api.calls) == 1
    assert "a-wrong-key" not in json.dumps(run.events)
