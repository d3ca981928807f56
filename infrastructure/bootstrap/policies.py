"""The policies of the deployment, and the qualifier of CDK's bootstrap, which tells several in an account apart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError

BOUNDARY = f"{APP_NAME}-boundary"
"""The name of the policy that bounds every role of a stage with `permissions_boundary`."""
EXECUTION = f"{APP_NAME}-execution"
"""What the names of the policies begin with that CloudFormation deploys with. IAM allows 6,144 characters each."""
QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
"""The setting in cdk.json, which `cdk bootstrap` and `cdk deploy` read as well."""

_FOLDER = Path(__file__).resolve().parent


def qualifier(project: Path = PROJECT) -> str:
    """Return the qualifier that cdk.json pins.

    Args:
        project: The folder of cdk.json.

    Raises:
        DeploymentError: It has none, or CDK would reject it.
    """
    context = json.loads((project / "cdk.json").read_text(encoding="utf-8")).get("context", {})
    found = context.get(QUALIFIER)
    if not isinstance(found, str) or re.fullmatch("[a-z0-9]{1,10}", found) is None:
        raise DeploymentError(
            f'cdk.json: context: "{QUALIFIER}" is {json.dumps(found)}, but must be 1 to 10 lower-case letters and '
            'digits; CDK\'s own default is "hnb659fds"'
        )
    return found


def execution_policies(account: str, region: str, qualifier: str) -> dict[str, dict[str, Any]]:
    """Return the policies with which CloudFormation deploys, by name. Policies are global, so a name has the region.

    Args:
        account: The account to deploy to.
        region: The region to deploy to.
        qualifier: The qualifier of the bootstrap.
    """
    files = sorted(_FOLDER.glob("execution-*.json"))
    return {
        f"{EXECUTION}-{number}-{region}": filled_in(file, account, region, qualifier)
        for number, file in enumerate(files, 1)
    }


def boundary(account: str) -> dict[str, Any]:
    """Return the policy that bounds the roles of stages.

    Args:
        account: The account to deploy to.
    """
    return filled_in(_FOLDER / "boundary.json", account, "", "")


def filled_in(file: Path, account: str, region: str, qualifier: str) -> dict[str, Any]:
    """Read a policy and fill in its placeholders.

    Args:
        file: The file.
        account: The value of `${account-id}`.
        region: The value of `${region}`.
        qualifier: The value of `${qualifier}`.
    """
    text = file.read_text(encoding="utf-8")
    for name, value in {"account-id": account, "region": region, "qualifier": qualifier}.items():
        text = text.replace(f"${{{name}}}", value)
    document: dict[str, Any] = json.loads(text)
    return document
