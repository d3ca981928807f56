"""What an account may have in a region, counted before a stage is deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from compiler import Project
from infrastructure import account, quotas
from infrastructure.account import check_account
from infrastructure.cloud import Cloud
from infrastructure.errors import LimitError
from infrastructure.quotas import QUOTAS, Quota, shortages
from infrastructure.stages import DEV, PROD
from tests.infrastructure.conftest import APP, Assembly

NO_FLOWS = Project(Path(), {}, (), {})
TYPES = {
    "AWS::CloudFormation::Stack": "CloudFormation stacks, nested ones included",
    "AWS::StepFunctions::StateMachine": "state machines",
    "AWS::Scheduler::ScheduleGroup": "schedule groups of EventBridge Scheduler",
    "AWS::Events::Rule": "rules of EventBridge's default bus",
    "AWS::CloudWatch::Alarm": "alarms of CloudWatch",
    "AWS::Serverless::Api": "regional REST APIs",
    "AWS::DynamoDB::Table": "DynamoDB tables",
    "AWS::Cognito::UserPool": "user pools of Cognito",
}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def quota_of(things: str) -> Quota:
    (found,) = [quota for quota in QUOTAS if things in quota.things]
    return found


def allow(monkeypatch: pytest.MonkeyPatch, things: str, default: int, **changes: Any) -> None:
    """Compare one quota only, with another default."""
    monkeypatch.setattr(quotas, "QUOTAS", (replace(quota_of(things), default=default, **changes),))


def create_tables(*names: str) -> None:
    for name in names:
        boto3.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


def answer_quota(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any] | str) -> Stubber:
    """Let Service Quotas give an answer, or an error of this code, once."""
    clients = {service: boto3.client(service) for service in ("dynamodb", "service-quotas")}  # type: ignore[call-overload]
    monkeypatch.setattr(cloud, "client", clients.__getitem__)
    stubbed = Stubber(clients["service-quotas"])
    if isinstance(answer, str):
        stubbed.add_client_error("get_service_quota", answer)
    else:
        asked = {"ServiceCode": "dynamodb", "QuotaCode": "L-F98FE922"}
        stubbed.add_response("get_service_quota", dict(answer), asked)
    return stubbed


def test_a_stage_needs_what_its_template_has(prod: Assembly, project_flows: Project) -> None:
    templates = [prod.template, *prod.nested.values()]
    found = [resource["Type"] for template in templates for resource in template["Resources"].values()]
    counts = {kind: found.count(kind) for kind in TYPES}
    counts["AWS::CloudFormation::Stack"] += 1  # the stage's own
    for kind, things in TYPES.items():
        need = quota_of(things).need(PROD, project_flows)
        if kind == "AWS::CloudFormation::Stack":  # two flows may share a nested stack
            assert counts[kind] <= need <= counts[kind] + 10
        else:
            assert need == counts[kind], things
    assert {quota.things for quota in QUOTAS} == set(TYPES.values())


def test_an_empty_account_has_room(cloud: Cloud, project_flows: Project) -> None:
    """Every listing is understood by the service, or by moto in its place."""
    assert shortages(cloud, PROD, project_flows) == []


def test_what_others_have_is_counted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "DynamoDB tables", 4)
    create_tables("a", "b", f"{APP}-prod-runs", f"{APP}-prod-usage")
    assert shortages(cloud, PROD, NO_FLOWS) == []
    create_tables(f"{APP}-production")
    with answer_quota(cloud, monkeypatch, {"Quota": {"Value": 4.0}}):
        (found,) = shortages(cloud, PROD, NO_FLOWS)
    assert found.certain
    assert found.text.startswith(
        "stage prod: it needs 2 DynamoDB tables in addition to the 3 of others in region us-east-1, but AWS allows an "
        "account 4 ("
    )
    assert found.text.endswith(
        "; request an increase of this quota, or delete 1 that is not in use, or deploy to another region"
    )


def test_a_raised_quota_is_asked_for(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "DynamoDB tables", 2)
    create_tables("a", "b")
    with answer_quota(cloud, monkeypatch, {"Quota": {"Value": 10_000.0}}) as stubbed:
        assert shortages(cloud, PROD, NO_FLOWS) == []
        stubbed.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDeniedException", "NoSuchResourceException", "TooManyRequestsException"])
def test_a_quota_that_may_have_been_raised_is_a_warning(
    code: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, "DynamoDB tables", 2)
    create_tables("a")
    with answer_quota(cloud, monkeypatch, code):
        (found,) = shortages(cloud, PROD, NO_FLOWS)
    assert not found.certain
    assert "in addition to the 1 of others in region us-east-1, but AWS allows an account 2 by default" in found.text


def test_a_fixed_quota_is_not_asked_for(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "REST APIs", 1)
    boto3.client("apigateway").create_rest_api(name="other")
    (found,) = shortages(cloud, DEV, NO_FLOWS)
    assert found.certain
    assert found.text.endswith("; delete 1 that is not in use, or deploy to another region")


def test_what_a_stage_does_not_need_is_not_listed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "alarms", -1)
    assert shortages(cloud, DEV, NO_FLOWS) == []
    allow(monkeypatch, "user pools", -1)
    assert shortages(cloud, replace(PROD, user_pool_id="us-east-1_a"), NO_FLOWS) == []


def test_who_may_not_list_is_not_stopped(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "DynamoDB tables", 0)
    client = boto3.client("dynamodb")
    monkeypatch.setattr(cloud, "client", lambda _service: client)
    with Stubber(client) as stubbed:
        stubbed.add_client_error("list_tables", "AccessDeniedException", http_status_code=400)
        assert shortages(cloud, PROD, NO_FLOWS) == []


def test_deleted_stacks_do_not_count(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "stacks", 2)
    client = boto3.client("cloudformation")
    template = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    for name in ("one", "two"):
        client.create_stack(StackName=name, TemplateBody=template)
    client.delete_stack(StackName="one")
    assert shortages(cloud, PROD, NO_FLOWS) == []


def test_preflight_refuses_and_warns(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = replace(PROD, api_concurrency=None)
    for certain, text in ((False, "may lack"), (True, "lacks")):
        found = [quotas.Shortage(text, certain)]
        monkeypatch.setattr(account, "shortages", lambda *_, found=found: found)
        if certain:
            with pytest.raises(LimitError, match=r"^lacks$"):
                check_account(cloud, stage, NO_FLOWS, None)
        else:
            assert check_account(cloud, stage, NO_FLOWS, None) == ["may lack"]
