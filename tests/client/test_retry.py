"""Repeats: the real server behind a network that loses answers and a gateway that refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from sdw_client import Client, RateLimited, Retry, Unavailable, UnexpectedAnswer, Unreachable, WaitTimeout
from sdw_client.retry import retry_after

from .conftest import Account

FAST = Retry(attempts=4, first=0.001, longest=1.0)
Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


def lost_answer(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    """The server did what it was asked to, and nobody hears of it."""
    send().read()
    raise httpx.ReadError("connection reset", request=request)


def no_connection(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def refusal(status: int, retry_after: str | None = None) -> Fault:
    def refuse(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return httpx.Response(status, headers=headers, json={"title": "Refused", "status": status})

    return refuse


class Faulty(httpx.BaseTransport):
    """The network, with faults for the first requests whose method is not GET."""

    def __init__(self, *faults: Fault) -> None:
        self._http = httpx.HTTPTransport()
        self._faults = list(faults)
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._http.handle_request(request)
        self.sent.append(request)
        if self._faults:
            return self._faults.pop(0)(request, lambda: self._http.handle_request(request))
        return self._http.handle_request(request)


def faulty(account: Account, *faults: Fault, retry: Retry = FAST) -> tuple[Client, Faulty]:
    transport = Faulty(*faults)
    return Client(account.url, token=account.token, transport=transport, retry=retry), transport


def test_a_start_is_repeated_and_starts_once(account: Account) -> None:
    started: set[str] = set()
    for fault in (lost_answer, no_connection, refusal(429), refusal(502), refusal(503), refusal(504)):
        client, network = faulty(account, fault, fault)
        started.add(client.flow("e2eEcho").run({"n": 1}).id)
        keys = {request.headers["Idempotency-Key"] for request in network.sent}
        assert (len(network.sent), len(keys)) == (3, 1)
        assert {one.id for one in client.runs(flow="e2eEcho")} == started
    assert len(started) == 6


def test_two_starts_have_two_keys(account: Account) -> None:
    client, _ = faulty(account)
    assert client.flow("e2eEcho").run({"n": 1}).id != client.flow("e2eEcho").run({"n": 1}).id


def test_reruns_and_stops_happen_once(account: Account) -> None:
    client, _ = faulty(account)
    run = client.flow("e2eWait").run()
    client, _ = faulty(account, lost_answer, lost_answer)
    again = client.run("e2eWait", run.id).rerun()
    assert {one.id for one in client.runs(flow="e2eWait")} == {run.id, again.id}
    for one in (run, again):
        client, _ = faulty(account, lost_answer)
        assert client.run("e2eWait", one.id).stop().status == "ABORTED"


@pytest.mark.parametrize("fault", [lost_answer, refusal(503)])
def test_a_redrive_happens_once(account: Account, tmp_path: Path, fault: Fault) -> None:
    client, _ = faulty(account)
    run = client.flow("e2eFlaky").run({"file": str(tmp_path / "there")}, wait=30)
    (tmp_path / "there").touch()
    client, _ = faulty(account, fault)
    run = client.run("e2eFlaky", run.id)
    assert run.redrive().redrive_count == 1
    assert run.result() == {"found": True}
    assert run.refresh().redrive_count == 1


def test_a_function_is_called_again_only_if_it_cannot_have_begun(account: Account) -> None:
    client, network = faulty(account, no_connection, refusal(429))
    assert client.function("ping")() == "I am alive"
    assert len(network.sent) == 3
    for fault, error in ((lost_answer, Unreachable), (refusal(504), Unavailable)):
        client, network = faulty(account, fault)
        with pytest.raises(error):
            client.function("ping")()
        assert len(network.sent) == 1
        client, network = faulty(account, fault)
        assert client.function("ping", idempotent=True)() == "I am alive"


def test_it_gives_up(account: Account) -> None:
    client, network = faulty(account, *[refusal(429)] * 9)
    with pytest.raises(RateLimited):
        client.flow("e2eEcho").run()
    assert len(network.sent) == FAST.attempts
    client, network = faulty(account, refusal(429, "120"))
    with pytest.raises(RateLimited) as refused:
        client.flow("e2eEcho").run()
    assert (refused.value.retry_after, len(network.sent)) == (120.0, 1)


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable, match=r"No answer from http://127\.0\.0\.1:9/flows"):
        list(Client("http://127.0.0.1:9", token="x", retry=FAST).flows())


def test_pauses_double_and_honour_the_service() -> None:
    policy = Retry(attempts=5, first=1.0, longest=3.0)
    for attempt, step in ((1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0)):
        pause = policy.pause(attempt, None)
        assert pause is not None and step / 2 <= pause <= step
    assert policy.pause(5, None) is None
    pause = policy.pause(1, 2.5)
    assert pause == 2.5
    assert policy.pause(1, 4.0) is None


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after({"retry-after": " 7 "}) == 7.0
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < (retry_after({"retry-after": in_a_minute}) or 0) <= 60
    assert retry_after({"retry-after": format_datetime(datetime.fromtimestamp(time.time() - 60, UTC))}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_a_service_that_lets_no_more_requests_wait_is_not_asked_all_the_time(account: Account) -> None:
    asked: list[str] = []

    class Impatient(httpx.HTTPTransport):
        """The service, which answers a request that wants to wait at once."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                asked.append(request.url.path)
                request.url = request.url.copy_remove_param("wait")
            return super().handle_request(request)

    client = Client(account.url, token=account.token, transport=Impatient())
    run = client.flow("e2eWait").run({})
    asked.clear()
    with pytest.raises(WaitTimeout):
        run.wait(timeout=2.5)
    run.stop()
    assert 1 < len(asked) < 6


def test_a_short_timeout_does_not_end_waiting_requests(account: Account) -> None:
    asked: list[tuple[str, float]] = []

    class Noting(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append((request.url.params.get("wait", ""), request.extensions["timeout"]["read"]))
            return super().handle_request(request)

    with Client(account.url, token=account.token, timeout=3.0, transport=Noting()) as client:
        assert client.flow("e2eEcho").run({"n": 1}, wait=20).result()["n"] == 1
        assert client.run("e2eEcho", next(iter(client.runs())).id).wait(timeout=30).status == "SUCCEEDED"
    assert asked[0] == ("20", 30.0)
    assert {timeout for wait, timeout in asked if not wait} == {3.0}


def test_an_answer_that_cannot_be_decompressed() -> None:
    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
    with (
        Client("http://127.0.0.1:9", token="t", transport=httpx.MockTransport(lambda request: answer)) as client,
        pytest.raises(UnexpectedAnswer, match="decompressed"),
    ):
        client.user()


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_values_that_json_lacks_are_not_sent(value: object) -> None:
    with (
        Client("http://127.0.0.1:9", token="t", transport=httpx.MockTransport(unexpected)) as client,
        pytest.raises(ValueError),
    ):
        client.flow("e2eEcho").run({"value": value})


@pytest.mark.parametrize("key", ["nächtlich", "a\nb", " "])
def test_keys_that_no_header_has_are_not_sent(key: str) -> None:
    with (
        Client("http://127.0.0.1:9", token="t", transport=httpx.MockTransport(unexpected)) as client,
        pytest.raises(ValueError, match="printable ASCII"),
    ):
        client.flow("e2eEcho").run(idempotency_key=key)


def unexpected(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.method} {request.url} was sent")
