"""The nightly sweep corrects records that say RUNNING although nothing runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import times
from chalicelib.runs import quota, records, searching, sweeping
from chalicelib.runs.ids import lowest_id, new_id
from chalicelib.runs.records import NEVER_BEGAN, RUNNING, Run
from chalicelib.runs.sweeping import Swept, sweep
from chalicelib.settings import settings

from ..conftest import LocalCloud

WAITING = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
QUICK = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture(autouse=True)
def swept(cloud: LocalCloud) -> LocalCloud:
    """A cloud in which nobody's records say RUNNING any more."""
    cloud.events.clear()  # no event arrives
    for portion in searching.Search(None, searching.Filter(status=RUNNING)).portions():
        for run in portion.runs:
            records.delete(run)
    return cloud


def record(flow: str, *, hours: float = 3, user: str = "ada", execution_id: str | None = None, **more: Any) -> Run:
    began = time.time() - hours * 3600
    execution_id = execution_id or lowest_id(began)[:-12] + new_id()[-12:]
    arn = settings.names.execution_arn(flow, execution_id)
    run = Run(user, execution_id, arn, flow, RUNNING, times.iso(began), **more)
    assert records.create(run)
    return run


def begin(cloud: LocalCloud, run: Run) -> None:
    machine = settings.names.state_machine_arn(run.flow)
    request = {"stateMachineArn": machine, "name": run.execution_id, "input": json.dumps({"__user_id": run.user_id})}
    cloud.cloud.service.handle("StartExecution", request)


def status(run: Run) -> tuple[str, str | None]:
    found = records.get(run.user_id, run.execution_id)
    assert found is not None
    return found.status, found.error


def once(left: Callable[[], float] = lambda: 60) -> Swept:
    return sweep(left, sleep=lambda _seconds: None)


def test_what_ended_or_never_began_is_corrected(cloud: LocalCloud) -> None:
    cloud.create("sweepQuick", QUICK)
    cloud.create("sweepWaiting", WAITING)
    lost, running = record("sweepQuick"), record("sweepWaiting")
    begin(cloud, lost)
    begin(cloud, running)
    never = record("sweepQuick")
    nobodys = record("sweepQuick", user=records.nobody("sweepQuick", "by-hand"), execution_id="by-hand")
    express = record("sweepQuick")
    records.put(replace(express, execution_arn=settings.names.express_arn("sweepQuick", express.execution_id, "x")))
    assert once() == Swept(running=5, checked=5, corrected=4)
    assert status(lost) == ("SUCCEEDED", None)
    assert status(running) == (RUNNING, None)
    assert status(never) == status(nobodys) == ("FAILED", NEVER_BEGAN)
    assert status(express) == ("TIMED_OUT", "States.Timeout")
    assert once() == Swept(running=1, checked=0, corrected=0)  # it was checked just now
    cloud.cloud.service.handle("StopExecution", {"executionArn": running.execution_arn})


def test_young_runs_are_left_to_their_events() -> None:
    young = record("sweepQuick", hours=0.5)
    assert once() == Swept(0, 0, 0)
    assert status(young) == (RUNNING, None)
    records.delete(young)


def test_the_longest_unchecked_come_first_within_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MAX_CHECKS", 2)
    newer, older, checked = record("sweepQuick", hours=3), record("sweepQuick", hours=5), record("sweepQuick", hours=9)
    records.mark_checked(checked, times.iso(time.time() - 7200))
    assert once() == Swept(3, 2, 2)
    assert (status(older)[0], status(newer)[0], status(checked)[0]) == ("FAILED", "FAILED", RUNNING)
    assert once() == Swept(1, 1, 1)


def test_it_ends_in_time() -> None:
    runs = [record("sweepQuick") for _ in range(3)]
    assert once(lambda: 2 - sum(status(run)[0] == "FAILED" for run in runs)) == Swept(3, 2, 2)
    assert once() == Swept(1, 1, 1)
    assert {status(run)[0] for run in runs} == {"FAILED"}


def test_it_leaves_the_quota_to_others_when_it_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "WINDOW", 36_000)
    run = record("sweepQuick")
    assert quota.take(quota.CALLS)
    assert once() == Swept(1, 1, 0)
    assert status(run) == (RUNNING, None)
