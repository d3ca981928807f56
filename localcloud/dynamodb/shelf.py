"""Keeps the items of moto's tables on disk, and lends moto those that it needs for a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from localcloud.dynamodb.areas import Area, Name, Recent, text_of
from localcloud.dynamodb.backing import Backing, Statement, Written
from localcloud.dynamodb.expressions import Attributes
from localcloud.dynamodb.keys import indexes_of, keys_of
from localcloud.dynamodb.requests import Touched, touched
from localcloud.http_messages import Request

KIND = "moto.dynamodb.models:DynamoDBBackend"


def fits(table: Any) -> bool:
    """Return whether the items of one of moto's tables are kept here: its two keys are strings, it has no stream."""
    return table.stream_shard is None and (table.hash_key_type, table.range_key_type) == ("S", "S")


class Shelf:
    """The items of all tables whose two keys are strings and that have no stream.

    Such a table holds no items itself, but while moto answers a request about it: then it has those that the request
    names, and what has become of them is taken back. Requests for items take turns.

    Args:
        backing: The database.
    """

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._recent = Recent(backing)
        self._last_area = -1  # not read yet
        self._areas: dict[tuple[str, str], Area] = {}
        self._of_table: WeakKeyDictionary[Any, Area] = WeakKeyDictionary()

    def area(self, table: Any) -> Area | None:
        """Return the items of a table; None where moto has them, or the table has changed since the last request."""
        area = self._of_table.get(table)
        return area if area is not None and not table.items and fits(table) else None

    def settle(self, statements: Sequence[Statement] = ()) -> Written | None:
        """Hand what has changed to the database.

        Args:
            statements: What is to be written together with it.

        Returns:
            What tells when it is written; None if nothing has changed.
        """
        return self._recent.settle(statements)

    def has(self, backend: Any, table_name: str) -> bool:
        """Return whether the items of a table are here."""
        return (name_of(backend), table_name) in self._areas

    def restore(self, backend: Any) -> None:
        """Connect the tables of a back end that was kept with their items, and take the items that moto has."""
        name = name_of(backend)
        rows = self._backing.read("SELECT area, name, created, indexes FROM item_areas WHERE backend = ?", (name,))
        for number, table_name, created, described in rows:
            table = backend.tables.get(table_name)
            if table is None or str(table.created_at) != created:
                self._recent.add(_removal(number))
                continue
            indexes = indexes_of(table)
            if described != _text_of_indexes(indexes):
                indexes = ()  # they are written anew
            own = keys_of(table, None)
            self._areas[name, table_name] = Area(number, created, own, indexes, self._recent)
        self.reconcile(backend)

    def reconcile(self, backend: Any) -> None:
        """Follow what has become of the tables."""
        name = name_of(backend)
        for (owner, table_name), area in list(self._areas.items()):
            table = backend.tables.get(table_name) if owner == name else None
            if owner == name and (table is None or str(table.created_at) != area.created):
                self._drop(owner, table_name)
            elif table is not None and not fits(table):
                for item in area.all():
                    table.items[item.hash_key][item.range_key] = item
                self._drop(owner, table_name)
        for table in backend.tables.values():
            if fits(table):
                self._take(name, table)

    def _take(self, backend: str, table: Any) -> None:
        area = self._areas.get((backend, table.name))
        indexes = indexes_of(table)
        if area is None:
            area = Area(self._new_number(), str(table.created_at), keys_of(table, None), (), self._recent)
            self._areas[backend, table.name] = area
        elif area.indexes == indexes and table in self._of_table and not table.items:
            return
        described = (area.number, backend, table.name, area.created, _text_of_indexes(indexes))
        self._recent.add([("INSERT OR REPLACE INTO item_areas VALUES (?, ?, ?, ?, ?)", described)])
        if area.indexes != indexes:
            area.place_all(indexes)
        for item in _items_of(table):  # that moto has put there by itself
            found = area.find(_keys(item))
            area.write(_keys(item), None if found is None else found.attrs, item.attrs)
        table.items.clear()
        self._of_table[table] = area

    def _new_number(self) -> int:
        if self._last_area < 0:
            self._last_area = self._backing.read("SELECT coalesce(max(area), 0) FROM item_areas")[0][0]
        self._last_area += 1
        return self._last_area

    def _drop(self, backend: str, table_name: str) -> None:
        area = self._areas.pop((backend, table_name))
        self._recent.add(_removal(area.number))
        self._recent.forget(area.number)

    @contextmanager
    def lent(self, request: Request) -> Iterator[None]:
        """Let moto's tables have the items that a request is about, and take back what it has made of them."""
        asked = touched(request)
        backends = {name_of(backend): backend for backend in _backends()}
        for backend in backends.values():
            self.reconcile(backend)
        loans = [
            _Loan(area, backends[owner], name, _lend(area, backends[owner].tables[name], asked))
            for (owner, name), area in self._areas.items()
            if owner in backends
        ]
        try:
            yield
        finally:
            for loan in loans:
                loan.end(may_have_changed=asked.may_change)
            for backend in _backends():
                self.reconcile(backend)


@dataclass(frozen=True, slots=True)
class _Loan:
    area: Area
    backend: Any
    table_name: str
    names: Iterable[Name]

    def end(self, *, may_have_changed: bool) -> None:
        """Take items back, from the table that moto has now: it replaces those that a transaction has failed on."""
        table = self.backend.tables.get(self.table_name)
        if table is None or str(table.created_at) != self.area.created:
            return
        present = {_keys(item): item.attrs for item in _items_of(table)}
        table.items.clear()
        if not may_have_changed:
            return
        for name in {*self.names, *present}:
            found, new = self.area.find(name), present.get(name)
            old = None if found is None else found.attrs
            if _text(old) != _text(new):
                self.area.write(name, old, new)


def _text(attributes: Attributes | None) -> str | None:
    return None if attributes is None else text_of(attributes)


def _backends() -> list[Any]:
    from moto.dynamodb.models import dynamodb_backends

    return [backend for regions in dict.values(dynamodb_backends) for backend in dict.values(regions)]


def _lend(area: Area, table: Any, asked: Touched) -> list[Name]:
    """Put items into one of moto's tables; their names."""
    names: list[Name] = []
    if asked.counted == table.name:
        table.items[""] = range(area.count())  # moto only adds lengths up
        return names
    if asked.all_of(table.name):
        found: Iterable[Any] = area.all()
    else:
        keys = [(key.get(area.own.hash), key.get(area.own.range)) for key in asked.keys_of(table.name)]
        wanted = {name for key in keys if (name := _name_of_key(*key)) is not None}
        found = filter(None, map(area.find, wanted))
    for item in found:
        copy = area.copy(item)
        table.items[copy.hash_key][copy.range_key] = copy
        names.append(_keys(copy))
    return names


def _name_of_key(first: Any, second: Any) -> Name | None:
    match first, second:
        case {"S": str(hash_value)}, {"S": str(range_value)}:
            return hash_value, range_value
    return None


def _items_of(table: Any) -> list[Any]:
    return [item for partition in table.items.values() if isinstance(partition, dict) for item in partition.values()]


def _keys(item: Any) -> Name:
    return item.hash_key.value, item.range_key.value


def name_of(backend: Any) -> str:
    """Return the name under which a back end's items are kept."""
    return f"{KIND}|{backend.account_id}|{backend.region_name}"


def _text_of_indexes(indexes: Iterable[Any]) -> str:
    return json.dumps(sorted([each.index, each.hash, each.range] for each in indexes))


def _removal(area: int) -> list[Statement]:
    return [(f"DELETE FROM {table} WHERE area = ?", (area,)) for table in ("item_areas", "items", "item_places")]  # noqa: S608
