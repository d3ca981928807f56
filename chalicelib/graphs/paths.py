"""Draws the way of an edge as the path of an SVG."""

from __future__ import annotations

from itertools import pairwise

from chalicelib.graphs.layout import Lane, Route

CORNER = 8.0


def path_of(route: Route, x: float = 0.0, y: float = 0.0) -> str:
    """Return the path, which ends where the arrow is or where it joins another line.

    Args:
        route: The edge on its way.
        x: Added to each position.
        y: Added to each position.
    """
    if route.leads_back:
        return _back(route, x, y)
    parts = [f"M{route.start[0] + x:.1f} {route.start[1] + y:.1f}"]
    at, height = route.start
    for lane in (*route.lanes, Lane(route.end[0], route.end[1], route.end[1])):
        if lane.top > height:
            parts.append(_bend(at + x, height + y, lane.x + x, lane.top + y))
        if lane.bottom > lane.top:  # a line of no length would have no direction for its arrow
            parts.append(f"V{lane.bottom + y:.1f}")
        at, height = lane.x, lane.bottom
    kept = [part for part, following in pairwise([*parts, ""]) if not (part[0] == "V" and following[:1] == "V")]
    return "".join(kept)


def _bend(x1: float, y1: float, x2: float, y2: float) -> str:
    if abs(x1 - x2) < 0.5:
        return f"V{y2:.1f}"
    half = (y1 + y2) / 2
    return f"C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}"


def _back(route: Route, x: float, y: float) -> str:
    (x1, y1), (x2, y2), side = route.start, route.end, route.lanes[0].x + x
    leave, reach = (height + y for height in route.turns)
    x1, y1, x2, y2 = x1 + x, y1 + y, x2 + x, y2 + y
    up = -1.0 if reach < leave else 1.0
    corner = min(CORNER, abs(leave - reach) / 2)
    path = f"M{x1:.1f} {y1:.1f}"
    if leave != y1:
        path += f"V{leave - corner:.1f}Q{x1:.1f} {leave:.1f} {x1 + corner:.1f} {leave:.1f}"
    path += f"H{side - corner:.1f}Q{side:.1f} {leave:.1f} {side:.1f} {leave + up * corner:.1f}"
    path += f"V{reach - up * corner:.1f}Q{side:.1f} {reach:.1f} {side - corner:.1f} {reach:.1f}"
    if reach != y2:
        return path + f"H{x2 + corner:.1f}Q{x2:.1f} {reach:.1f} {x2:.1f} {reach + corner:.1f}V{y2:.1f}"
    return path + f"H{x2:.1f}"
