"""The calls to AWS that the commands make; every failure is one line."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError

STACK = """{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Topic": {"Value": {"Ref": "T"}}}}"""


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_the_account_and_the_region(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    cloud = Cloud()
    assert (cloud.account, cloud.region) == ("123456789012", "eu-west-1")


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(DeploymentError, match="no region: set AWS_REGION"):
        Cloud()


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(DeploymentError, match="no AWS credentials: run `aws configure`"):
        Cloud()


def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(DeploymentError, match=r"nobody.*check AWS_PROFILE"):
        Cloud()


def test_aws_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DeploymentError, match="AWS cannot be reached"):
        Cloud()


def test_no_bootstrap_an_old_one_and_a_good_one(aws: None) -> None:
    cloud = Cloud()
    with pytest.raises(
        DeploymentError, match=r"not bootstrapped.*make cdk ARGS='bootstrap aws://123456789012/us-east-1"
    ):
        cloud.check_bootstrap("own")
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/cdk-bootstrap/own/version", Value="5", Type="String")
    with pytest.raises(DeploymentError, match="version 5, but version 6 is needed; run once: make cdk ARGS="):
        cloud.check_bootstrap("own")
    ssm.put_parameter(Name="/cdk-bootstrap/own/version", Value="28", Type="String", Overwrite=True)
    cloud.check_bootstrap("own")


def test_outputs_of_a_stage(aws: None) -> None:
    cloud = Cloud()
    with pytest.raises(DeploymentError, match=r"no stack serverless-dynamic-workflows-prod in us-east-1: first run"):
        cloud.stack_outputs("prod")
    boto3.client("cloudformation").create_stack(StackName="serverless-dynamic-workflows-prod", TemplateBody=STACK)
    assert cloud.stack_outputs("prod")["Topic"].startswith("arn:aws:sns:us-east-1:123456789012:")


def test_whether_a_table_is_there(aws: None) -> None:
    cloud = Cloud()
    assert not cloud.has_table("usage")
    boto3.client("dynamodb").create_table(
        TableName="usage",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert cloud.has_table("usage")


@pytest.mark.parametrize(("code", "found"), [("AccessDeniedException", []), ("InternalServerError", None)])
def test_secrets_that_may_not_be_read_are_not_asked_for(
    code: str, found: list[str] | None, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role with read access only, like the one for pull requests, gets no warning."""
    cloud, client = Cloud(), boto3.client("ssm")
    monkeypatch.setattr(cloud, "client", lambda service: client)
    with Stubber(client) as stubbed:
        stubbed.add_client_error("get_parameters", service_error_code=code)
        if found is None:
            with pytest.raises(DeploymentError, match="Parameter Store cannot be read"):
                cloud.missing_parameters(["/a"])
        else:
            assert cloud.missing_parameters(["/a"]) == found
