"""CDK deploys everything except the API and the functions, which Chalice's command line deploys."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from chalicelib import APP_NAME
from tests.deployments import policies, projects
from tests.deployments.cdk import SYNTHESISED, bootstrap_by_template, left_over, make, needs_cdk
from tests.deployments.projects import must
from tests.deployments.recording import DEPLOYER, RecordedCloud
from tests.deployments.use import check_api, check_runs, outputs, sign_in

API = f"/aws/lambda/{APP_NAME}-prod"


@needs_cdk
def test_deploy_change_and_delete(recorded: RecordedCloud, tmp_path: Path) -> None:
    cloud, project = recorded, projects.own_copy(tmp_path / "project")

    bootstrap_by_template(cloud)
    must(make(cloud, project, "deploy", "API=chalice", more="--require-approval never"))
    made = outputs(cloud, f"{APP_NAME}-prod")
    api = deployed_api(project)
    (stage,) = cloud.client("apigateway").get_stages(restApiId=api)["item"]
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 500
    assert stage["methodSettings"]["~1run~1{flow_name}/POST"]["throttlingRateLimit"] == 50
    concurrency = cloud.client("lambda").get_function_concurrency(FunctionName=f"{APP_NAME}-prod")
    assert concurrency["ReservedConcurrentExecutions"] == 200
    user = sign_in(cloud, api, made["UserPoolId"], made["UserPoolClientId"])
    check_api(user)
    check_runs(user)
    listed = cloud.client("logs").describe_log_groups()["logGroups"]
    groups = {group["logGroupName"]: group for group in listed if "-local-" not in group["logGroupName"]}
    assert {group["retentionInDays"] for group in groups.values()} == {180}
    listed = cloud.client("lambda").list_functions()["Functions"]
    functions = {found["FunctionName"] for found in listed if "-local-" not in found["FunctionName"]}
    assert {f"/aws/lambda/{name}" for name in functions} == {name for name in groups if name.startswith(API)}

    # A deployment that cannot be packaged changes nothing, and the next one succeeds.
    ping = project / "chalicelib" / "lib" / "ping" / "handler.py"
    ping.write_text("def handler() -> dict[str, int]:\n    return {'version': 2}\n")
    flow = project / "flows" / "helloWorldFlow.yml"
    text = flow.read_text()
    flow.write_text(text.replace("hello_world", "hello_wrld"))
    broken = projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables())
    assert broken.returncode != 0
    assert "helloWorldFlow.yml" in broken.stdout + broken.stderr
    assert user.request("POST", "/lib/ping", json={}).text == "I am alive"
    flow.write_text(text)
    must(projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables()))
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 2}

    # A clone without Chalice's records updates the same API, and removes it.
    (project / ".chalice" / "deployed" / "prod.json").unlink()
    restored = projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables())
    assert restored.returncode != 0
    assert f"took over the API {api} and {len(functions)} functions. Nothing was changed; run the" in restored.stderr
    (project / ".chalice" / "deployed" / "prod.json").unlink()
    configured = [sys.executable, "-m", "infrastructure.chalice_config", "--stage", "prod"]
    assert f"took over the API {api}" in must(projects.run(configured, project, cloud.variables()))
    must(projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables()))
    assert deployed_api(project) == api
    assert [found["id"] for found in cloud.client("apigateway").get_rest_apis()["items"]] == [api]
    assert cloud.client("apigateway").get_rest_api(restApiId=api)["tags"] == {"Application": APP_NAME, "Stage": "prod"}
    (project / ".chalice" / "deployed" / "prod.json").unlink()
    must(make(cloud, project, "destroy", more=SYNTHESISED, answer="prod\n"))
    assert left_over(cloud) == {made["UsageTableName"], made["RunsTableName"], f"{APP_NAME}-prod-users"}

    called = {call.action for call in cloud.calls_of(DEPLOYER)}
    assert {"lambda:CreateFunction", "lambda:UpdateFunctionCode", "apigateway:PUT", "sts:AssumeRole"} <= called
    assert policies.refused(cloud) == [], "policy.json lacks these"


def deployed_api(project: Path) -> str:
    """The id of the API that Chalice deployed."""
    document = json.loads((project / ".chalice" / "deployed" / "prod.json").read_text())
    (api,) = (entry["rest_api_id"] for entry in document["resources"] if entry["resource_type"] == "rest_api")
    return str(api)
