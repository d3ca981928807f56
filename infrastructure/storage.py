"""The two tables: usage, and the records of runs."""

from __future__ import annotations

from chalicelib.names import Names
from infrastructure.resources import Resource, kept, tag_list
from infrastructure.stages import StageSettings


def table_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """The stage's tables: paid by the request, recoverable to any second of the last 35 days."""
    return {
        "UsageTable": _table(names.usage_table, "yearMonth", stage),
        "RunsTable": _table(names.runs_table, "itemId", stage),
    }


def _table(name: str, sort_key: str, stage: StageSettings) -> Resource:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "userId", "AttributeType": "S"},
                {"AttributeName": sort_key, "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "userId", "KeyType": "HASH"},
                {"AttributeName": sort_key, "KeyType": "RANGE"},
            ],
            "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": stage.retain_data,
            "Tags": tag_list(stage),
        },
    }
    return kept(table, stage)
