"""Places the nodes of a picture: in layers from the top down, each group inside its node's box.

Sugiyama's method: the longest path from the start determines the layer, few crossings the order within it, straight
lines the position. An edge that passes through a layer has a lane there, so that it crosses no box; edges to the same
node share their lanes. Labels have a row of their own below the layer that their edges start in, so that they overlap
nothing. Edges that lead back run along the right side.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from chalicelib.graphs.layering import layers, split_edges
from chalicelib.graphs.model import END, START, Edge, Group, Node
from chalicelib.graphs.ordering import order, place
from chalicelib.graphs.straightening import STRAIGHT, Links

LETTER, SMALL_LETTER = 7.8, 6.6  # width of a letter in the name of a node and in a label, in pixels
LINE, LABEL_LINE = 36.0, 18.0  # height of a plain node and of a label
GAP_X, GAP_Y, LABEL_GAP_Y, PAD, TITLE, LANE = 32.0, 44.0, 20.0, 18.0, 26.0, 8.0
BACK = 22.0
"""Distance of an edge that leads back from what it passes."""
BENT = 1.0
"""How much it matters that a line between nodes is straight; see `STRAIGHT`."""


@dataclass
class Box:
    """A node with its position (upper left corner, relative to the picture) and size, in pixels."""

    node: Node
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    inner: list[Picture] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lane:
    """Where an edge passes through a row: the middle, and the top and bottom of the row."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Route:
    """An edge on its way.

    Attributes:
        edge: The edge.
        start: Where it leaves its source.
        end: Where it enters its target.
        lanes: What it passes through between the two, in order. One that leads back has a single lane, beside both.
        leads_back: Whether it leads back.
        joins: Whether it ends where it reaches the lane of another edge to the same node.
        label: The middle of its label, if it has one.
        turns: For an edge that leads back, the heights at which it leaves and reaches its lane.
    """

    edge: Edge
    start: tuple[float, float]
    end: tuple[float, float]
    lanes: tuple[Lane, ...] = ()
    leads_back: bool = False
    joins: bool = False
    label: tuple[float, float] | None = None
    turns: tuple[float, float] = (0.0, 0.0)


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
    return _Layout(group).picture()


def label_width(text: str) -> float:
    """Return the width of an edge's label, in pixels."""
    return len(text) * SMALL_LETTER + 12


class _Layout:
    """The layout of one group. Rows with even numbers are layers, the others have the labels below them."""

    def __init__(self, group: Group) -> None:
        self._group = group
        inner = defaultdict(list)
        for node_id, part in group.groups:
            inner[node_id].append(lay_out(part))
        self._boxes = {node.id: _box(node, inner[node.id]) for node in group.nodes}
        self._down, self._back = split_edges(group)
        self._layer = layers(group, self._down)
        self._width = {item: box.width for item, box in self._boxes.items()}
        self._row_of: dict[str, int] = {}
        self._links = Links()
        count = 2 * max(self._layer.values(), default=-1) + 1
        self._rows: list[list[str]] = [[] for _ in range(count)]
        for node in group.nodes:
            self._add(node.id, 2 * self._layer[node.id])
        self._joining: set[int] = set()
        self._ways = self._lines()
        self._rows = order(self._rows, self._links)
        self._x = place(self._rows, self._links, self._width, self._gap)
        self._top: list[float] = []
        self._bottom: list[float] = []
        self._set_heights()

    def picture(self) -> Picture:
        left = min((self._x[item] - self._width[item] / 2 for row in self._rows for item in row), default=0.0)
        for item in self._x:
            self._x[item] -= left
        for box in self._boxes.values():
            box.x = self._x[box.node.id] - box.width / 2
            box.y = self._top[self._row_of[box.node.id]]
        right = [max((self._x[item] + self._width[item] / 2 for item in row), default=0.0) for row in self._rows]
        routes = dict(self._routes_down()) | {number: self._route_back(number, right) for number in self._back_order()}
        height = self._bottom[-1] if self._bottom else 0.0
        return Picture(
            self._group.label,
            self._boxes,
            [routes[number] for number in range(len(self._group.edges))],
            max(right, default=0.0),
            height + (GAP_Y / 2 if any(route.turns[0] > height for route in routes.values()) else 0.0),
        )

    def _add(self, item: str, row: int) -> None:
        if item not in self._row_of:
            self._row_of[item] = row
            self._rows[row].append(item)

    def _lines(self) -> dict[int, list[str]]:
        """Add lanes and labels to the rows.

        Returns:
            The items that each edge on its way down passes, up to the first lane that another edge has made.
        """
        edges = self._group.edges
        labelled = {2 * self._layer[edges[number].source] + 1 for number in self._down if edges[number].label}
        ways: dict[int, list[str]] = {}
        for number in sorted(self._down, key=lambda number: self._layer[edges[number].source]):
            edge = edges[number]
            first, last = 2 * self._layer[edge.source] + 1, 2 * self._layer[edge.target]
            way: list[str] = []
            if edge.label:
                way.append(f"label {number}")
                self._width[way[0]] = label_width(edge.label)
                self._add(way[0], first)
            for row in range(first + 1 if edge.label else first, last):
                if row % 2 == 0 or row in labelled:
                    lane = f"lane {edge.target} {edge.dashed} {row}"
                    way.append(lane)
                    if lane in self._row_of:
                        self._joining.add(number)
                        break
                    self._width[lane] = LANE
                    self._add(lane, row)
            for upper, lower in pairwise([edge.source, *way, *([] if number in self._joining else [edge.target])]):
                lanes = upper.startswith("lane ") + lower.startswith("lane ")
                self._links.add(upper, lower, STRAIGHT if lanes == 2 else BENT + lanes)
            ways[number] = way
        return ways

    def _gap(self, one: str, other: str) -> float:
        lanes = (one not in self._boxes) + (other not in self._boxes)
        return GAP_X if lanes == 0 else GAP_X * 0.6 if lanes == 1 else GAP_X * 0.4

    def _set_heights(self) -> None:
        y = 0.0
        for number, row in enumerate(self._rows):
            is_label = number % 2 == 1
            if is_label and not row:
                self._top.append(y)
                self._bottom.append(y)
                continue
            if number:
                y += LABEL_GAP_Y if is_label or (self._rows[number - 1] and number % 2 == 0) else GAP_Y
            self._top.append(y)
            y += LABEL_LINE if is_label else max(self._boxes[item].height for item in row if item in self._boxes)
            self._bottom.append(y)

    def _routes_down(self) -> list[tuple[int, Route]]:
        edges = self._group.edges
        starts = self._starts()
        routes = []
        for number in self._down:
            edge, way = edges[number], self._ways[number]
            source, target = self._boxes[edge.source], self._boxes[edge.target]
            lanes = [Lane(self._x[item], *self._span(item)) for item in way]
            label = (lanes[0].x, (lanes[0].top + lanes[0].bottom) / 2) if edge.label else None
            start = (starts[number], source.y + source.height)
            end = (target.x + target.width / 2, target.y)
            joins = number in self._joining
            if joins:
                end = (lanes[-1].x, lanes[-1].top)
                lanes.pop()
            first = Lane(start[0], start[1], self._bottom[self._row_of[edge.source]])
            routes.append((number, Route(edge, start, end, (first, *lanes), joins=joins, label=label)))
        return routes

    def _span(self, item: str) -> tuple[float, float]:
        row = self._row_of[item]
        return self._top[row], self._bottom[row]

    def _starts(self) -> dict[int, float]:
        """Return where each edge leaves the lower side of its source: beside each other, in the order of their ways."""
        leaving: dict[str, list[int]] = defaultdict(list)
        edges = self._group.edges
        for number in self._down:
            leaving[edges[number].source].append(number)
        starts = {}
        for source, numbers in leaving.items():
            box = self._boxes[source]
            numbers.sort(key=lambda number: self._x[(self._ways[number] or [edges[number].target])[0]])
            step = min(24.0, box.width * 0.6 / len(numbers))
            for place_, number in enumerate(numbers):
                starts[number] = box.x + box.width / 2 + (place_ - (len(numbers) - 1) / 2) * step
        return starts

    def _back_order(self) -> list[int]:
        """Return the edges that lead back, the shortest first: it is nearest to the boxes."""
        edges = self._group.edges
        return sorted(
            self._back, key=lambda number: self._layer[edges[number].source] - self._layer[edges[number].target]
        )

    def _route_back(self, number: int, right: list[float]) -> Route:
        edge = self._group.edges[number]
        source, target = self._boxes[edge.source], self._boxes[edge.target]
        upper, lower = self._row_of[edge.target], self._row_of[edge.source]
        upper, lower = min(upper, lower), max(upper, lower)
        half = label_width(edge.label) / 2 if edge.label else 0.0
        x = max(right[upper : lower + 1]) + BACK + half
        start, leave = self._beside(source, lower=True)
        end, reach = self._beside(target, lower=False)
        for row in range(upper, lower + 1):
            right[row] = x + half + 2
        label = (x, (leave + reach) / 2) if edge.label else None
        lane = Lane(x, min(leave, reach), max(leave, reach))
        return Route(edge, start, end, (lane,), leads_back=True, label=label, turns=(leave, reach))

    def _beside(self, box: Box, *, lower: bool) -> tuple[tuple[float, float], float]:
        """Return where an edge on the right side touches a box, and at which height it runs to or from there.

        Boxes with others to their right are left below and entered above.
        """
        row = self._rows[self._row_of[box.node.id]]
        if row[-1] == box.node.id:
            offset = min(6.0, box.height / 4)
            y = box.y + box.height / 2 + (offset if lower else -offset)
            return (box.x + box.width, y), y
        middle = box.x + box.width / 2
        if lower:
            return (middle, box.y + box.height), self._bottom[self._row_of[box.node.id]] + 8
        return (middle, box.y), box.y - 10


def _box(node: Node, inner: list[Picture]) -> Box:
    if node.kind in (START, END):
        return Box(node, 18.0, 18.0)
    text = max(72.0, len(node.label) * LETTER + 44)  # with an icon before it
    if node.folded:
        text += len(str(node.folded)) * LETTER + 26
    if not inner:
        return Box(node, text, LINE)
    x = PAD
    height = max(part.height for part in inner)
    for part in inner:
        part.x, part.y = x, TITLE + PAD
        x += part.width + GAP_X
    return Box(node, max(text, x - GAP_X + PAD), height + TITLE + 2 * PAD, inner=inner)
