"""Finds what would stop a deployment before anything is changed: `python -m infrastructure.preflight --stage prod`.

`--deploying` also looks for what the stage has left, and prepares the deployment: if the first deployment of a stage
failed, it lifts the protection of the failed stack, so that CDK can delete it and try again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.names import EXPRESS
from chalicelib.plugins import installed
from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError
from infrastructure.node import NODE_VERSION, problem
from infrastructure.stage import StageSettings, stage_settings
from infrastructure.stages import DEFAULT_STAGE

if TYPE_CHECKING:
    from compiler import Project
    from infrastructure.cloud import Cloud


def main(argv: Sequence[str] | None = None) -> int:
    """Run all checks, the fast ones first and calls to AWS last; print the first failure, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.preflight", description=__doc__)
    parser.add_argument("--stage", default=DEFAULT_STAGE)
    parser.add_argument("--api", default="cdk", help="what deploys the API and the functions: cdk or chalice")
    parser.add_argument("--deploying", action="store_true", help="also prepare the deployment")
    arguments = parser.parse_args(argv)
    try:
        cloud, found = check(arguments.stage, api=arguments.api)
        print(found)
        if arguments.deploying:
            stage = stage_settings(arguments.stage)
            print(check_kept(cloud, stage), end="")
            clear_the_way(cloud, stage)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check(stage_name: str, project: Path = PROJECT, *, api: str = "cdk") -> tuple[Cloud, str]:
    """Check the stage, the flows, the tools and the account.

    Args:
        stage_name: The stage.
        project: The folder of `app.py`.
        api: What will deploy the API and the functions: `cdk` or `chalice`.

    Returns:
        AWS, and a summary of what would be deployed and where.

    Raises:
        DeploymentError: A check failed.
    """
    from compiler.permissions.granted import PermissionsError
    from infrastructure.account import check_account
    from infrastructure.bootstrap.policies import qualifier
    from infrastructure.chalice_records import found_records, records_file
    from infrastructure.cloud import Cloud
    from infrastructure.flow_resources import flow_resources
    from infrastructure.identity import function_role_resources
    from infrastructure.nested_stacks import flow_templates
    from infrastructure.synthesis import checked_flows, checked_front_door, checked_stage
    from infrastructure.tokens import template_names

    stage = checked_stage(stage_name)
    checked_front_door(api)
    flows = checked_flows(stage, project)
    try:
        function_role_resources(stage, template_names(stage.name), project)
    except PermissionsError as error:
        raise DeploymentError(str(error)) from None
    express = [flow.name for flow in flows.flows.values() if flow.type == EXPRESS]
    made = (flow_resources(flow, stage, express) for flow in flows.flows.values())
    flow_templates(made, stage.flow_stacks, lambda definition: definition.digest)  # raises what exceeds a quota
    check_node()
    check_cdk(project)
    cloud = Cloud()
    cloud.check_bootstrap(qualifier(project))
    check_boundary(cloud, stage)
    if stage.access_log:
        cloud.check_access_log_role()
    stack = cloud.stack(stage.name)
    check_deployed(stack, stage.name, api)
    scarce = check_account(cloud, stage, flows, stack)
    if api == "chalice" and not records_file(project, stage.name).is_file():
        found_records(cloud, stage.name)  # raises if they can't be taken over
    deployed = f"stage {stage.name}: {len(flows.flows)} flows to account {cloud.account}, region {cloud.region}"
    prefix = template_names(stage.name).secrets_prefix
    check_webhook_secrets(cloud, prefix, flows, stage.name)
    secrets = _missing_secrets(cloud, prefix, project)
    return cloud, "\n".join([deployed, *(f"warning: {line}" for line in scarce), *secrets])


def check_deployed(stack: Mapping[str, Any] | None, stage: str, api: str) -> None:
    """Check that the existing stack can be updated.

    Args:
        stack: The stack as CloudFormation describes it; None if there is none.
        stage: The stage's name.
        api: What will deploy the API and the functions: `cdk` or `chalice`.

    Raises:
        DeploymentError: The API was deployed by the other, or a failed update could not be rolled back.
    """
    from infrastructure.cloud import front_door, never_served

    if stack is None or never_served(stack):
        return
    if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
        raise DeploymentError(
            f"the last deployment of stage {stage} failed and could not be rolled back: run "
            f"`make cdk ARGS='rollback -c stage={stage}'`"
        )
    if stack["StackStatus"].endswith("_COMPLETE") and front_door(stack) not in (None, api):
        raise DeploymentError(
            f"the API and the functions of stage {stage} were deployed by {front_door(stack)}: run `make deploy "
            f"STAGE={stage} API={front_door(stack)}`, or first `make destroy STAGE={stage}`"
        )


def check_boundary(cloud: Cloud, stage: StageSettings) -> None:
    """Check that CloudFormation may create the stage's roles.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Raises:
        DeploymentError: The account was prepared by `make bootstrap`, but the stage's roles would have no boundary.
    """
    from infrastructure.bootstrap.policies import BOUNDARY, EXECUTION

    if f"policy/{EXECUTION}-" in cloud.deploys_with() and stage.permissions_boundary != BOUNDARY:
        raise DeploymentError(
            f"infrastructure/stages.py: stage {stage.name}: this account was prepared by `make bootstrap`, so "
            f'CloudFormation creates only roles with a boundary: set permissions_boundary="{BOUNDARY}"'
        )


def check_kept(cloud: Cloud, stage: StageSettings) -> str:
    """Check which user pool the stage will have.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Returns:
        What kept data the deployment will import, as a line; empty if there is none.

    Raises:
        DeploymentError: The settings name another pool than the stage has, or it is not clear which one to import.
    """
    from infrastructure import kept_data
    from infrastructure.cloud import never_served, outputs

    stack = cloud.stack(stage.name)
    if never_served(stack):
        found = kept_data.find(cloud, stage)
        return f"will import {found}\n" if found.identifiers else ""
    used = outputs(stack or {}).get("UserPoolId")
    wanted = stage.user_pool_id or ""
    if used and wanted.startswith(f"{cloud.region}_") and used != wanted:
        raise DeploymentError(
            f"infrastructure/stages.py: stage {stage.name} has the user pool {used}, and user_pool_id can choose "
            "another only when the stage is created: remove the setting, or first run `make destroy`"
        )
    return ""


def clear_the_way(cloud: Cloud, stage: StageSettings) -> None:
    """Let CloudFormation delete what a first deployment that failed has left.

    Args:
        cloud: AWS.
        stage: The stage's settings.
    """
    from infrastructure.cloud import never_served

    stack = cloud.stack(stage.name)
    if stack is not None and never_served(stack) and stack.get("EnableTerminationProtection"):
        cloud.lift_protection(stage.name)


def _missing_secrets(cloud: Cloud, prefix: str, project: Path) -> list[str]:
    """Return warnings for secrets of plugins that do not exist. They may be optional, so this is not an error."""
    owners = {prefix + secret: plugin.name for plugin in installed(project) for secret in plugin.secrets}
    return [
        f"warning: plugin {owners[name]} expects a secret: aws ssm put-parameter --type SecureString --name {name} "
        "--value ..."
        for name in cloud.missing_parameters(list(owners))
    ]


def check_webhook_secrets(cloud: Cloud, prefix: str, flows: Project, stage: str) -> None:
    """Check that the secrets exist that sign webhooks or have their URLs.

    Args:
        cloud: AWS.
        prefix: The path of the stage's secrets.
        flows: The compiled flows.
        stage: The stage's name.

    Raises:
        DeploymentError: One does not exist, with a line for each.
    """
    from infrastructure.webhooks import secrets_of

    needed = secrets_of(flows)
    commands = {
        True: f"python -m admin.webhook_secret --stage {stage} --name",
        False: "aws ssm put-parameter --type SecureString --value https://... --name",
    }
    missing = [name.removeprefix(prefix) for name in cloud.missing_parameters([prefix + name for name in needed])]
    problems = [
        f"the webhooks of the flow {needed[name].flow} need the secret {name}: "
        f"{commands[needed[name].signs]} {name if needed[name].signs else prefix + name}"
        for name in missing
    ]
    if problems:
        raise DeploymentError("\n".join(problems))


def check_node() -> None:
    """Check that Node is on the path and recent enough.

    Raises:
        DeploymentError: It is not.
    """
    found = problem()
    if found:
        raise DeploymentError(f"{found}, but CDK needs Node {NODE_VERSION} or newer: run `make setup`")


def check_cdk(project: Path = PROJECT) -> None:
    """Check that the CDK command line that package.json pins is installed.

    Raises:
        DeploymentError: It is not.
    """
    pinned = json.loads((project / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    try:
        installed = json.loads((project / "node_modules/aws-cdk/package.json").read_text(encoding="utf-8"))["version"]
    except FileNotFoundError:
        raise DeploymentError("the CDK command line is not installed: run `npm ci`") from None
    if installed != pinned:
        raise DeploymentError(f"cdk {installed} is installed, but the project needs {pinned}: run `npm ci`")


if __name__ == "__main__":
    sys.exit(main())
