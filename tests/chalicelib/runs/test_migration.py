"""Bringing records up to date that were written before there were indexes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore import xform_name

from chalicelib import aws
from chalicelib.runs import migration, records
from chalicelib.runs.ids import new_id
from chalicelib.runs.listing import list_runs
from chalicelib.runs.migration import Migrated, migrate
from chalicelib.runs.records import Run
from chalicelib.runs.searching import Filter
from chalicelib.settings import settings
from chalicelib.tables import RUNS, TTL
from infrastructure.errors import DeploymentError
from infrastructure.migrate import migrate_table
from localcloud.seeding import seed_tables

from ..conftest import LocalCloud

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud) -> str:
    """A table of this test alone, which the application uses."""
    monkeypatch.setenv("STAGE", f"migrated{uuid.uuid4().hex[:8]}")
    name = settings.names.runs_table
    aws.dynamodb().create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **RUNS.schema())
    return name


def old_record(table: str, user: str, status: str = "SUCCEEDED") -> str:
    """A record as the first release wrote it."""
    execution_id = new_id()
    item = {
        **RUNS.key(user, f"run#{execution_id}"),
        "executionArn": {"S": settings.names.execution_arn("f", execution_id)},
        "flow": {"S": "f"},
        "status": {"S": status},
        "startDate": {"S": "2026-01-01T00:00:00.000Z"},
        "redriveCount": {"N": "0"},
        TTL: {"N": "9999999999"},
        **({"error": {"S": "Boom"}} if status == "FAILED" else {}),
    }
    aws.dynamodb().put_item(TableName=table, Item=item)
    return execution_id


def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = getattr(aws.dynamodb(), xform_name(operation))(**request)
    return answer


def found(user: str | None, **wanted: Any) -> list[str]:
    return [run.execution_id for run in list_runs(user, Filter(**wanted), limit=100, token=None).runs]


def test_old_records_are_found_afterwards(table: str) -> None:
    made = [old_record(table, user, status) for user, status in (("ada", "FAILED"), ("bob", "SUCCEEDED"))]
    assert found(None) == found("ada", flow="f") == found("ada", error="boom") == []
    assert migrate_table(aws.dynamodb(), table, dry_run=True) == Migrated(2, 2)
    assert found(None) == []
    assert migrate_table(aws.dynamodb(), table) == Migrated(2, 2)
    assert found(None) == made[::-1]
    assert found("ada", flow="f") == found("ada", error="boom") == found("ada", status="FAILED") == made[:1]
    run = records.get("bob", made[1])
    assert run is not None
    assert (run.started_by, run.status, run.input) == ("user", "SUCCEEDED", None)
    assert migrate_table(aws.dynamodb(), table) == Migrated(2, 0)


def test_a_new_record_is_left_alone(table: str) -> None:
    execution_id = new_id()
    arn = settings.names.execution_arn("f", execution_id)
    run = Run("ada", execution_id, arn, "f", "RUNNING", "2026-01-01T00:00:00.000Z", started_by="run", parent="arn:p")
    records.create(run)
    assert migrate_table(aws.dynamodb(), table) == Migrated(1, 0)
    assert records.get("ada", execution_id) == run


def test_one_that_was_killed_is_continued(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "PAGE", 2)
    made = {old_record(table, f"user{number}") for number in range(7)}
    pages: list[Migrated] = []

    def die(done: Migrated) -> None:
        pages.append(done)
        if len(pages) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(call, table, report=die)
    again = migrate(call, table)
    assert again.read < 7
    assert set(found(None)) == made
    assert migrate(call, table) == Migrated(7, 0)


def test_a_stage_that_is_not_deployed(table: str) -> None:
    with pytest.raises(DeploymentError, match="no table nowhere"):
        migrate_table(aws.dynamodb(), "nowhere")
    aws.dynamodb().create_table(
        TableName=f"{table}-old",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in RUNS.keys],
        KeySchema=RUNS.schema()["KeySchema"],
    )
    with pytest.raises(DeploymentError, match="has no index byMonth yet: deploy the stage first"):
        migrate_table(aws.dynamodb(), f"{table}-old")


def test_the_local_cloud_does_so_with_a_table_that_it_kept(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", f"kept{uuid.uuid4().hex[:8]}")
    name = settings.names.runs_table
    aws.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in RUNS.keys],
        KeySchema=RUNS.schema()["KeySchema"],
    )
    made = old_record(name, "ada")
    seed_tables(cloud.cloud.client, settings.names)
    assert found(None) == found("ada", flow="f") == [made]
    seed_tables(cloud.cloud.client, settings.names)
    assert found(None) == [made]
