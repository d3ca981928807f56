"""Pictures as SVG, drawn without other programs."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from chalicelib.graphs.layout import TITLE, Box, Picture, Route, lay_out
from chalicelib.graphs.model import END, START, Group
from chalicelib.graphs.paths import path_of

MARGIN = 24.0
_FILLS = {
    "choice": "#fff4d6", "wait": "#e8e4f8", "succeed": "#dff3e3", "fail": "#fbe0e0", "parallel": "#f3f6fa",
    "map": "#f3f6fa", "task": "#e3effc", "scheduled": "#e8e4f8", "flow": "#e3effc",
}  # fmt: skip
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
    'height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12">\n'
    "<title>{title}</title>\n"
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8Z" fill="#5b6b7d"/></marker></defs>\n'
    '<rect width="100%" height="100%" fill="white"/>\n'
)


def render_svg(group: Group) -> str:
    """Return the picture of a group as an SVG document."""
    picture = lay_out(group)
    head = _HEAD.format(width=picture.width + 2 * MARGIN, height=picture.height + 2 * MARGIN, title=escape(group.label))
    return head + "\n".join(_picture(picture, MARGIN, MARGIN)) + "\n</svg>\n"


def _picture(picture: Picture, x: float, y: float) -> Iterator[str]:
    for box in picture.boxes.values():
        yield from _box(box, x + box.x, y + box.y)
    labels = []
    for route in picture.routes:
        line, label = _edge(route, x, y)
        yield line
        labels.append(label)
    yield from filter(None, labels)  # above all lines


def _box(box: Box, x: float, y: float) -> Iterator[str]:
    kind = box.node.kind
    if kind in (START, END):
        fill = "#5b6b7d" if kind == START else "white"
        yield f'<circle cx="{x + 9:.1f}" cy="{y + 9:.1f}" r="8" fill="{fill}" stroke="#5b6b7d" stroke-width="2"/>'
        return
    fill = _FILLS.get(kind, "#ffffff")
    dash = ' stroke-dasharray="5 3"' if kind == "map" else ""
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="7" fill="{fill}" '
        f'stroke="#8a99a8"{dash}><title>{escape(kind)}</title></rect>'
    )
    text_y = y + TITLE - 6 if box.inner else y + box.height / 2 + 4
    yield f'<text x="{x + box.width / 2:.1f}" y="{text_y:.1f}" text-anchor="middle">{escape(box.node.label)}</text>'
    for inner in box.inner:
        yield from _picture(inner, x + inner.x, y + inner.y)


def _edge(route: Route, x: float, y: float) -> tuple[str, str]:
    """Return the line of an edge, and its label."""
    edge = route.edge
    path = path_of(route, x, y)
    dash = ' stroke-dasharray="4 3"' if edge.dashed else ""
    line = f'<path d="{path}" fill="none" stroke="#5b6b7d"{dash} marker-end="url(#arrow)"/>'
    if route.joins:  # the arrow is at the end of the line that it joins
        line = line.replace(' marker-end="url(#arrow)"', "")
    if route.label is None:
        return line, ""
    label_x, label_y = route.label[0] + x, route.label[1] + y + 4
    return line, (
        f'<text x="{label_x:.1f}" y="{label_y:.1f}" text-anchor="middle" font-size="10" fill="#5b6b7d" '
        f'paint-order="stroke" stroke="white" stroke-width="3">{escape(edge.label)}</text>'
    )
