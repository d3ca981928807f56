"""The life of the stage prod with the CDK app: a failed deployment, deployments, use, another failure, removal."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib import APP_NAME
from chalicelib.names import Names
from infrastructure.bootstrap.policies import BOUNDARY
from tests.deployments import policies, projects
from tests.deployments.cdk import SYNTHESISED, left_over, make, needs_cdk, prepare
from tests.deployments.projects import ACCOUNT, REGION, must
from tests.deployments.recording import DEPLOYER, RecordedCloud
from tests.deployments.use import StageClient, check_api, check_runs, outputs, sign_in

STACK = f"{APP_NAME}-prod"
NAMES = Names(stage="prod", region=REGION, account=ACCOUNT, alias="live")
SECRET = f"{NAMES.secrets_prefix}GREETINGS_SIGNATURE"
KEPT = {NAMES.usage_table, NAMES.runs_table, NAMES.resource("users")}
POOL = ("UserPoolId", "UserPoolClientId")
UNASKED = "--require-approval never"
ADDED_FLOW = """
name: addedFlow
functions: [{name: Added, handler: added}]
definition:
  StartAt: Added
  States:
    Added: {Type: Task, Resource: "${AddedArn}", End: true}
"""


@needs_cdk
@pytest.mark.thorough
def test_the_life_of_a_stage(recorded: RecordedCloud, tmp_path: Path) -> None:
    cloud, project = recorded, projects.own_copy(tmp_path / "project")
    projects.add_example_plugin(project)
    unprepared = make(cloud, project, "deploy")
    assert "error: 123456789012 is not bootstrapped for CDK in us-east-1; run once: make cdk" in unprepared.stderr
    prepare(cloud, project)
    unbounded = make(cloud, project, "deploy")
    assert f'set permissions_boundary="{BOUNDARY}"' in unbounded.stderr
    stages = project / "infrastructure" / "stages.py"
    stages.write_text(stages.read_text().replace('name="prod",', f'name="prod", permissions_boundary="{BOUNDARY}",'))

    # The first deployment fails half-way: the name of one of its resources is taken.
    logs, taken = cloud.client("logs"), f"/aws/lambda/{NAMES.resource('hello_world')}"
    logs.create_log_group(logGroupName=taken)
    failed = make(cloud, project, "deploy", more=UNASKED)
    assert failed.returncode != 0
    assert "already exists" in failed.stdout + failed.stderr
    assert f"warning: plugin greetings expects a secret: aws ssm put-parameter --type SecureString --name {SECRET}" in (
        failed.stdout
    )
    assert status(cloud) == "ROLLBACK_COMPLETE"
    assert left_over(cloud) == {taken, *KEPT}
    logs.delete_log_group(logGroupName=taken)

    # The next attempt succeeds.
    cloud.client("ssm").put_parameter(Name=SECRET, Value="Yours", Type="SecureString")
    deployed = must(make(cloud, project, "deploy", more=f"{UNASKED} {SYNTHESISED}"))
    assert "expects a secret" not in deployed
    assert left_over(cloud) >= KEPT
    assert "will import the user pool " in deployed
    assert len(pools(cloud)) == 1  # imported like the tables
    made = outputs(cloud, STACK)
    user = sign_in(cloud, made["ApiId"], made["UserPoolId"], made["UserPoolClientId"])
    check_api(user)
    check_runs(user)
    check_plugin(cloud, user)
    assert versions(cloud) == (1, ["1"])
    assert "There were no differences" in must(make(cloud, project, "diff", more=SYNTHESISED))

    # The next version fails half-way, and the previous one keeps running.
    change(project)
    taken = f"/aws/lambda/{NAMES.resource('added')}"
    logs.create_log_group(logGroupName=taken)
    assert make(cloud, project, "deploy", more=UNASKED).returncode != 0
    assert status(cloud) == "UPDATE_ROLLBACK_COMPLETE"
    assert outputs(cloud, STACK) == made
    assert user.request("POST", "/lib/ping", json={}).text == "I am alive"
    assert user.run("helloWorldFlow", {})["status"] == "SUCCEEDED"
    assert user.request("POST", "/run/addedFlow", json={}).status_code == 404
    logs.delete_log_group(logGroupName=taken)
    must(make(cloud, project, "deploy", more=f"{UNASKED} {SYNTHESISED}"))
    assert outputs(cloud, STACK) == made | {"FlowCount": str(int(made["FlowCount"]) + 1)}
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 2}
    assert user.run("addedFlow", {"n": 1})["output"] == {"added": 2}
    assert user.run("helloWorldFlow", {})["status"] == "SUCCEEDED"

    # A flow is rolled back.
    assert versions(cloud) == (2, ["2", "1"])
    back = ["python", "-m", "infrastructure.rollback", "--stage", "prod", "--flow", "helloWorldFlow"]
    assert must(projects.run(back, project, cloud.variables())) == "helloWorldFlow of stage prod: version 2 -> 1\n"
    assert versions(cloud) == (1, ["2", "1"])
    assert user.run("helloWorldFlow", {})["status"] == "SUCCEEDED"

    # It is destroyed only after confirmation, and keeps its data.
    kept = make(cloud, project, "destroy", more=SYNTHESISED, answer="yes\n")
    assert "nothing was destroyed" in kept.stderr
    assert user.request("GET", "/health").status_code == 200
    must(make(cloud, project, "destroy", more=SYNTHESISED, answer="prod\n"))
    assert left_over(cloud) == KEPT
    assert user.request("GET", "/health").status_code == 403

    # A new deployment has the same users, with their runs.
    deployed = must(make(cloud, project, "deploy", more=UNASKED))
    assert f"will import the user pool {made['UserPoolId']}, the table {NAMES.usage_table}" in deployed
    again = outputs(cloud, STACK)
    assert [again[key] for key in POOL] == [made[key] for key in POOL]
    same = StageClient(user.url.replace(made["ApiId"], again["ApiId"]), user.token)
    kept_runs = same.request("GET", "/runs").json()["executions"]
    assert {run["flowName"] for run in kept_runs} >= {"helloWorldFlow", "addedFlow"}
    assert "There were no differences" in must(make(cloud, project, "diff", more=SYNTHESISED))

    called = {call.action for call in cloud.calls_of(DEPLOYER)}
    assert {"sts:AssumeRole", "ssm:GetParameters", "states:UpdateStateMachineAlias"} <= called
    assert "cloudformation:UpdateTerminationProtection" in called
    assert policies.refused(cloud) == [], "policy.json lacks these"
    assert policies.refused_to_cloudformation(cloud) == [], "infrastructure/bootstrap/execution-*.json lack these"
    role = cloud.client("iam").get_role(RoleName=NAMES.resource(REGION))["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}"


def check_plugin(cloud: RecordedCloud, user: StageClient) -> None:
    """Everything in a plugin is deployed: functions, secrets, flows, routes, schedules, permissions."""
    assert user.request("POST", "/lib/greetings_hello", json={"name": "Ada"}).json() == {
        "text": "Hello Ada",
        "signature": "Yours",
    }
    assert user.request("GET", "/plugins/greetings/hello/Ada").json()["text"] == "Hello Ada"
    greeted = user.run("greetingsFlow", {"name": "Ada"})
    assert greeted["output"] == {"greetings": ["Hallo Ada", "Bonjour Ada"]}
    schedule = cloud.client("scheduler").get_schedule(GroupName=NAMES.resource("flows"), Name="greetingsFlow")
    assert schedule["ScheduleExpression"] == "cron(0 8 ? * MON-FRI *)"
    role = cloud.client("iam").get_role_policy(RoleName=NAMES.resource(REGION), PolicyName="application")
    assert role["PolicyDocument"]["Statement"][-1] == {
        "Sid": "PluginGreetings1",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::greetings-prod/cards/*"],
    }


def change(project: Path) -> None:
    """Change a function and a flow, and add a flow with another function."""
    changed = project / "flows" / "helloWorldFlow.yml"
    changed.write_text(changed.read_text().replace("MaxAttempts: 3", "MaxAttempts: 2"))
    functions = project / "chalicelib" / "lib"
    (functions / "ping" / "handler.py").write_text("def handler() -> dict[str, int]:\n    return {'version': 2}\n")
    (functions / "added").mkdir()
    (functions / "added" / "handler.py").write_text(
        "def handler(n: int) -> dict[str, int]:\n    return {'added': n + 1}\n"
    )
    (project / "flows" / "addedFlow.yml").write_text(ADDED_FLOW)


def versions(cloud: RecordedCloud) -> tuple[int, list[str]]:
    """The live version of a flow, and all versions, newest first."""
    states = cloud.client("stepfunctions")
    arn = NAMES.state_machine_arn("helloWorldFlow")
    (route,) = states.describe_state_machine_alias(stateMachineAliasArn=arn)["routingConfiguration"]
    listed = states.list_state_machine_versions(stateMachineArn=arn.removesuffix(":live"))["stateMachineVersions"]
    numbers = [version["stateMachineVersionArn"].rpartition(":")[2] for version in listed]
    return int(route["stateMachineVersionArn"].rpartition(":")[2]), numbers


def pools(cloud: RecordedCloud) -> list[str]:
    """The names of the user pools of the account, except the local stage's."""
    listed = cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    return [pool["Name"] for pool in listed if pool["Name"] == NAMES.resource("users")]


def status(cloud: RecordedCloud) -> str:
    """The status of the stack."""
    return str(cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])
