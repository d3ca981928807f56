"""Which flows there are."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import state_machines
from chalicelib.state_machines import CreationDates

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

DEFINITION = {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": "${StepFunctionArn}", "End": True}}}
SCHEDULE = {"expression": "rate(5 minutes)", "timezone": "UTC", "enabled": True}


@pytest.fixture(autouse=True)
def flows(use_flows: UseFlows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.usage._increment", lambda user: None)
    monkeypatch.setattr(state_machines, "of", dict.fromkeys)
    use_flows(
        *(flow(name, DEFINITION) for name in ("b", "a", "d")),
        flow("c", DEFINITION, type="EXPRESS", schedule=SCHEDULE, input_schema={"type": "object"}),
        broken={"x": ("flows/x.yml:1:1: wrong",)},
    )


def test_a_flow(api: Api) -> None:
    assert api.get("/flows/c").json() == {
        "name": "c",
        "description": "Does c",
        "type": "EXPRESS",
        "schedule": SCHEDULE,
        "inputSchema": {"type": "object"},
        "definition": DEFINITION,
        "created": None,
    }


def test_all_flows_and_the_broken_beside_them(api: Api) -> None:
    body = api.get("/flows").json()
    assert [entry["name"] for entry in body["flows"]] == ["a", "b", "c", "d"]
    assert body["count"] == 4
    assert body["broken"] == [{"name": "x", "errors": ["flows/x.yml:1:1: wrong"]}]
    assert "nextToken" not in body


def test_pages(api: Api) -> None:
    names, token = [], ""
    for _ in range(4):
        page = api.get(f"/flows?limit=3{token}").json()
        names.append([entry["name"] for entry in page["flows"]])
        if "nextToken" not in page:
            break
        token = f"&nextToken={page['nextToken']}"
    assert names == [["a", "b", "c"], ["d"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=a", "nextToken=%21", "nextToken=a"])
def test_wrong_queries(api: Api, query: str) -> None:
    api.get(f"/flows?{query}").problem(400)


def test_one_that_is_not_there(api: Api, use_flows: UseFlows) -> None:
    use_flows(flow("helloWorldFlow", DEFINITION), broken={"x": ("flows/x.yml:1:1: wrong",)})
    assert "did you mean 'helloWorldFlow'?" in api.get("/flows/helloWorldFlo").problem(404)["detail"]
    assert "flows/x.yml:1:1" in api.get("/flows/x").problem(503)["detail"]


def test_dates_are_those_of_the_state_machines(
    cloud: LocalCloud, cloud_make_api: MakeApi, use_flows: UseFlows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_machines, "of", CreationDates().of)
    use_flows(flow("datedFlow", DEFINITION), flow("absentFlow", DEFINITION))
    cloud.create("datedFlow", {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    dates = {entry["name"]: entry["created"] for entry in cloud_make_api().get("/flows").json()["flows"]}
    assert dates["absentFlow"] is None
    assert dates["datedFlow"].endswith("Z") and dates["datedFlow"][:2] == "20"


def test_dates_are_asked_for_once_and_do_not_matter(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refuse() -> None:
        asked.append(1)
        raise ConnectionError

    monkeypatch.setattr(state_machines.aws, "stepfunctions", refuse)
    dates = CreationDates()
    assert [dates.of(["a"]) for _ in range(3)] == [{"a": None}] * 3
    assert len(asked) == 1


def test_a_schedule_says_when_it_fires_next(api: Api, use_flows: UseFlows) -> None:
    def next_run(**schedule: Any) -> Any:
        use_flows(flow("a", {}, schedule={"timezone": "UTC", "enabled": True, **schedule}))
        return api.get("/flows/a").json().get("nextRun")

    assert next_run(expression="cron(0 12 1 1 ? 2199)") == "2199-01-01T12:00:00Z"
    assert next_run(expression="cron(0 12 1 1 ? 2199)", timezone="Europe/Berlin") == "2199-01-01T11:00:00Z"
    assert next_run(expression="cron(0 12 1 1 ? 2199)", enabled=False) is None
    assert next_run(expression="cron(0 12 1 1 ? 1999)") is None
    assert next_run(expression="rate(5 minutes)") is None
