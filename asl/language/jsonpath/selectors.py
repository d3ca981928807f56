"""Applies selectors to lists of nodes."""

from __future__ import annotations

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
"""The most nodes that a step may visit or find. A document within the payload limit has far fewer; but `..` finds nodes
that lie in each other, and the next `..` all that is in each of them."""


class TooManyNodes(Exception):
    """A step visits or finds more than `MAX_NODES`."""


# One step: the nodes so far and the document they come from, to the nodes after it.
Step = Callable[[list[Any], Any], list[Any]]


def compile_step(selector: Selector) -> Step:
    """The function that applies one selector. Nodes to which it cannot be applied fall away."""
    match selector:
        case Child(name):
            return lambda nodes, _: [node[name] for node in nodes if isinstance(node, dict) and name in node]
        case Index(position):
            return lambda nodes, _: [
                node[position] for node in nodes if isinstance(node, list) and -len(node) <= position < len(node)
            ]
        case Children(names):
            return lambda nodes, _: [
                {name: node[name] for name in names if name in node} for node in nodes if isinstance(node, dict)
            ]
        case Indices(positions):
            return lambda nodes, _: [
                node[position]
                for node in nodes
                if isinstance(node, list)
                for position in positions
                if -len(node) <= position < len(node)
            ]
        case Slice(start, stop):
            return lambda nodes, _: [item for node in nodes if isinstance(node, list) for item in node[start:stop]]
        case Wildcard():
            return lambda nodes, _: [item for node in nodes for item in _members(node)]
        case Filter(matches):
            return lambda nodes, document: [
                item
                for node in nodes
                # On an object, Jayway asks the filter about the object itself, not about its members.
                for item in (node if isinstance(node, list) else (node,) if isinstance(node, dict) else ())
                if matches(item, document)
            ]
        case Descendants(inner):
            return _descendants(compile_step(inner), isinstance(inner, Filter))
        case Function(name):
            return _length if name in ("length", "size") else lambda nodes, _: []
    raise AssertionError(f"no such selector: {selector!r}")


def _members(node: Any) -> Any:
    if isinstance(node, list):
        return node
    return node.values() if isinstance(node, dict) else ()


def _length(nodes: list[Any], _: Any) -> list[Any]:
    return [len(node) for node in nodes if isinstance(node, (list, dict))]


def _descendants(step: Step, lists_only: bool) -> Step:
    """`..`: apply the step to each node from the top down.

    A filter applies to lists here, else an object in a list would be asked twice: as an item and as itself.
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
