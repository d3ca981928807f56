"""Creates or updates the policies of the deployment: `python -m infrastructure.bootstrap` (`make bootstrap` runs it).

Prints the options with which `cdk bootstrap` uses them. An administrator runs this once for each account and region,
and again when an update of the framework has changed the policies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from infrastructure.bootstrap.policies import BOUNDARY, boundary, execution_policies, qualifier
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError

MAX_VERSIONS = 5
"""Versions of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def main(argv: Sequence[str] | None = None) -> int:
    """Put the policies into the account, print the options for `cdk bootstrap`, and return the exit code."""
    argparse.ArgumentParser(prog="python -m infrastructure.bootstrap", description=__doc__).parse_args(argv)
    try:
        cloud = Cloud()
        own = qualifier()
        execution = execution_policies(cloud.account, cloud.region, own)
        for name, document in {**execution, BOUNDARY: boundary(cloud.account)}.items():
            print(f"{name}: {put_policy(cloud, name, document)}", file=sys.stderr)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    listed = ",".join(policy_arn(cloud, name) for name in execution)
    target = f"aws://{cloud.account}/{cloud.region}"
    print(f"{target} --qualifier {own} --cloudformation-execution-policies {listed}")
    return 0


def policy_arn(cloud: Cloud, name: str) -> str:
    """Return the ARN of a policy in the account."""
    return f"arn:aws:iam::{cloud.account}:policy/{name}"


def put_policy(cloud: Cloud, name: str, document: dict[str, Any]) -> str:
    """Create a managed policy, or give it a new version if it differs.

    Args:
        cloud: AWS, as an administrator.
        name: The policy's name.
        document: Its document.

    Returns:
        What was done.

    Raises:
        DeploymentError: A call failed.
    """
    client: Any = cloud.client("iam")
    arn, text = policy_arn(cloud, name), json.dumps(document)
    try:
        try:
            policy = client.get_policy(PolicyArn=arn)["Policy"]
        except client.exceptions.NoSuchEntityException:
            client.create_policy(PolicyName=name, PolicyDocument=text)
            return "created"
        versions = client.list_policy_versions(PolicyArn=arn)["Versions"]
        current = client.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        if current["Document"] == document:
            return "unchanged"
        if len(versions) >= MAX_VERSIONS:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: int(v["VersionId"][1:]))
            client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        client.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
    except client.exceptions.ClientError as error:
        raise DeploymentError(f"the policy {name} cannot be written: {error}") from None
    return "updated"


if __name__ == "__main__":
    sys.exit(main())
