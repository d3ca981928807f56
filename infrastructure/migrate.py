"""Brings the records of runs up to date that an earlier release wrote:
`python -m infrastructure.migrate --stage prod [--dry-run]`.

Run it once after the deployment that adds the index `byMonth` to the table of runs. It may be interrupted and repeated
at any time. Until then, admins don't see older runs in lists of all users, and filters by flow don't find them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from chalicelib.errors import error_code
from chalicelib.names import Names
from chalicelib.runs.migration import Migrated, migrate
from chalicelib.tables import RUNS_BY_MONTH
from infrastructure.errors import DeploymentError


def main(argv: Sequence[str] | None = None) -> int:
    """Migrate the table of a stage, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.migrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True)
    parser.add_argument("--dry-run", action="store_true", help="count the records that would be changed")
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage

    try:
        stage = checked_stage(arguments.stage)
        cloud = Cloud()
        table = Names(stage=stage.name, region=cloud.region, account=cloud.account).runs_table
        done = migrate_table(cloud.client("dynamodb"), table, dry_run=arguments.dry_run)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{table}: {done.read} records, {done.changed} {'to change' if arguments.dry_run else 'changed'}")
    return 0


def migrate_table(client: Any, table: str, *, dry_run: bool = False) -> Migrated:
    """Migrate a table, and report each thousand records on stderr.

    Args:
        client: A client of DynamoDB.
        table: The table's name.
        dry_run: Whether only to count.

    Raises:
        DeploymentError: The table or its index does not exist, or DynamoDB failed.
    """
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = client.describe_table(TableName=table)["Table"].get("GlobalSecondaryIndexes", [])
    except Exception as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise DeploymentError(f"no table {table}: check --stage and the region") from None
    if RUNS_BY_MONTH.name not in [index["IndexName"] for index in found]:
        raise DeploymentError(f"the table {table} has no index {RUNS_BY_MONTH.name} yet: deploy the stage first")
    try:
        return migrate(
            lambda operation, request: getattr(client, xform_name(operation))(**request),
            table,
            dry_run=dry_run,
            report=lambda done: print(f"{done.read} records read, {done.changed} old ones", file=sys.stderr),
        )
    except (ClientError, BotoCoreError) as error:
        raise DeploymentError(f"{error}; repeat the command, which continues where it stopped") from None


if __name__ == "__main__":
    sys.exit(main())
