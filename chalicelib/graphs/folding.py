"""Takes a large picture apart: each state that contains others is drawn without them, and has a picture of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.graphs.model import END, START, Group, Node


def count_states(group: Group) -> int:
    """Return the number of states of a picture, including those inside others."""
    return sum(node.kind not in (START, END) for node in group.all_nodes())


def folded(group: Group) -> Group:
    """Return the group with its states only: those that contain others say how many."""
    counts: dict[str, int] = {}
    for node_id, inner in group.groups:
        counts[node_id] = counts.get(node_id, 0) + count_states(inner)
    nodes = [replace(node, folded=counts.get(node.id, 0)) for node in group.nodes]
    return Group(group.label, nodes, group.edges)


def parts(group: Group) -> Iterator[tuple[Node, Group]]:
    """Yield each state that contains others, with its picture: the state around what is in it, folded."""
    for node in group.nodes:
        inner = [part for node_id, part in group.groups if node_id == node.id]
        if inner:
            yield node, Group(node.label, [node], groups=[(node.id, folded(part)) for part in inner])
        for part in inner:
            yield from parts(part)
