"""Quotas of AWS, before anything is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler import Project, compile_project
from infrastructure.errors import LimitError
from infrastructure.limits import check_assembly, check_flows
from infrastructure.stage import StageError
from infrastructure.stages import PROD
from infrastructure.synthesis import checked_flows
from infrastructure.tokens import template_names

FLOW = """
name: one
schedule: rate(5 minutes)
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${ping}", End: true}
"""
NAMES = template_names("prod")


@pytest.fixture
def flows(make_project: Callable[..., Path]) -> Project:
    return compile_project(make_project({"one": FLOW}))


def test_a_definition_that_grows_too_large_with_names(flows: Project) -> None:
    check_flows(flows, NAMES)
    text = flows.flows["one"].text
    large = replace(flows.flows["one"], text=text.replace('"A"', '"%s"' % ("A" * 530_000)))
    with pytest.raises(LimitError, match=r"^flow one: its definition has 1,060,\d+ bytes .* 1,048,576; move a part"):
        check_flows(replace(flows, flows={"one": large}), NAMES)


def test_an_input_that_is_too_large_for_a_schedule(flows: Project) -> None:
    large = replace(flows.flows["one"], input={"text": 'quoted " twice' * 20_000})
    with pytest.raises(LimitError, match=r"^flow one: the input of its schedule has .* 262,144; store it in S3"):
        check_flows(replace(flows, flows={"one": large}), NAMES)


def test_the_synthesis_checks_flows(make_project: Callable[..., Path]) -> None:
    project = make_project({"one": FLOW + f"input: {{text: {'x' * 262_000}}}\n"})
    with pytest.raises(LimitError, match="schedule"):
        checked_flows(PROD, project)


def assembly(folder: Path, name: str, **template: Any) -> Path:
    (folder / name).write_text(json.dumps({"Resources": {}, **template}))
    return folder


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [
        ("app-prod.template.json", {"Outputs": dict.fromkeys(map(str, range(201)))}, "app-prod: it has 201 outputs"),
        (
            "Flows3.nested.template.json",
            {"Parameters": dict.fromkeys(map(str, range(201)))},
            r"stack Flows3: it has 201 parameters, .* 200; raise flow_stacks \(for functions: function_stacks\)",
        ),
        ("Flows3.nested.template.json", {"Metadata": "x" * 1_000_000}, "Flows3: its template has 1,000,.* 1,000,000"),
        (
            "app-prod.template.json",
            {
                "Resources": {
                    "F": {"Properties": {"FunctionName": "f", "Environment": {"Variables": {"A": "x" * 4090}}}}
                }
            },
            r"function f: its environment variables have 4,098 bytes, but Lambda allows 4,096; shorten",
        ),
        (
            "app-prod.template.json",
            {"Resources": {"A": {"Properties": {"DefinitionBody": {"paths": {f"/a/{n}": {} for n in range(299)}}}}}},
            "API: it has 301 paths, but API Gateway allows 300; let plugins use one route",
        ),
    ],
)
def test_a_template_that_is_too_large(name: str, template: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=message):
        check_assembly(assembly(tmp_path, name, **template))


def test_the_project_s_own_stages_fit(assemblies: Path) -> None:
    for folder in assemblies.iterdir():
        check_assembly(folder)


@pytest.mark.parametrize("tags", [{"aws:x": "1"}, {"a": "x" * 257}, {f"k{n}": "" for n in range(41)}, {"a": "é!"}])
def test_tags_that_aws_rejects(tags: dict[str, str]) -> None:
    with pytest.raises(StageError, match="tags: at most 40"):
        replace(PROD, tags=tags).check()
    replace(PROD, tags={"Cost center": "4711/a@b"}).check()
