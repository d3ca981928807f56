"""The items of a table in the orders in which queries read them, kept so that no query sorts or scans them all.

An order is made when it is first asked for. Whoever changes items tells it; what moto changes itself makes all orders
of its tables be forgotten.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Any

from localcloud.dynamodb.expressions import Attributes, Unsupported

Position = tuple[str, ...]
"""The range key of an index, then the table's keys; of a table its range key alone."""
Entry = tuple[Position, Any]
"""A position and moto's item. Items stay the same objects while they are in a table."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a table or of an index, all strings.

    Attributes:
        index: The index's name; None for the table itself.
        hash: The attribute by which items are together.
        range: The attribute by which they are ordered.
        table: The table's own keys.
        shown: The attributes that the index has; None for all.
    """

    index: str | None
    hash: str
    range: str
    table: tuple[str, str]
    shown: frozenset[str] | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of a key, as `LastEvaluatedKey` has them."""
        return tuple(dict.fromkeys((*self.table, self.hash, self.range)))

    def position(self, attributes: Attributes) -> Position:
        """Return where an item is in its list."""
        own = attributes[self.range].value
        return (own,) if self.index is None else (own, *(attributes[name].value for name in self.table))

    def has(self, attributes: Attributes) -> bool:
        """Return whether an item is in the index."""
        return self.hash in attributes and self.range in attributes


def keys_of(table: Any, index: str | None) -> Keys:
    """Return the keys of one of moto's tables, or of an index. Raises Unsupported unless all are strings."""
    own = (table.hash_key_attr, table.range_key_attr)
    if index is None:
        return Keys(None, *own, own)
    found = next((each for each in table.global_indexes if each.name == index), None)
    if found is None or len(found.schema) != 2:
        raise Unsupported
    names = {each["KeyType"]: each["AttributeName"] for each in found.schema}
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    if any(types.get(name) != "S" for name in names.values()):
        raise Unsupported
    shown: frozenset[str] | None = None
    if found.projection.get("ProjectionType") != "ALL":
        shown = frozenset((*own, *names.values(), *found.projection.get("NonKeyAttributes", ())))
    return Keys(index, names["HASH"], names["RANGE"], own, shown)


class Orders:
    """The lists of one table that have been asked for.

    Args:
        table: moto's table, whose two keys are strings.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        self._own: dict[str, list[Entry]] = {}
        self._indexes: dict[Keys, dict[str, list[Entry]]] = {}

    def read(self, keys: Keys, hash_value: Any) -> list[Entry]:
        """Return the items with a hash key, in their order. The list must not be changed.

        Args:
            keys: The keys of the table or of an index.
            hash_value: moto's value of the hash key.
        """
        if keys.index is not None:
            return self._index(keys).get(hash_value.value, [])
        found = self._own.get(hash_value.value)
        if found is None:
            items = self._table.items.get(hash_value, {}).values()
            found = sorted((((item.range_key.value,), item) for item in items), key=_position)
            if found:
                self._own[hash_value.value] = found
        return found

    def change(self, item: Any, old: Attributes | None, new: Attributes | None) -> None:
        """Take over a change.

        Args:
            item: moto's item.
            old: Its attributes before; None if it was not there.
            new: Its attributes from now on; None if it is gone.
        """
        own = self._own.get(item.hash_key.value)
        if own is not None and (old is None) != (new is None):
            position = (item.range_key.value,)
            _remove(own, position) if new is None else _add(own, position, item)
        for keys, lists in self._indexes.items():
            before = _place(keys, old)
            after = _place(keys, new)
            if before == after:
                continue
            if before is not None:
                _remove(lists[before[0]], before[1])
            if after is not None:
                _add(lists.setdefault(after[0], []), after[1], item)

    def _index(self, keys: Keys) -> dict[str, list[Entry]]:
        found = self._indexes.get(keys)
        if found is None:
            found = self._indexes[keys] = {}
            for partition in self._table.items.values():
                for item in partition.values():
                    place = _place(keys, item.attrs)
                    if place is not None:
                        found.setdefault(place[0], []).append((place[1], item))
            for entries in found.values():
                entries.sort(key=_position)
        return found


def _place(keys: Keys, attributes: Attributes | None) -> tuple[str, Position] | None:
    if attributes is None or not keys.has(attributes):
        return None
    return attributes[keys.hash].value, keys.position(attributes)


def _add(entries: list[Entry], position: Position, item: Any) -> None:
    insort(entries, (position, item), key=_position)


def _remove(entries: list[Entry], position: Position) -> None:
    del entries[bisect_left(entries, position, key=_position)]


def _position(entry: Entry) -> Position:
    return entry[0]
