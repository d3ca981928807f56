"""importContacts: single failures are listed, too many stop the run."""

from __future__ import annotations

from typing import Any

from asl.testing.plugin import Flows


def contacts(good: int, bad: int) -> dict[str, Any]:
    return {
        "contacts": [{"email": f"{n}@example.com"} for n in range(good)] + [{"email": f"bad-{n}"} for n in range(bad)]
    }


def test_every_contact_is_imported(flows: Flows) -> None:
    run = flows.load("importContacts").run(contacts(30, 0))
    run.assert_succeeded(output={"imported": 30, "failed": []})


def test_single_failures_are_tolerated_and_listed(flows: Flows) -> None:
    run = flows.load("importContacts").run(contacts(8, 2))
    run.assert_succeeded(output={"imported": 8, "failed": ["bad-0", "bad-1"]})


def test_too_many_failures_stop_the_run(flows: Flows) -> None:
    flows.load("importContacts").run(contacts(7, 3)).assert_failed("States.ExceedToleratedFailureThreshold")


def test_a_database_that_is_down_for_a_moment_costs_nothing(flows: Flows) -> None:
    flow = flows.load("importContacts")
    flow.task("ImportContact").fails("DatabaseBusy", times=2).then.returns({})
    run = flow.run(contacts(1, 0)).assert_succeeded(output={"imported": 1, "failed": []})
    assert len(run.payloads("ImportContact")) == 3
