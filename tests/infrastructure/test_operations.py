"""The commands around a deployment: destroying, logs, the API's stage."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.settings import PROJECT
from compiler import compile_project
from infrastructure import api_stage, destroy, logs
from infrastructure.chalice_records import records_file
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.function_resources import OWN_FUNCTIONS, logging_config
from infrastructure.stages import DEV, PROD, STAGES
from tests.infrastructure.conftest import APP
from tests.infrastructure.test_chalice_records import chalice_deployed

STACK = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
NOW = int(time.time() * 1000)  # moto drops events of other times


def _answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("answer", ["", "\n", "yes\n", "dev\n", "PROD\n"])
def test_prod_is_not_destroyed_without_its_name(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, answer)
    with pytest.raises(DeploymentError, match="nothing was destroyed"):
        destroy.confirm(PROD, "1", "us-east-1")


def test_prod_is_destroyed_when_its_name_is_given_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answer(monkeypatch, "prod\n")
    destroy.confirm(PROD, "123456789012", "us-east-1")
    assert "account 123456789012, us-east-1" in capsys.readouterr().out


def test_dev_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, "")
    destroy.confirm(DEV, "1", "us-east-1")


@mock_aws
def test_the_protection_is_lifted_after_the_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    lifted: list[dict[str, Any]] = []
    make = Cloud.client

    def client(self: Cloud, service: str) -> Any:  # the only operation that moto lacks
        made = make(self, service)
        made.update_termination_protection = lambda **request: lifted.append(request)
        return made

    monkeypatch.setattr(Cloud, "client", client)
    assert destroy.main(["--stage", "prod"]) == 1  # no such stack: no question
    boto3.client("cloudformation").create_stack(StackName=f"{APP}-prod", TemplateBody=STACK)
    _answer(monkeypatch, "no\n")
    assert destroy.main(["--stage", "prod"]) == 1
    assert lifted == []
    _answer(monkeypatch, "prod\n")
    assert destroy.main(["--stage", "prod"]) == 0
    assert lifted == [{"StackName": f"{APP}-prod", "EnableTerminationProtection": False}]


def test_what_chalice_has_deployed_elsewhere_is_not_left_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(destroy, "PROJECT", tmp_path)
    with mock_aws():
        boto3.client("cloudformation").create_stack(StackName=f"{APP}-dev", TemplateBody=STACK)
        assert destroy.main(["--stage", "dev"]) == 0  # `chalice deploy` never ran
        assert not records_file(tmp_path, "dev").exists()
        chalice_deployed("dev", "ping")
        assert destroy.main(["--stage", "dev"]) == 0
        assert "took over no API and 2 functions" in capsys.readouterr().out
        assert records_file(tmp_path, "dev").is_file()
        boto3.client("cloudformation").delete_stack(StackName=f"{APP}-dev")
        assert destroy.main(["--stage", "dev"]) == 0  # what Chalice created is still to be deleted


@mock_aws
def test_a_stage_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert destroy.main(["--stage", "dev"]) == 1
    assert capsys.readouterr().err == "error: there is no stage dev in account 123456789012, us-east-1\n"


@pytest.fixture
def log_client() -> Any:
    with mock_aws():
        client = boto3.client("logs")
        groups = {
            f"/aws/lambda/{APP}-prod": "api line",
            f"/aws/lambda/{APP}-prod-ping": "ping line",
            f"/aws/vendedlogs/states/{APP}-prod-orderFlow": "flow line",
            f"/aws/lambda/{APP}-production": "another stage",
            f"/aws/lambda/{APP}-dev-ping": "another stage",
        }
        for index, (group, message) in enumerate(groups.items()):
            client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName="s")
            event = {"timestamp": NOW - index * 1000, "message": message + "\n"}
            client.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
        yield client


def test_the_logs_of_a_stage_and_of_no_other(log_client: Any) -> None:
    assert set(logs.log_groups(log_client, "prod")) == {
        f"/aws/lambda/{APP}-prod",
        f"/aws/lambda/{APP}-prod-ping",
        f"/aws/vendedlogs/states/{APP}-prod-orderFlow",
    }


@pytest.mark.parametrize(("name", "group"), [("api", "/aws/lambda/{}-prod"), ("ping", "/aws/lambda/{}-prod-ping"),
                                             ("orderFlow", "/aws/vendedlogs/states/{}-prod-orderFlow")])  # fmt: skip
def test_the_logs_of_one(name: str, group: str, log_client: Any) -> None:
    assert logs.log_groups(log_client, "prod", name) == [group.format(APP)]


def test_lines_come_oldest_first_with_their_origin(log_client: Any) -> None:
    lines = [line for line, _ in logs.events(log_client, logs.log_groups(log_client, "prod"), NOW - 10_000)]
    assert [line.split("  ", 1)[1] for line in lines] == [
        "prod-orderFlow  flow line",
        "prod-ping  ping line",
        "prod  api line",
    ]
    assert lines[-1].startswith(datetime.fromtimestamp(NOW / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S."))
    assert list(logs.events(log_client, logs.log_groups(log_client, "prod"), NOW + 1)) == []


def test_a_name_without_logs_is_one_line(log_client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.main(["--stage", "prod", "--name", "nope"]) == 1
    assert capsys.readouterr().err == "error: the stage prod has no logs of 'nope'\n"


def test_functions_of_chalice_log_as_the_stage_says() -> None:
    client, config = boto3.client("lambda"), logging_config(PROD)
    assert config == {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    name = {"FunctionName": "new"}
    with Stubber(client) as stub:
        stub.add_response("get_function_configuration", {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "g"}}, name)
        stub.add_response("get_function", {"Configuration": {"LastUpdateStatus": "Successful"}}, name)
        stub.add_response("update_function_configuration", {}, {**name, "LoggingConfig": config})
        stub.add_response(
            "get_function_configuration", {"LoggingConfig": {**config, "LogGroup": "g"}}, {"FunctionName": "same"}
        )
        api_stage.set_logging(client, ["new", "same"], config)
        stub.assert_no_pending_responses()


def _deployed(project: Path, resources: list[dict[str, str]], stage: str = "prod") -> None:
    folder = project / ".chalice" / "deployed"
    folder.mkdir(parents=True)
    (folder / f"{stage}.json").write_text(json.dumps({"resources": resources}))


def test_the_api_of_chalice_is_found_or_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="chalice deploy --stage prod"):
        api_stage.deployed_api(tmp_path, "prod")
    _deployed(tmp_path, [{"name": "api_handler"}, {"name": "rest_api", "rest_api_id": "abc"}])
    assert api_stage.deployed_api(tmp_path, "prod") == "abc"


@mock_aws
def test_throttling_is_set_as_the_stage_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("apigateway")
    api = client.create_rest_api(name="x")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(
        restApiId=api, resourceId=root, httpMethod="GET", type="MOCK", uri="x", integrationHttpMethod="POST"
    )
    client.create_deployment(restApiId=api, stageName="api")
    _deployed(tmp_path, [{"name": "rest_api", "rest_api_id": api}])
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions, name = boto3.client("lambda"), "serverless-dynamic-workflows-prod-run-status"
    flows = compile_project(PROJECT)
    deployed = [f"{APP}-prod", *(f"{APP}-prod-{each}" for each in (*OWN_FUNCTIONS, *flows.settings))]
    for each in deployed:
        functions.create_function(
            FunctionName=each, Runtime="python3.11", Role=role, Handler="h", Code={"ZipFile": b"x"}
        )
    monkeypatch.setattr(api_stage, "PROJECT", tmp_path)
    assert api_stage.main(["--stage", "prod"]) == 0
    assert "accessLogSettings" not in client.get_stage(restApiId=api, stageName="api")
    logging = replace(PROD, access_log=True)
    monkeypatch.setitem(STAGES, "prod", logging)
    assert api_stage.main(["--stage", "prod"]) == 0
    found = client.get_stage(restApiId=api, stageName="api")["accessLogSettings"]
    assert found["destinationArn"].endswith(":log-group:/aws/apigateway/serverless-dynamic-workflows-prod")
    assert json.loads(found["format"])["route"] == "$context.resourcePath"
    monkeypatch.setitem(STAGES, "prod", PROD)
    assert api_stage.main(["--stage", "prod"]) == 0
    assert not client.get_stage(restApiId=api, stageName="api").get("accessLogSettings")
    settings = client.get_stage(restApiId=api, stageName="api")["methodSettings"]
    limits = {key: (one["throttlingRateLimit"], one["throttlingBurstLimit"]) for key, one in settings.items()}
    assert limits.pop("*/*") == (500.0, 1000)
    assert limits["~1run~1{flow_name}/POST"] == limits["~1health/GET"] == limits["~1/GET"] == (50.0, 100)
    assert set(limits.values()) == {(50.0, 100)}
    undelivered = functions.get_function_event_invoke_config(FunctionName=name)["DestinationConfig"]["OnFailure"]
    assert undelivered["Destination"].endswith(":serverless-dynamic-workflows-prod-dead-letters")
