"""What a picture of a flow shows: states as nodes, transitions as edges, branches and maps as groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.pointers import join

START, END = "start", "end"


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or the start or end of a chain of states.

    `kind` is the state's type in lower case, `pointer` the state's JSON pointer in the definition. `folded` is how many
    states are inside one that is drawn without them.
    """

    id: str
    label: str
    kind: str
    pointer: str = ""
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition between nodes; `dashed` for caught errors."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass
class Group:
    """A chain of states: the flow itself, a branch of a Parallel, or what a Map does with each item."""

    label: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    groups: list[tuple[str, Group]] = field(default_factory=list)
    """Groups inside a node: the node's id and the group."""

    def all_nodes(self) -> Iterator[Node]:
        """Yield the nodes of this group and of those inside it."""
        yield from self.nodes
        for _, group in self.groups:
            yield from group.all_nodes()

    def all_edges(self) -> Iterator[Edge]:
        """Yield the edges of this group and of those inside it."""
        yield from self.edges
        for _, group in self.groups:
            yield from group.all_edges()


def graph_of_definition(definition: Mapping[str, Any], label: str) -> Group:
    """Return the picture of a definition without mistakes."""
    return _Reader().chain(definition, label)


class _Reader:
    def __init__(self) -> None:
        self.count = 0

    def new_id(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def chain(self, definition: Mapping[str, Any], label: str, pointer: str = "") -> Group:
        group = Group(label)
        states: Mapping[str, dict[str, Any]] = definition["States"]
        ids = {name: self.new_id() for name in states}
        start, end = Node(self.new_id(), "Start", START), Node(self.new_id(), "End", END)
        group.nodes.append(start)
        pointers = {name: pointer + join("States", name) for name in states}
        group.nodes.extend(
            Node(ids[name], name, str(state["Type"]).lower(), pointers[name]) for name, state in states.items()
        )
        group.nodes.append(end)
        group.edges.append(Edge(start.id, ids[definition["StartAt"]]))
        for name, state in states.items():
            group.edges.extend(_joined(_edges(state, ids, ids[name], end.id)))
            for index, branch in enumerate(state.get("Branches", ())):
                group.groups.append(
                    (ids[name], self.chain(branch, f"{name}, branch {index + 1}", f"{pointers[name]}/Branches/{index}"))
                )
            for key in ("ItemProcessor", "Iterator"):
                if key in state:
                    inside = self.chain(state[key], f"{name}, for each item", f"{pointers[name]}/{key}")
                    group.groups.append((ids[name], inside))
        return group


def _edges(state: dict[str, Any], ids: dict[str, str], source: str, end: str) -> Iterator[Edge]:
    if "Next" in state:
        yield Edge(source, ids[state["Next"]])
    elif state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield Edge(source, end)
    for index, choice in enumerate(state.get("Choices", ())):
        yield Edge(source, ids[choice["Next"]], _condition(choice) or f"choice {index + 1}")
    if "Default" in state:
        yield Edge(source, ids[state["Default"]], "otherwise")
    for catcher in state.get("Catch", ()):
        yield Edge(source, ids[catcher["Next"]], ", ".join(catcher["ErrorEquals"]), dashed=True)


def _joined(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Merge edges between the same nodes into one with all their labels."""
    ways: dict[tuple[str, str, bool], list[str]] = {}
    for edge in edges:
        ways.setdefault((edge.source, edge.target, edge.dashed), []).append(edge.label)
    for (source, target, dashed), labels in ways.items():
        yield Edge(source, target, ", ".join(filter(None, labels)), dashed)


def _condition(choice: dict[str, Any]) -> str:
    """Return a short description of a choice."""
    text = ""
    if "Condition" in choice:
        text = str(choice["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    elif "Variable" in choice:
        operator = next((key for key in choice if key not in ("Variable", "Next", "Comment", "Assign", "Output")), "")
        text = f"{choice['Variable']} {operator} {choice.get(operator, '')}"
    return text if len(text) <= 30 else text[:29] + "…"
