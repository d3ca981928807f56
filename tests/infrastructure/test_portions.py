"""Stages with more resources than CloudFormation changes in one operation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infrastructure.limits import MAX_OPERATION
from infrastructure.portions import NESTED, Portion, adding, expected_sizes, removing

SIZES = {f"Flows{number}": 400 for number in range(20)} | {f"Functions{number}": 300 for number in range(4)}
ROOT = {"Table": {"Type": "AWS::DynamoDB::Table"}}


def stage(version: int, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The template of a stage's stack, in which every flow depends on every function."""
    nested = {
        name: {
            "Type": NESTED,
            "Properties": {"TemplateURL": f"{name}/{version}"},
            **({"DependsOn": [n for n in SIZES if n.startswith("Fu")]} if name.startswith("Flows") else {}),
        }
        for name in SIZES
        if name not in without
    }
    return {"Description": f"version {version}", "Resources": {**ROOT, **nested}}


def changes(before: dict[str, Any], after: dict[str, Any]) -> int:
    """How many resources an operation changes, as the local CloudFormation counts them."""
    old, new = before.get("Resources", {}), after.get("Resources", {})

    def version(resource: dict[str, Any] | None) -> Any:
        return resource and resource.get("Properties")

    changed = [name for name in {**old, **new} if name not in old or version(old.get(name)) != version(new.get(name))]
    return sum(1 + SIZES.get(name, 0) for name in changed)


def walked(start: dict[str, Any], portions: list[Portion], end: dict[str, Any]) -> list[dict[str, Any]]:
    """All templates on the way, after checking what every one must fulfil."""
    templates = [start, *(portion.template for portion in portions), end]
    for before, after in pairwise(templates):
        assert changes(before, after) <= MAX_OPERATION
        for resource in after.get("Resources", {}).values():
            assert set(resource.get("DependsOn", ())) <= set(after["Resources"])
    return templates


def test_a_large_stage_is_created_function_by_function_and_flow_by_flow() -> None:
    portions = adding(stage(1), {}, SIZES)
    first, *_, last = walked({}, portions, stage(1))[1:]
    assert all(name in first["Resources"] for name in ("Table", "Functions0", "Functions3"))
    assert "Flows19" not in first["Resources"]
    assert len(portions) >= 4
    assert last == stage(1)
    assert portions[0].resources <= MAX_OPERATION


def test_a_large_stage_is_updated_while_the_rest_stays_as_it_is() -> None:
    removed = ("Flows7",)
    portions = adding(stage(2, without=removed), stage(1), SIZES)
    templates = walked(stage(1), portions, stage(2, without=removed))
    assert templates[1]["Resources"]["Flows19"] == stage(1)["Resources"]["Flows19"]
    assert templates[1]["Resources"]["Functions0"] == stage(2)["Resources"]["Functions0"]
    assert all("Flows7" in template["Resources"] for template in templates[:-1])  # deleted at the end


def test_an_interrupted_deployment_continues() -> None:
    portions = adding(stage(2), stage(1), SIZES)
    stopped = portions[1].template
    rest = adding(stage(2), stopped, SIZES)
    assert [portion.stacks for portion in rest] == [portion.stacks for portion in portions[2:]]


def test_what_fits_into_one_operation_is_one() -> None:
    others = tuple(name for name in SIZES if name not in ("Flows0", "Functions0"))
    assert adding(stage(1, without=others), {}, SIZES) == []
    almost = stage(2)
    almost["Resources"]["Flows3"] = stage(1)["Resources"]["Flows3"]
    assert adding(stage(2), almost, SIZES) == []


def test_a_large_stage_is_removed_flows_first() -> None:
    portions = removing(stage(1), SIZES)
    *_, last, _ = walked(stage(1), portions, {})
    assert "Table" in last["Resources"]
    assert not [name for name in last["Resources"] if name.startswith("Flows1")]
    assert "Functions3" in last["Resources"]
    assert removing({}, {}) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_size_of_a_stage_is_known_before_it_is_synthesised(count: int, make_project: Callable[..., Path]) -> None:
    flow = 'name: {}\ndefinition: {{StartAt: A, States: {{A: {{Type: Task, Resource: "${{ping}}", End: true}}}}}}\n'
    project = make_project({f"f{n}": flow.format(f"f{n}") for n in range(count)})
    sizes = expected_sizes("dev", project)
    assert sizes["functions"] == 2
    assert sizes["flows"] >= 5 * count
