"""The items of tables on disk: whatever is not written yet, not in memory any more, or lent to moto."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from localcloud.dynamodb import Scratch, areas
from localcloud.dynamodb.backing import Statement
from localcloud.moto_app import MotoApplication, forget_everything
from localcloud.state.database import Database
from localcloud.state.kept import Kept
from localcloud.state.records import Entry, Records
from tests.localcloud.dynamodb.clients import MOTOS, SCHEMA, TABLE, Client, compare_random_requests

STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}


class _Waiting:
    written = False


class _Late:
    """A database that writes a random number of requests later, as when others have the disk."""

    def __init__(self, seed: int) -> None:
        self._scratch = Scratch()
        self._random = random.Random(seed)
        self._waiting: list[tuple[_Waiting, Sequence[Statement]]] = []

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._scratch.read(sql, parameters)

    def enqueue(self, statements: Sequence[Statement]) -> _Waiting:
        self._waiting.append((_Waiting(), statements))
        waiting = self._waiting[-1][0]
        for ticket, written in self._waiting[: self._random.randrange(len(self._waiting) + 1)]:
            self._scratch.enqueue(written)
            ticket.written = True
        self._waiting = [each for each in self._waiting if not each[0].written]
        return waiting


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    forget_everything()


@pytest.mark.parametrize("seed", [1, 2, 3, 14])
def test_a_late_disk_and_a_small_memory_change_no_answer(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(areas, "CACHED_CHARACTERS", 200)
    monkeypatch.setattr(areas, "_ROWS", 2)
    ours, motos = Client("111111111111", _Late(seed)), Client("222222222222")
    ours.call("CreateTable", SCHEMA)
    motos.call("CreateTable", MOTOS)
    assert compare_random_requests(ours, motos, seed) < 3 * ours.fast


def _item(number: int, month: str = "1") -> dict[str, Any]:
    return {
        "h": {"S": f"{number % 3}"},
        "r": {"S": f"{number:03}"},
        "m": {"S": month},
        "o": {"S": f"{number:03}"},
        "s": {"SS": ["p", "q"]},
        "d": {"M": {"list": {"L": [{"N": "1.50"}, {"BOOL": True}, {"NULL": True}, {"B": "AAE="}]}}},
    }


def _put(client: Client, *items: dict[str, Any]) -> None:
    for item in items:
        assert client.call("PutItem", {"TableName": TABLE, "Item": item})[0] == 200


def _month(client: Client, index: str = "months") -> list[str]:
    body = {
        "TableName": TABLE,
        "IndexName": index,
        "KeyConditionExpression": "m = :m",
        "ExpressionAttributeValues": {":m": {"S": "1"}},
    }
    return [item["r"]["S"] for item in client.call("Query", body)[1]["Items"]]


def test_moto_counts_items_that_it_does_not_have() -> None:
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, *(_item(number) for number in range(7)))
    client.call("DeleteItem", {"TableName": TABLE, "Key": {"h": {"S": "0"}, "r": {"S": "003"}}})
    assert client.call("DescribeTable", {"TableName": TABLE})[1]["Table"]["ItemCount"] == 6


def test_a_table_that_gets_a_stream_becomes_motos() -> None:
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, *(_item(number) for number in range(5)))
    before = client.items()
    assert client.call("UpdateTable", {"TableName": TABLE, **STREAM})[0] == 200
    fast = client.fast
    _put(client, _item(5))
    assert client.fast == fast
    assert len(client.items()) == len(before) + 1
    assert _month(client) == [f"{number:03}" for number in range(6)]


def test_moto_keeps_no_item_that_is_gone() -> None:
    """It would keep every object that it has ever made, for a page of its own."""
    from moto.dynamodb.models.dynamo_type import Item

    def kept() -> int:
        gc.collect()
        return sum(isinstance(each, Item) for each in gc.get_objects())

    before = kept()  # by what other tests have left
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, *(_item(number) for number in range(20)))
    client.items()
    assert kept() - before <= 20


def test_an_index_that_comes_later_has_the_items_of_before() -> None:
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, _item(2), _item(0), _item(1, "2"))
    keys = [{"AttributeName": "m", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]
    create = {"IndexName": "others", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    update = {"TableName": TABLE, "GlobalSecondaryIndexUpdates": [{"Create": create}]}
    assert client.call("UpdateTable", update)[0] == 200
    fast = client.fast
    assert _month(client, "others") == ["000", "002"]
    assert client.fast == fast + 1


def test_a_table_that_is_created_again_is_empty() -> None:
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, _item(0))
    client.call("DeleteTable", {"TableName": TABLE})
    client.call("CreateTable", SCHEMA)
    assert client.items() == []
    assert _month(client) == []


def test_a_backup_has_the_items_of_its_time() -> None:
    client = Client("111111111111")
    client.call("CreateTable", SCHEMA)
    _put(client, _item(0), _item(1))
    status, document = client.call("CreateBackup", {"TableName": TABLE, "BackupName": "b"})
    assert status == 200
    _put(client, _item(2))
    arn = document["BackupDetails"]["BackupArn"]
    assert client.call("RestoreTableFromBackup", {"TargetTableName": "again", "BackupArn": arn})[0] == 200
    assert len(client.call("Scan", {"TableName": "again"})[1]["Items"]) == 2
    assert client.call("GetItem", {"TableName": "again", "Key": {"h": {"S": "1"}, "r": {"S": "001"}}})[1]["Item"]


class Cloud:
    """Moto with a database, which can be left and opened again."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.kept = Kept(self.database)
        self.client = Client("111111111111")
        self.client.application = MotoApplication(4566, "111111111111", self.kept)

    def close(self) -> None:
        """Leave everything to the next cloud."""
        self.kept.close()
        self.database.close()
        forget_everything()


def test_items_are_there_after_a_restart(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path / "state.db")
    cloud.client.call("CreateTable", SCHEMA)
    _put(cloud.client, *(_item(number) for number in range(5)))
    items = cloud.client.items()
    cloud.close()
    cloud = Cloud(tmp_path / "state.db")
    assert _month(cloud.client) == [f"{number:03}" for number in range(5)]
    assert cloud.client.items() == items
    assert cloud.client.call("UpdateTable", {"TableName": TABLE, **STREAM})[0] == 200
    cloud.close()
    cloud = Cloud(tmp_path / "state.db")
    assert cloud.client.items() == items, "of a table with a stream"
    assert cloud.client.call("DeleteTable", {"TableName": TABLE})[0] == 200
    cloud.close()
    database = Database(tmp_path / "state.db")
    assert [database.read(f"SELECT * FROM {table}") for table in ("items", "item_places", "item_areas")] == [[]] * 3
    database.close()


def test_items_of_an_earlier_version_are_taken_over_once(tmp_path: Path) -> None:
    """Before, each item was a record beside those of other services."""
    cloud = Cloud(tmp_path / "state.db")
    cloud.client.call("CreateTable", SCHEMA)
    cloud.close()
    database = Database(tmp_path / "state.db")
    backend = "moto.dynamodb.models:DynamoDBBackend|111111111111|eu-west-1"
    old = Entry(TABLE, '[["S","x"],["S","a"]]', '{"h":{"S":"x"},"r":{"S":"a"},"m":{"S":"1"},"o":{"S":"1"}}')
    database.commit([("DELETE FROM item_areas", ()), *Records(database).statements(backend, [old])])
    database.close()
    for _ in range(2):
        cloud = Cloud(tmp_path / "state.db")
        assert _month(cloud.client) == ["a"]
        cloud.close()
    cloud = Cloud(tmp_path / "state.db")
    assert cloud.client.call("DeleteItem", {"TableName": TABLE, "Key": {"h": {"S": "x"}, "r": {"S": "a"}}})[0] == 200
    cloud.close()
    cloud = Cloud(tmp_path / "state.db")
    assert cloud.client.items() == []
    cloud.close()
