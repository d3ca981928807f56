"""Quotas that a stage shares with everything else in its account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from compiler import Project
from infrastructure import account
from infrastructure.account import check_account
from infrastructure.cloud import Cloud
from infrastructure.errors import LimitError
from infrastructure.stages import PROD
from tests.infrastructure.conftest import APP

STAGE = replace(PROD, api_concurrency=None)


@pytest.fixture(autouse=True)
def _room_in_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted there is in `test_quotas`."""
    monkeypatch.setattr(account, "shortages", lambda *_: [])


def project(flows: int) -> Project:
    """A project with so many flows."""
    return Project(Path(), cast("dict[str, Any]", dict.fromkeys(map(str, range(flows)))), (), {})


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def deployed(flows: int) -> dict[str, Any]:
    return {"StackStatus": "UPDATE_COMPLETE", "Outputs": [{"OutputKey": "FlowCount", "OutputValue": str(flows)}]}


def test_roles(cloud: Cloud) -> None:
    check_account(cloud, STAGE, project(900), None)
    with pytest.raises(LimitError, match="stage prod: its 1100 flows need 1103 more roles, but the account has 0"):
        check_account(cloud, STAGE, project(1100), None)
    check_account(cloud, STAGE, project(1100), deployed(1050))
    with pytest.raises(LimitError, match=r'its 2200 flows need 1150 more roles, .*quota "Roles per account"'):
        check_account(cloud, STAGE, project(2200), deployed(1050))


@pytest.mark.parametrize(("reserved", "wanted", "fits"), [(0, 300, True), (0, 301, False), (150, 300, True)])
def test_concurrency(reserved: int, wanted: int, fits: bool, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 executions, others have reserved 600 and the stage's API so many already."""
    iam, client = boto3.client("iam"), boto3.client("lambda")
    monkeypatch.setattr(cloud, "client", lambda service: {"iam": iam, "lambda": client}[service])
    with Stubber(client) as stubbed:
        limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 400 - reserved}
        stubbed.add_response("get_account_settings", {"AccountLimit": limit}, {})
        own = {"ReservedConcurrentExecutions": reserved} if reserved else {}
        stubbed.add_response("get_function_concurrency", own, {"FunctionName": f"{APP}-prod"})
        if fits:
            check_account(cloud, replace(STAGE, api_concurrency=wanted), project(1), None)
            return
        with pytest.raises(LimitError) as raised:
            check_account(cloud, replace(STAGE, api_concurrency=wanted), project(1), None)
    assert f"api_concurrency {wanted}: the account has 400 unreserved concurrent executions" in str(raised.value)
    assert "set it to at most 300, or None, or request an increase" in str(raised.value)


@pytest.mark.parametrize("status", [403, 404])
def test_who_may_not_ask_is_not_stopped(status: int, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the role for pull requests, which only shows what would change."""
    clients: dict[str, Any] = {service: boto3.client(service) for service in ("iam", "lambda")}  # type: ignore[call-overload]
    monkeypatch.setattr(cloud, "client", clients.get)
    with Stubber(clients["iam"]) as iam, Stubber(clients["lambda"]) as functions:
        iam.add_client_error("get_account_summary", "AccessDenied", http_status_code=status)
        functions.add_client_error("get_account_settings", "AccessDeniedException", http_status_code=status)
        check_account(cloud, replace(PROD, api_concurrency=5000), project(5000), None)
