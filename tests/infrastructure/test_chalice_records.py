"""What `chalice deploy` created is found again without its records."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from chalice.config import DeployedResources
from moto import mock_aws

from infrastructure.chalice_records import found_records, records_file, take_over
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from tests.infrastructure.conftest import APP

HERE = "us-east-1:123456789012"


@cache
def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


def chalice_deployed(stage: str, *functions: str, apis: int = 0) -> list[str]:
    """Create what `chalice deploy` does, and return the ids of the APIs."""
    iam, client, gateway = (_client(service) for service in ("iam", "lambda", "apigateway"))
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="functions", AssumeRolePolicyDocument="{}")
    api_function = f"{APP}-{stage}"
    for name in (api_function, *(f"{APP}-{stage}-{one}" for one in functions)):
        with suppress(client.exceptions.ResourceConflictException):
            client.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Role="arn:aws:iam::123456789012:role/functions",
                Handler="app.app",
                Code={"ZipFile": b"x"},
            )
    made = []
    for _ in range(apis):
        api = gateway.create_rest_api(name=f"{APP}-{stage}")["id"]
        client.add_permission(
            FunctionName=api_function,
            StatementId=api,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{HERE}:{api}/*",
        )
        made.append(api)
    return made


def stack(stage: str, *outputs: str) -> None:
    template: dict[str, Any] = {
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": "x"} for name in outputs},
    }
    boto3.client("cloudformation").create_stack(StackName=f"{APP}-{stage}", TemplateBody=json.dumps(template))


@mock_aws
def test_api_and_functions_are_taken_over(tmp_path: Path) -> None:
    cloud = Cloud()
    assert take_over(cloud, "prod", tmp_path) is None  # a first deployment
    chalice_deployed("dev", "ping", apis=1)
    assert take_over(cloud, "prod", tmp_path) is None  # another stage's
    stack("prod", "UserPoolId")
    gone, api = chalice_deployed("prod", "ping", "run-status", apis=2)
    boto3.client("apigateway").delete_rest_api(restApiId=gone)
    taken = take_over(cloud, "prod", tmp_path)
    assert taken == f"stage prod was deployed from another folder: took over the API {api} and 3 functions"
    deployed = DeployedResources(json.loads(records_file(tmp_path, "prod").read_text()))  # as Chalice reads it
    assert set(deployed.resource_names()) == {"api_handler", "ping", "run-status", "rest_api"}
    assert deployed.resource_values("rest_api") == {
        "name": "rest_api",
        "resource_type": "rest_api",
        "rest_api_id": api,
        "rest_api_url": f"https://{api}.execute-api.us-east-1.amazonaws.com/api/",
    }
    assert deployed.resource_values("api_handler")["lambda_arn"] == f"arn:aws:lambda:{HERE}:function:{APP}-prod"
    assert deployed.resource_values("ping")["lambda_arn"] == f"arn:aws:lambda:{HERE}:function:{APP}-prod-ping"
    records_file(tmp_path, "prod").write_text("{}")
    assert take_over(cloud, "prod", tmp_path) is None  # Chalice knows best
    assert records_file(tmp_path, "prod").read_text() == "{}"


@mock_aws
def test_what_the_cdk_app_deployed_is_not_taken_over(tmp_path: Path) -> None:
    stack("prod", "UserPoolId", "ApiUrl")
    chalice_deployed("prod", "ping", apis=1)
    with pytest.raises(DeploymentError, match="were deployed by cdk: run `make deploy STAGE=prod API=cdk`, or "):
        take_over(Cloud(), "prod", tmp_path)
    assert not records_file(tmp_path, "prod").exists()


@mock_aws
def test_of_several_apis_the_operator_chooses(tmp_path: Path) -> None:
    first, second = chalice_deployed("prod", apis=2)
    with pytest.raises(DeploymentError) as raised:
        take_over(Cloud(), "prod", tmp_path)
    assert first in str(raised.value)
    assert second in str(raised.value)
    assert "aws apigateway delete-rest-api --rest-api-id" in str(raised.value)


@mock_aws
def test_a_first_deployment_that_failed_before_its_api(tmp_path: Path) -> None:
    chalice_deployed("prod", "ping")
    records = found_records(Cloud(), "prod")
    assert records is not None
    assert [one["name"] for one in records["resources"]] == ["api_handler", "ping"]
