"""The keys of the tables, as the local cloud and the deployment create them."""

from __future__ import annotations

import pytest

from chalicelib import aws
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL, USAGE, Table
from infrastructure import storage
from infrastructure.stages import DEV

from .conftest import LocalCloud


@pytest.mark.parametrize(("name", "table"), [("usage", USAGE), ("runs", RUNS)])
def test_the_local_cloud_creates_them(cloud: LocalCloud, name: str, table: Table) -> None:
    created = aws.dynamodb().describe_table(TableName=settings.names.resource(name))["Table"]
    assert created["KeySchema"] == table.schema()["KeySchema"]
    assert created["AttributeDefinitions"] == table.schema()["AttributeDefinitions"]


@pytest.mark.parametrize(("resource", "table"), [("UsageTable", USAGE), ("RunsTable", RUNS)])
def test_the_deployment_creates_them(resource: str, table: Table) -> None:
    properties = storage.table_resources(DEV, settings.names)[resource]["Properties"]
    assert table.schema().items() <= properties.items()
    assert properties["TimeToLiveSpecification"] == {"AttributeName": TTL, "Enabled": True}


def test_a_key() -> None:
    assert USAGE.key("u", "2026-01") == {"userId": {"S": "u"}, "yearMonth": {"S": "2026-01"}}
    assert RUNS.key("u", "run#1") == {"userId": {"S": "u"}, "itemId": {"S": "run#1"}}
