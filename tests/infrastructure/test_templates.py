"""The templates of the project's own stages, as CloudFormation would get them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.flows.schedule import parse_schedule
from compiler import Project
from infrastructure.function_resources import OWN_FUNCTIONS, environment
from infrastructure.identity import user_resources
from infrastructure.linting.excuses import EXCUSES, read_excuses, unexcused
from infrastructure.linting.templates import expand
from infrastructure.linting.tools import cfn_lint
from infrastructure.stages import PROD, STAGES
from infrastructure.throttling import SLOW
from infrastructure.tokens import template_names
from tests.infrastructure.conftest import APP, FAKE_AWS, Assembly, as_text, statements

ARN = "arn:${AWS::Partition}"
HERE = "${AWS::Region}:${AWS::AccountId}"


ASSEMBLIES = ("prod-cdk", "prod-chalice", "dev-chalice")


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_cfn_lint_finds_nothing(name: str, assemblies: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in FAKE_AWS.items():
        monkeypatch.setenv(variable, value)
    nested, template = Assembly(assemblies / name).nested, Assembly(assemblies / name).template
    if name == "prod-chalice":  # flows are the same either way
        linted = Assembly(assemblies / "prod-cdk").nested
        nested = {key: content for key, content in nested.items() if content != linted.get(key)}
    templates = {**nested, "Root": expand(template) if "Transform" in template else template}
    assert len(templates) > 1
    folder = tmp_path / name
    folder.mkdir()
    for key, content in templates.items():
        (folder / f"{key}.json").write_text(json.dumps(content))
    assert [str(finding) for finding in unexcused(cfn_lint([folder]), read_excuses(EXCUSES))] == []


def test_the_api_has_one_stage_only(prod: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "AWS_DEFAULT_REGION", "us-east-1")
    expanded = expand(prod.template)["Resources"]
    stages = [r for r in expanded.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    (stage,) = stages
    assert stage["Properties"]["StageName"] == "api"
    assert stage["Properties"]["TracingEnabled"] is True
    settings, *of_methods = stage["Properties"]["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (500, 1000)
    assert {(one["ThrottlingRateLimit"], one["ThrottlingBurstLimit"]) for one in of_methods} == {(50, 100)}
    (body,) = [r["Properties"]["Body"] for r in expanded.values() if r["Type"] == "AWS::ApiGateway::RestApi"]
    # Methods without an authorizer are limited, and no method is named that the API doesn't have.
    limited = {(one["HttpMethod"], one["ResourcePath"][1:].replace("~1", "/") or "/") for one in of_methods}
    methods = {(m.upper(), path): described for path, ms in body["paths"].items() for m, described in ms.items()}
    assert limited <= set(methods)
    open_to_all = {key for key, described in methods.items() if not described.get("security") and key[0] != "OPTIONS"}
    assert open_to_all <= limited
    assert limited - open_to_all == SLOW - {("POST", "/mcp")}
    (function,) = [r for key, r in expanded.items() if key == "APIHandler"]
    assert function["Properties"]["ReservedConcurrentExecutions"] == 200


def test_every_flow_has_its_resources(prod: Assembly, project_flows: Project) -> None:
    machines = prod.of_type("AWS::StepFunctions::StateMachine").values()
    assert {m["Properties"]["StateMachineName"] for m in machines} == {
        f"{APP}-prod-{name}" for name in project_flows.flows
    }
    for kind in ("StateMachineVersion", "StateMachineAlias"):
        assert len(prod.of_type(f"AWS::StepFunctions::{kind}")) == len(project_flows.flows)
    scheduled = {flow.name for flow in project_flows.flows.values() if flow.schedule}
    assert scheduled
    assert {s["Properties"]["Name"] for s in prod.of_type("AWS::Scheduler::Schedule").values()} == scheduled


def test_a_state_machine_role_allows_nothing_but_its_own(prod: Assembly, project_flows: Project) -> None:
    stars = {"LogDelivery", "Tracing"}  # for which IAM has no resources
    for name, flow in project_flows.flows.items():
        prefix = next(
            key.removesuffix("StateMachine")
            for key, machine in prod.of_type("AWS::StepFunctions::StateMachine").items()
            if machine["Properties"]["StateMachineName"] == f"{APP}-prod-{name}"
        )
        role = prod.of_type("AWS::IAM::Role")[prefix + "Role"]
        trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
        assert trust["Principal"] == {"Service": "states.amazonaws.com"}
        machine = f"{ARN}:states:{HERE}:stateMachine:{APP}-prod-{name}"
        sources = {as_text(source) for source in trust["Condition"]["ArnLike"]["aws:SourceArn"]}
        assert sources == {machine, f"{machine}:*", f"{machine}/*"}
        own = {f"{ARN}:lambda:{HERE}:function:{APP}-prod-{use.function}" for use in flow.functions}
        own |= {f"{ARN}:states:{HERE}:stateMachine:{APP}-prod-{reference}:live" for reference in flow.references}
        own |= {f"{ARN}:states:{HERE}:execution:{APP}-prod-{reference}:*" for reference in flow.references}
        for statement in statements(role):
            if statement["Sid"] in stars:
                assert statement["Resource"] == ["*"]
                assert all(action.startswith(("logs:", "xray:")) for action in statement["Action"])
            elif not any(action.startswith("events:") for action in statement["Action"]):
                assert {as_text(resource) for resource in statement["Resource"]} <= own, statement
            else:  # starting a flow and waiting for it needs a rule of Step Functions
                (rule,) = statement["Resource"]
                assert as_text(rule).endswith(":rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")
            assert not any("*" in action for action in statement["Action"])


def test_definitions_have_no_placeholder_left(prod: Assembly, project_flows: Project) -> None:
    for machine in prod.of_type("AWS::StepFunctions::StateMachine").values():
        text = as_text(machine["Properties"]["DefinitionString"])
        for name in ("AWS::Partition", "AWS::Region", "AWS::AccountId"):
            text = text.replace("${" + name + "}", "x")
        assert "${" not in text
        assert json.loads(text)["StartAt"]


def test_functions_have_the_settings_that_flows_ask_for(prod: Assembly, project_flows: Project) -> None:
    functions = {
        f["Properties"]["FunctionName"]: f["Properties"] for f in prod.of_type("AWS::Lambda::Function").values()
    }
    assert set(functions) == {f"{APP}-prod-{name}" for name in [*project_flows.settings, *OWN_FUNCTIONS]}
    for name, use in project_flows.settings.items():
        made = functions[f"{APP}-prod-{name}"]
        assert (made["Timeout"], made["MemorySize"]) == (use.timeout, use.memory)
        assert made["Handler"] == f"app.{name.replace('-', '_')}"
    for made in functions.values():
        assert made["Architectures"] == ["arm64"]
        assert made["Environment"]["Variables"]["STAGE"] == "prod"
        assert made["TracingConfig"] == {"Mode": "Active"}


def test_the_api_knows_its_users_and_its_stage(prod: Assembly) -> None:
    api = prod.template["Resources"]["APIHandler"]["Properties"]
    assert api["FunctionName"] == f"{APP}-prod"
    variables = api["Environment"]["Variables"]
    assert variables["USER_POOL_ID"] == {"Ref": "UserPool"}
    assert variables["FLOW_ALIAS"] == "live"
    definition = prod.template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    (scheme,) = definition["securityDefinitions"].values()
    assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == [{"Fn::GetAtt": ["UserPool", "Arn"]}]
    open_paths = {
        path
        for path, methods in definition["paths"].items()
        for method, operation in methods.items()
        if method != "options" and "security" not in operation
    }
    metadata = "/.well-known/oauth-protected-resource"
    by_link = "/approvals/{approval_id}"  # without the key of a link, the application asks for a token
    assert open_paths == {
        *("/", "/auth/config", "/openapi.json", "/health", "/mcp", metadata, f"{metadata}/{{resource}}", by_link),
        *(path for path in open_paths if path.startswith("/console")),
    }


def test_no_schedule_starts_a_flow_before_its_functions_are_there(prod: Assembly) -> None:
    nested = prod.template["Resources"]
    functions = {name for name in prod.nested if name.startswith("Functions")}
    for name in prod.nested:
        if name.startswith("Flows"):
            assert set(nested[name]["DependsOn"]) == functions


def test_a_schedule_has_input_retry_and_dead_letters(prod: Assembly, project_flows: Project) -> None:
    for schedule in prod.of_type("AWS::Scheduler::Schedule").values():
        properties = schedule["Properties"]
        flow = project_flows.flows[properties["Name"]]
        assert flow.schedule is not None
        assert properties["ScheduleExpression"] == flow.schedule.expression
        assert properties["ScheduleExpressionTimezone"] == flow.schedule.timezone
        assert properties["GroupName"] == f"{APP}-prod-flows"
        target = properties["Target"]
        request = json.loads(as_text(target["Input"]))
        assert json.loads(request["Input"]) == (flow.input or {})
        assert request["StateMachineArn"].endswith(f"-prod-{flow.name}:live")
        assert schedule["DependsOn"][0].endswith("Alias")
        assert as_text(target["Arn"]).endswith(":scheduler:::aws-sdk:sfn:startExecution")
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert target["DeadLetterConfig"] == {"Arn": {"Ref": "DeadLetterQueueArn"}}


def test_users_cannot_sign_up_nor_be_guessed(prod: Assembly) -> None:
    resources = prod.template["Resources"]
    pool, client = resources["UserPool"]["Properties"], resources["UserPoolClient"]["Properties"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    password = pool["Policies"]["PasswordPolicy"]
    assert password["MinimumLength"] >= 12
    assert all(password[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    flows = {"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert set(client["ExplicitAuthFlows"]) == flows  # none that only the scripts need
    assert client["IdTokenValidity"] == client["AccessTokenValidity"] == 60
    assert client["TokenValidityUnits"]["IdToken"] == "minutes"
    assert not prod.of_type("AWS::Cognito::UserPoolGroup")  # a stack would delete them with their members


@pytest.mark.parametrize(
    ("setting", "asked", "apps"),
    [
        ("off", "OFF", None),
        ("optional", "OPTIONAL", ["SOFTWARE_TOKEN_MFA"]),
        ("admins", "OPTIONAL", ["SOFTWARE_TOKEN_MFA"]),
        ("required", "ON", ["SOFTWARE_TOKEN_MFA"]),
    ],
)
def test_the_second_factor_is_a_setting(setting: Any, asked: str, apps: list[str] | None) -> None:
    stage = replace(PROD, mfa=setting)
    stage.check()
    pool = user_resources(stage, template_names("prod"))["UserPool"]["Properties"]
    assert (pool["MfaConfiguration"], pool.get("EnabledMfas")) == (asked, apps)
    variables = environment(stage, "1", "pool", "client")
    assert variables.get("ADMIN_MFA") == ("required" if setting == "admins" else None)


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_tables_are_recoverable_and_kept_in_prod(name: str, assemblies: Path) -> None:
    assembly, stage = Assembly(assemblies / name), name.partition("-")[0]
    policy = "Retain" if stage == "prod" else "Delete"
    tables = assembly.of_type("AWS::DynamoDB::Table")
    keys = {
        t["Properties"]["TableName"]: [k["AttributeName"] for k in t["Properties"]["KeySchema"]]
        for t in tables.values()
    }
    assert keys == {f"{APP}-{stage}-usage": ["userId", "yearMonth"], f"{APP}-{stage}-runs": ["userId", "itemId"]}
    for table in tables.values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == policy
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert properties["DeletionProtectionEnabled"] is (stage == "prod")
    for name in ("UserPool", "UserPoolClient"):
        assert assembly.template["Resources"][name]["DeletionPolicy"] == policy


def test_changes_of_runs_reach_the_function_that_records_them(prod: Assembly) -> None:
    rule = prod.template["Resources"]["RunStatusRule"]["Properties"]
    (prefix,) = rule["EventPattern"]["detail"]["stateMachineArn"]
    assert as_text(prefix["prefix"]) == f"{ARN}:states:{HERE}:stateMachine:{APP}-prod-"
    (target,) = rule["Targets"]
    assert as_text(target["Arn"]) == f"{ARN}:lambda:{HERE}:function:{APP}-prod-run-status"
    sweep = prod.template["Resources"]["RunSweepRule"]["Properties"]
    assert parse_schedule(sweep["ScheduleExpression"])
    (nightly,) = sweep["Targets"]
    assert as_text(nightly["Arn"]) == f"{ARN}:lambda:{HERE}:function:{APP}-prod-run-sweep"
    (statement,) = statements(prod.template["Resources"]["RunStatusRole"])
    assert [as_text(arn) for arn in statement["Resource"]] == [as_text(target["Arn"]), as_text(nightly["Arn"])]
    trust = prod.template["Resources"]["RunStatusRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    rules = [as_text(arn) for arn in trust["Condition"]["ArnLike"]["aws:SourceArn"]]
    assert rules == [f"{ARN}:events:{HERE}:rule/{each['Name']}" for each in (rule, sweep)]


def test_alarms_go_to_the_topic_and_the_dashboard_is_json(prod: Assembly, project_flows: Project) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    express = [flow for flow in project_flows.flows.values() if flow.type == "EXPRESS"]
    assert len(alarms) == len(express) + 6
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] in ([{"Ref": "AlarmTopic"}], [{"Ref": "AlarmTopicArn"}])
    body = json.loads(as_text(prod.template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]))
    assert {w["properties"]["title"] for w in body["widgets"]} >= {"Requests", "Latency", "Runs", "Dead letters"}


def test_what_run_status_cannot_record_is_kept(prod: Assembly) -> None:
    configured = prod.of_type("AWS::Lambda::EventInvokeConfig")
    assert len(configured) == 2  # of run-status and of run-sweep
    for key, config in configured.items():
        destination = config["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
        assert destination == {"Ref": "DeadLetterQueueArn"}
        (stack,) = [name for name, nested in prod.nested.items() if key in nested["Resources"]]
        given = prod.template["Resources"][stack]["Properties"]["Parameters"]
        assert given["DeadLetterQueueArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    allowed = {action for s in statements(prod.template["Resources"]["FunctionRole"]) for action in s["Action"]}
    assert "sqs:SendMessage" in allowed


def test_a_stage_can_be_deployed_to_several_regions_of_an_account(prod: Assembly) -> None:
    """Names that are global in an account have the region in them, and fit for the longest stage and region."""
    global_names = {
        "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
        "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
        "AWS::IAM::Policy": ("PolicyName", 128),
        "AWS::IAM::Role": ("RoleName", 64),
        "AWS::S3::Bucket": ("BucketName", 63),
    }
    found = []
    for kind, (property_name, limit) in global_names.items():
        for resource in prod.of_type(kind).values():
            if property_name in resource["Properties"]:
                name = as_text(resource["Properties"][property_name])
                found.append(name)
                assert "${AWS::Region}" in name
                assert len(name.replace("${AWS::Region}", "us-isof-south-1").replace("prod", "p" * 16)) <= limit
    assert len(found) == 2


def test_everything_is_tagged(prod: Assembly) -> None:
    taggable = {
        "AWS::CloudFormation::Stack", "AWS::CloudWatch::Alarm", "AWS::Cognito::UserPool", "AWS::DynamoDB::Table",
        "AWS::Events::Rule", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::SNS::Topic",
        "AWS::SQS::Queue", "AWS::Scheduler::ScheduleGroup", "AWS::Serverless::Api", "AWS::Serverless::Function",
        "AWS::StepFunctions::StateMachine",
    }  # fmt: skip
    for kind in sorted(taggable):
        for name, resource in prod.of_type(kind).items():
            tags = resource["Properties"].get("Tags") or resource["Properties"].get("UserPoolTags")
            if isinstance(tags, list):
                tags = {tag["Key"]: tag["Value"] for tag in tags}
            assert tags == {"Application": APP, "Stage": "prod"}, name


def test_the_second_front_door_leaves_out_api_and_functions(dev: Assembly, project_flows: Project) -> None:
    assert not dev.of_type("AWS::Lambda::Function")
    assert not dev.of_type("AWS::Serverless::Function")
    assert not dev.of_type("AWS::Serverless::Api")
    assert len(dev.of_type("AWS::StepFunctions::StateMachine")) == len(project_flows.flows)
    outputs = set(dev.template["Outputs"])
    assert {
        "UserPoolId",
        "UserPoolClientId",
        "UsageTableName",
        "RunsTableName",
        "FunctionRoleArn",
        "AccountId",
    } <= outputs
    assert "ApiUrl" not in outputs


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_logs_are_kept_for_a_time_and_go_with_the_stack(name: str, assemblies: Path, project_flows: Project) -> None:
    """Even if Chalice deploys the functions, since it would never delete them."""
    stage = name.partition("-")[0]
    logs = Assembly(assemblies / name).of_type("AWS::Logs::LogGroup").values()
    functions = {f"/aws/lambda/{APP}-{stage}-{function}" for function in [*project_flows.settings, *OWN_FUNCTIONS]}
    flows = {f"/aws/vendedlogs/states/{APP}-{stage}-{flow}" for flow in project_flows.flows}
    assert {log["Properties"]["LogGroupName"] for log in logs} == {f"/aws/lambda/{APP}-{stage}"} | functions | flows
    for log in logs:
        assert log["Properties"]["RetentionInDays"] == STAGES[stage].log_retention_days
        assert log.get("DeletionPolicy", "Delete") == "Delete"


def test_the_outputs_that_the_scripts_read(prod: Assembly) -> None:
    outputs = prod.template["Outputs"]
    assert {"UserPoolId", "UserPoolClientId", "UsageTableName", "RunsTableName", "ApiUrl", "Region"} <= set(outputs)
    assert as_text(outputs["ApiUrl"]["Value"]).startswith("https://${RestAPI}.execute-api.${AWS::Region}.")


def test_nested_stacks_get_every_parameter_that_they_have(prod: Assembly) -> None:
    for name, nested in prod.nested.items():
        given = prod.template["Resources"][name]["Properties"].get("Parameters", {})
        assert set(given) == set(nested.get("Parameters", {})), name
