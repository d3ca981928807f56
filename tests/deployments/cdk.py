"""CDK's command line, and the make commands that use it, against a recorded cloud."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import APP_NAME
from tests.deployments import projects
from tests.deployments.projects import PROJECT
from tests.deployments.recording import DEPLOYER, RecordedCloud

COMMAND = Path("node_modules", ".bin", "cdk")
ADMINISTRATOR = "administrator"
"""The access key of the administrator who bootstraps the account."""
SYNTHESISED = "--app cdk.out"
"""Makes CDK use what it synthesised for the previous command: synthesis takes longer than most deployments here."""

needs_cdk = pytest.mark.skipif(
    shutil.which("node") is None or not (PROJECT / COMMAND).exists() or shutil.which("make") is None,
    reason="needs make and CDK's command line: install make and Node.js, and run `npm ci`",
)


def make(
    cloud: RecordedCloud,
    project: Path,
    verb: str,
    *arguments: str,
    more: str = "",
    answer: str = "",
    key: str = DEPLOYER,
) -> subprocess.CompletedProcess[str]:
    """Run `make VERB STAGE=prod` in a copy of the project, as the deployer.

    Args:
        cloud: The cloud.
        project: The copy.
        verb: What to make.
        arguments: More for make.
        more: Further arguments for CDK's command line.
        answer: What is typed when make asks.
        key: The access key of whoever runs it.
    """
    stamps = (".venv/.installed-local", ".venv/.installed", "node_modules/.installed", "chalicelib/console/index.html")
    settled = [word for file in stamps for word in ("-o", file)]
    tools = [f"BIN={os.path.relpath(Path(sys.executable).parent, project)}", f"ARGS=--no-notices {more}"]
    command = ["make", "--no-print-directory", *settled, verb, "STAGE=prod", *tools, *arguments]
    return projects.run(command, project, {**cloud.variables(), **_CLI, "AWS_ACCESS_KEY_ID": key}, answer=answer)


def prepare(cloud: RecordedCloud, project: Path) -> None:
    """Run `make bootstrap`, as the administrator."""
    projects.must(make(cloud, project, "bootstrap", key=ADMINISTRATOR))


def bootstrap_by_template(cloud: RecordedCloud) -> None:
    """Bootstrap the account with the template of `cdk bootstrap`, which is faster than its command line."""
    template = PROJECT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
    client = cloud.client("cloudformation")
    given = {
        "CloudFormationExecutionPolicies": "arn:aws:iam::aws:policy/AdministratorAccess",
        "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
    }
    client.create_stack(
        StackName="CDKToolkit",
        TemplateBody=template.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    assert client.describe_stacks(StackName="CDKToolkit")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def left_over(cloud: RecordedCloud) -> set[str]:
    """The names of everything that belongs to the stage prod."""
    names = [function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]]
    names += [machine["name"] for machine in cloud.client("stepfunctions").list_state_machines()["stateMachines"]]
    names += cloud.client("dynamodb").list_tables()["TableNames"]
    names += [pool["Name"] for pool in cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]]
    names += [api["name"] for api in cloud.client("apigateway").get_rest_apis()["items"]]
    names += [rule["Name"] for rule in cloud.client("events").list_rules()["Rules"]]
    names += [group["Name"] for group in cloud.client("scheduler").list_schedule_groups()["ScheduleGroups"]]
    names += [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues().get("QueueUrls", [])]
    names += [topic["TopicArn"].rpartition(":")[2] for topic in cloud.client("sns").list_topics()["Topics"]]
    names += [group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]]
    names += [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]]
    names += [alarm["AlarmName"] for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]]
    return {name for name in names if f"{APP_NAME}-prod" in name or name == APP_NAME}


# CDK would request its newest version and notices, and wait for both.
_CLI = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true", "NO_COLOR": "1", "CI": "true"}
