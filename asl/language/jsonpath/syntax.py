"""The parts of a parsed path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Root(Enum):
    """Where a path starts."""

    DATA = "$"
    CONTEXT = "$$"
    VARIABLE = "$name"


@dataclass(frozen=True, slots=True)
class Child:
    """`.name` or `['name']`."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[0]`, `[-1]`."""

    position: int


@dataclass(frozen=True, slots=True)
class Children:
    """`['a','b']`: an object of those members that exist."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indices:
    """`[0,2]`."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """`[1:3]`, `[-2:]`."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*` or `[*]`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(@.price > 10)]`; `matches(node, document)` decides."""

    matches: Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True)
class Descendants:
    """`..` before the selector `inner`, which is applied to the node and everything below it."""

    inner: Selector


@dataclass(frozen=True, slots=True)
class Function:
    """`.length()` at the end of a path."""

    name: str


Selector = Child | Index | Children | Indices | Slice | Wildcard | Filter | Descendants | Function


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. `variable` is the variable's name if the path starts at one."""

    text: str
    root: Root
    variable: str
    selectors: tuple[Selector, ...]

    @property
    def keys(self) -> tuple[str | int, ...] | None:
        """The keys of a reference path, which names one node with names and indices only; None for any other path."""
        keys: list[str | int] = []
        for selector in self.selectors:
            match selector:
                case Child(name):
                    keys.append(name)
                case Index(position):
                    keys.append(position)
                case _:
                    return None
        return tuple(keys)

    @property
    def definite(self) -> bool:
        """Whether the path names at most one node."""
        return all(isinstance(selector, (Child, Index, Children, Function)) for selector in self.selectors)
