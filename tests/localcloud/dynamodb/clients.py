"""Clients of DynamoDB's API, ours and moto's, and random requests for both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from localcloud.dynamodb import Backing, ItemOperations, Shelf
from localcloud.http_messages import Request, Response
from localcloud.moto_app import MotoApplication

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

MOTOS = {**SCHEMA, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
"""The same table, left to moto: one with a stream always is."""


class Client:
    """Sends requests to an application, and counts those that moto has not answered.

    Args:
        account: The account of its tables.
        backing: The database for items; one in memory if None.
    """

    def __init__(self, account: str, backing: Backing | None = None) -> None:
        self.application = MotoApplication(4566, account)
        if backing is not None:
            self.application._shelf = Shelf(backing)
            self.application._items = ItemOperations(account, self.application._shelf)
        self.fast = 0
        self.asked = 0
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
        return sorted(text_of(item) for item in self.call("Scan", {"TableName": TABLE})[1]["Items"])


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


def comparable(status: int, document: dict[str, Any]) -> tuple[int, str]:
    document.pop("ConsumedCapacity", None)
    document.pop("ItemCollectionMetrics", None)
    return status, text_of(document)


def text_of(document: dict[str, Any]) -> str:
    """Return JSON with the strings of sets in order: moto's have none."""
    return json.dumps(json.loads(json.dumps(document), object_hook=_with_sorted_set), sort_keys=True)


def _with_sorted_set(value: dict[str, Any]) -> dict[str, Any]:
    return {"SS": sorted(value["SS"])} if value.keys() == {"SS"} else value


def compare_random_requests(ours: Client, motos: Client, seed: int, number: int = 250) -> int:
    """Assert that both answer random requests alike, and have the same items.

    Returns:
        How many requests there were: where moto can't go on, it ends.
    """
    requests = iter(Requests(seed))
    for at in range(number):
        operation, body = next(requests)
        own, answer = (comparable(*client.call(operation, body)) for client in (ours, motos))
        if answer[0] == 501 or '"TypeError"' in answer[1]:  # as moto compares values of different types
            if own[0] == 200:
                return at  # the items differ from here on
            assert own == answer or "ConditionalCheckFailed" in own[1], (at, operation, body)
            continue
        assert own == answer, (at, operation, body)
        if at % 10 == 0:
            assert ours.items() == motos.items(), (at, operation, body)
    return number
