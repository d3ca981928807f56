"""The configuration of `chalice deploy` for a stage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler import Project
from infrastructure.chalice_config import main, stage_section, write_section
from infrastructure.errors import DeploymentError
from infrastructure.stages import PROD

OUTPUTS = {
    "AccountId": "210987654321",
    "FunctionRoleArn": "arn:aws:iam::210987654321:role/serverless-dynamic-workflows-prod-eu-west-1",
    "Region": "eu-west-1",
    "UserPoolId": "eu-west-1_pool",
    "UserPoolClientId": "client",
}


def test_a_section_has_role_environment_and_every_function(project_flows: Project) -> None:
    section = stage_section(PROD, OUTPUTS, project_flows)
    assert section["iam_role_arn"] == OUTPUTS["FunctionRoleArn"]
    assert section["manage_iam_role"] is section["autogen_policy"] is False
    assert section["lambda_architecture"] == "arm64"
    assert section["environment_variables"] == {
        "STAGE": "prod",
        "ACCOUNT_ID": "210987654321",
        "USER_POOL_ID": "eu-west-1_pool",
        "USER_POOL_CLIENT_ID": "client",
        "CORS_ORIGINS": "*",
        "FLOW_ALIAS": "live",
        "LOG_LEVEL": "INFO",
        "TRACING": "on",
        "WAITING_PER_USER": "10",
        "WORKBENCH_GROUPS": "",
    }
    functions = section["lambda_functions"]
    own = {"api_handler", "approvals", "run-status", "run-sweep", "webhooks"}
    assert set(functions) == {*project_flows.settings, *own}
    assert functions["api_handler"] == {"reserved_concurrency": 200}
    for name, use in project_flows.settings.items():
        assert functions[name] == {"lambda_timeout": use.timeout, "lambda_memory_size": use.memory}


def test_chalice_reads_the_section_as_it_is_meant(project_flows: Project, tmp_path: Path) -> None:
    from chalice.config import Config

    write_section(tmp_path / ".chalice" / "config.json", "prod", stage_section(PROD, OUTPUTS, project_flows))
    document = json.loads((tmp_path / ".chalice" / "config.json").read_text())
    config = Config(chalice_stage="prod", config_from_disk=document)
    assert config.app_name == "serverless-dynamic-workflows"
    assert config.iam_role_arn == OUTPUTS["FunctionRoleArn"]
    assert config.environment_variables["STAGE"] == "prod"
    assert config.lambda_architecture == "arm64"
    assert config.xray_enabled is True
    assert config.scope("prod", "api_handler").lambda_timeout == PROD.api_timeout
    assert config.scope("prod", "run-status").lambda_timeout == 30


def test_other_stages_and_what_else_the_stage_has_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    former = {
        "subnet_ids": ["subnet-1"],
        "lambda_timeout": 3,
        "environment_variables": {"OWN": "1", "STAGE": "old", "WEBHOOK_NETWORKS": "10.0.0.0/8"},
        "lambda_functions": {"gone": {}, "ping": {"reserved_concurrency": 5, "lambda_timeout": 1}},
    }
    file.write_text(json.dumps({"version": "2.0", "app_name": "a", "stages": {"dev": {"x": 1}, "prod": former}}))
    section = {
        "lambda_timeout": 30,
        "environment_variables": {"STAGE": "prod"},
        "lambda_functions": {"ping": {"lambda_timeout": 60}},
    }
    write_section(file, "prod", section)
    assert json.loads(file.read_text())["stages"] == {
        "dev": {"x": 1},
        "prod": {
            "subnet_ids": ["subnet-1"],
            "lambda_timeout": 30,
            "environment_variables": {"OWN": "1", "STAGE": "prod"},
            "lambda_functions": {"ping": {"reserved_concurrency": 5, "lambda_timeout": 60}},
        },
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"stages": []}'])
def test_a_configuration_that_cannot_be_read_is_not_changed(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(DeploymentError, match="not a Chalice configuration"):
        write_section(file, "prod", {})
    assert file.read_text() == text


def test_a_stack_without_the_outputs_has_to_be_deployed_again(project_flows: Project) -> None:
    with pytest.raises(DeploymentError, match=r"no output FunctionRoleArn, UserPoolId: deploy it again with make cdk"):
        stage_section(PROD, {"AccountId": "1", "UserPoolClientId": "c"}, project_flows)


def test_an_unknown_stage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "prud"]) == 1
    assert capsys.readouterr().err.startswith("error: no stage 'prud': did you mean 'prod'?")
