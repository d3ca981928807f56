"""Which items a request of DynamoDB's API is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.http_messages import Request

Key = Mapping[str, Any]
"""A key, or a whole item, as DynamoDB writes it."""

READING = frozenset({"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"})
"""The operations on items that change nothing."""

_OF_ONE_KEY = frozenset({"PutItem", "GetItem", "UpdateItem", "DeleteItem"})
_OF_ONE_TABLE = frozenset({"Query", "Scan"})
_COUNTING = frozenset({"DescribeTable", "UpdateTable", "DeleteTable"})
_OF_ANY_ITEM = frozenset(
    {
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
        *("CreateBackup", "RestoreTableToPointInTime", "ExportTableToPointInTime"),
    }
)


@dataclass(frozen=True, slots=True)
class Touched:
    """The items that a request may read or change.

    Attributes:
        keys: The tables' names and the keys that are named.
        tables: The tables of which it may be every item; None for all tables.
        may_change: Whether items may be other ones afterwards.
        counted: A table of whose items it only asks how many there are.
    """

    keys: tuple[tuple[str, Key], ...] = ()
    tables: tuple[str, ...] | None = ()
    may_change: bool = True
    counted: str | None = None

    def all_of(self, table_name: str) -> bool:
        """Return whether it may be every item of a table."""
        return self.tables is None or table_name in self.tables

    def keys_of(self, table_name: str) -> list[Key]:
        """Return the keys in a table that are named."""
        return [key for name, key in self.keys if name == table_name]


def touched(request: Request) -> Touched:
    """Return which items a request may be about."""
    action = request.headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        body = json.loads(request.body)
    except ValueError:  # compressed, for example
        return Touched(tables=None)
    if not isinstance(body, dict):
        return Touched()
    may_change = action not in READING
    keys = keys_in(action, body)
    if keys is not None:
        return Touched(tuple(keys), may_change=may_change)
    if action in _OF_ONE_TABLE:
        return Touched(tables=(_table(body),), may_change=may_change)
    if action in _OF_ANY_ITEM:
        return Touched(tables=None)
    return Touched(counted=_table(body) if action in _COUNTING else None, may_change=False)


def keys_in(action: str | None, body: Any) -> list[tuple[str, Key]] | None:
    """Return the tables and keys (or whole items) that a request names; None if it names no items."""
    if action in _OF_ONE_KEY:
        return [(_table(body), _mapping(body.get("Item") or body.get("Key")))]
    if action == "BatchWriteItem":
        return [
            (_short(table), _mapping(_mapping(operation).get("Item") or _mapping(operation).get("Key")))
            for table, writes in _mapping(body.get("RequestItems")).items()
            for write in _list(writes)
            for operation in _mapping(write).values()
        ]
    if action == "BatchGetItem":
        return [
            (_short(table), _mapping(key))
            for table, asked in _mapping(body.get("RequestItems")).items()
            for key in _list(_mapping(asked).get("Keys"))
        ]
    if action in ("TransactWriteItems", "TransactGetItems"):
        return [
            (_table(operation), _mapping(operation.get("Item") or operation.get("Key")))
            for item in _list(body.get("TransactItems"))
            for operation in map(_mapping, _mapping(item).values())
        ]
    return None


def _table(body: Mapping[str, Any]) -> str:
    return _short(body.get("TableName"))


def _short(name: Any) -> str:
    """Return a table's name, which may be given as its ARN."""
    return str(name).rpartition("/")[2]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
