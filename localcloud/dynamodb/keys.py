"""The keys by which the items of a table, and of its indexes, are found and ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.dynamodb.expressions import Attributes, Unsupported

Position = tuple[str, str, str]
"""Where an item is in its list: the range key; then, in an index, the table's two keys (empty in the table itself)."""


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

    def place(self, attributes: Attributes | None) -> tuple[str, Position] | None:
        """Return the hash key and the position of an item in its list; None if it is not in the index."""
        if attributes is None or self.hash not in attributes or self.range not in attributes:
            return None
        return attributes[self.hash].value, self.position(attributes)

    def position(self, attributes: Attributes) -> Position:
        """Return where an item is in its list."""
        own = attributes[self.range].value
        if self.index is None:
            return own, "", ""
        first, second = self.table
        return own, attributes[first].value, attributes[second].value


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


def indexes_of(table: Any) -> tuple[Keys, ...]:
    """Return the keys of those indexes whose keys are strings."""
    found = []
    for index in table.global_indexes:
        try:
            found.append(keys_of(table, index.name))
        except Unsupported:
            continue
    return tuple(found)
