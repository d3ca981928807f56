"""The operations that are answered without moto: by random requests, the same answers and items as moto's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import aws, times, usage, usage_ledger
from chalicelib.aws_json import AwsError
from chalicelib.runs import indexes, records, searching
from chalicelib.runs.ids import new_id
from chalicelib.settings import settings
from chalicelib.tables import RUNS, USAGE
from localcloud.moto_app import forget_everything
from tests.localcloud.dynamodb.clients import MOTOS, SCHEMA, TABLE, Client, compare_random_requests


@pytest.fixture
def clients() -> Iterator[tuple[Client, Client]]:
    """Ours and moto's, each with an empty table."""
    ours, motos = Client("111111111111"), Client("222222222222")
    assert ours.call("CreateTable", SCHEMA)[0] == 200
    assert motos.call("CreateTable", MOTOS)[0] == 200
    yield ours, motos
    assert motos.fast == 0
    forget_everything()


@pytest.mark.parametrize("seed", [0, 5, 14, 35])
def test_random_requests_are_answered_as_by_moto(clients: tuple[Client, Client], seed: int) -> None:
    ours, _ = clients
    assert compare_random_requests(*clients, seed) < 3 * ours.fast


def test_pages_follow_each_other(clients: tuple[Client, Client]) -> None:
    ours, _ = clients
    for number in range(25):
        item = {"h": {"S": "x"}, "r": {"S": f"{number:03}"}, "n": {"N": str(number)}}
        assert ours.call("PutItem", {"TableName": TABLE, "Item": item}) == (200, {})
    for forward in (True, False):
        body = {
            "TableName": TABLE,
            "KeyConditionExpression": "h = :h AND r BETWEEN :low AND :high",
            "FilterExpression": "n <> :ten",
            "ExpressionAttributeValues": {
                ":h": {"S": "x"},
                ":low": {"S": "003"},
                ":high": {"S": "020"},
                ":ten": {"N": "10"},
            },
            "ScanIndexForward": forward,
            "Limit": 6,
        }
        pages = []
        while True:
            status, page = ours.call("Query", body)
            assert status == 200
            pages.append(page)
            if "LastEvaluatedKey" not in page:
                break
            body["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        found = [int(item["n"]["N"]) for page in pages for item in page["Items"]]
        assert found == [n for n in (range(3, 21) if forward else range(20, 2, -1)) if n != 10]
        assert [page["ScannedCount"] for page in pages] == [6, 6, 6]
    assert ours.fast == 25 + 6


def test_an_index_is_read_in_pages_while_items_come_and_go(clients: tuple[Client, Client]) -> None:
    ours, _ = clients

    def put(number: int, month: str) -> None:
        item = {
            "h": {"S": f"{number}"},
            "r": {"S": "r"},
            "m": {"S": month},
            "o": {"S": f"{number:03}"},
            "b": {"S": "-"},
        }
        assert ours.call("BatchWriteItem", {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}}]}})[0] == 200

    def read(**more: Any) -> list[int]:
        body: dict[str, Any] = {
            "TableName": TABLE,
            "IndexName": "months",
            "KeyConditionExpression": "m = :m AND o BETWEEN :low AND :high",
            "ExpressionAttributeValues": {":m": {"S": "1"}, ":low": {"S": "003"}, ":high": {"S": "020"}},
            "Limit": 7,
            **more,
        }
        found = []
        while True:
            status, page = ours.call("Query", body)
            assert status == 200
            assert all("b" not in item for item in page["Items"]), "the index has it not"
            found += [int(item["o"]["S"]) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            body["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    for number in range(25):
        put(number, "1")
    assert read() == list(range(3, 21))
    put(9, "2")
    ours.call("DeleteItem", {"TableName": TABLE, "Key": {"h": {"S": "10"}, "r": {"S": "r"}}})
    put(0, "1")
    assert read(ScanIndexForward=False) == [n for n in range(20, 2, -1) if n not in (9, 10)]
    asked = ours.fast
    update = {"TableName": TABLE, "Key": {"h": {"S": "11"}, "r": {"S": "r"}}, "UpdateExpression": "REMOVE m.x, m"}
    ours.call("UpdateItem", update)  # moto's: it forgets the orders
    assert ours.fast == asked
    put(9, "1")
    assert read() == [n for n in range(3, 21) if n != 10]


def test_an_item_can_not_grow_beyond_the_limit(clients: tuple[Client, Client]) -> None:
    key = {"h": {"S": "x"}, "r": {"S": "a"}}
    for client in clients:
        for name in ("a", "b", "c"):
            body = {"TableName": TABLE, "Key": key, "UpdateExpression": f"SET {name} = :v"}
            status, document = client.call(
                "UpdateItem", body | {"ExpressionAttributeValues": {":v": {"S": "x" * 150_000}}}
            )
        assert (status, document["__type"].rpartition("#")[2]) == (400, "ValidationException")


def test_equal_values_are_not_one_value(clients: tuple[Client, Client]) -> None:
    """Moto changes maps in place: a change of one attribute must not show in another one."""
    key = {"h": {"S": "x"}, "r": {"S": "a"}}
    for client in clients:
        update = {"TableName": TABLE, "Key": key, "UpdateExpression": "SET a = :map, b = :map"}
        client.call("UpdateItem", update | {"ExpressionAttributeValues": {":map": {"M": {"x": {"N": "1"}}}}})
        nested = {"TableName": TABLE, "Key": key, "UpdateExpression": "SET a.x = :two"}
        client.call("UpdateItem", nested | {"ExpressionAttributeValues": {":two": {"N": "2"}}})
        item = client.call("GetItem", {"TableName": TABLE, "Key": key})[1]["Item"]
        assert item["a"] == {"M": {"x": {"N": "2"}}}
        assert item["b"] == {"M": {"x": {"N": "1"}}}


class _Boto:
    """A client as `chalicelib.aws` has them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.title() for word in name.split("_"))

        def call(**parameters: Any) -> dict[str, Any]:
            status, document = self._client.call(operation, parameters)
            if status != 200:
                raise AwsError(operation, status, document["__type"].rpartition("#")[2], "")
            return document

        return call


def test_a_run_needs_no_expression_of_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("333333333333")
    for name, table in ((settings.names.usage_table, USAGE), (settings.names.runs_table, RUNS)):
        client.call("CreateTable", {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **table.schema()})
    monkeypatch.setattr(aws, "dynamodb", lambda: _Boto(client))
    monkeypatch.setattr(aws, "dynamodb_for_usage", lambda: _Boto(client))
    execution = new_id()
    arn = f"arn:aws:states:::execution:f:{execution}"
    run = records.Run("u", execution, arn, "f", "RUNNING", times.now(), labels={"order": "A-1"}, input='{"n": 1}')
    ledger = usage_ledger.Ledger(usage_ledger.Hooks(usage._write, lambda *_: None))
    try:
        indexes.write(indexes.items_of(run))
        assert records.create(run)
        assert records.update("u", execution, arn, records.Outcome("SUCCEEDED", output="1", redrive_count=0))
        assert not records.create(run)
        assert records.get("u", execution) is not None
        assert records.ended([("u", execution)]) == {("u", execution)}
        assert searching.find_by_id(execution) is not None
        for user, wanted in (
            ("u", searching.Filter()),
            ("u", searching.Filter(flow="f", status="SUCCEEDED")),
            ("u", searching.Filter(labels=(("order", "A-1"),))),
            (None, searching.Filter(status="SUCCEEDED")),
            (None, searching.Filter(labels=(("order", "A-1"),))),
        ):
            found = [one.status for part in searching.Search(user, wanted).portions() for one in part.runs]
            assert found == ["SUCCEEDED"]
        ledger.add("u", "2026-01").written.wait(5)
    finally:
        ledger.flush(1)
    assert client.fast == client.asked
    forget_everything()
