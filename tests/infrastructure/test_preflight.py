"""What stops a deployment before anything is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from chalicelib.settings import PROJECT
from infrastructure import preflight, stages
from infrastructure.bootstrap.policies import QUALIFIER
from infrastructure.chalice_records import records_file
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.stages import PROD, STAGES
from plugin_manager.install import install
from tests.infrastructure.test_chalice_records import chalice_deployed
from tests.plugin_manager.projects import write

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/mine/version"
FLOW = "name: one\ndefinition: {StartAt: A, States: {A: {Type: Pass, End: true}}}\n"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `node` on the path that prints a version."""

    def put(version: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "node").write_text(f"#!/bin/sh\necho {version}\n")
        (folder / "node").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.fixture
def project(make_project: Callable[..., Path]) -> Path:
    root = make_project({"one": FLOW})
    (root / "package.json").write_text((PROJECT / "package.json").read_text())
    (root / "cdk.json").write_text(json.dumps({"context": {QUALIFIER: "mine"}}))
    _install_cdk(root, json.loads((PROJECT / "package.json").read_text())["devDependencies"]["aws-cdk"])
    return root


def _install_cdk(root: Path, version: str) -> None:
    folder = root / "node_modules" / "aws-cdk"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))


def test_all_is_well(project: Path, node: Callable[[str], None]) -> None:
    node("v22.1.0")
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="28", Type="String")
        _, found = preflight.check("prod", project)
    assert found == "stage prod: 1 flows to account 123456789012, region us-east-1"


def test_an_access_log_needs_a_role_of_the_account(
    project: Path, node: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    node("v22.1.0")
    monkeypatch.setitem(STAGES, "prod", replace(PROD, access_log=True))
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="28", Type="String")
        with pytest.raises(DeploymentError, match="access_log: API Gateway has no role for logs in 123456789012"):
            preflight.check("prod", project)
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
        boto3.client("apigateway").update_account(patchOperations=[role])
        preflight.check("prod", project)


@pytest.mark.parametrize("written", [None, "", "Mine", "too-long-12"])
def test_the_qualifier_of_the_bootstrap_is_pinned(
    written: str | None, project: Path, node: Callable[[str], None]
) -> None:
    node("v22.1.0")
    (project / "cdk.json").write_text(json.dumps({"context": {QUALIFIER: written}}))
    with mock_aws(), pytest.raises(DeploymentError, match=r"cdk\.json: context: .* must be 1 to 10 lower-case letters"):
        preflight.check("prod", project)


def test_roles_need_a_boundary_where_the_account_was_prepared_for_it(
    project: Path, node: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    node("v22.1.0")
    toolkit = {
        "Parameters": {"CloudFormationExecutionPolicies": {"Type": "String"}},
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
    }
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="28", Type="String")
        given = "arn:aws:iam::123456789012:policy/serverless-dynamic-workflows-execution-1-us-east-1,arn:x"
        boto3.client("cloudformation").create_stack(
            StackName="CDKToolkit",
            TemplateBody=json.dumps(toolkit),
            Parameters=[{"ParameterKey": "CloudFormationExecutionPolicies", "ParameterValue": given}],
        )
        with pytest.raises(DeploymentError, match='set permissions_boundary="serverless-dynamic-workflows-boundary"'):
            preflight.check("prod", project)
        bounded = replace(PROD, permissions_boundary="serverless-dynamic-workflows-boundary")
        monkeypatch.setattr(stages, "STAGES", {"prod": bounded})
        preflight.check("prod", project)


def test_what_chalice_deployed_from_another_folder_is_not_deployed_twice(
    project: Path, node: Callable[[str], None]
) -> None:
    node("v22.1.0")
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="28", Type="String")
        preflight.check("prod", project, api="chalice")
        chalice_deployed("prod", apis=1)
        preflight.check("prod", project, api="chalice")  # is taken over
        chalice_deployed("prod", apis=1)
        with pytest.raises(DeploymentError, match="delete all but the one that is in use"):
            preflight.check("prod", project, api="chalice")
        records_file(project, "prod").parent.mkdir(parents=True)
        records_file(project, "prod").write_text("{}")
        preflight.check("prod", project, api="chalice")


def stack(status: str, *outputs: str) -> dict[str, Any]:
    return {
        "StackStatus": status,
        "EnableTerminationProtection": True,
        "Outputs": [{"OutputKey": key, "OutputValue": "x"} for key in outputs],
    }


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_the_two_front_doors_are_not_mixed(status: str) -> None:
    by_cdk, by_chalice = stack(status, "ApiUrl", "UserPoolId"), stack(status, "UserPoolId")
    preflight.check_deployed(by_cdk, "prod", "cdk")
    preflight.check_deployed(by_chalice, "prod", "chalice")
    preflight.check_deployed(None, "prod", "chalice")
    with pytest.raises(
        DeploymentError, match="were deployed by cdk: run `make deploy STAGE=prod API=cdk`, or first `make d"
    ):
        preflight.check_deployed(by_cdk, "prod", "chalice")
    with pytest.raises(DeploymentError, match="were deployed by chalice: run `make deploy STAGE=prod API=chalice`, or"):
        preflight.check_deployed(by_chalice, "prod", "cdk")


def test_a_stack_that_is_stuck_is_one_line() -> None:
    with pytest.raises(DeploymentError, match="could not be rolled back: run `make cdk ARGS='rollback -c stage=prod"):
        preflight.check_deployed(stack("UPDATE_ROLLBACK_FAILED", "ApiUrl"), "prod", "cdk")


class StageCloud:
    """A cloud with a stack, or none."""

    region, account = "us-east-1", "123456789012"

    def __init__(self, described: dict[str, Any] | None) -> None:
        self.described = described
        self.lifted: list[str] = []

    def stack(self, stage: str) -> dict[str, Any] | None:
        return self.described

    def lift_protection(self, stage: str) -> None:
        self.lifted.append(stage)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE"])
def test_what_a_failed_first_deployment_left_may_be_deleted(status: str) -> None:
    preflight.check_deployed(stack(status), "prod", "cdk")
    cloud = StageCloud(stack(status))
    preflight.clear_the_way(cast(Cloud, cloud), PROD)
    assert cloud.lifted == ["prod"]


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"])
def test_a_stage_that_serves_stays_protected(status: str) -> None:
    cloud = StageCloud(stack(status, "ApiUrl", "UserPoolId"))
    preflight.clear_the_way(cast(Cloud, cloud), PROD)
    assert cloud.lifted == []


@pytest.mark.parametrize("status", ["IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
@pytest.mark.parametrize("api", ["cdk", "chalice"])
def test_a_stack_of_nothing_but_kept_data_may_get_either_front_door(status: str, api: str) -> None:
    preflight.check_deployed(stack(status), "prod", api)
    cloud = StageCloud(stack(status))
    preflight.clear_the_way(cast(Cloud, cloud), PROD)
    assert cloud.lifted == []  # it has the data: it is updated, not deleted


def test_the_user_pool_of_a_stage_that_serves_cannot_be_exchanged() -> None:
    described = stack("UPDATE_COMPLETE", "ApiUrl")
    described["Outputs"].append({"OutputKey": "UserPoolId", "OutputValue": "us-east-1_Mine"})
    cloud = cast(Cloud, StageCloud(described))
    for harmless in (None, "us-east-1_Mine", "eu-west-1_Other"):
        assert preflight.check_kept(cloud, replace(PROD, user_pool_id=harmless)) == ""
    with pytest.raises(
        DeploymentError, match="has the user pool us-east-1_Mine, and user_pool_id can choose another o"
    ):
        preflight.check_kept(cloud, replace(PROD, user_pool_id="us-east-1_Other"))


def test_secrets_that_plugins_expect(project: Path, node: Callable[[str], None]) -> None:
    node("v22.1.0")
    secrets = "".join(f'KEY_{number} = "A key."\n' for number in range(12))
    write(project / "acme", {"plugin.toml": f'name = "acme"\nversion = "1"\n[secrets]\n{secrets}', "lib/x": ""})
    write(project, {"config.json": '{"plugins": ["./acme"]}'})
    install(project)
    with mock_aws():
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name=BOOTSTRAP_PARAMETER, Value="28", Type="String")
        for number in range(11):
            name = f"/serverless-dynamic-workflows/prod/KEY_{number}"
            ssm.put_parameter(Name=name, Value="v", Type="SecureString")
        (_, warning) = preflight.check("prod", project)[1].splitlines()
    assert warning.startswith("warning: plugin acme expects a secret: aws ssm put-parameter --type SecureString ")
    assert "--name /serverless-dynamic-workflows/prod/KEY_11 " in warning


def test_plugins_are_as_they_are_locked(project: Path) -> None:
    write(project / "acme", {"plugin.toml": 'name = "acme"\nversion = "1"\n', "lib/x": ""})
    write(project, {"config.json": '{"plugins": ["./acme"]}'})
    with pytest.raises(DeploymentError, match=r"plugins: \./acme is not in plugins\.lock: run `make plugins`"):
        preflight.check("prod", project)


def test_no_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        DeploymentError, match="Node is not installed, but CDK needs Node 20 or newer: run `make setup`"
    ):
        preflight.check_node()


@pytest.mark.parametrize(("version", "message"), [("v18.20.1", "v18.20.1 is too old"), ("hello", "printed 'hello'")])
def test_a_node_that_does_not_fit(version: str, message: str, node: Callable[[str], None]) -> None:
    node(version)
    with pytest.raises(DeploymentError, match=message):
        preflight.check_node()


def test_cdk_missing_or_of_another_version(project: Path) -> None:
    preflight.check_cdk(project)
    _install_cdk(project, "3.0.0")
    with pytest.raises(
        DeploymentError, match=r"cdk 3\.0\.0 is installed, but the project needs 2\.\d+\.\d+: run `npm ci`"
    ):
        preflight.check_cdk(project)
    (project / "node_modules" / "aws-cdk" / "package.json").unlink()
    with pytest.raises(DeploymentError, match="not installed: run `npm ci`"):
        preflight.check_cdk(project)


def test_broken_permissions_are_found_first(project: Path) -> None:
    (project / "lambda-permissions.yml").write_text("iamRoleStatements: [x]\n")
    with pytest.raises(DeploymentError, match=r"lambda-permissions\.yml, statement 1"):
        preflight.check("prod", project)


def test_what_exceeds_a_quota_is_found_first(project: Path) -> None:
    actions = ", ".join(f"'s3:GetObject{'x' * 100}{number}'" for number in range(700))
    granted = f"permissions: [{{Action: [{actions}], Resource: '*'}}]\n"
    (project / "flows" / "one.yml").write_text(FLOW + granted)
    with pytest.raises(DeploymentError, match=r"flow one: its role would need policies of .* 71,680 a role"):
        preflight.check("prod", project)
    (project / "flows" / "one.yml").write_text(FLOW)
    (project / "lambda-permissions.yml").write_text(f"iamRoleStatements: [{{Action: [{actions}], Resource: '*'}}]\n")
    with pytest.raises(DeploymentError, match="API and the functions: its role would need policies of"):
        preflight.check("prod", project)


def test_the_command_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight.main(["--stage", "nope"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: no stage 'nope': available: dev, prod.")
    assert printed.err.count("\n") == 1
