"""What boto3 finds out about the project's functions, those created by Lambda's API, and their logs."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of
from tests.localcloud.test_endpoint import create_function, invoke


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def created(cloud: Cloud) -> str:
    create_function(cloud, "zz-created", "def handler(event, context): return 1\n", Publish=True)
    return "zz-created"


def test_lists_have_the_projects_functions_and_created_ones(cloud: Cloud, created: str) -> None:
    client = client_of(cloud, "lambda")
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    assert names == sorted(names)
    assert {cloud.names.resource("greet"), cloud.names.resource("run-status"), created} <= set(names)
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    assert [function["FunctionName"] for page in pages for function in page["Functions"]] == names
    versions = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert {function["Version"] for function in versions if function["FunctionName"] == created} == {"$LATEST", "1"}


def test_another_region_has_none(cloud: Cloud) -> None:
    import boto3

    client: Any = boto3.client("lambda", endpoint_url=cloud.endpoint, region_name="eu-west-1")
    assert client.list_functions()["Functions"] == []
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=cloud.names.resource("greet"))


def test_a_function_is_as_its_flow_and_its_files_say(cloud: Cloud) -> None:
    client, name = client_of(cloud, "lambda"), cloud.names.resource("greet")
    function = client.get_function(FunctionName=name)
    configuration = function["Configuration"]
    expected = {
        "FunctionName": name,
        "FunctionArn": cloud.names.function_arn("greet"),
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Handler": "app.greet",
        "Timeout": 7,
        "MemorySize": 512,
        "State": "Active",
        "Version": "$LATEST",
    }
    assert {key: configuration[key] for key in expected} == expected
    variables = configuration["Environment"]["Variables"]
    assert variables["STAGE"] == cloud.names.stage
    assert not any(key.startswith("AWS_") for key in variables)
    assert function["Code"]["Location"].endswith("chalicelib/lib/greet")
    arn = cloud.names.function_arn("greet")
    again = client.get_function_configuration(FunctionName=arn, Qualifier="$LATEST")
    assert again["RevisionId"] == configuration["RevisionId"]
    assert client.list_versions_by_function(FunctionName=name)["Versions"][0]["FunctionArn"] == arn
    assert client.list_aliases(FunctionName=name)["Aliases"] == []
    assert client.list_tags(Resource=arn)["Tags"] == {}
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
    client.get_waiter("function_active_v2").wait(FunctionName=name)


@pytest.mark.parametrize("name", ["none", "greet:7", "greet:live"])
def test_what_does_not_exist(cloud: Cloud, name: str) -> None:
    client = client_of(cloud, "lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=r"(?i)function not found"):
        client.get_function(FunctionName=cloud.names.resource(name))


def test_the_projects_functions_are_changed_by_their_files(cloud: Cloud) -> None:
    client, name = client_of(cloud, "lambda"), cloud.names.resource("greet")
    with pytest.raises(ClientError, match=r"change the files in .*chalicelib/lib/greet instead") as refused:
        client.update_function_configuration(FunctionName=name, Timeout=3)
    assert code_of(refused) == "ResourceConflictException"
    with pytest.raises(ClientError, match="belongs to the framework"):
        client.delete_function(FunctionName=cloud.names.resource("run-status"))
    with pytest.raises(ClientError, match="is a function of this project") as refused:
        create_function(cloud, name, "")
    assert code_of(refused) == "ResourceConflictException"


def test_the_functions_that_moto_has_stay_its_own(cloud: Cloud, created: str) -> None:
    client = client_of(cloud, "lambda")
    client.update_function_configuration(FunctionName=created, Timeout=9)
    assert client.get_function(FunctionName=created)["Configuration"]["Timeout"] == 9


def test_the_logs_of_a_function(cloud: Cloud) -> None:
    logs, group = client_of(cloud, "logs"), f"/aws/lambda/{cloud.names.resource('greet')}"
    assert group in {found["logGroupName"] for found in logs.describe_log_groups()["logGroups"]}
    request_id = invoke(cloud, cloud.names.resource("greet"), {"name": "Ada"})["ResponseMetadata"]["RequestId"]
    (stream, *_) = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
        "events"
    ]
    assert f"START RequestId: {request_id} Version: $LATEST\n" in [event["message"] for event in events]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern=f'"{request_id}"', PaginationConfig={"PageSize": 1}
    )
    found = [event["message"].split()[0] for page in pages for event in page["events"]]
    assert found == ["START", "END", "REPORT"]
