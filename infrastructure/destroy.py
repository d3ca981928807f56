"""Prepares to destroy a stage: `python -m infrastructure.destroy --stage prod` asks, and lifts the protection.

A stage that keeps its data is destroyed only after its name is typed. What `chalice deploy` created can be deleted only
with Chalice's records, `.chalice/deployed/STAGE.json`. If they are missing, they are restored.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.settings import PROJECT
from infrastructure.chalice_records import records_file, take_over
from infrastructure.cloud import Cloud, front_door
from infrastructure.errors import DeploymentError
from infrastructure.stage import StageSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Ask, let CloudFormation delete the stack, and return the exit code. `cdk destroy` then deletes it (Makefile)."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.destroy", description=__doc__)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        stack = cloud.stack(stage.name)
        if stack is None or front_door(stack) != "cdk":
            taken = take_over(cloud, stage.name, PROJECT)
            print(*([taken] if taken else []), sep="\n", end="\n" if taken else "")
        if stack is None and not records_file(PROJECT, stage.name).is_file():
            raise DeploymentError(f"there is no stage {stage.name} in account {cloud.account}, {cloud.region}")
        confirm(stage, cloud.account, cloud.region)
        if stage.retain_data and stack is not None:
            cloud.lift_protection(stage.name)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def confirm(stage: StageSettings, account: str, region: str) -> None:
    """Ask for the name of a stage that keeps its data.

    Args:
        stage: The stage's settings.
        account: The account that it is in.
        region: The region that it is in.

    Raises:
        DeploymentError: The answer is not the name.
    """
    if not stage.retain_data:
        return
    print(f"The stage {stage.name} in account {account}, {region} will no longer be available. Its tables and users")
    print("stay in the account; deploying the stage again imports them (docs/deploy.md).")
    try:
        answer = input("Type the stage's name to destroy it: ")
    except EOFError:
        answer = ""
    if answer.strip() != stage.name:
        raise DeploymentError("nothing was destroyed: the answer is not the stage's name")


if __name__ == "__main__":
    sys.exit(main())
