"""Applies selectors to lists of nodes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from asl.language.jsonpath.syntax import (
    Child,
    Children,
    Descendants,
    Filter,
    Function,
    Index,
    Indices,
    Selector,
    Slice,
    Wildcard,
)

MAX_NODES = 1_000_000
"""The most nodes that a step may visit or find. A document within the payload limit has far fewer, but `..` finds nodes
that contain each other, and the next `..` finds everything inside each of them."""


MAX_SECONDS = 1.0
"""How long the filters of a path may take."""


class TooManyNodes(Exception):
    """A step visits or finds more than `MAX_NODES`, or filters take longer than `MAX_SECONDS`."""


class Effort(threading.local):
    """Bounds the time of the filters of the path that a thread evaluates, which can compare all with all."""

    _end = math.inf

    def begin(self) -> None:
        """Begin with the filters of a path."""
        self._end = time.monotonic() + MAX_SECONDS

    def check(self) -> None:
        """Raise `TooManyNodes` if the time is over."""
        if time.monotonic() > self._end:
            raise TooManyNodes


effort = Effort()


# One step: the nodes so far and the document they come from, to the nodes after it.
Step = Callable[[list[Any], Any], list[Any]]


def compile_step(selector: Selector) -> Step:
    """Return the function that applies one selector. Nodes to which it can't be applied are dropped."""
    if isinstance(selector, Descendants):
        return _descendants(compile_step(selector.inner), isinstance(selector.inner, Filter))
    compiler: Callable[[Any], Step] = _COMPILERS[type(selector)]
    return compiler(selector)


def _child(selector: Child) -> Step:
    name = selector.name
    return lambda nodes, _: [node[name] for node in nodes if isinstance(node, dict) and name in node]


def _children(selector: Children) -> Step:
    names = selector.names
    return lambda nodes, _: [
        {name: node[name] for name in names if name in node} for node in nodes if isinstance(node, dict)
    ]


def _index(selector: Index) -> Step:
    position = selector.position
    return lambda nodes, _: [
        node[position] for node in nodes if isinstance(node, list) and -len(node) <= position < len(node)
    ]


def _indices(selector: Indices) -> Step:
    positions = selector.positions
    return lambda nodes, _: [
        node[position]
        for node in nodes
        if isinstance(node, list)
        for position in positions
        if -len(node) <= position < len(node)
    ]


def _slice(selector: Slice) -> Step:
    start, stop = selector.start, selector.stop
    return lambda nodes, _: [item for node in nodes if isinstance(node, list) for item in node[start:stop]]


def _wildcard(_: Wildcard) -> Step:
    return lambda nodes, _: [item for node in nodes for item in _members(node)]


def _filter(selector: Filter) -> Step:
    matches = selector.matches

    def apply(nodes: list[Any], document: Any) -> list[Any]:
        found = []
        for node in nodes:
            for item in _candidates(node):
                effort.check()
                if matches(item, document):
                    found.append(item)
        return found

    return apply


def _candidates(node: Any) -> Any:
    """The values that a filter is asked about. For an object, Jayway asks about the object itself, not its members."""
    if isinstance(node, list):
        return node
    return (node,) if isinstance(node, dict) else ()


def _function(selector: Function) -> Step:
    return _length if selector.name in ("length", "size") else lambda nodes, _: []


def _members(node: Any) -> Any:
    if isinstance(node, list):
        return node
    return node.values() if isinstance(node, dict) else ()


def _length(nodes: list[Any], _: Any) -> list[Any]:
    return [len(node) for node in nodes if isinstance(node, (list, dict))]


def _descendants(step: Step, lists_only: bool) -> Step:
    """`..`: apply the step to each node from the top down.

    A filter applies only to lists here: otherwise it would be asked twice about an object in a list.
    """

    def descend(nodes: list[Any], document: Any) -> list[Any]:
        found: list[Any] = []
        waiting = nodes[::-1]
        visits = 0
        while waiting:
            node = waiting.pop()
            visits += 1
            if visits > MAX_NODES:
                raise TooManyNodes
            if isinstance(node, (list, dict)):
                if not lists_only or isinstance(node, list):
                    found.extend(step([node], document))
                waiting.extend(reversed(list(_members(node))))
        return found

    return descend


_COMPILERS: dict[type[Any], Callable[[Any], Step]] = {
    Child: _child,
    Children: _children,
    Index: _index,
    Indices: _indices,
    Slice: _slice,
    Wildcard: _wildcard,
    Filter: _filter,
    Function: _function,
}
