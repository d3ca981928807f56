from __future__ import annotations

from itertools import combinations, pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.graphs.coordinates import MAX_STATES, picture_of
from chalicelib.graphs.layout import Picture, label_width, lay_out
from chalicelib.graphs.model import Edge, Group, Node, graph_of_definition
from chalicelib.settings import PROJECT
from compiler import compile_project


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
            assert box.x >= -0.01
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
def test_lines_pass_no_box_on_their_way(group: Group) -> None:
    picture = lay_out(group)
    for route in picture.routes:
        for lane in route.lanes:
            for box in picture.boxes.values():
                beside = lane.x <= box.x or lane.x >= box.x + box.width
                assert beside or lane.bottom <= box.y + 0.01 or lane.top >= box.y + box.height - 0.01
        assert all(upper.bottom <= lower.top for upper, lower in pairwise(route.lanes))


@given(groups())
def test_labels_overlap_neither_boxes_nor_each_other(group: Group) -> None:
    picture = lay_out(group)
    labels = [
        (route.label[0] - label_width(route.edge.label) / 2, route.label[1] - 8, label_width(route.edge.label), 16.0)
        for route in picture.routes
        if route.label
    ]
    assert len(labels) == sum(bool(edge.label) for edge in group.edges)
    boxes = [(box.x, box.y, box.width, box.height) for box in picture.boxes.values()]
    for one, other in [*combinations(labels, 2), *((label, box) for label in labels for box in boxes)]:
        beside = one[0] + one[2] <= other[0] + 0.01 or other[0] + other[2] <= one[0] + 0.01
        assert beside or one[1] + one[3] <= other[1] + 0.01 or other[1] + other[3] <= one[1] + 0.01
    for x, _, width, _ in labels:
        assert x >= -0.01 and x + width <= picture.width + 0.01


def test_a_long_line_is_straight() -> None:
    """An edge past many states, which zigzags if each row is centred on its own."""
    names = [f"n{number}" for number in range(12)]
    nodes = [Node(name, "a" * (1 + 7 * (number % 3)), "task") for number, name in enumerate(names)]
    edges = [Edge(one, other) for one, other in pairwise(names)]
    picture = lay_out(Group("long", nodes, [*edges, Edge("n0", "n11", "States.ALL", dashed=True)]))
    long = next(route for route in picture.routes if route.edge.dashed)
    assert len({round(lane.x) for lane in long.lanes[1:]}) == 1


def _bends(picture: Picture) -> int:
    """How often lines change their place between the rows that they pass."""
    inner = [part for box in picture.boxes.values() for part in box.inner]
    lanes = [route.lanes[1:] for route in picture.routes if not route.leads_back]
    return sum(one.x != other.x for way in lanes for one, other in pairwise(way)) + sum(map(_bends, inner))


def test_lines_of_the_shipped_flows_are_straight() -> None:
    project = compile_project(PROJECT)
    pictures = {name: lay_out(graph_of_definition(flow.definition, name)) for name, flow in project.flows.items()}
    assert {name for name, picture in pictures.items() if _bends(picture)} == set()


def _branching(seed: int) -> Group:
    """A flow whose choices skip some of the next states, and whose errors lead to a handler at the end."""
    random = Random(seed)
    names = [f"State{number}" for number in range(20 + seed)]
    edges = [Edge(one, other) for one, other in pairwise(names)]
    for number, name in enumerate(names):
        steps = random.sample(range(2, 6), random.choice([0, 0, 1, 2]))
        ahead = [names[min(len(names) - 1, number + step)] for step in steps]
        edges += [Edge(name, other, "a condition") for other in dict.fromkeys(ahead)]
        if random.random() < 0.2:
            edges.append(Edge(name, "Handler", "States.ALL", dashed=True))
    return Group("flow", [Node(name, name, "task") for name in (*names, "Handler")], edges)


def test_where_many_lines_cross_they_seldom_bend() -> None:
    flows = [_branching(seed) for seed in range(12)]
    assert sum(_bends(lay_out(flow)) for flow in flows) < 0.35 * sum(len(flow.edges) for flow in flows)


def test_the_picture_of_a_definition_names_every_state_by_its_pointer() -> None:
    inner = {"StartAt": "Each/one", "States": {"Each/one": {"Type": "Pass", "End": True}}}
    states = {"All": {"Type": "Map", "ItemProcessor": inner, "Next": "Done"}, "Done": {"Type": "Succeed"}}
    picture = picture_of({"StartAt": "All", "States": states}, "flow")
    paths = {node["path"]: node for node in picture["nodes"] if node["path"].startswith("/")}
    assert set(paths) == {"/States/All", "/States/Done", "/States/All/ItemProcessor/States/Each~1one"}
    assert paths["/States/All"]["container"] and not paths["/States/Done"]["container"]
    outer, one = paths["/States/All"], paths["/States/All/ItemProcessor/States/Each~1one"]
    assert outer["x"] < one["x"] and one["x"] + one["width"] < outer["x"] + outer["width"] <= picture["width"]
    assert {"source": "/States/All", "target": "/States/Done"}.items() <= next(
        edge for edge in picture["edges"] if edge["target"] == "/States/Done"
    ).items()


def test_a_large_definition_is_folded() -> None:
    def chain(prefix: str, count: int, first: dict[str, Any]) -> dict[str, Any]:
        names = [f"{prefix}{number}" for number in range(count)]
        states: dict[str, Any] = {one: {"Type": "Pass", "Next": other} for one, other in pairwise(names)}
        states[names[-1]] = {"Type": "Pass", "End": True}
        states[names[0]] |= first
        return {"StartAt": names[0], "States": states}

    innermost = {"Type": "Map", "ItemProcessor": chain("c", 3, {})}
    both = {"Type": "Parallel", "Branches": [chain("b", 4, innermost), chain("d", 5, {})]}
    small = picture_of(chain("a", MAX_STATES - 12, both), "flow")
    assert "parts" not in small and len([node for node in small["nodes"] if node["container"]]) == 2
    large = picture_of(chain("a", MAX_STATES, both), "flow")
    assert {node["name"]: node.get("folded") for node in large["nodes"][:3]} == {"Start": None, "a0": 12, "a1": None}
    assert len([node for node in large["nodes"] if node["path"].startswith("/")]) == MAX_STATES
    outer, inner = large["parts"]
    assert (outer["path"], inner["path"]) == ("/States/a0", "/States/a0/Branches/0/States/b0")
    assert outer["nodes"][0]["container"] and outer["nodes"][0]["path"] == outer["path"]
    paths = [node["path"] for picture in (large, outer, inner) for node in picture["nodes"]]
    assert {f"/States/a0/Branches/1/States/d{n}" for n in range(5)} < {node["path"] for node in outer["nodes"]}
    assert len({path for path in paths if path.startswith("/")}) == MAX_STATES + 12
    folded = next(node for node in outer["nodes"] if node["path"] == inner["path"])
    assert (folded["folded"], folded["container"]) == (3, False)
