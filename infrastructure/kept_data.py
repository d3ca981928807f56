"""Lets a stage keep its data: `python -m infrastructure.kept_data --stage prod` (`make deploy` runs it first).

A stage with `retain_data` that was destroyed, or whose first deployment failed, leaves its user pool, the pool's client
and its tables. A new stack starts with an import of these, so that users sign in as before and see their runs and
usage. CloudFormation finds tables by their names; pools and clients have generated ids, which are looked up here.

Stacks of earlier releases have the groups of users, and would delete them with the lists of members. This first tells
CloudFormation to keep them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.names import Names
from infrastructure.cloud import Cloud, never_served
from infrastructure.errors import DeploymentError
from infrastructure.portions import Assembly, Template
from infrastructure.stage import StageSettings

GROUP = "AWS::Cognito::UserPoolGroup"
LEFT_TO_THE_DEPLOYMENT: Mapping[str, frozenset[str]] = {
    "UserPool": frozenset(
        {"AccountRecoverySetting", "AdminCreateUserConfig", "EnabledMfas", "MfaConfiguration", "Policies"}
    ),
    "UserPoolClient": frozenset({"ExplicitAuthFlows", "PreventUserExistenceErrors"}),
}
"""Properties that an import leaves out. An import changes nothing: the deployment after it, which adds them, does."""


@dataclass(frozen=True)
class KeptData:
    """What a stage has left. `pool` and `client` are ids; `tables` are names by logical id."""

    pool: str | None = None
    client: str | None = None
    tables: Mapping[str, str] | None = None

    @property
    def identifiers(self) -> dict[str, dict[str, str]]:
        """The primary identifiers of the resources by logical id, as `cdk import --resource-mapping` reads them."""
        found = {key: {"TableName": name} for key, name in (self.tables or {}).items()}
        if self.pool is not None:
            found["UserPool"] = {"UserPoolId": self.pool}
            if self.client is not None:
                found["UserPoolClient"] = {"UserPoolId": self.pool, "ClientId": self.client}
        return found

    def __str__(self) -> str:
        pool = [f"the user pool {self.pool}"] if self.pool else []
        return ", ".join([*pool, *(f"the table {name}" for name in (self.tables or {}).values())])


def main(argv: Sequence[str] | None = None) -> int:
    """Import what the stage has left, or release the groups of its stack, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.kept_data", description="Import kept data.")
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        stack = cloud.stack(stage.name)
        if never_served(stack):
            import_kept(cloud, stage)
        else:
            release_groups(cloud, stage)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def find(cloud: Cloud, stage: StageSettings) -> KeptData:
    """Find what a stage has left that has no stack.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Raises:
        DeploymentError: There are several user pools, the one in the settings does not exist, or a call failed.
    """
    if not stage.retain_data:
        return KeptData()
    names = Names(stage=stage.name, region=cloud.region, account=cloud.account)
    tables = {"UsageTable": names.usage_table, "RunsTable": names.runs_table}
    pool = _pool(cloud, stage, names)
    return KeptData(
        pool=pool,
        client=_client(cloud, pool, names) if pool else None,
        tables={key: name for key, name in tables.items() if cloud.has_table(name)},
    )


def _pool(cloud: Cloud, stage: StageSettings, names: Names) -> str | None:
    client: Any = cloud.client("cognito-idp")
    # A pool belongs to a region, with which its id begins: a stage may be in several.
    if stage.user_pool_id and stage.user_pool_id.startswith(f"{cloud.region}_"):
        try:
            client.describe_user_pool(UserPoolId=stage.user_pool_id)
        except client.exceptions.ResourceNotFoundException:
            raise DeploymentError(
                f"infrastructure/stages.py: stage {stage.name}: there is no user pool {stage.user_pool_id} in account "
                f"{cloud.account}; remove user_pool_id, or correct it"
            ) from None
        return stage.user_pool_id
    wanted = names.resource("users")
    try:
        pages = client.get_paginator("list_user_pools").paginate(MaxResults=60)
        found = [pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == wanted]
    except client.exceptions.ClientError as error:
        raise DeploymentError(f"user pools cannot be listed: {error}") from None
    if len(found) > 1:
        described = [client.describe_user_pool(UserPoolId=pool)["UserPool"] for pool in found]
        shown = [f"{pool['Id']} ({pool.get('EstimatedNumberOfUsers', 0)} users)" for pool in described]
        raise DeploymentError(
            f"stage {stage.name} has left several user pools: {', '.join(shown)}; set user_pool_id in "
            "infrastructure/stages.py to the one to use, or delete the others"
        )
    return found[0] if found else None


def _client(cloud: Cloud, pool: str, names: Names) -> str | None:
    client: Any = cloud.client("cognito-idp")
    pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool)
    wanted = names.resource("api")
    found = [one["ClientId"] for page in pages for one in page["UserPoolClients"] if one["ClientName"] == wanted]
    return found[0] if len(found) == 1 else None  # the stack creates another; users sign in again, with their passwords


def import_kept(cloud: Cloud, stage: StageSettings) -> None:
    """Create the stage's stack from what it has left, if that is anything.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Raises:
        DeploymentError: CDK failed.
    """
    kept = find(cloud, stage)
    if not kept.identifiers:
        return
    print(f"importing {kept}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly(Path(folder, "cdk.out"), stage.name, "chalice")  # without the package, which takes longer
        if cloud.stack(stage.name) is not None:
            assembly.destroy()  # what a failed deployment left
        mapping = Path(folder, "mapping.json")
        mapping.write_text(json.dumps(kept.identifiers), encoding="utf-8")
        assembly.import_resources(importing(assembly.template, kept.identifiers), mapping)


def importing(template: Template, identifiers: Mapping[str, Any]) -> Template:
    """Return the template of an import: only what is imported, as it may differ from the stage's settings.

    Args:
        template: The template of the stage's stack.
        identifiers: What is imported, by logical id.
    """
    resources = {}
    for key in identifiers:
        described = template["Resources"][key]
        left_out = LEFT_TO_THE_DEPLOYMENT.get(key, frozenset())
        properties = {name: value for name, value in described["Properties"].items() if name not in left_out}
        resources[key] = {**described, "Properties": properties}
    return {"Resources": resources}


def release_groups(cloud: Cloud, stage: StageSettings) -> None:
    """Let the stage's stack keep its groups when they are no longer in its template, if it has any.

    Args:
        cloud: AWS.
        stage: The stage's settings.

    Raises:
        DeploymentError: CDK failed.
    """
    deployed = cloud.template(stage.name)
    released = releasing(deployed)
    if released is None:
        return
    print("letting the stack keep the groups of users", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly(Path(folder, "cdk.out"), stage.name, "chalice")
        assembly.deploy(released, ["--require-approval", "never"])


def releasing(deployed: Template) -> Template | None:
    """Return the deployed template with groups that are retained; None if there are no others.

    CloudFormation ignores an update of nothing but a deletion policy, so the description changes too:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
    """
    resources = deployed.get("Resources", {})
    groups = {
        key: {
            **resource,
            "DeletionPolicy": "Retain",
            "Properties": {**resource["Properties"], "Description": "Kept by the stage"},
        }
        for key, resource in resources.items()
        if resource["Type"] == GROUP and resource.get("DeletionPolicy") != "Retain"
    }
    return {**deployed, "Resources": {**resources, **groups}} if groups else None


if __name__ == "__main__":
    sys.exit(main())
