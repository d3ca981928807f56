"""What is drawn of a project: one flow, or which flows start which."""

from __future__ import annotations

from chalicelib.graphs.model import Edge, Group, Node, graph_of_definition
from compiler.compiled import CompiledFlow, Project


def graph_of_flow(flow: CompiledFlow) -> Group:
    """Return the picture of one flow."""
    return graph_of_definition(flow.definition, flow.name)


def graph_of_project(project: Project) -> Group:
    """Return the picture of which flows start which."""
    group = Group("flows")
    ids = {name: f"n{number}" for number, name in enumerate(sorted(project.flows))}
    for name, flow in sorted(project.flows.items()):
        group.nodes.append(Node(ids[name], name, "scheduled" if flow.schedule else "flow"))
        group.edges.extend(Edge(ids[name], ids[other]) for other in flow.references if other in ids)
    return group
