"""The keys of the two DynamoDB tables: what creates the tables and what reads and writes them agree here."""

from __future__ import annotations

from typing import Any, NamedTuple

TTL = "ttl"
"""The attribute with the second, since 1970, after which DynamoDB removes an item."""


RETENTION_SECONDS = 90 * 24 * 3600
"""How long runs are kept, as Step Functions keeps their histories."""


class Index(NamedTuple):
    """A global secondary index. Both keys are strings; `projected` are the attributes that it has besides all keys."""

    name: str
    hash_key: str
    range_key: str
    projected: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        """Return the index as CreateTable, UpdateTable and CloudFormation take it."""
        return {
            "IndexName": self.name,
            "KeySchema": _key_schema(self.hash_key, self.range_key),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(self.projected)},
        }


class Table(NamedTuple):
    """The key schema of a table. Both keys are strings. DynamoDB adds one index to an existing table at a time."""

    hash_key: str
    range_key: str
    secondary: Index | None = None

    @property
    def keys(self) -> tuple[str, str]:
        return self.hash_key, self.range_key

    def key(self, hash_value: str, range_value: str) -> dict[str, Any]:
        """Return the key of one item, as `GetItem` takes it."""
        return {self.hash_key: {"S": hash_value}, self.range_key: {"S": range_value}}

    def attributes(self) -> list[dict[str, str]]:
        """Return `AttributeDefinitions`: the keys of the table and of its index."""
        names = [*self.keys, *(() if self.secondary is None else (self.secondary.hash_key, self.secondary.range_key))]
        return [{"AttributeName": name, "AttributeType": "S"} for name in dict.fromkeys(names)]

    def schema(self) -> dict[str, Any]:
        """Return the definitions of keys and index, as CreateTable and CloudFormation take them."""
        schema: dict[str, Any] = {"AttributeDefinitions": self.attributes(), "KeySchema": _key_schema(*self.keys)}
        if self.secondary is not None:
            schema["GlobalSecondaryIndexes"] = [self.secondary.schema()]
        return schema


def _key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


USAGE = Table("userId", "yearMonth")
RUNS_BY_MONTH = Index(
    "byMonth",
    "monthShard",
    "orderId",
    (
        *("executionArn", "flow", "status", "startDate", "stopDate", "redriveCount", "startedBy", "parent", "labels"),
        *("error", "errorWords", "causeWords", "attemptDate", "checkedDate", "inferred"),
    ),
)
"""All users' runs by their start: `monthShard` is its month and one of a few shards, `orderId` sorts by time."""
RUNS = Table("userId", "itemId", RUNS_BY_MONTH)
