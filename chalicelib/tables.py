"""The keys of the two DynamoDB tables: what creates the tables and what reads and writes them agree here."""

from __future__ import annotations

from typing import Any, NamedTuple

TTL = "ttl"
"""The attribute with the second, since 1970, after which DynamoDB removes an item."""


class Table(NamedTuple):
    """The key schema of a table. Both keys are strings."""

    hash_key: str
    range_key: str

    def key(self, hash_value: str, range_value: str) -> dict[str, Any]:
        """Return the key of one item, as `GetItem` takes it."""
        return {self.hash_key: {"S": hash_value}, self.range_key: {"S": range_value}}

    def schema(self) -> dict[str, Any]:
        """Return `AttributeDefinitions` and `KeySchema`, as CreateTable and CloudFormation take them."""
        return {
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in self],
            "KeySchema": [
                {"AttributeName": self.hash_key, "KeyType": "HASH"},
                {"AttributeName": self.range_key, "KeyType": "RANGE"},
            ],
        }


USAGE = Table("userId", "yearMonth")
RUNS = Table("userId", "itemId")
