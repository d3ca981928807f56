"""DynamoDB: a record for each item, as JSON. A request writes the items that it names, as they are after it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from localcloud.http_messages import Request
from localcloud.state.operations import action_of
from localcloud.state.records import Entry

KIND = "moto.dynamodb.models:DynamoDBBackend"

_STATEMENT_ACTIONS = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")


class TableItems:
    """The items of one back end's tables."""

    def __init__(self) -> None:
        self._created: dict[str, Any] = {}  # when each table whose items are written was created

    def stand_ins(self, backend: Any) -> Mapping[int, str]:
        """Leave the items, and the records of streams, out of the tables' definitions."""
        left_out = {id(table.items): "items" for table in backend.tables.values()}
        for table in backend.tables.values():
            if table.stream_shard is not None:
                left_out[id(table.stream_shard.items)] = "list"
        return left_out

    def load(self, backend: Any, rows: Iterable[tuple[str, str, Any]]) -> None:
        """Put the items into the tables, past moto's checks: they have passed them."""
        from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

        for table_name, _, data in rows:
            table = backend.tables.get(table_name)
            if table is None:
                continue
            item: Any = Item.__new__(Item)
            attributes = LimitedSizeDict()
            for name, value in json.loads(data).items():
                dict.__setitem__(attributes, name, DynamoType(value))
            item.attrs = attributes
            item.hash_key = DynamoType(attributes[table.hash_key_attr])
            item.range_key = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
            if item.range_key is None:
                table.items[item.hash_key] = item
            else:
                table.items[item.hash_key][item.range_key] = item
        self._created = {name: table.created_at for name, table in backend.tables.items()}

    def changes(self, backend: Any, request: Request | None) -> tuple[list[Entry], bool]:
        """Return the items that `request` has touched, and whether it may have changed the tables themselves."""
        action = action_of(request) if request is not None else None
        body = json.loads(request.body) if request is not None and action is not None else {}
        keys = _written(action, body)
        if keys is not None:
            return [entry for table_name, key in keys for entry in _entry(backend, table_name, key)], False
        if action in _STATEMENT_ACTIONS:
            statements = [body, *body.get("Statements", ()), *body.get("TransactStatements", ())]
            text = "\n".join(str(statement.get("Statement", "")) for statement in statements)
            if all(part.lstrip().upper().startswith("SELECT") for part in text.split("\n") if part.strip()):
                return [], False
            return [entry for name in backend.tables if name in text for entry in self._whole(backend, name)], False
        created = {name: table.created_at for name, table in backend.tables.items()}
        entries: list[Entry] = []
        for name in self._created.keys() | created.keys():
            if self._created.get(name) != created.get(name):
                entries += self._whole(backend, name)
        self._created = created
        return entries, True

    def _whole(self, backend: Any, table_name: str) -> Iterator[Entry]:
        """All items of a table, or that there are none any more."""
        yield Entry(table_name, None, None)
        table = backend.tables.get(table_name)
        if table is not None:
            for item in _items_of(table):
                yield Entry(table_name, _name(item.hash_key, item.range_key), _text_of(item))


def _written(action: str | None, body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]] | None:
    """Return the tables and keys (or whole items) that a request writes; None where it is no request for items."""
    if action in ("PutItem", "UpdateItem", "DeleteItem"):
        return [(body.get("TableName", ""), body.get("Item") or body.get("Key") or {})]
    if action == "BatchWriteItem":
        return [
            (table, (write.get("PutRequest") or {}).get("Item") or (write.get("DeleteRequest") or {}).get("Key") or {})
            for table, writes in body.get("RequestItems", {}).items()
            for write in writes
        ]
    if action == "TransactWriteItems":
        operations = [operation for item in body.get("TransactItems", ()) for operation in item.values()]
        return [
            (operation.get("TableName", ""), operation.get("Item") or operation.get("Key") or {})
            for operation in operations
        ]
    return None


def _entry(backend: Any, table_name: str, key: dict[str, Any]) -> Iterator[Entry]:
    from moto.dynamodb.models.dynamo_type import DynamoType

    table = backend.tables.get(table_name.rpartition("/")[2])  # the name or the ARN
    if table is None or any(attribute not in key for attribute in table.table_key_attrs):
        return
    hash_key = DynamoType(key[table.hash_key_attr])
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    found = table.items.get(hash_key)
    if range_key is not None and found is not None:
        found = found.get(range_key)
    yield Entry(table.name, _name(hash_key, range_key), None if found is None else _text_of(found))


def _items_of(table: Any) -> Iterator[Any]:
    for entry in table.items.values():
        if table.range_key_attr:
            yield from entry.values()
        else:
            yield entry


def _text_of(item: Any) -> str:
    return json.dumps(item.attrs, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.to_json()


def _name(hash_key: Any, range_key: Any) -> str:
    keys = [hash_key] if range_key is None else [hash_key, range_key]
    return json.dumps([[key.type, _canonical(key)] for key in keys], separators=(",", ":"))


def _canonical(key: Any) -> str:
    """Numbers that are equal are one key."""
    return str(Decimal(key.value).normalize()) if key.type == "N" else str(key.value)
