"""The smaller shipped flows: each run to its end, and again after a crash."""

from __future__ import annotations

from typing import Any

import pytest

from asl.testing.plugin import Flows

HELLO = {"statusCode": 200, "body": {"message": "Hello World"}}
CASES = [{"id": "case-1", "variables": {"country": "DE"}}, {"id": "case-2", "variables": {"country": "FR"}}]


def test_hello_world_flow(flows: Flows) -> None:
    flows.load("helloWorldFlow").run().assert_succeeded(output=HELLO).assert_path("HelloWorld")


def test_dummy_2_step_flow_passes_the_greeting_on(flows: Flows) -> None:
    run = flows.load("dummy2StepFlow").run().assert_succeeded()
    run.assert_path("Step1", "Step2")
    assert run.payloads("Step2") == [HELLO]
    assert run.output["body"] == {"message": "Dummy check passed", "greeted": True}


def test_composite_flow_starts_three_flows(flows: Flows) -> None:
    run = flows.load("compositeFlow").run({"message": "hi"}).assert_succeeded()
    assert [entry["greeting"] for entry in run.output["greetings"]] == [HELLO, HELLO]
    assert run.output["check"]["output"]["body"]["greeted"] is True
    started = [run.payloads(state)[0]["StateMachineArn"].rsplit("-", 1)[1] for state in ("GreetFirst", "CheckGreeting")]
    assert started == ["helloWorldFlow", "dummy2StepFlow"]


def test_composite_flow_fails_with_a_flow_that_it_started(flows: Flows) -> None:
    flow = flows.load("compositeFlow")
    flow.task("GreetSecond").fails("States.TaskFailed", "the flow failed")
    flow.run().assert_failed("States.TaskFailed").assert_not_entered("CheckGreeting")


def test_scheduled_flow_keeps_its_input(flows: Flows) -> None:
    run = flows.load("scheduledFlow").run({"message": "Scheduled execution"})
    run.assert_succeeded(output={"message": "Scheduled execution", "greeting": HELLO})


@pytest.mark.parametrize("cases", [CASES, CASES[:1], []], ids=["two", "one", "none"])
def test_scheduled_map_flow_checks_each_case(flows: Flows, cases: list[dict[str, Any]]) -> None:
    run = flows.load("scheduledMapFlow").run({"cases": cases}).assert_succeeded()
    assert [result["id"] for result in run.output["results"]] == [case["id"] for case in cases]
    assert run.payloads("CheckCase") == cases
    assert all("message" in result["check"] for result in run.output["results"])


@pytest.mark.parametrize(
    ("name", "state"),
    [("helloWorldFlow", "HelloWorld"), ("dummy2StepFlow", "Step2"), ("scheduledFlow", "Step1")],
)
def test_a_crash_is_survived(flows: Flows, name: str, state: str) -> None:
    flow = flows.load(name)
    flow.task(state).fails("Runtime.ExitError", times=3).then.returns({"body": {"message": "at last"}})
    run = flow.run().assert_succeeded()
    assert run.retries(state) == 3
    assert run.seconds >= 1 + 2 + 4


def test_a_flow_that_does_not_exist_is_named(flows: Flows) -> None:
    with pytest.raises(LookupError, match=r"no flow 'helloFlow'; the flows are .*helloWorldFlow"):
        flows.load("helloFlow")
