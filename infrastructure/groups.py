"""Creates the groups that flows name: `python -m infrastructure.groups --stage prod` (`make deploy` runs it).

Groups don't belong to the stack. `admin/create_user.py --group` may have created one before the deployment, which
CloudFormation could then not create; and CloudFormation would delete the group, with its list of members, when no flow
names it any more. A group that exists is never changed here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.identity import ADMIN_GROUP
from infrastructure.cloud import Cloud, outputs
from infrastructure.errors import DeploymentError


def main(argv: Sequence[str] | None = None) -> int:
    """Create the groups of a deployed stage that don't exist, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.groups", description=__doc__)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.synthesis import checked_flows, checked_stage

    try:
        stage = checked_stage(arguments.stage)
        flows = checked_flows(stage).flows.values()
        cloud = Cloud()
        stack = cloud.stack(stage.name)
        if stack is None or "UserPoolId" not in outputs(stack):
            raise DeploymentError(f"the stage {stage.name} is not deployed: run `make deploy STAGE={stage.name}`")
        named = {group for flow in flows for group in flow.access_groups}
        created = create_groups(cloud, outputs(stack)["UserPoolId"], named)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if created:
        print(f"created the groups {', '.join(created)}")
    return 0


def create_groups(cloud: Cloud, pool: str, groups: Iterable[str]) -> list[str]:
    """Create those groups that don't exist.

    Args:
        cloud: AWS.
        pool: The id of the stage's user pool.
        groups: The groups that flows admit; the group of administrators is always added.

    Returns:
        The groups that were created.

    Raises:
        DeploymentError: A call failed.
    """
    client: Any = cloud.client("cognito-idp")
    created = []
    for group in sorted({ADMIN_GROUP, *groups}):
        try:
            client.create_group(UserPoolId=pool, GroupName=group)
        except client.exceptions.GroupExistsException:
            continue
        except client.exceptions.ClientError as error:
            raise DeploymentError(f"the group {group} cannot be created: {error}") from None
        created.append(group)
    return created


if __name__ == "__main__":
    sys.exit(main())
