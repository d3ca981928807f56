"""The operations that are answered without moto: by random requests, the same answers and items as moto's."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import aws, times, usage, usage_ledger
from chalicelib.aws_json import AwsError
from chalicelib.runs import indexes, records, searching
from chalicelib.runs.ids import new_id
from chalicelib.settings import settings
from chalicelib.tables import RUNS, USAGE
from localcloud.http_messages import Request, Response
from localcloud.moto_app import MotoApplication, forget_everything

TABLE = "things"
SCHEMA = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("h", "r", "label", "m", "o")],
    "KeySchema": [{"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "labels",
            "KeySchema": [{"AttributeName": "label", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        },
        {
            "IndexName": "months",
            "KeySchema": [{"AttributeName": "m", "KeyType": "HASH"}, {"AttributeName": "o", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "n"]},
        },
    ],
}


class _Nothing:
    """Leaves every request to moto."""

    def respond(self, _request: Request) -> None:
        return None


class Client:
    """Sends requests to an application, and counts those that moto has not answered."""

    def __init__(self, account: str, *, moto_only: bool) -> None:
        self.application = MotoApplication(4566, account)
        self.fast = 0
        self.asked = 0
        if moto_only:
            self.application._items = _Nothing()  # type: ignore[assignment]
        else:
            respond = self.application._items.respond

            def counted(request: Request) -> Response | None:
                response = respond(request)
                self.fast += response is not None
                return response

            self.application._items.respond = counted  # type: ignore[method-assign]

    def call(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and document of the answer."""
        headers = {
            "host": "dynamodb.eu-west-1.amazonaws.com",
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
            "authorization": "AWS4-HMAC-SHA256 Credential=k/20200101/eu-west-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=none",
        }
        self.asked += operation not in ("CreateTable", "Scan")
        content = json.dumps(body).encode()
        response = self.application.respond(Request("POST", "/", "HTTP/1.1", headers, list(headers.items()), content))
        document = json.loads(response.body)
        document.pop("message", None)
        document.pop("Message", None)
        return response.status, document

    def items(self) -> list[str]:
        """Return all items, as moto's Scan shows them."""
        return sorted(_text(item) for item in self.call("Scan", {"TableName": TABLE})[1]["Items"])


@pytest.fixture
def clients() -> Iterator[tuple[Client, Client]]:
    """Ours and moto's, each with an empty table."""
    made = Client("111111111111", moto_only=False), Client("222222222222", moto_only=True)
    for client in made:
        assert client.call("CreateTable", SCHEMA)[0] == 200
    yield made
    forget_everything()


CONDITIONS = (
    "attribute_not_exists(r)",
    "attribute_exists(r)",
    "attribute_exists(a) AND NOT b = :one",
    "#n = :text OR (n < :one AND attribute_not_exists(label))",
    "n BETWEEN :zero AND :one",
    "begins_with(label, :text)",
    "a <> :text",
    "n >= :one AND (a = :text OR #n <> :text)",
    "n > :text",
    "a = :text and n <= :one or attribute_exists (b)",
    "a.x = :text OR b.x = :one",
    "attribute_exists(a.x) AND NOT attribute_exists(b.x.y)",
    "begins_with(b.x, :text) OR #n.x < :one OR a.x BETWEEN :zero AND :one",
    "a.status = :text",
    "status = :text",  # a reserved word
    "a[0] = :text",
    "size(a) > :one",
    "a = b",
    "a =",
)
UPDATES = (
    "SET #n = :text",
    "SET a = :text, b = :one REMOVE label, #n",
    "ADD n :one",
    "ADD n :one SET a = :text, label = :text",
    "SET n = if_not_exists(n, :zero), b = :map",
    "REMOVE a, b, label",
    "set b = :list remove n",
    "SET label = :one",  # not the type of the index's key
    "SET r = :text",  # a key
    "SET a = :text, a = :one",  # twice
    "SET a = :text SET b = :one",
    "SET b.x = :one",
    "SET n = n + :one",
    "ADD a :one",
    "DELETE a :one",
    "SET a",
)
VALUES = {
    ":text": {"S": "text"},
    ":zero": {"N": "0"},
    ":one": {"N": "1"},
    ":map": {"M": {"x": {"N": "1"}, "y": {"L": [{"S": "z"}]}}},
    ":list": {"L": [{"BOOL": True}, {"NULL": True}]},
}
ATTRIBUTES = (
    {"S": "text"},
    {"S": "other"},
    {"S": ""},
    {"N": "1"},
    {"N": "-12"},
    {"N": "1.50"},
    {"BOOL": False},
    {"SS": ["p", "q"]},
    {"M": {"x": {"S": "text"}}},
    {"M": {"x": {"M": {"y": {"N": "1"}}}}},
)


class Requests:
    """Random requests."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        kinds = (
            self._put,
            self._update,
            self._update,
            self._delete,
            self._get,
            self._query,
            self._query_index,
            self._batch,
            self._batch_write,
            self._transact,
        )
        while True:
            yield self._random.choice(kinds)()

    def _key(self) -> dict[str, Any]:
        return {"h": {"S": self._random.choice("xy")}, "r": {"S": self._random.choice(("a", "ab", "b", "ä", "z"))}}

    def _item(self) -> dict[str, Any]:
        names = self._random.sample(("a", "b", "n", "label", "name"), self._random.randrange(5))
        key = self._key()
        item = {**key, **{name: self._random.choice(ATTRIBUTES) for name in names}}
        if self._random.random() < 0.5:
            item |= {"m": {"S": self._random.choice("12")}, "o": {"S": key["r"]["S"] + key["h"]["S"]}}
        return item

    def _expressions(self, **texts: str) -> dict[str, Any]:
        """Add the placeholders that the texts mention, and at times one more."""
        words = " ".join(texts.values())
        body: dict[str, Any] = dict(texts)
        values = {name: value for name, value in VALUES.items() if name in words or self._random.random() < 0.02}
        names = {name: "name" for name in ("#n",) if name in words or self._random.random() < 0.02}
        if values:
            body["ExpressionAttributeValues"] = values
        if names:
            body["ExpressionAttributeNames"] = names
        return body

    def _condition(self) -> dict[str, str]:
        return {"ConditionExpression": self._random.choice(CONDITIONS)} if self._random.random() < 0.7 else {}

    def _put(self) -> tuple[str, dict[str, Any]]:
        body = {"TableName": TABLE, "Item": self._item(), **self._expressions(**self._condition())}
        return "PutItem", body | self._returned("ALL_OLD")

    def _update(self) -> tuple[str, dict[str, Any]]:
        texts = {"UpdateExpression": self._random.choice(UPDATES), **self._condition()}
        return "UpdateItem", {"TableName": TABLE, "Key": self._key(), **self._expressions(**texts)} | self._returned(
            "ALL_NEW"
        )

    def _delete(self) -> tuple[str, dict[str, Any]]:
        body = {"TableName": TABLE, "Key": self._key(), **self._expressions(**self._condition())}
        return "DeleteItem", body | self._returned("ALL_OLD")

    def _returned(self, what: str) -> dict[str, Any]:
        return {"ReturnValues": what} if self._random.random() < 0.5 else {}

    def _get(self) -> tuple[str, dict[str, Any]]:
        shown = self._expressions(ProjectionExpression="a, h, #n") if self._random.random() < 0.5 else {}
        return "GetItem", {"TableName": TABLE, "Key": self._key(), **shown}

    def _query(self) -> tuple[str, dict[str, Any]]:
        ranges = ("", "r = :b", "r < :b", "r >= :b", "r BETWEEN :a AND :b", "begins_with(r, :a)")
        test = self._random.choice(ranges)
        values = {":h": {"S": self._random.choice("xy")}, ":a": {"S": "a"}, ":b": {"S": "b"}}
        body: dict[str, Any] = {
            "TableName": TABLE,
            "KeyConditionExpression": "h = :h" + (f" AND {test}" if test else ""),
            "ExpressionAttributeValues": {name: value for name, value in values.items() if name in f":h {test}"},
            "ScanIndexForward": self._random.random() < 0.5,
        }
        if self._random.random() < 0.3:
            body["ProjectionExpression"] = "r, a"
        return "Query", body

    def _query_index(self) -> tuple[str, dict[str, Any]]:
        test = self._random.choice(("", "o < :b", "o >= :b", "o BETWEEN :a AND :b", "begins_with(o, :a)"))
        values = {":m": {"S": self._random.choice("12")}, ":a": {"S": "a"}, ":b": {"S": "b"}, ":text": {"S": "text"}}
        body: dict[str, Any] = {
            "TableName": TABLE,
            "IndexName": "months",
            "KeyConditionExpression": "m = :m" + (f" AND {test}" if test else ""),
            "ScanIndexForward": self._random.random() < 0.5,
        }
        if self._random.random() < 0.3:
            body["FilterExpression"] = self._random.choice(("a IN (:text, :b)", "attribute_exists(n)", "a <> :text"))
        words = f"{body['KeyConditionExpression']} {body.get('FilterExpression', '')}"
        return "Query", body | {
            "ExpressionAttributeValues": {
                n: v for n, v in values.items() if f"{n} " in f"{words} " or f"{n})" in words or f"{n}," in words
            }
        }

    def _batch_write(self) -> tuple[str, dict[str, Any]]:
        requests: list[dict[str, Any]] = []
        for _ in range(self._random.randrange(1, 4)):
            put = self._random.random() < 0.7
            requests.append({"PutRequest": {"Item": self._item()}} if put else {"DeleteRequest": {"Key": self._key()}})
        return "BatchWriteItem", {"RequestItems": {TABLE: requests}}

    def _batch(self) -> tuple[str, dict[str, Any]]:
        keys = [self._key() for _ in range(self._random.randrange(1, 4))]
        return "BatchGetItem", {"RequestItems": {TABLE: {"Keys": keys}}}

    def _transact(self) -> tuple[str, dict[str, Any]]:
        items = []
        for _ in range(self._random.randrange(1, 4)):
            operation, body = self._random.choice((self._put, self._update, self._delete))()
            body.pop("ReturnValues", None)
            items.append({operation.removesuffix("Item"): body})
        return "TransactWriteItems", {"TransactItems": items}


@pytest.mark.parametrize("seed", [0, 5, 14, 35])
def test_random_requests_are_answered_as_by_moto(clients: tuple[Client, Client], seed: int) -> None:
    ours, motos = clients
    requests = iter(Requests(seed))
    for number in range(250):
        operation, body = next(requests)
        answers = [_comparable(*client.call(operation, body)) for client in clients]
        if answers[1][0] == 501 or '"TypeError"' in answers[1][1]:  # as moto compares values of different types
            if answers[0][0] == 200:
                break  # the items differ from here on
            assert answers[0] == answers[1] or "ConditionalCheckFailed" in answers[0][1], (number, operation, body)
            continue
        assert answers[0] == answers[1], (number, operation, body)
        if number % 10 == 0:
            assert ours.items() == motos.items(), (number, operation, body)
    assert ours.fast > number / 3


def _comparable(status: int, document: dict[str, Any]) -> tuple[int, str]:
    document.pop("ConsumedCapacity", None)
    document.pop("ItemCollectionMetrics", None)
    return status, _text(document)


def _text(document: dict[str, Any]) -> str:
    """Return JSON with the strings of sets in order: moto's have none."""
    return json.dumps(json.loads(json.dumps(document), object_hook=_with_sorted_set), sort_keys=True)


def _with_sorted_set(value: dict[str, Any]) -> dict[str, Any]:
    return {"SS": sorted(value["SS"])} if value.keys() == {"SS"} else value


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
    client = Client("333333333333", moto_only=False)
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
