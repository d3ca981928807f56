"""Before a stage is destroyed: `python -m infrastructure.destroy --stage prod` asks, and lifts the protection.

A stage that keeps its data wants its name typed back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.names import APP_NAME
from infrastructure.errors import DeploymentError
from infrastructure.stages import StageSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Ask, and let CloudFormation delete the stack. The deletion itself is `cdk destroy` (see the Makefile)."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.destroy", description=__doc__)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        cloud.stack_outputs(stage.name)  # there is such a stack
        confirm(stage, cloud.account, cloud.region)
        if stage.retain_data:
            cloud.client("cloudformation").update_termination_protection(
                StackName=f"{APP_NAME}-{stage.name}", EnableTerminationProtection=False
            )
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def confirm(stage: StageSettings, account: str, region: str) -> None:
    """Ask for the name of a stage that keeps its data.

    Raises:
        DeploymentError: Another answer than the name was given.
    """
    if not stage.retain_data:
        return
    print(f"The stage {stage.name} in account {account}, {region} will serve no one any more. Its tables and its")
    print("users stay in the account; to deploy the stage again, delete or import the tables first (docs/deploy.md).")
    try:
        answer = input("Type the stage's name to destroy it: ")
    except EOFError:
        answer = ""
    if answer.strip() != stage.name:
        raise DeploymentError("nothing was destroyed: the answer is not the stage's name")


if __name__ == "__main__":
    sys.exit(main())
