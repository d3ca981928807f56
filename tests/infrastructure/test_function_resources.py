"""One function as CloudFormation."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from infrastructure.function_resources import FunctionSettings, function_resources, function_templates
from infrastructure.nested_stacks import MAX_RESOURCES, StackFullError
from infrastructure.stages import DEV, PROD

PING = FunctionSettings("my-ping", "app.my_ping", 60, 256)


def test_a_function_has_its_log_and_the_stage_s_environment() -> None:
    log, function = function_resources(PING, PROD, "python3.11").values()
    assert log["Properties"]["LogGroupName"] == "/aws/lambda/serverless-dynamic-workflows-prod-my-ping"
    properties = function["Properties"]
    assert properties["FunctionName"] == "serverless-dynamic-workflows-prod-my-ping"
    assert properties["Runtime"] == "python3.11"
    assert properties["Environment"]["Variables"] == {
        "API_URL": {"Ref": "ApiUrl"},
        "STAGE": "prod",
        "ACCOUNT_ID": {"Ref": "AWS::AccountId"},
        "USER_POOL_ID": {"Ref": "UserPoolId"},
        "USER_POOL_CLIENT_ID": {"Ref": "UserPoolClientId"},
        "CORS_ORIGINS": "*",
        "FLOW_ALIAS": "live",
        "LOG_LEVEL": "INFO",
        "TRACING": "on",
        "WAITING_PER_USER": "10",
        "WORKBENCH_GROUPS": "",
    }


def test_networks_that_webhooks_may_go_to() -> None:
    stage = replace(PROD, webhook_networks=("10.0.0.0/8", "fd00::/8"))
    _, function = function_resources(PING, stage, "python3.11").values()
    assert function["Properties"]["Environment"]["Variables"]["WEBHOOK_NETWORKS"] == "10.0.0.0/8,fd00::/8"


def test_what_the_project_has_set_for_chalice_is_carried_over() -> None:
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    own = replace(PING, properties={"VpcConfig": network}, variables={"OWN": "1", "STAGE": "other"})
    _, function = function_resources(own, DEV, "python3.12").values()
    assert function["Properties"]["VpcConfig"] == network
    assert function["Properties"]["Environment"]["Variables"]["OWN"] == "1"
    assert function["Properties"]["Environment"]["Variables"]["STAGE"] == "dev"


def test_many_functions_are_spread_and_none_is_lost() -> None:
    functions = [replace(PING, name=f"f{number}") for number in range(1500)]
    templates = function_templates(functions, PROD, "python3.11")
    sizes = [len(json.loads(template.text)["Resources"]) for template in templates]
    assert sum(sizes) == 3000
    assert len(sizes) == PROD.function_stacks
    assert max(sizes) <= MAX_RESOURCES
    with pytest.raises(StackFullError, match="function_stacks"):
        function_templates(functions, replace(PROD, function_stacks=1), "python3.11")
