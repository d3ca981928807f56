"""Records that say `RUNNING` for too long are checked: when, in which order, and how often."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import times
from chalicelib.runs import belief, executions, quota
from chalicelib.runs.records import Run

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    _cloud.create("believedPass", PASS)
    _cloud.create("believedWait", WAIT)


@pytest.fixture
def user(cloud_make_api: MakeApi, use_flows: UseFlows) -> Api:
    use_flows(flow("believedPass", PASS), flow("believedWait", WAIT))
    return cloud_make_api()


def start(user: Api, name: str) -> dict[str, Any]:
    started: dict[str, Any] = user.post(f"/run/{name}").json()
    return started


def test_the_schedule_of_checks() -> None:
    def due(age: float, checked: float | None = None, **more: Any) -> float:
        now = time.time()
        run = Run("u", "e", "arn", "f", "RUNNING", times.iso(now - age), **more)
        return belief.until_doubt(run if checked is None else replace(run, checked_date=times.iso(now - checked)))

    assert due(0) == pytest.approx(10, abs=0.1)
    assert due(10, 0) == pytest.approx(10, abs=0.1)
    assert due(20, 0) == pytest.approx(20, abs=0.1)
    assert due(3600, 0) == pytest.approx(600, abs=0.1)
    assert due(3600, 700) < 0
    assert due(3600, attempt_date=times.now()) == pytest.approx(10, abs=0.1)


def test_what_runs_beyond_belief_is_checked_the_oldest_first(
    user: Api, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.events.clear()
    started = [start(user, "believedPass")["executionId"] for _ in range(8)]
    asked: list[str] = []
    describe = executions.describe
    monkeypatch.setattr(executions, "describe", lambda arn, **more: asked.append(arn) or describe(arn, **more))
    assert {run["status"] for run in user.get("/runs").json()["executions"]} == {"RUNNING"}
    assert asked == []
    monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
    for corrected in (3, 6, 8, 8):
        page = user.get("/runs").json()["executions"][::-1]
        assert [run["status"] for run in page] == ["SUCCEEDED"] * corrected + ["RUNNING"] * (8 - corrected)
    assert [arn.rpartition(":")[2] for arn in asked] == started
    assert user.get("/runs?status=RUNNING").json()["count"] == 0


def test_a_filter_by_status_goes_by_what_was_found_out(
    user: Api, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.events.clear()
    start(user, "believedPass")
    start(user, "believedWait")
    monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
    (run,) = user.get("/runs?status=RUNNING").json()["executions"]
    assert run["flow"] == "believedWait"
    assert user.get("/runs?status=SUCCEEDED").json()["count"] == 1


def test_all_processes_share_a_part_of_the_quota(user: Api, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.events.clear()
    for _ in range(4):
        start(user, "believedPass")
    monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
    monkeypatch.setattr(quota, "_HASH", f"#{user.user}")
    monkeypatch.setattr(quota, "WINDOW", 3600)
    monkeypatch.setattr(quota, "CALLS", 5)
    for _ in range(4):
        page = user.get("/runs").json()["executions"]
    assert [run["status"] for run in page] == ["SUCCEEDED"] * 4
    start(user, "believedPass")
    start(user, "believedPass")
    for _ in range(2):
        page = user.get("/runs").json()["executions"]
    assert [run["status"] for run in page] == ["RUNNING"] * 2 + ["SUCCEEDED"] * 4
