"""The items of one table, on disk, so that what thousands of runs leave behind does not fill the memory."""

from __future__ import annotations

import base64
import heapq
import json
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.dynamodb.backing import Backing, Statement, Written
from localcloud.dynamodb.expressions import Attributes
from localcloud.dynamodb.keys import Keys, Position
from localcloud.dynamodb.values import loaded_value

Name = tuple[str, str]
"""The hash key and the range key of an item."""

CACHED_CHARACTERS = 4_000_000  # of JSON; as moto's objects some four times as much
_ROWS = 100  # that are read at once

_PUT = """INSERT INTO items VALUES (?, ?, ?, ?)
    ON CONFLICT (area, hash, range) DO UPDATE SET data = excluded.data"""
_OF_ITEM = "WHERE area = ? AND hash = ? AND range = ?"
_OWN = "SELECT range, '', '', hash, range, data FROM items WHERE area = ? AND hash = ?"
_OF_INDEX = """SELECT p.range, p.item_hash, p.item_range, i.hash, i.range, i.data FROM item_places p
    JOIN items i ON i.area = p.area AND i.hash = p.item_hash AND i.range = p.item_range
    WHERE p.area = ? AND p.name = ? AND p.hash = ?"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of a list, with both ends in it.

    Attributes:
        low: The lowest range key; None for no limit.
        high: The highest.
        behind: The position of an item behind which the range begins, in the order that it is read in.
        forward: Whether it is read from low to high.
    """

    low: str | None = None
    high: str | None = None
    behind: Position | None = None
    forward: bool = True

    def has(self, position: Position) -> bool:
        """Return whether a position is in the range."""
        if self.behind is not None and (position <= self.behind if self.forward else position >= self.behind):
            return False
        return (self.low is None or position[0] >= self.low) and (self.high is None or position[0] <= self.high)


@dataclass(frozen=True, slots=True)
class Change:
    """What an item has become; its `item` is None if it is gone. Later changes have higher numbers."""

    number: int
    item: Any


class Recent:
    """Statements on their way to the disk, what they write, and the items that were used last."""

    def __init__(self, backing: Backing) -> None:
        self.backing = backing
        self._statements: list[Statement] = []
        self._changes: dict[int, dict[Name, Change]] = {}
        self._last_number = 0
        self._unsettled: list[tuple[int, Name, int]] = []
        self._settled: deque[tuple[Written, list[tuple[int, Name, int]]]] = deque()
        self._cache: OrderedDict[tuple[int, Name], tuple[Any, int]] = OrderedDict()
        self._cached = 0

    def settle(self, more: Sequence[Statement]) -> Written | None:
        """Hand the statements since the last time, and more, to the database; what tells when they are written."""
        statements = [*self._statements, *more]
        if not statements:
            return None
        ticket = self.backing.enqueue(statements)
        self._settled.append((ticket, self._unsettled))
        self._statements, self._unsettled = [], []
        return ticket

    def add(self, statements: Iterable[Statement]) -> None:
        """Take statements that change no single item."""
        self._statements += statements

    def change(self, area: int, name: Name, item: Any, size: int, statements: Iterable[Statement]) -> None:
        """Take a change of an item, which is None if it goes. `size` is that of its JSON, in characters."""
        self._statements += statements
        self._last_number += 1
        self._changes.setdefault(area, {})[name] = Change(self._last_number, item)
        self._unsettled.append((area, name, self._last_number))
        self._uncache((area, name))
        if item is not None:
            self.cache(area, name, item, size)

    def changes(self, area: int) -> Mapping[Name, Change]:
        """Return the changes in an area that a read might not find."""
        while self._settled and self._settled[0][0].written:
            for changed, name, number in self._settled.popleft()[1]:
                waiting = self._changes.get(changed, {})
                if name in waiting and waiting[name].number == number:
                    del waiting[name]
        return self._changes.get(area, {})

    def cached(self, area: int, name: Name) -> Any:
        """Return an item that was used lately, or None."""
        found = self._cache.get((area, name))
        if found is None:
            return None
        self._cache.move_to_end((area, name))
        return found[0]

    def cache(self, area: int, name: Name, item: Any, size: int) -> None:
        """Remember an item."""
        self._cache[area, name] = item, size
        self._cached += size
        while self._cached > CACHED_CHARACTERS and len(self._cache) > 1:
            _, (_, oldest) = self._cache.popitem(last=False)
            self._cached -= oldest

    def forget(self, area: int) -> None:
        """Forget an area that is gone."""
        self._changes.pop(area, None)
        for key in [key for key in self._cache if key[0] == area]:
            self._uncache(key)

    def _uncache(self, key: tuple[int, Name]) -> None:
        found = self._cache.pop(key, None)
        if found is not None:
            self._cached -= found[1]


class Area:
    """The items of a table whose two keys are strings.

    Args:
        number: Its number in the database.
        created: When the table was created, which tells it from others of its name.
        own: The table's keys.
        indexes: The keys of the indexes that can be read.
        recent: What is not written yet.
    """

    def __init__(self, number: int, created: str, own: Keys, indexes: tuple[Keys, ...], recent: Recent) -> None:
        self.number = number
        self.created = created
        self.own = own
        self.indexes = indexes
        self._recent = recent

    def find(self, name: Name) -> Any:
        """Return an item, as moto has them, or None."""
        changes = self._recent.changes(self.number)
        if name in changes:
            return changes[name].item
        item = self._recent.cached(self.number, name)
        if item is None:
            rows = self._recent.backing.read(f"SELECT data FROM items {_OF_ITEM}", (self.number, *name))  # noqa: S608
            if rows:
                item = self._item(rows[0][0])
                self._recent.cache(self.number, name, item, len(rows[0][0]))
        return item

    def write(self, name: Name, old: Attributes | None, new: Attributes | None) -> None:
        """Change an item.

        Args:
            name: Its keys.
            old: Its attributes before; None if it was not there.
            new: Its attributes from now on; None if it goes.
        """
        statements: list[Statement] = []
        item, text = None, ""
        if new is None:
            statements.append((f"DELETE FROM items {_OF_ITEM}", (self.number, *name)))  # noqa: S608
        else:
            item, text = item_of(self.own.table, new), text_of(new)
            statements.append((_PUT, (self.number, *name, text)))
        for keys in self.indexes:
            statements += self._moved(keys, name, keys.place(old), keys.place(new))
        self._recent.change(self.number, name, item, len(text), statements)

    def place_all(self, indexes: tuple[Keys, ...]) -> None:
        """Have other indexes from now on."""
        self._recent.add([("DELETE FROM item_places WHERE area = ?", (self.number,))])
        self.indexes = indexes
        for item in self.all():
            for keys in indexes:
                name = (item.hash_key.value, item.range_key.value)
                self._recent.add(self._moved(keys, name, None, keys.place(item.attrs)))

    def _moved(
        self, keys: Keys, name: Name, before: tuple[str, Position] | None, after: tuple[str, Position] | None
    ) -> Iterator[Statement]:
        if before == after:
            return
        if before is not None:
            sql = "DELETE FROM item_places WHERE area = ? AND name = ? AND hash = ? AND range = ?"
            at = (self.number, keys.index, before[0], before[1][0], *name)
            yield f"{sql} AND item_hash = ? AND item_range = ?", at
        if after is not None:
            at = (self.number, keys.index, after[0], after[1][0], *name)
            yield "INSERT OR REPLACE INTO item_places VALUES (?, ?, ?, ?, ?, ?)", at

    def read(self, keys: Keys, hash_value: str, bounds: Bounds) -> Iterator[Any]:
        """Yield the items of a list, in its order or in reverse."""
        changes = dict(self._recent.changes(self.number))
        changed = []
        for change in changes.values():
            place = None if change.item is None else keys.place(change.item.attrs)
            if place is not None and place[0] == hash_value and bounds.has(place[1]):
                changed.append((place[1], change.item))
        changed.sort(key=_position, reverse=not bounds.forward)
        written = (
            (position, self._recent.cached(self.number, name) or self._item(data))
            for position, name, data in self._rows(keys, hash_value, bounds)
            if name not in changes
        )
        for _, item in heapq.merge(changed, written, key=_position, reverse=not bounds.forward):
            yield item

    def _rows(self, keys: Keys, hash_value: str, bounds: Bounds) -> Iterator[tuple[Position, Name, str]]:
        """Yield what is written, some rows at a time: most readers want the first page."""
        in_index = keys.index is not None
        sql = _OF_INDEX if in_index else _OWN
        at = (self.number, keys.index, hash_value) if in_index else (self.number, hash_value)
        prefix = "p." if in_index else ""
        order = [f"{prefix}range", "p.item_hash", "p.item_range"] if in_index else ["range"]
        down = "" if bounds.forward else " DESC"
        behind = bounds.behind
        while True:
            clauses, values = [], list[Any](at)
            for sign, limit in ((">=", bounds.low), ("<=", bounds.high)):
                if limit is not None:
                    clauses.append(f" AND {prefix}range {sign} ?")
                    values.append(limit)
            if behind is not None:
                marks = ", ".join("?" * len(order))
                clauses.append(f" AND ({', '.join(order)}) {'>' if bounds.forward else '<'} ({marks})")
                values += behind[: len(order)]
            ordered = ", ".join(f"{column}{down}" for column in order)
            query = f"{sql}{''.join(clauses)} ORDER BY {ordered} LIMIT {_ROWS}"
            rows = self._recent.backing.read(query, values)
            for row in rows:
                yield row[:3], row[3:5], row[5]
            if len(rows) < _ROWS:
                return
            behind = rows[-1][:3]

    def all(self) -> Iterator[Any]:
        """Yield all items."""
        changes = dict(self._recent.changes(self.number))
        last: Name | None = None
        while True:
            behind = "" if last is None else " AND (hash, range) > (?, ?)"
            sql = f"SELECT hash, range, data FROM items WHERE area = ?{behind} ORDER BY hash, range LIMIT {_ROWS}"  # noqa: S608
            rows = self._recent.backing.read(sql, (self.number, *(last or ())))
            for first, second, data in rows:
                if (first, second) not in changes:
                    yield self._item(data)
            if len(rows) < _ROWS:
                break
            last = rows[-1][:2]
        yield from (change.item for change in changes.values() if change.item is not None)

    def count(self) -> int:
        """Return the number of items."""
        changes = self._recent.changes(self.number)
        number: int = self._recent.backing.read("SELECT count(*) FROM items WHERE area = ?", (self.number,))[0][0]
        for name, change in changes.items():
            written = self._recent.backing.read(f"SELECT 1 FROM items {_OF_ITEM}", (self.number, *name))  # noqa: S608
            number += (change.item is not None) - bool(written)
        return number

    def copy(self, item: Any) -> Any:
        """Return an item that may be changed in place."""
        return self._item(text_of(item.attrs))

    def _item(self, data: str) -> Any:
        return item_of(self.own.table, {name: loaded_value(value) for name, value in json.loads(data).items()})


def item_of(keys: Sequence[str], attributes: Attributes) -> Any:
    """Return moto's item with these attributes, past its checks: they have passed them.

    Args:
        keys: The table's keys, one or two.
        attributes: The attributes.
    """
    from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict

    item: Any = Item.__new__(Item)
    held = LimitedSizeDict()
    dict.update(held, attributes)
    item.attrs = held
    item.hash_key = attributes[keys[0]]
    item.range_key = attributes[keys[1]] if len(keys) > 1 else None
    return item


def text_of(attributes: Attributes) -> str:
    """Return attributes, or an answer that has them, as JSON."""
    return json.dumps(attributes, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.to_json()


def _position(entry: tuple[Position, Any]) -> Position:
    return entry[0]
