from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin import common
from admin.get_user_usage import first_month

from .conftest import DEPLOYED_STAGE, REGION, Cloud

EMAIL = "jane@example.com"
MONTH = datetime.now(UTC).strftime("%Y-%m")
OLD = {"2020-01": 7, "2020-02": 1}


@pytest.fixture
def jane(cloud: Cloud) -> str:
    cloud.stage.cognito().admin_create_user(UserPoolId=cloud.stage.user_pool_id, Username=EMAIL)
    user = common.user_id(cloud.stage, EMAIL)
    cloud.record_usage(user, {**OLD, MONTH: 12})
    cloud.record_usage("another", {MONTH: 1000})
    return user


def test_a_table_by_email(cloud: Cloud, jane: str) -> None:
    outcome = cloud.script("get_user_usage", "--email", EMAIL)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"MONTH    API CALLS\n2020-01  7\n2020-02  1\n{MONTH}  12\ntotal    20\n"


def test_json_by_id(cloud: Cloud, jane: str) -> None:
    outcome = cloud.script("get_user_usage", "--user-id", jane, "--json")
    usage = [{"yearMonth": month, "apiCalls": calls} for month, calls in {**OLD, MONTH: 12}.items()]
    assert json.loads(outcome.out) == {"userId": jane, "usage": usage}


def test_the_last_months_of_a_deployed_stage(cloud: Cloud, jane: str) -> None:
    access = {"AWS_ENDPOINT_URL": cloud.endpoint, "AWS_REGION": REGION}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    outcome = cloud.script(
        "get_user_usage", "--stage", DEPLOYED_STAGE, "--email", EMAIL, "--months", "3", "--json", **access, **keys
    )
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["usage"] == [{"yearMonth": MONTH, "apiCalls": 12}]


def test_a_user_without_calls(cloud: Cloud) -> None:
    outcome = cloud.script("get_user_usage", "--user-id", "nobody")
    assert (outcome.code, outcome.out) == (0, "MONTH  API CALLS\ntotal  0\n")


def test_no_such_user(cloud: Cloud) -> None:
    outcome = cloud.script("get_user_usage", "--email", EMAIL)
    assert outcome.code == common.REFUSED
    assert f"has no user {EMAIL}" in outcome.err


@pytest.mark.parametrize("arguments", [[], ["--email", EMAIL, "--user-id", "x"], ["--user-id", "x", "--months", "0"]])
def test_a_wrong_command_line(cloud: Cloud, arguments: list[str]) -> None:
    assert cloud.script("get_user_usage", *arguments).code == 2


@pytest.mark.parametrize(
    ("months", "now", "first"),
    [(1, "2026-11", "2026-11"), (3, "2026-11", "2026-09"), (3, "2026-01", "2025-11"), (13, "2026-01", "2025-01")],
)
def test_the_first_of_the_last_months(months: int, now: str, first: str) -> None:
    assert first_month(months, datetime.strptime(now, "%Y-%m")) == first


@given(months=st.integers(1, 10**6), now=st.datetimes())
def test_any_number_of_months_gives_a_month(months: int, now: datetime) -> None:
    first = first_month(months, now)
    assert len(first) == 7
    assert first <= now.strftime("%Y-%m").rjust(7, "0")
