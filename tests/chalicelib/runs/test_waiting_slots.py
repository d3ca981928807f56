"""A user has a number of requests that may wait; the others are answered at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.runs import waiting_slots
from chalicelib.settings import settings

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
QUICK = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    _cloud.create("slotted", WAIT)
    _cloud.create("slotquick", QUICK)


@pytest.fixture
def make_user(cloud: LocalCloud, clean: pytest.MonkeyPatch, use_flows: UseFlows, cloud_make_api: MakeApi) -> MakeApi:
    use_flows(flow("slotted", WAIT), flow("slotquick", QUICK))
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    clean.setenv("WAITING_PER_USER", "2")
    return cloud_make_api


def wait(user: Api, path: str, seconds: float) -> tuple[float, str]:
    began = time.monotonic()
    answer = user.get(f"{path}?wait={seconds}")
    assert answer.status == 200
    return time.monotonic() - began, answer.json()["status"]


def test_no_more_wait_than_a_user_has_slots(make_user: MakeApi) -> None:
    user, other = make_user(), make_user()
    path = f"/run/slotted/{user.post('/run/slotted').json()['executionId']}"
    elsewhere = f"/run/slotted/{other.post('/run/slotted').json()['executionId']}"
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(wait, user, path, 4) for _ in range(6)]
        time.sleep(0.7)
        took, status = wait(other, elsewhere, 1)  # another user has slots of its own
        assert status == "RUNNING"
        assert took >= 1
        began = time.monotonic()
        started = user.post("/run/slotted?wait=4")
        assert (started.status, time.monotonic() - began < 3) == (202, True)
        times = sorted(future.result()[0] for future in waiting)
    assert times[3] < 3  # four are answered at once
    assert times[4] >= 4  # two wait
    assert wait(user, path, 0.5)[0] >= 0.5  # the slots are free again


def test_a_run_that_ends_gives_its_slot_back(make_user: MakeApi) -> None:
    user = make_user()
    for _ in range(5):
        finished = user.post("/run/slotquick?wait=10")
        assert (finished.status, finished.json()["status"]) == (200, "SUCCEEDED")


def test_the_slot_of_an_instance_that_died_is_free_after_its_time(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> None:
    clean.setenv("WAITING_PER_USER", "1")
    clean.setattr(waiting_slots, "MARGIN", 0.2)
    clean.setattr(waiting_slots, "_release", lambda *_: None)
    with waiting_slots.slot("dying", 0.5) as first:
        assert first
    with waiting_slots.slot("dying", 0.5) as second:
        assert not second
    time.sleep(0.8)
    with waiting_slots.slot("dying", 0.5) as third:
        assert third


def test_of_requests_that_come_together_no_two_get_the_same_slot(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> None:
    clean.setenv("WAITING_PER_USER", "3")

    def take(_: int) -> bool:
        with waiting_slots.slot("many", 5) as free:
            time.sleep(1.5)
            return free

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(take, range(12))) == 3


def test_nothing_is_counted_where_nothing_is_limited(clean: pytest.MonkeyPatch) -> None:
    for value in ("", "0", "many"):
        clean.setenv("WAITING_PER_USER", value)
        assert settings.waiting_per_user == 0
        clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with waiting_slots.slot("user", 5) as free:
            assert free


def test_without_the_table_requests_are_answered_at_once(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("WAITING_PER_USER", "2")
    clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with waiting_slots.slot("user", 5) as free:
        assert not free
