"""The second front door: CDK deploys all but the API and the functions, Chalice's command line these."""

from __future__ import annotations

import json
from pathlib import Path

from chalicelib.names import APP_NAME
from tests.rehearsals import policies, projects
from tests.rehearsals.cdk import bootstrap, cdk, needs_cdk
from tests.rehearsals.projects import PROJECT, must
from tests.rehearsals.recording import DEPLOYER, RecordedCloud
from tests.rehearsals.use import check_api, check_runs, outputs, sign_in


@needs_cdk
def test_deploy_change_and_delete(recorded: RecordedCloud, tmp_path: Path) -> None:
    cloud, project = recorded, projects.own_copy(tmp_path / "project")

    def run(*command: str) -> str:
        return must(projects.run(list(command), project, cloud.variables()))

    unconfigured = projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables())
    assert unconfigured.returncode != 0
    assert "python -m infrastructure.chalice_config" in unconfigured.stdout + unconfigured.stderr

    bootstrap(cloud, project)
    must(cdk(cloud, project, "deploy", "-c", "stage=prod", "-c", "api=chalice", "--require-approval", "never"))
    run("python", "-m", "infrastructure.chalice_config", "--stage", "prod")
    run("chalice", "deploy", "--stage", "prod")
    run("python", "-m", "infrastructure.api_stage", "--stage", "prod")
    made = outputs(cloud, f"{APP_NAME}-prod")
    api = deployed_api(project)
    (stage,) = cloud.client("apigateway").get_stages(restApiId=api)["item"]
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 500
    user = sign_in(cloud, api, made["UserPoolId"], made["UserPoolClientId"])
    check_api(user)
    check_runs(user)

    ping = project / "chalicelib" / "lib" / "ping" / "handler.py"
    ping.write_text("def handler() -> dict[str, int]:\n    return {'version': 2}\n")
    run("chalice", "deploy", "--stage", "prod")
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 2}

    # A deployment that cannot be packaged changes nothing, and the next one succeeds.
    flow = project / "flows" / "helloWorldFlow.yml"
    text = flow.read_text()
    flow.write_text(text.replace("hello_world", "hello_wrld"))
    ping.write_text("def handler() -> dict[str, int]:\n    return {'version': 3}\n")
    broken = projects.run(["chalice", "deploy", "--stage", "prod"], project, cloud.variables())
    assert broken.returncode != 0
    assert "helloWorldFlow.yml" in broken.stdout + broken.stderr
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 2}
    flow.write_text(text)
    run("chalice", "deploy", "--stage", "prod")
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 3}

    run("chalice", "delete", "--stage", "prod")
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("apigateway").get_rest_apis()["items"] == []

    # Prod is protected, and keeps its data.
    protected = cdk(cloud, project, "destroy", "--app", "cdk.out", "--force")
    assert protected.returncode != 0
    assert "TerminationProtection" in protected.stdout + protected.stderr
    assert made["UsageTableName"] in cloud.client("dynamodb").list_tables()["TableNames"]

    calls = cloud.calls_of(DEPLOYER)
    assert {"lambda:CreateFunction", "lambda:UpdateFunctionCode", "apigateway:PUT", "sts:AssumeRole"} <= {
        call.action for call in calls
    }
    refused = policies.refused(calls, policies.statements(PROJECT / "policy.json"))
    assert refused == [], "policy.json lacks these"


def deployed_api(project: Path) -> str:
    """The id of the API that Chalice deployed."""
    document = json.loads((project / ".chalice" / "deployed" / "prod.json").read_text())
    (api,) = (entry["rest_api_id"] for entry in document["resources"] if entry["resource_type"] == "rest_api")
    return str(api)
