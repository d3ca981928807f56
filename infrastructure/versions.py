"""Deletes versions of flows that are too old to roll back to: `python -m infrastructure.versions --stage prod`.

Step Functions keeps at most 1,000 versions of a state machine, and every deployment that changes a flow publishes one.
The newest 20 of each flow stay, and whatever the alias `live` names. `make deploy` runs this at its end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from chalicelib.names import LIVE, Names
from infrastructure.errors import DeploymentError
from infrastructure.rollback import number_of, versions_of

KEPT = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Delete old versions of all flows of a stage, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.versions", description="Delete old versions.")
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage, compiled_flows

    try:
        stage = checked_stage(arguments.stage)
        flows = compiled_flows().flows.values()
        cloud = Cloud()
        names = Names(stage=stage.name, region=cloud.region, account=cloud.account, alias=LIVE)
        client = cloud.client("stepfunctions")
        machines = [names.state_machine_arn(flow.name, flow.type).removesuffix(f":{LIVE}") for flow in flows]
        deleted = sum(prune(client, machine) for machine in machines)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if deleted:
        print(f"stage {stage.name}: {deleted} old versions of flows deleted")
    return 0


def prune(client: Any, machine: str, keep: int = KEPT) -> int:
    """Delete the oldest versions of a state machine.

    Args:
        client: A client of Step Functions.
        machine: The state machine's ARN.
        keep: How many of the newest versions stay.

    Returns:
        The number of versions deleted.

    Raises:
        DeploymentError: AWS refused.
    """
    from botocore.exceptions import ClientError

    try:
        old = sorted(versions_of(client, machine), reverse=True)[keep:]
        if not old:
            return 0
        alias = client.describe_state_machine_alias(stateMachineAliasArn=f"{machine}:{LIVE}")
        live = {number_of(route["stateMachineVersionArn"]) for route in alias["routingConfiguration"]}
        gone = [version for version in old if version not in live]
        for version in gone:
            client.delete_state_machine_version(stateMachineVersionArn=f"{machine}:{version}")
    except ClientError as error:
        raise DeploymentError(f"old versions of {machine.rpartition(':')[2]} cannot be deleted: {error}") from None
    return len(gone)


if __name__ == "__main__":
    sys.exit(main())
