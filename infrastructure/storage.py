"""The two tables: usage, and the records of runs."""

from __future__ import annotations

from aws_cdk import CfnOutput
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from chalicelib.names import Names
from infrastructure.identity import keep_or_delete
from infrastructure.stages import StageSettings


def add_storage(scope: Construct, stage: StageSettings, names: Names) -> None:
    """Add the stage's tables: paid by the request, recoverable to any second of the last 35 days."""
    _table(scope, "Usage", names.usage_table, "yearMonth", stage)
    _table(scope, "Runs", names.runs_table, "itemId", stage)


def _table(scope: Construct, name: str, table_name: str, sort_key: str, stage: StageSettings) -> None:
    table = dynamodb.CfnTable(
        scope,
        f"{name}Table",
        table_name=table_name,
        billing_mode="PAY_PER_REQUEST",
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name="userId", attribute_type="S"),
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=sort_key, attribute_type="S"),
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name="userId", key_type="HASH"),
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=sort_key, key_type="RANGE"),
        ],
        time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
            attribute_name="ttl", enabled=True
        ),
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection_enabled=stage.retain_data,
    )
    keep_or_delete(table, stage)
    CfnOutput(scope, f"{name}TableName", value=table.ref)
