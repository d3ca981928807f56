"""Many requests wait for runs: on time, and at next to no cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib import aws

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow
from ..faulty_aws import Fault, FaultyAws

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
WAITERS = 200
SECONDS = 6.0


@pytest.fixture(scope="module", autouse=True)
def machine(_cloud: LocalCloud) -> None:
    _cloud.create("waited", WAIT)


@pytest.fixture
def proxy(cloud: LocalCloud, clean: pytest.MonkeyPatch, use_flows: UseFlows) -> Iterator[FaultyAws]:
    use_flows(flow("waited", WAIT))
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    way = FaultyAws(cloud.cloud.endpoint)
    yield way
    way.close()


@pytest.fixture
def user(proxy: FaultyAws, cloud_make_api: MakeApi, clean: pytest.MonkeyPatch) -> Api:
    api = cloud_make_api()
    clean.setenv("AWS_ENDPOINT_URL", proxy.url)
    return api


def path(user: Api) -> str:
    return f"/run/waited/{user.post('/run/waited').json()['executionId']}"


def settle(proxy: FaultyAws) -> None:
    """Wait until nothing has been asked for half a second."""
    seen = -1
    while seen != (seen := len(proxy.forwarded)):
        time.sleep(0.5)


def test_two_hundred_requests_end_in_time_and_share_their_reads(user: Api, proxy: FaultyAws) -> None:
    with ThreadPoolExecutor(20) as pool:
        paths = list(pool.map(lambda _: path(user), range(WAITERS)))
    settle(proxy)  # the events of the starts read the records as well
    proxy.forwarded.clear()

    def wait(of: str) -> tuple[float, str]:
        began = time.monotonic()
        status = user.get(f"{of}?wait={SECONDS}").json()["status"]
        return time.monotonic() - began, status

    with ThreadPoolExecutor(WAITERS) as pool:
        waiting = [pool.submit(wait, of) for of in paths]
        time.sleep(1.0)
        stopped = user.call("DELETE", paths[0])
        ended = [future.result() for future in waiting]
    assert stopped.json()["status"] == ended[0][1] == "ABORTED"
    assert {status for _, status in ended[1:]} == {"RUNNING"}
    assert max(took for took, _ in ended) < SECONDS + 3  # a busy machine included
    # 200 records are read every 0.4 to 0.5 s, a hundred at a time; each request has read its own once. As many requests
    # that read on their own would make 2,400 reads.
    assert proxy.count("BatchGetItem") < 240
    assert proxy.count("GetItem") < WAITERS * 2


def test_requests_for_one_run_share_its_record(user: Api, proxy: FaultyAws) -> None:
    of = path(user)
    proxy.forwarded.clear()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(user.get, f"{of}?wait=10") for _ in range(20)]
        time.sleep(1.0)
        user.call("DELETE", of)
        assert {future.result().json()["status"] for future in waiting} == {"ABORTED"}
    assert proxy.count("GetItem") < 20 + 30


def test_a_table_that_does_not_answer_delays_no_answer(
    user: Api, proxy: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT", 30.0)
    of = path(user)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(user.get, f"{of}?wait=1.5")
        time.sleep(0.5)
        proxy.faults.append(Fault("GetItem", "hang"))
        began = time.monotonic()
        assert waiting.result().json()["status"] == "RUNNING"
        assert time.monotonic() - began < 10
