"""Finds what would stop a deployment before anything is changed: `python -m infrastructure.preflight --stage prod`.

`--deploying` also prepares the deployment if an earlier one left something behind. If the first deployment of a stage
failed, it lifts the protection of the failed stack, so that CDK can delete it and try again. It prints the option that
makes `cdk deploy` import tables that were kept.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.names import EXPRESS, Names
from chalicelib.plugins import installed
from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError
from infrastructure.stage import StageSettings, stage_settings
from infrastructure.stages import DEFAULT_STAGE

if TYPE_CHECKING:
    from compiler import Project
    from infrastructure.cloud import Cloud

NODE_VERSION = 20
"""The oldest version of Node that CDK runs on."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run all checks, the fast ones first and calls to AWS last; print the first failure, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.preflight", description=__doc__)
    parser.add_argument("--stage", default=DEFAULT_STAGE)
    parser.add_argument("--api", default="cdk", help="what deploys the API and the functions: cdk or chalice")
    parser.add_argument("--deploying", action="store_true", help="prepare it, and print the options for cdk deploy")
    arguments = parser.parse_args(argv)
    try:
        cloud, found = check(arguments.stage, api=arguments.api)
        print(found, file=sys.stderr if arguments.deploying else sys.stdout)
        if arguments.deploying:
            print(*clear_the_way(cloud, stage_settings(arguments.stage)))
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
    cloud.check_bootstrap()
    check_deployed(cloud.stack(stage.name), stage.name, api)
    if api == "chalice":
        cloud.check_recorded(stage.name, project)
    deployed = f"stage {stage.name}: {len(flows.flows)} flows to account {cloud.account}, region {cloud.region}"
    prefix = template_names(stage.name).secrets_prefix
    check_webhook_secrets(cloud, prefix, flows, stage.name)
    secrets = _missing_secrets(cloud, prefix, project)
    return cloud, "\n".join([deployed, *secrets])


def check_deployed(stack: Mapping[str, Any] | None, stage: str, api: str) -> None:
    """Check that the existing stack can be updated.

    Args:
        stack: The stack as CloudFormation describes it; None if there is none.
        stage: The stage's name.
        api: What will deploy the API and the functions: `cdk` or `chalice`.

    Raises:
        DeploymentError: The API was deployed by the other, or a failed update could not be rolled back.
    """
    from infrastructure.cloud import NEVER_SERVED, front_door

    if stack is None or stack["StackStatus"] in NEVER_SERVED:
        return
    if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
        raise DeploymentError(
            f"the last deployment of stage {stage} failed and could not be rolled back: run "
            f"`make cdk ARGS='rollback -c stage={stage}'`"
        )
    if stack["StackStatus"].endswith("_COMPLETE") and front_door(stack) != api:
        raise DeploymentError(
            f"the API and the functions of stage {stage} were deployed by {front_door(stack)}: run `make deploy "
            f"STAGE={stage} API={front_door(stack)}`, or first `make destroy STAGE={stage}`"
        )


def clear_the_way(cloud: Cloud, stage: StageSettings) -> list[str]:
    """Prepare to repeat a first deployment that failed.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Returns:
        The options that `cdk deploy` needs.
    """
    from infrastructure.cloud import NEVER_SERVED

    stack = cloud.stack(stage.name)
    if stack is not None and stack["StackStatus"] not in NEVER_SERVED:
        return []
    if stack is not None and stack.get("EnableTerminationProtection"):
        cloud.lift_protection(stage.name)
    names = Names(stage=stage.name, region=cloud.region, account=cloud.account)
    if stage.retain_data and any(cloud.has_table(name) for name in (names.usage_table, names.runs_table)):
        return ["--import-existing-resources"]
    return []


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
    """Check that Node is installed and recent enough.

    Raises:
        DeploymentError: It is not.
    """
    node = shutil.which("node")
    if node is None:
        raise DeploymentError(f"Node is not installed: install Node {NODE_VERSION} or newer, which CDK needs")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    try:
        major = int(version.removeprefix("v").split(".")[0])
    except ValueError:
        raise DeploymentError(f"`{node} --version` printed {version!r}: install Node {NODE_VERSION} or newer") from None
    if major < NODE_VERSION:
        raise DeploymentError(f"Node {version} is too old: CDK needs Node {NODE_VERSION} or newer")


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
