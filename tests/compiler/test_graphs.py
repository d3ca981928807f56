from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from compiler.graphs.layout import lay_out
from compiler.graphs.model import Edge, Group, Node
from compiler.graphs.svg import render_svg
from compiler.graphs.text import render_dot, render_mermaid


@st.composite
def groups(draw: st.DrawFn, depth: int = 2, prefix: str = "n") -> Group:
    """Any picture: cycles, edges to oneself, unreachable parts, groups inside groups."""
    count = draw(st.integers(1, 7))
    nodes = [Node(f"{prefix}{n}", draw(st.text("Abc <>&\"'", max_size=8)), "task") for n in range(count)]
    place = st.integers(0, count - 1).map(lambda n: f"{prefix}{n}")
    edges = draw(st.lists(st.builds(Edge, place, place, st.sampled_from(["", "a & b"]), st.booleans()), max_size=12))
    inner = []
    if depth:
        for number, node in enumerate(draw(st.lists(st.sampled_from(nodes), max_size=2))):
            inner.append((node.id, draw(groups(depth - 1, f"{node.id}x{number}y"))))
    return Group("picture", nodes, edges, inner)


@given(groups())
def test_boxes_of_a_group_do_not_overlap_and_lie_inside(group: Group) -> None:
    def judge(picture: object) -> None:
        boxes = list(picture.boxes.values())  # type: ignore[attr-defined]
        for box in boxes:
            assert box.x >= 0
            assert box.x + box.width <= picture.width + 0.01  # type: ignore[attr-defined]
            assert box.y + box.height <= picture.height + 0.01  # type: ignore[attr-defined]
            for part in box.inner:
                assert part.x + part.width <= box.width
                assert part.y + part.height <= box.height
                judge(part)
        for one, other in combinations(boxes, 2):
            beside = one.x + one.width <= other.x + 0.01 or other.x + other.width <= one.x + 0.01
            below = one.y + one.height <= other.y + 0.01 or other.y + other.height <= one.y + 0.01
            assert beside or below

    judge(lay_out(group))


@given(groups())
def test_lines_pass_no_box_on_their_way_down(group: Group) -> None:
    picture = lay_out(group)
    for route in picture.routes:
        for middle, top, bottom in route.lanes:
            for box in picture.boxes.values():
                beside = middle <= box.x or middle >= box.x + box.width
                assert beside or bottom <= box.y or top >= box.y + box.height
        assert all(upper[2] <= lower[1] for upper, lower in pairwise(route.lanes))


@given(groups())
def test_every_format_holds_every_node(group: Group) -> None:
    svg = ElementTree.fromstring(render_svg(group))
    labels = [element.text or "" for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    for node in group.all_nodes():
        assert node.label in labels
    mermaid, dot = render_mermaid(group), render_dot(group)
    assert all(node.id in mermaid and f"{node.id} [label=" in dot for node in group.all_nodes())
    assert mermaid.count("subgraph") == sum(line.strip() == "end" for line in mermaid.splitlines())
    assert len(list(group.all_edges())) == mermaid.count("-->") + mermaid.count("-.->")
