"""Rolls a flow back to an earlier version:
`python -m infrastructure.rollback --stage prod --flow orderFlow [--version 7]`.

Callers use the alias `live`, so new runs use the earlier version at once. Runs in progress are not affected. The next
deployment that changes the flow moves the alias forward again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from chalicelib.names import EXPRESS, LIVE, Names
from infrastructure.errors import DeploymentError


def main(argv: Sequence[str] | None = None) -> int:
    """Move the alias, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.rollback",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument("--flow", required=True)
    parser.add_argument("--version", type=int, help="the version to use; default: the one before the current one")
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        names = Names(stage=stage.name, region=cloud.region, account=cloud.account, alias=LIVE)
        client = cloud.client("stepfunctions")
        before, after = roll_back(client, deployed_machine(client, names, arguments.flow), arguments.version)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.flow} of stage {stage.name}: version {before} -> {after}")
    return 0


def deployed_machine(client: Any, names: Names, flow: str) -> str:
    """Return the ARN of a flow's state machine, of whichever type is deployed.

    Raises:
        DeploymentError: There is none.
    """
    for kind in ("", EXPRESS):
        alias = names.state_machine_arn(flow, kind)
        try:
            client.describe_state_machine_alias(stateMachineAliasArn=alias)
        except client.exceptions.ResourceNotFound:
            continue
        return alias.removesuffix(f":{LIVE}")
    raise DeploymentError(f"no flow {names.resource(flow)} with an alias {LIVE!r}: check --stage and --flow")


def roll_back(client: Any, machine: str, version: int | None = None) -> tuple[int, int]:
    """Point the alias of a state machine to an earlier version.

    Args:
        client: A client of Step Functions.
        machine: The state machine's ARN.
        version: The version to use; the newest one before the current one if None.

    Returns:
        The version before and after.

    Raises:
        DeploymentError: The flow or the version does not exist.
    """
    name = machine.rpartition(":")[2]
    alias = f"{machine}:{LIVE}"
    try:
        routes = client.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
    except client.exceptions.ResourceNotFound:
        raise DeploymentError(f"no flow {name} with an alias {LIVE!r}: check --stage and --flow") from None
    current = max(number_of(route["stateMachineVersionArn"]) for route in routes)
    versions = sorted(versions_of(client, machine), reverse=True)
    if version is None:
        version = next((number for number in versions if number < current), None)
        if version is None:
            raise DeploymentError(f"{name} has no version before {current}")
    elif version not in versions:
        raise DeploymentError(f"{name} has no version {version}; available: {', '.join(map(str, versions))}")
    client.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": f"{machine}:{version}", "weight": 100}],
    )
    return current, version


def versions_of(client: Any, machine: str) -> list[int]:
    """Return the numbers of all versions of a state machine, by its ARN."""
    found: list[int] = []
    more: dict[str, str] = {}
    while True:
        page = client.list_state_machine_versions(stateMachineArn=machine, **more)
        found += [number_of(item["stateMachineVersionArn"]) for item in page["stateMachineVersions"]]
        if "nextToken" not in page:
            return found
        more = {"nextToken": page["nextToken"]}


def number_of(arn: str) -> int:
    """Return the number in the ARN of a version."""
    return int(arn.rpartition(":")[2])


if __name__ == "__main__":
    sys.exit(main())
