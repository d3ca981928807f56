"""The life of a stage with the CDK app: bootstrap, deploy, use, a failure half way, another attempt, destroy."""

from __future__ import annotations

from pathlib import Path

from chalicelib.names import APP_NAME, Names
from tests.rehearsals import policies, projects
from tests.rehearsals.cdk import bootstrap, cdk, needs_cdk
from tests.rehearsals.projects import ACCOUNT, PROJECT, REGION, must
from tests.rehearsals.recording import DEPLOYER, RecordedCloud
from tests.rehearsals.use import check_api, check_runs, outputs, sign_in

STACK = f"{APP_NAME}-dev"
NAMES = Names(stage="dev", region=REGION, account=ACCOUNT, alias="live")
DEPLOY = ("deploy", "-c", "stage=dev", "--require-approval", "never")
ADDED_FLOW = """
name: addedFlow
functions: [{name: Added, handler: added}]
definition:
  StartAt: Added
  States:
    Added: {Type: Task, Resource: "${AddedArn}", End: true}
"""


@needs_cdk
def test_the_life_of_a_stage(recorded: RecordedCloud, tmp_path: Path) -> None:
    cloud, project = recorded, projects.own_copy(tmp_path / "project")
    bootstrap(cloud, project)
    must(projects.run(["python", "-m", "infrastructure.preflight", "--stage", "dev"], project, cloud.variables()))

    must(cdk(cloud, project, *DEPLOY))
    made = outputs(cloud, STACK)
    user = sign_in(cloud, made["ApiId"], made["UserPoolId"], made["UserPoolClientId"])
    check_api(user)
    check_runs(user)
    states = cloud.client("stepfunctions")
    alias = states.describe_state_machine_alias(stateMachineAliasArn=NAMES.state_machine_arn("helloWorldFlow"))
    assert alias["routingConfiguration"][0]["stateMachineVersionArn"].endswith(":1")

    # The next version fails half way: what one of its resources is to be called is taken.
    change(project)
    taken = f"/aws/lambda/{NAMES.resource('added')}"
    cloud.client("logs").create_log_group(logGroupName=taken)
    failed = cdk(cloud, project, *DEPLOY)
    assert failed.returncode != 0
    assert "already exists" in failed.stdout + failed.stderr
    stack = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert outputs(cloud, STACK) == made
    assert user.request("POST", "/lib/ping", json={}).text == "I am alive"
    assert user.run("helloWorldFlow", {})["status"] == "SUCCEEDED"
    assert user.request("POST", "/run/addedFlow", json={}).status_code == 404

    # The next attempt succeeds.
    cloud.client("logs").delete_log_group(logGroupName=taken)
    must(cdk(cloud, project, *DEPLOY))
    assert outputs(cloud, STACK) | {"FlowCount": "6"} == made
    assert user.request("POST", "/lib/ping", json={}).json() == {"version": 2}
    assert user.run("addedFlow", {"n": 1})["output"] == {"added": 2}
    assert user.run("helloWorldFlow", {})["status"] == "SUCCEEDED"

    must(cdk(cloud, project, "destroy", "--app", "cdk.out", "--force"))
    assert left_over(cloud) == []
    assert user.request("GET", "/health").status_code == 403

    calls = cloud.calls_of(DEPLOYER)
    assert {"sts:AssumeRole", "sts:GetCallerIdentity", "ssm:GetParameter"} <= {call.action for call in calls}
    refused = policies.refused(calls, policies.statements(PROJECT / "policy.json"))
    assert refused == [], "policy.json lacks these"


def change(project: Path) -> None:
    """Another answer of a function, and a flow with a function more."""
    functions = project / "chalicelib" / "lib"
    (functions / "ping" / "handler.py").write_text("def handler() -> dict[str, int]:\n    return {'version': 2}\n")
    (functions / "added").mkdir()
    (functions / "added" / "handler.py").write_text(
        "def handler(n: int) -> dict[str, int]:\n    return {'added': n + 1}\n"
    )
    (project / "flows" / "addedFlow.yml").write_text(ADDED_FLOW)


def left_over(cloud: RecordedCloud) -> list[str]:
    """What still bears the stage's name."""
    prefix = NAMES.resource("")
    names = [function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]]
    names += [machine["name"] for machine in cloud.client("stepfunctions").list_state_machines()["stateMachines"]]
    names += cloud.client("dynamodb").list_tables()["TableNames"]
    names += [pool["Name"] for pool in cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]]
    names += [api["name"] for api in cloud.client("apigateway").get_rest_apis()["items"]]
    names += [rule["Name"] for rule in cloud.client("events").list_rules()["Rules"]]
    names += [group["Name"] for group in cloud.client("scheduler").list_schedule_groups()["ScheduleGroups"]]
    names += [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues().get("QueueUrls", [])]
    names += [group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]]
    names += [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]]
    return [name for name in names if prefix in name or name == STACK]
