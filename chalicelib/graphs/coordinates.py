"""Pictures as numbers, for the console: every state and line with its place, relative to the whole picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.graphs.folding import count_states, folded, parts
from chalicelib.graphs.layout import Picture, lay_out
from chalicelib.graphs.model import Group, graph_of_definition
from chalicelib.graphs.paths import path_of

MARGIN = 16.0
MAX_STATES = 150
"""The most states of a picture that shows all of them at once."""


def picture_of(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the picture of a definition.

    Args:
        definition: A definition without mistakes.
        name: The flow's name.

    Returns:
        `{width, height, nodes, edges, parts?}` in pixels, as the schema `Graph` of the API describes it. Nodes that
        contain others come before them. If there are more states than `MAX_STATES`, those that contain others are
        folded, and `parts` has a picture of each.
    """
    group = graph_of_definition(definition, name)
    if count_states(group) <= MAX_STATES or not group.groups:
        return _drawn(group)
    inner = [{"path": node.pointer, **_drawn(part)} for node, part in parts(group)]
    return {**_drawn(folded(group)), "parts": inner}


def _drawn(group: Group) -> dict[str, Any]:
    picture = lay_out(group)
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    _collect(picture, (MARGIN, MARGIN), nodes, edges)
    width, height = picture.width + 2 * MARGIN, picture.height + 2 * MARGIN
    return {"width": _rounded(width), "height": _rounded(height), "nodes": nodes, "edges": edges}


def _collect(
    picture: Picture, origin: tuple[float, float], nodes: list[dict[str, Any]], edges: list[dict[str, Any]]
) -> None:
    x, y = origin
    for box in picture.boxes.values():
        nodes.append(
            {
                "path": box.node.pointer or box.node.id,
                "name": box.node.label,
                "kind": box.node.kind,
                "container": bool(box.inner),
                **({"folded": box.node.folded} if box.node.folded else {}),
                "x": _rounded(x + box.x),
                "y": _rounded(y + box.y),
                "width": _rounded(box.width),
                "height": _rounded(box.height),
            }
        )
        for part in box.inner:
            _collect(part, (x + box.x + part.x, y + box.y + part.y), nodes, edges)
    names = {node_id: box.node.pointer or node_id for node_id, box in picture.boxes.items()}
    for route in picture.routes:
        label_x, label_y = route.label or (0.0, 0.0)
        edges.append(
            {
                "source": names[route.edge.source],
                "target": names[route.edge.target],
                "line": path_of(route, x, y),
                "joins": route.joins,
                "dashed": route.edge.dashed,
                "label": route.edge.label,
                "labelX": _rounded(x + label_x),
                "labelY": _rounded(y + label_y),
            }
        )


def _rounded(value: float) -> float:
    return round(value, 1)
