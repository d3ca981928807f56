"""Pictures as text: Mermaid (https://mermaid.js.org) and Graphviz DOT (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.graphs.model import END, START, Group, Node

_MERMAID_SHAPES = {
    START: ("((", "))"), END: ("(((", ")))"), "choice": ("{", "}"), "wait": ("([", "])"), "flow": ("[[", "]]"),
    "scheduled": ("[[", "]]"), "succeed": ("([", "])"), "fail": ("([", "])"),
}  # fmt: skip
_DOT_SHAPES = {
    START: "circle", END: "doublecircle", "choice": "diamond", "wait": "ellipse", "flow": "box3d", "scheduled": "box3d",
    "succeed": "ellipse", "fail": "ellipse",
}  # fmt: skip


def render_mermaid(group: Group) -> str:
    """Return the picture of a group as a Mermaid flowchart."""
    return "\n".join(["flowchart TD", *_mermaid(group, "  ")]) + "\n"


def _mermaid(group: Group, indent: str) -> Iterator[str]:
    inner_of = {node_id for node_id, _ in group.groups}
    for node in group.nodes:
        opening, closing = _MERMAID_SHAPES.get(node.kind, ("[", "]"))
        if node.id not in inner_of:
            yield f'{indent}{node.id}{opening}"{_mermaid_text(_label(node))}"{closing}'
            continue
        yield f'{indent}subgraph {node.id}["{_mermaid_text(node.label)}"]'
        for number, (node_id, inner) in enumerate(group.groups):
            if node_id == node.id:
                yield f'{indent}  subgraph {node.id}_{number}["{_mermaid_text(inner.label)}"]'
                yield from _mermaid(inner, indent + "    ")
                yield f"{indent}  end"
        yield f"{indent}end"
    for edge in group.edges:
        arrow = "-.->" if edge.dashed else "-->"
        label = f'|"{_mermaid_text(edge.label)}"|' if edge.label else ""
        yield f"{indent}{edge.source} {arrow}{label} {edge.target}"


def render_dot(group: Group) -> str:
    """Return the picture of a group as a Graphviz digraph."""
    head = ["digraph flow {", "  compound=true;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    return "\n".join([*head, *_dot(group, "  "), "}"]) + "\n"


def _dot(group: Group, indent: str) -> Iterator[str]:
    for node in group.nodes:
        shape = _DOT_SHAPES.get(node.kind)
        extra = f", shape={shape}" if shape else ""
        yield f"{indent}{node.id} [label={_quoted(_label(node))}{extra}];"
    for edge in group.edges:
        options = [f"label={_quoted(edge.label)}"] if edge.label else []
        options += ["style=dashed"] if edge.dashed else []
        yield f"{indent}{edge.source} -> {edge.target}{' [' + ', '.join(options) + ']' if options else ''};"
    for number, (node_id, inner) in enumerate(group.groups):
        yield f"{indent}subgraph cluster_{node_id}_{number} {{"
        yield f"{indent}  label={_quoted(inner.label)}; style=rounded; color=gray;"
        yield from _dot(inner, indent + "  ")
        yield f"{indent}}}"
        yield f"{indent}{node_id} -> {inner.nodes[0].id} [style=dotted, arrowhead=none];"


def _label(node: Node) -> str:
    return "" if node.kind in (START, END) else node.label


def _mermaid_text(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;") or " "


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
