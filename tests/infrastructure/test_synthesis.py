"""Turning a project into an assembly, and what stops it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.synth import write_project
from chalicelib.settings import PROJECT
from infrastructure.errors import DeploymentError
from infrastructure.nested_stacks import MAX_RESOURCES, MAX_TEMPLATE
from infrastructure.stages import PROD
from infrastructure.synthesis import check_cli_version, checked_flows, checked_stage
from tests.infrastructure.conftest import Assembly, run

FLOW = "name: {name}\n{more}definition: {{StartAt: A, States: {{A: {{Type: Pass, End: true}}}}}}\n"
CALL = 'name: one\ndefinition: {StartAt: A, States: {A: {Type: Task, Resource: "${%s}", End: true}}}\n'


def _synthesise(context: dict[str, str]) -> tuple[int, str]:
    done = run([sys.executable, "-m", "infrastructure"], {"CDK_CONTEXT_JSON": json.dumps(context)}, check=False)
    return done.returncode, "\n".join(line for line in done.stderr.splitlines() if "!!" not in line)


def test_an_unknown_stage_is_one_line() -> None:
    code, printed = _synthesise({"stage": "nope"})
    assert code == 1
    assert printed == "error: no stage 'nope': available: dev, prod. Stages are defined in infrastructure/stages.py"


def test_an_unknown_front_door_is_one_line() -> None:
    code, printed = _synthesise({"stage": "dev", "api": "sam"})
    assert (code, printed) == (1, "error: api=sam: must be cdk (the default) or chalice")


def test_a_broken_flow_is_found_in_its_line(make_project: Callable[..., Path]) -> None:
    project = make_project({"one": CALL % "nowhere"})
    with pytest.raises(DeploymentError, match=r"flows have errors:\nflows/one\.yml:2:\d+: error: .*nowhere"):
        checked_flows(PROD, project)


@pytest.mark.parametrize(
    ("flow", "function", "message"),
    [
        (
            FLOW.format(name="f" * 47, more=""),
            "ping",
            "the flow 'f{47}' is too long: .* has 81 characters \\(at most 80\\)",
        ),
        (
            CALL % ("h" * 31),
            "h" * 31,
            "the function 'h{31}' is too long: .* has 65 characters \\(at most 64\\); shorten",
        ),
    ],
)
def test_names_that_are_too_long_on_aws(
    flow: str, function: str, message: str, make_project: Callable[..., Path]
) -> None:
    with pytest.raises(DeploymentError, match=message):
        checked_flows(PROD, make_project({"f": flow}, (function,)))


def test_names_that_just_fit(make_project: Callable[..., Path]) -> None:
    flow = FLOW.format(name="g" * 46, more="schedule: rate(1 day)\n")
    assert len(checked_flows(PROD, make_project({"f": flow, "g": CALL % ("h" * 30)}, ("h" * 30,))).flows) == 2


def test_a_stage_that_is_there() -> None:
    assert checked_stage("prod") is PROD


@pytest.mark.parametrize("running", ["1.99.0", "2.100.0", "3.0.0"])
def test_a_command_line_that_does_not_fit(running: str) -> None:
    with pytest.raises(DeploymentError, match=rf"this is cdk {running}, but the project needs 2.*npx cdk"):
        check_cli_version(running)


@pytest.mark.parametrize("running", [None, "2.1148.1", "2.2000.0"])
def test_a_command_line_that_fits(running: str | None) -> None:
    check_cli_version(running)


@pytest.mark.thorough
def test_a_thousand_flows_fit_into_one_stage(tmp_path: Path) -> None:
    write_project(tmp_path / "project", 1000)
    benchmark = PROJECT / "benchmarks" / "synth.py"
    run([sys.executable, str(benchmark), "--case", "ours", "--flows", "1000", "--folder", str(tmp_path)])
    assembly = Assembly(tmp_path / "cdk.out")
    assert len(assembly.of_type("AWS::StepFunctions::StateMachine")) == 1000
    assert len(assembly.of_type("AWS::Scheduler::Schedule")) == 1000
    for template in [assembly.template, *assembly.nested.values()]:
        assert len(template["Resources"]) <= MAX_RESOURCES
    assert max(file.stat().st_size for file in assembly.folder.glob("*.template.json")) <= MAX_TEMPLATE
