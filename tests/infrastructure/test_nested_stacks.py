"""Which stack a flow is in, and the limits of CloudFormation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler import CompiledFlow, Schedule, compile_project
from infrastructure import nested_stacks
from infrastructure.flow_resources import DefinitionFile, flow_resources
from infrastructure.nested_stacks import MAX_RESOURCES, MAX_TEMPLATE, StackFullError, flow_templates, stack_index
from infrastructure.stages import PROD

FLOW = """
name: {name}
schedule: rate(5 minutes)
definition:
  StartAt: A
  States:
    A: {{Type: Task, Resource: "${{ping}}", Next: B}}
    B: {{Type: Wait, Seconds: 5, End: true}}
"""


def _no_upload(definition: DefinitionFile) -> str:
    raise AssertionError(f"{definition.flow} does not need a file of its own")


@pytest.fixture
def flow(make_project: Callable[..., Path]) -> CompiledFlow:
    project = compile_project(make_project({"one": FLOW.format(name="one")}))
    assert not project.errors
    return project.flows["one"]


def _named(flow: CompiledFlow, name: str) -> CompiledFlow:
    return replace(flow, name=name)


@given(st.text(min_size=1), st.integers(1, 200))
def test_the_stack_depends_only_on_the_name(name: str, stacks: int) -> None:
    assert 0 <= stack_index(name, stacks) < stacks
    assert stack_index(name, stacks) == stack_index(name, stacks)


def test_the_assignment_is_the_same_for_ever() -> None:
    """If it changed, an update would delete and recreate every deployed flow."""
    assert [stack_index(name, 32) for name in ("orderFlow", "helloWorldFlow", "a")] == [3, 14, 10]


def test_a_flow_that_is_added_moves_no_other(flow: CompiledFlow) -> None:
    before = {t.name: t.text for t in flow_templates(_made(flow, 40), 8, _no_upload)}
    after = {
        t.name: t.text
        for t in flow_templates([*_made(flow, 40), flow_resources(_named(flow, "added"), PROD)], 8, _no_upload)
    }
    changed = [name for name in after if after[name] != before.get(name)]
    assert changed == [f"Flows{stack_index('added', 8)}"]


def _made(flow: CompiledFlow, count: int) -> list[Any]:
    return [flow_resources(_named(flow, f"flow{number}"), PROD) for number in range(count)]


@pytest.mark.parametrize("count", [1000, 1500])
def test_the_stacks_hold_this_many_flows(flow: CompiledFlow, count: int) -> None:
    began = time.perf_counter()
    templates = flow_templates(_made(flow, count), PROD.flow_stacks, _no_upload)
    seconds = time.perf_counter() - began
    sizes = [len(json.loads(template.text)["Resources"]) for template in templates]
    assert sum(sizes) == count * 6  # log, role, machine, version, alias, schedule
    assert max(sizes) <= MAX_RESOURCES
    assert max(len(template.text.encode()) for template in templates) <= MAX_TEMPLATE
    assert seconds < 20


def test_too_many_flows_for_the_stacks_is_one_clear_line(flow: CompiledFlow) -> None:
    with pytest.raises(StackFullError, match=r"Flows0 would have 600 resources.*flow_stacks.*stages\.py"):
        flow_templates(_made(flow, 100), 1, _no_upload)


def test_large_definitions_are_uploaded_by_themselves_the_largest_first(
    flow: CompiledFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nested_stacks, "MAX_TEMPLATE", 60_000)
    large = replace(
        flow, name="large", text=flow.text.replace('"Seconds":5', '"Seconds":5,"Comment":"%s"' % ("x" * 40_000))
    )
    assert len(large.text) > 40_000
    uploaded: list[DefinitionFile] = []

    def upload(definition: DefinitionFile) -> str:
        uploaded.append(definition)
        return "the-key"

    (template,) = flow_templates([*_made(flow, 5), flow_resources(large, PROD)], 1, upload)
    assert [file.flow for file in uploaded] == ["large"]
    assert len(template.text) <= 60_000
    assert "AssetBucket" in template.parameters
    machines = [
        r for r in json.loads(template.text)["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    (detached,) = [m["Properties"] for m in machines if "DefinitionS3Location" in m["Properties"]]
    assert "DefinitionString" not in detached
    assert detached["DefinitionS3Location"] == {"Bucket": {"Ref": "AssetBucket"}, "Key": "the-key"}
    assert detached["DefinitionSubstitutions"]["AWSAccountId"] == {"Ref": "AWS::AccountId"}
    text = json.loads(uploaded[0].text)
    assert text["States"]["A"]["Resource"] == (
        "arn:${AWSPartition}:lambda:${AWSRegion}:${AWSAccountId}:function:serverless-dynamic-workflows-prod-ping"
    )


def test_a_template_has_only_the_parameters_that_it_uses(flow: CompiledFlow) -> None:
    unscheduled = flow_resources(replace(flow, schedule=None), replace(PROD, alarms=False))
    (template,) = flow_templates([unscheduled], 1, _no_upload)
    assert template.parameters == ()
    assert "Parameters" not in json.loads(template.text)
    (template,) = flow_templates([flow_resources(replace(flow, schedule=Schedule("rate(1 day)")), PROD)], 1, _no_upload)
    assert template.parameters == ("ScheduleRoleArn", "DeadLetterQueueArn")
    (template,) = flow_templates([flow_resources(replace(flow, type="EXPRESS"), PROD)], 1, _no_upload)
    assert template.parameters == ("ScheduleRoleArn", "DeadLetterQueueArn", "AlarmTopicArn")
