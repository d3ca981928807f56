"""What a stage costs: every resource has a price or is known to be free, and the sums are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import PROJECT
from compiler import Project, compile_project
from infrastructure.cost import __main__ as command
from infrastructure.cost import prices
from infrastructure.cost.estimate import Assumptions, Estimate, Line
from infrastructure.cost.work import FlowWork, Mix, Work
from infrastructure.errors import DeploymentError
from infrastructure.flow_resources import flow_resources
from infrastructure.linting.templates import expand
from infrastructure.stages import DEV, PROD
from tests.infrastructure.conftest import FAKE_AWS, Assembly

FLOWS = {
    "straight": """
name: straight
functions: [{name: Ping, handler: ping}]
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${PingArn}", Next: B}
    B: {Type: Wait, Seconds: 1, End: true}
""",
    "branching": """
name: branching
functions: [{name: Ping, handler: ping}]
definition:
  StartAt: Choose
  States:
    Choose: {Type: Choice, Choices: [{Variable: $.x, NumericEquals: 1, Next: Short}], Default: Long}
    Short: {Type: Succeed}
    Long: {Type: Pass, Next: Again}
    Again: {Type: Choice, Choices: [{Variable: $.x, NumericEquals: 2, Next: Choose}], Default: Both}
    Both:
      Type: Parallel
      Branches:
        - {StartAt: P, States: {P: {Type: Task, Resource: "${PingArn}", End: true}}}
        - {StartAt: Q, States: {Q: {Type: Pass, End: true}}}
      Next: Each
    Each:
      Type: Map
      ItemProcessor: {StartAt: R, States: {R: {Type: Task, Resource: "${PingArn}", End: true}}}
      End: true
""",
    "nested": """
name: nested
definition:
  StartAt: A
  States:
    A:
      Type: Task
      Resource: arn:aws:states:::states:startExecution.sync:2
      Parameters: {StateMachineArn: "${straight}"}
      Next: B
    B: {Type: Task, Resource: "arn:aws:states:::sqs:sendMessage", Parameters: {QueueUrl: q, MessageBody: x}, End: true}
""",
}


@pytest.fixture
def flows(make_project: Callable[..., Path]) -> Project:
    compiled = compile_project(make_project(FLOWS))
    assert not compiled.errors, compiled.errors
    return compiled


def by_type(lines: list[Line]) -> dict[str, Line]:
    return {line.type: line for line in lines}


@pytest.mark.parametrize(
    ("flow", "map_items", "expected"),
    [
        ("straight", 1, Work(2, ("ping",))),
        ("branching", 1, Work(8, ("ping", "ping"))),
        ("branching", 10, Work(17, ("ping",) * 11)),
        ("nested", 1, Work(4, ("ping",))),
    ],
)
def test_the_work_of_a_run_follows_from_the_definition(
    flow: str, map_items: int, expected: Work, flows: Project
) -> None:
    assert FlowWork(flows.flows, map_items).of(flow) == expected


def test_runs_are_spread_evenly_unless_a_flow_is_named(flows: Project) -> None:
    assert command.mix_of(flows, None, 1) == Mix(14 / 3, {"ping": 4 / 3})
    assert command.mix_of(flows, "straight", 1) == Mix(2.0, {"ping": 1.0})
    with pytest.raises(DeploymentError, match="no STANDARD flow 'strait'; there are: branching, nested, straight"):
        command.mix_of(flows, "strait", 1)


@pytest.mark.parametrize("name", ["prod-cdk", "prod-chalice", "dev-chalice"])
def test_everything_in_the_templates_is_priced_or_free(
    name: str, assemblies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in FAKE_AWS.items():
        monkeypatch.setenv(variable, value)
    assembly = Assembly(assemblies / name)
    whole = expand(assembly.template) if "Transform" in assembly.template else assembly.template
    resources = [each for template in (whole, *assembly.nested.values()) for each in template["Resources"].values()]
    if "chalice" in name:  # which deploys the functions, whose memory counts
        assert {each["Type"] for each in resources} <= {*prices.FREE, *Estimate([], PROD, _ONCE, _ALL).priced}
        return
    lines = by_type(Estimate(resources, PROD, _ONCE, _ALL).lines())
    assert sum(line.count for line in lines.values()) == len(resources)
    assert lines["AWS::CloudWatch::Alarm"].idle == Decimal("0.10") * lines["AWS::CloudWatch::Alarm"].count
    assert lines["AWS::StepFunctions::StateMachine"].runs == Decimal("50")  # 2 states a run
    assert lines["AWS::ApiGateway::Stage"].runs == 2 * Decimal("3.50") + Decimal("5.50")
    with_memory = 2 * 0.5 * 0.06 + 0.25 * 0.1 + 0.25 * 0.15
    expected = 4 * Decimal("0.20") + Decimal("13.3334") * Decimal(repr(with_memory))
    assert float(lines["AWS::Lambda::Function"].runs) == pytest.approx(float(expected))
    idle = sum(line.idle for line in lines.values())
    assert idle == Decimal("3.60")


_ONCE, _ALL = Mix(2.0, {"hello_world": 1.0}), Assumptions()


def test_a_resource_that_nobody_has_priced_is_named() -> None:
    with pytest.raises(DeploymentError, match="no price is known for AWS::EC2::NatGateway: add it"):
        Estimate([{"Type": "AWS::EC2::NatGateway"}], PROD, _ONCE, _ALL).lines()


def test_settings_of_the_stage_count() -> None:
    def cost(kind: str, stage: Any, **properties: Any) -> Decimal:
        return by_type(Estimate([{"Type": kind, "Properties": properties}], stage, _ONCE, _ALL).lines())[kind].runs

    api, log = "AWS::ApiGateway::Stage", "AWS::Logs::LogGroup"
    assert cost(api, PROD) - cost(api, replace(PROD, tracing=False)) == Decimal("5.50")
    assert cost(log, replace(PROD, access_log=True)) > cost(log, PROD)
    assert cost(log, DEV) > 2 * cost(log, PROD)  # it logs every event of flows


def test_an_alarm_of_an_express_flow_has_two_metrics(make_project: Callable[..., Path]) -> None:
    text = "name: fast\ntype: EXPRESS\ndefinition: {StartAt: A, States: {A: {Type: Pass, End: true}}}\n"
    compiled = compile_project(make_project({"fast": text}))
    resources = list(flow_resources(compiled.flows["fast"], PROD).resources.values())
    assert by_type(Estimate(resources, PROD, _ONCE, _ALL).lines())["AWS::CloudWatch::Alarm"].idle == Decimal("0.20")


def test_prices_say_where_and_when_they_are_from() -> None:
    listed = [each for each in vars(prices).values() if isinstance(each, prices.Price)]
    assert len(listed) > 15
    assert all(price.source.startswith("https://aws.amazon.com/") and price.amount > 0 for price in listed)
    page = (PROJECT / "docs" / "deploy.md").read_text()
    assert f"list prices of {prices.REGION}, {prices.AS_OF}" in page
    assert str(prices.LOG_GB) == "$0.50 for a GB of new log events"
    assert str(prices.WRITE) == "$0.625 for 1,000,000 write units"


def test_the_table_has_the_sums() -> None:
    lines = [Line("AWS::A", 2, Decimal(3), Decimal("1234.5"), "x"), Line("AWS::B", 1, Decimal(0), Decimal(0), "free")]
    assert command.table(lines, markdown=True) == [
        "| resource | number | idle, $ a month | runs, $ | for |",
        "| --- | --- | --- | --- | --- |",
        "| A | 2 | 3.00 | 1,234.50 | x |",
        "| B | 1 | | | free |",
        "| all | 3 | 3.00 | 1,234.50 | |",
    ]
    assert command.table(lines, markdown=False)[-1].split() == ["all", "3", "3.00", "1,234.50"]
