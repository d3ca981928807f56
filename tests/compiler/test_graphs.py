from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given

from chalicelib.graphs.model import Group
from compiler.graphs.svg import render_svg
from compiler.graphs.text import render_dot, render_mermaid

from ..chalicelib.test_graphs import groups


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
