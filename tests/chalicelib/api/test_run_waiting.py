"""How long a request with `?wait=` waits."""

from __future__ import annotations

import time

import pytest

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

FLOWS = (
    flow("promptFlow", {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
    flow("patientFlow", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}),
)


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    for one in FLOWS:
        _cloud.create(one.name, dict(one.definition), one.type)


@pytest.fixture
def user(cloud: LocalCloud, use_flows: UseFlows, cloud_make_api: MakeApi) -> Api:
    use_flows(*FLOWS)
    return cloud_make_api()


def test_waiting_too_short_answers_as_without(user: Api) -> None:
    began = time.monotonic()
    assert user.post("/run/patientFlow?wait=0.2").status == 202
    assert time.monotonic() - began >= 0.19  # API Gateway's time is in whole milliseconds


def test_a_wait_begins_when_the_request_arrives(user: Api) -> None:
    """Or a cold start would be added to it, and API Gateway give up."""
    began = time.monotonic()
    assert user.post("/run/patientFlow?wait=25", age=24.8).status == 202
    assert time.monotonic() - began < 20


def test_a_clock_that_is_wrong_shortens_no_wait(user: Api) -> None:
    for age in (-3600, 3600):
        assert user.post("/run/promptFlow?wait=20", age=age).json()["status"] == "SUCCEEDED"


@pytest.mark.parametrize("wait", ["-1", "25.1", "nan", "inf", "soon", ""])
def test_a_wrong_wait(user: Api, wait: str) -> None:
    user.post(f"/run/promptFlow?wait={wait}").problem(400)
