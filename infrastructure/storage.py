"""The two tables: usage, and the records of runs."""

from __future__ import annotations

from chalicelib.names import Names
from chalicelib.tables import RUNS, TTL, USAGE, Table
from infrastructure.resources import Resource, kept, tag_list
from infrastructure.stage import StageSettings


def table_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the stage's tables: on-demand billing, and point-in-time recovery within the last 35 days."""
    return {
        "UsageTable": _table(names.usage_table, USAGE, stage),
        "RunsTable": _table(names.runs_table, RUNS, stage),
    }


def _table(name: str, table: Table, stage: StageSettings) -> Resource:
    resource = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            **table.schema(),
            "TimeToLiveSpecification": {"AttributeName": TTL, "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": stage.retain_data,
            "Tags": tag_list(stage),
        },
    }
    return kept(resource, stage)
