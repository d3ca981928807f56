"""Every authenticated call is counted once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from .client import Client, eventually, problem
from .conftest import Aws, MakeUser


def calls(client: Client) -> int:
    """The total of /usage. Two readings differ by the calls between them plus one."""
    usage = client.get("/usage").json()["usage"]
    return sum(month["apiCalls"] for month in usage)


def test_it_counts_exactly_the_calls_made(user: Client) -> None:
    before = calls(user)
    for _ in range(5):
        assert user.post("/lib/ping").status_code == 200
    started = user.start("e2eEcho")
    user.get(f"/run/e2eEcho/{started['executionId']}")
    problem(user.post("/run/unknownFlow", {}), 404)  # a call as well
    assert calls(user) - before == 5 + 3 + 1, "5 functions, 3 about runs, and one of the two readings"


def test_the_shape(user: Client) -> None:
    user.post("/lib/ping")
    document = user.get("/usage").json()
    assert document["userId"] == user.get("/auth/verify").json()["user"]["id"]
    assert [month["yearMonth"] for month in document["usage"]] == [datetime.now(UTC).strftime("%Y-%m")]


def test_the_middleware_counts_no_call_twice(user: Client) -> None:
    before = calls(user)
    for _ in range(4):
        assert user.post("/lib/e2e_tracked", {}).json() == {"tracked": True}
    assert calls(user) - before == 4 + 1


def test_calls_at_the_same_time_are_all_counted(user: Client) -> None:
    before = calls(user)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: Client(user.url, user.token).post("/lib/ping").status_code, range(40)))
    assert statuses == [200] * 40
    assert calls(user) - before == 40 + 1


def test_nobody_is_counted_for_a_refused_call(user: Client) -> None:
    before = calls(user)
    problem(Client(user.url, f"{user.token}x").post("/lib/ping"), 401)
    Client(user.url).get("/health")
    assert calls(user) - before == 1


def test_another_users_usage_is_the_admins_to_read(user: Client, make_user: MakeUser) -> None:
    me = user.get("/auth/verify").json()["user"]["id"]
    user.post("/lib/ping")
    problem(make_user().get(f"/usage/{me}"), 403)
    seen = make_user("admin").get(f"/usage/{me}").json()
    assert seen["userId"] == me
    assert sum(month["apiCalls"] for month in seen["usage"]) == 2
    assert user.get(f"/usage/{me}").status_code == 200


def test_a_range_of_months(user: Client) -> None:
    user.post("/lib/ping")
    me = user.get("/auth/verify").json()["user"]["id"]
    assert user.get(f"/usage/{me}", startDate="2020-01", endDate="2020-12").json()["usage"] == []
    this = datetime.now(UTC).strftime("%Y-%m")
    assert len(user.get(f"/usage/{me}", startDate=this, endDate=this).json()["usage"]) == 1


@pytest.mark.parametrize("query", ["startDate=2020", "endDate=2020-13", "startDate=2021-02&endDate=2021-01"])
def test_no_month(user: Client, query: str) -> None:
    me = user.get("/auth/verify").json()["user"]["id"]
    problem(user.get(f"/usage/{me}?{query}"), 400)


def test_the_record_expires(user: Client, aws: Aws) -> None:
    user.post("/lib/ping")
    me = user.get("/auth/verify").json()["user"]["id"]
    table = "serverless-dynamic-workflows-local-usage"

    def record() -> dict[str, dict[str, str]]:
        key = {"userId": {"S": me}, "yearMonth": {"S": datetime.now(UTC).strftime("%Y-%m")}}
        return aws("dynamodb").get_item(TableName=table, Key=key).get("Item", {})  # type: ignore[no-any-return]

    days = (int(eventually(record)["ttl"]["N"]) - time.time()) / 86400
    assert 89 < days < 91
