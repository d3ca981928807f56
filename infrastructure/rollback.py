"""Lets a flow's alias go back: `python -m infrastructure.rollback --stage prod --flow orderFlow [--version 7]`.

Callers go through the alias `live`, so new runs use the former version at once; those that are running go on as they
began. The next deployment that changes the flow moves the alias forward again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from chalicelib.names import Names
from infrastructure.errors import DeploymentError
from infrastructure.tokens import LIVE


def main(argv: Sequence[str] | None = None) -> int:
    """Move the alias."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.rollback",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument("--flow", required=True)
    parser.add_argument("--version", type=int, help="which version; the one before the present one by default")
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        machine = Names(stage=stage.name, region=cloud.region, account=cloud.account).state_machine_arn(arguments.flow)
        former, chosen = roll_back(cloud.client("stepfunctions"), machine, arguments.version)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.flow} of stage {stage.name}: version {former} -> {chosen}")
    return 0


def roll_back(client: Any, machine: str, version: int | None = None) -> tuple[int, int]:
    """Point the alias of a state machine at an earlier version; returns the former version and the chosen one.

    Args:
        client: A client of Step Functions.
        machine: The state machine's ARN.
        version: Which version; the newest one before the present one by default.

    Raises:
        DeploymentError: There is no such flow, or no such version.
    """
    name = machine.rpartition(":")[2]
    alias = f"{machine}:{LIVE}"
    try:
        routes = client.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
    except client.exceptions.ResourceNotFound:
        raise DeploymentError(f"no flow {name} with an alias {LIVE!r}: check --stage and --flow") from None
    present = max(_number(route["stateMachineVersionArn"]) for route in routes)
    versions = sorted(_versions(client, machine), reverse=True)
    if version is None:
        version = next((number for number in versions if number < present), None)
        if version is None:
            raise DeploymentError(f"{name} has no version before {present}")
    elif version not in versions:
        raise DeploymentError(f"{name} has no version {version}; there are {', '.join(map(str, versions))}")
    client.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": f"{machine}:{version}", "weight": 100}],
    )
    return present, version


def _versions(client: Any, machine: str) -> list[int]:
    found: list[int] = []
    more: dict[str, str] = {}
    while True:
        page = client.list_state_machine_versions(stateMachineArn=machine, **more)
        found += [_number(item["stateMachineVersionArn"]) for item in page["stateMachineVersions"]]
        if "nextToken" not in page:
            return found
        more = {"nextToken": page["nextToken"]}


def _number(arn: str) -> int:
    return int(arn.rpartition(":")[2])


if __name__ == "__main__":
    sys.exit(main())
