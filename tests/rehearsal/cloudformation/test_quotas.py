"""CloudFormation refuses what exceeds its quotas."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from rehearsal.cloudformation import quotas
from rehearsal.cloudformation.quotas import QuotaExceeded, check_operation, check_size, check_template
from tests.localcloud.conftest import client_of


@pytest.mark.parametrize(("section", "limit"), [("Resources", 500), ("Outputs", 200), ("Parameters", 200)])
def test_what_a_template_declares(section: str, limit: int) -> None:
    check_template({section: {str(n): {} for n in range(limit)}})
    with pytest.raises(QuotaExceeded, match=rf"Number of {section.lower()}, {limit + 1}, is greater than .* {limit}$"):
        check_template({section: {str(n): {} for n in range(limit + 1)}})


def test_the_size_of_a_template() -> None:
    check_size(b"x" * 1_000_000)
    with pytest.raises(QuotaExceeded, match="may not exceed 1000000 bytes"):
        check_size(b"x" * 1_000_001)


def queues(count: int) -> dict[str, Any]:
    return {"Resources": {f"Q{number}": {"Type": "AWS::SQS::Queue"} for number in range(count)}}


def nested(**parameters: str) -> dict[str, Any]:
    return {"Type": quotas.NESTED, "Properties": {"TemplateURL": "...", "Parameters": parameters}}


def test_an_operation_counts_what_changes_in_nested_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "OPERATION", 10)
    one, other = {"Resources": {"N": nested(a="1")}}, {"Resources": {"N": nested(a="2")}}
    check_operation(one, {}, lambda *_: (queues(9), {}))
    with pytest.raises(QuotaExceeded, match=r"create, update or delete 11 resources .* maximum is 10"):
        check_operation(one, {}, lambda *_: (queues(10), {}))
    check_operation(one, one, lambda *_: (queues(100), queues(100)))
    with pytest.raises(QuotaExceeded, match="11 resources"):
        check_operation(other, one, lambda *_: (queues(10), queues(10)))  # each may use the parameter
    with pytest.raises(QuotaExceeded, match="101 resources"):
        check_operation({}, one, lambda *_: ({}, queues(100)))


def test_a_stack_that_is_too_large_for_an_operation_is_neither_created_nor_deleted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, storage = client_of(cloud, "cloudformation"), client_of(cloud, "s3")
    name = f"quotas-{uuid.uuid4().hex[:8]}"
    storage.create_bucket(Bucket=name)
    storage.put_object(Bucket=name, Key="t.json", Body=json.dumps(queues(4)))
    url = {"Fn::Sub": f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{name}/t.json"}
    body = json.dumps({"Resources": {"N": {"Type": quotas.NESTED, "Properties": {"TemplateURL": url}}}})

    def status() -> str:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    monkeypatch.setattr(quotas, "OPERATION", 4)
    client.create_stack(StackName=name, TemplateBody=body)
    assert status() == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName=name)
    monkeypatch.setattr(quotas, "OPERATION", 5)
    client.create_stack(StackName=name, TemplateBody=body)
    assert status() == "CREATE_COMPLETE"
    monkeypatch.setattr(quotas, "OPERATION", 4)
    client.delete_stack(StackName=name)
    assert status() == "DELETE_FAILED"
    monkeypatch.setattr(quotas, "OPERATION", 5)
    client.delete_stack(StackName=name)
    with pytest.raises(ClientError, match="does not exist"):
        status()
