"""Places the nodes of a picture: in layers from the top down, each group inside its node's box.

A small version of Sugiyama's method: the longest path from the start determines the layer (edges that lead back are
left out), the mean position of a node's predecessors its position within the layer, and an edge that passes through a
layer has a lane of its own there, so that it crosses no box.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from compiler.graphs.model import END, START, Edge, Group, Node

LETTER = 7.2  # width of a letter, in pixels
LINE = 34.0  # height of a plain node
GAP_X, GAP_Y, PAD, TITLE, LANE = 30.0, 50.0, 18.0, 24.0, 8.0


@dataclass
class Box:
    """A node with its position (upper left corner, relative to the picture) and size, in pixels."""

    node: Node
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    inner: list[Picture] = field(default_factory=list)


@dataclass
class Route:
    """An edge and the lanes that it passes through on its way down: x of the middle, top and bottom of each layer.

    `leaves` is the bottom of the layer that it starts in.
    """

    edge: Edge
    leaves: float
    lanes: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass
class Picture:
    """A group with the positions of its nodes, relative to its own upper left corner (`x`, `y`)."""

    label: str
    boxes: dict[str, Box]
    routes: list[Route]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


def lay_out(group: Group) -> Picture:
    """Place every node of the group."""
    boxes = {node.id: _box(node, group) for node in group.nodes}
    rows = _layers(group)
    steps = [(edge.source, edge.target) for edge in group.edges]
    lanes = _lanes(rows, group.edges, boxes, steps)
    rows = _order(rows, steps)
    widths = [sum(boxes[item].width for item in row) + GAP_X * (len(row) - 1) for row in rows]
    width = max(widths, default=0.0)
    y = 0.0
    tops: dict[str, tuple[float, float]] = {}
    for row, row_width in zip(rows, widths, strict=True):
        x = (width - row_width) / 2
        height = max(boxes[item].height for item in row)
        for item in row:
            boxes[item].x = x
            boxes[item].y = y
            tops[item] = (y, y + height)
            x += boxes[item].width + GAP_X
        y += height + GAP_Y
    routes = [
        Route(edge, tops[edge.source][1], [(boxes[lane].x + LANE / 2, *tops[lane]) for lane in passed])
        for edge, passed in zip(group.edges, lanes, strict=True)
    ]
    shown = {node.id: boxes[node.id] for node in group.nodes}
    return Picture(group.label, shown, routes, width, max(0.0, y - GAP_Y))


def _lanes(
    rows: list[list[str]], edges: list[Edge], boxes: dict[str, Box], steps: list[tuple[str, str]]
) -> list[list[str]]:
    """Add a lane to each layer that an edge passes through; return the ids of each edge's lanes from the top down."""
    layer = {item: number for number, row in enumerate(rows) for item in row}
    result = []
    for number, edge in enumerate(edges):
        passed = []
        for between in range(layer[edge.source] + 1, layer[edge.target]):
            lane = f"lane {number} {between}"
            boxes[lane] = Box(Node(lane, "", ""), LANE, 0.0)
            rows[between].append(lane)
            passed.append(lane)
        path = [edge.source, *passed, edge.target]
        steps.extend(pairwise(path))
        result.append(passed)
    return result


def _box(node: Node, group: Group) -> Box:
    if node.kind in (START, END):
        return Box(node, 18.0, 18.0)
    inner = [lay_out(part) for node_id, part in group.groups if node_id == node.id]
    text = max(60.0, len(node.label) * LETTER + 28)
    if not inner:
        return Box(node, text, LINE)
    x = PAD
    height = max(part.height for part in inner)
    for part in inner:
        part.x, part.y = x, TITLE + PAD
        x += part.width + GAP_X
    return Box(node, max(text, x - GAP_X + PAD), height + TITLE + 2 * PAD, inner=inner)


def _layers(group: Group) -> list[list[str]]:
    following: dict[str, list[str]] = defaultdict(list)
    for edge in group.edges:
        following[edge.source].append(edge.target)
    forward = _without_back_edges([node.id for node in group.nodes], following)
    layer = {node.id: 0 for node in group.nodes}
    for _ in group.nodes:  # no path is longer than the number of nodes
        changed = False
        for source, target in forward:
            if layer[target] <= layer[source]:
                layer[target] = layer[source] + 1
                changed = True
        if not changed:
            break
    ends = [node.id for node in group.nodes if node.kind == END]
    for end in ends:
        layer[end] = max(layer.values()) if layer[end] == max(layer.values()) else max(layer.values()) + 1
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in group.nodes:
        rows[layer[node.id]].append(node.id)
    return [row for row in rows if row]


def _without_back_edges(nodes: list[str], following: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return the edges except those that close a cycle, found depth first."""
    open_nodes: set[str] = set()
    done: set[str] = set()
    forward: list[tuple[str, str]] = []
    for root in nodes:
        stack: list[tuple[str, int]] = [(root, 0)] if root not in done else []
        if stack:
            open_nodes.add(root)
        while stack:
            node, index = stack.pop()
            targets = following[node]
            if index == len(targets):
                open_nodes.discard(node)
                done.add(node)
                continue
            stack.append((node, index + 1))
            target = targets[index]
            if target in open_nodes:
                continue
            forward.append((node, target))
            if target not in done:
                open_nodes.add(target)
                stack.append((target, 0))
    return forward


def _order(rows: list[list[str]], steps: list[tuple[str, str]]) -> list[list[str]]:
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in steps:
        before[target].append(source)
    place: dict[str, float] = {}
    for row in rows:
        middle = {
            item: sum(known) / len(known)
            for item in row
            if (known := [place[source] for source in before[item] if source in place])
        }
        row.sort(key=lambda item: middle.get(item, 0.5))
        for index, item in enumerate(row):
            place[item] = (index + 0.5) / len(row)
    return rows
