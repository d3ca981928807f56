"""Puts the nodes of a picture into layers from the top down."""

from __future__ import annotations

from collections import defaultdict

from chalicelib.graphs.model import END, Edge, Group


def split_edges(group: Group) -> tuple[list[int], list[int]]:
    """Return the indexes of the edges that lead down, and of those that lead back: they close a cycle."""
    following: dict[str, list[int]] = defaultdict(list)
    for number, edge in enumerate(group.edges):
        following[edge.source].append(number)
    down: set[int] = set()
    open_nodes: set[str] = set()
    done: set[str] = set()
    for root in (node.id for node in group.nodes):
        stack = [] if root in done else [(root, 0)]
        open_nodes.update(node for node, _ in stack)
        while stack:
            node, index = stack.pop()
            if index == len(following[node]):
                open_nodes.discard(node)
                done.add(node)
                continue
            stack.append((node, index + 1))
            number = following[node][index]
            target = group.edges[number].target
            if target in open_nodes:
                continue
            down.add(number)
            if target not in done:
                open_nodes.add(target)
                stack.append((target, 0))
    numbers = range(len(group.edges))
    return [number for number in numbers if number in down], [number for number in numbers if number not in down]


def layers(group: Group, down: list[int]) -> dict[str, int]:
    """Return the layer of each node: the number of edges on the longest path to it; every end is in the last one."""
    layer = _longest_paths(group, [group.edges[number] for number in down])
    last = max(layer.values(), default=0)
    ends = [node.id for node in group.nodes if node.kind == END]
    if any(layer[node.id] == last and node.kind != END for node in group.nodes):
        last += 1 if ends else 0
    layer.update(dict.fromkeys(ends, last))
    used = {number: place for place, number in enumerate(sorted(set(layer.values())))}
    return {node: used[number] for node, number in layer.items()}


def _longest_paths(group: Group, edges: list[Edge]) -> dict[str, int]:
    following: dict[str, list[str]] = defaultdict(list)
    missing = {node.id: 0 for node in group.nodes}
    for edge in edges:
        following[edge.source].append(edge.target)
        missing[edge.target] += 1
    layer = {node.id: 0 for node in group.nodes}
    ready = [node for node, count in missing.items() if count == 0]
    while ready:
        node = ready.pop()
        for target in following[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return layer
