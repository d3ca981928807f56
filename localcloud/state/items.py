"""DynamoDB: a record for each item, as JSON. A request writes the items that it names, as they are after it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from localcloud.dynamodb.areas import item_of, text_of
from localcloud.dynamodb.requests import READING, keys_in
from localcloud.dynamodb.shelf import KIND, Shelf, name_of
from localcloud.dynamodb.values import loaded_value
from localcloud.http_messages import Request
from localcloud.state.database import Statement, Ticket
from localcloud.state.operations import action_of
from localcloud.state.records import Entry, Records

__all__ = ["KIND", "TableItems"]

_STATEMENT_ACTIONS = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")


class TableItems:
    """The items of one back end's tables that moto has: those with a stream, or with other keys than two strings.

    Args:
        shelf: Has the items of all other tables.
        records: Where items are that moto has.
    """

    def __init__(self, shelf: Shelf, records: Records) -> None:
        self._shelf = shelf
        self._records = records
        self._known: dict[str, tuple[Any, bool]] = {}

    def stand_ins(self, backend: Any) -> Mapping[int, str]:
        """Leave the items, and the records of streams, out of the tables' definitions."""
        left_out = {id(table.items): "items" for table in backend.tables.values()}
        for table in backend.tables.values():
            if table.stream_shard is not None:
                left_out[id(table.stream_shard.items)] = "list"
        return left_out

    def load(self, backend: Any, rows: Iterable[tuple[str, str, Any]]) -> None:
        """Put the items into the tables, past moto's checks: they have passed them."""
        for table_name, _, data in rows:
            table = backend.tables.get(table_name)
            if table is None:
                continue
            attributes = {name: loaded_value(value) for name, value in json.loads(data).items()}
            item = item_of(table.table_key_attrs, attributes)
            if item.range_key is None:
                table.items[item.hash_key] = item
            else:
                table.items[item.hash_key][item.range_key] = item
        with_items = [name for name, table in backend.tables.items() if table.items]
        self._shelf.restore(backend)
        moved = [Entry(name, None, None) for name in with_items if self._shelf.has(backend, name)]
        self._shelf.settle(self._records.statements(name_of(backend), moved))
        self._known = self._states(backend)

    def settle(self, statements: Sequence[Statement]) -> list[Ticket]:
        """Hand changes to the database: at once, as the items of a table may be on their way to the shelf or back."""
        ticket = self._shelf.settle(statements)
        return [ticket] if isinstance(ticket, Ticket) else []

    def changes(self, backend: Any, request: Request | None) -> tuple[list[Entry], bool]:
        """Return the items that `request` has touched, and whether it may have changed the tables themselves."""
        action = action_of(request) if request is not None else None
        try:
            body = json.loads(request.body) if request is not None and action is not None else {}
        except ValueError:  # compressed, for example
            return [entry for name in backend.tables for entry in self._whole(backend, name)], True
        if action not in READING:
            keys = keys_in(action, body)
            if keys is not None:
                here = ((name, key) for name, key in keys if not self._shelf.has(backend, name))
                return [entry for name, key in here for entry in _entry(backend, name, key)], False
        if action in _STATEMENT_ACTIONS:
            texts = [
                str(statement.get("Statement", ""))
                for statement in (body, *body.get("Statements", ()), *body.get("TransactStatements", ()))
            ]
            changing = " ".join(text for text in texts if not text.lstrip().upper().startswith("SELECT"))
            return [entry for name in backend.tables if name in changing for entry in self._whole(backend, name)], False
        states = self._states(backend)
        entries: list[Entry] = []
        for name in self._known.keys() | states.keys():
            if self._known.get(name) != states.get(name):
                entries += self._whole(backend, name)
        self._known = states
        return entries, True

    def _states(self, backend: Any) -> dict[str, tuple[Any, bool]]:
        """Return when each table was created, and whether its items are on the shelf."""
        tables = backend.tables.items()
        return {name: (table.created_at, self._shelf.has(backend, name)) for name, table in tables}

    def _whole(self, backend: Any, table_name: str) -> Iterator[Entry]:
        """All items of a table that moto has, or that there are none any more."""
        yield Entry(table_name, None, None)
        table = backend.tables.get(table_name)
        if table is not None and not self._shelf.has(backend, table_name):
            for item in _items_of(table):
                yield Entry(table_name, _name(item.hash_key, item.range_key), text_of(item.attrs))


def _entry(backend: Any, table_name: str, key: Mapping[str, Any]) -> Iterator[Entry]:
    from moto.dynamodb.models.dynamo_type import DynamoType

    table = backend.tables.get(table_name)
    if table is None or any(attribute not in key for attribute in table.table_key_attrs):
        return
    hash_key = DynamoType(key[table.hash_key_attr])
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    found = table.items.get(hash_key)
    if range_key is not None and found is not None:
        found = found.get(range_key)
    yield Entry(table.name, _name(hash_key, range_key), None if found is None else text_of(found.attrs))


def _items_of(table: Any) -> Iterator[Any]:
    for entry in table.items.values():
        if table.range_key_attr:
            yield from entry.values()
        else:
            yield entry


def _name(hash_key: Any, range_key: Any) -> str:
    keys = [hash_key] if range_key is None else [hash_key, range_key]
    return json.dumps([[key.type, _canonical(key)] for key in keys], separators=(",", ":"))


def _canonical(key: Any) -> str:
    """Numbers that are equal are one key."""
    return str(Decimal(key.value).normalize()) if key.type == "N" else str(key.value)
