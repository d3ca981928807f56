"""The flows that ship: compiled without a finding, and run to their end with their documented inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl import Execution
from chalicelib.pointers import escape
from chalicelib.settings import PROJECT
from compiler import Project, compile_project
from compiler.cli.runner import NAMES, FlowRunner
from compiler.unit import Unit, compile_unit

SHIPPED = ["compositeFlow", "dummy2StepFlow", "helloWorldFlow", "orderFlow", "scheduledFlow", "scheduledMapFlow"]
TRANSIENT = {
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
}


@pytest.fixture(scope="module")
def project() -> Project:
    return compile_project(use_cache=False)


def run(project: Project, name: str, value: Any) -> Execution:
    execution = FlowRunner(project, skip_time=True).run(project.flows[name], json.dumps(value))
    assert execution.wait(30)
    return execution


def examples(project: Project, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (project.flows[name].input_schema or {}).get("examples", [{}])
    return found


def order(project: Project, **changes: Any) -> dict[str, Any]:
    (example,) = examples(project, "orderFlow")
    return {**example, **changes}


def outcome(project: Project, value: dict[str, Any]) -> dict[str, Any]:
    execution = run(project, "orderFlow", value)
    assert (execution.status, execution.error, execution.cause) == ("SUCCEEDED", None, None)
    output = json.loads(execution.output or "")
    assert isinstance(output, dict)
    return output


def test_nothing_is_wrong_with_them(project: Project) -> None:
    paths = {f"flows/{name}.yml" for name in SHIPPED}
    assert [str(d) for d in project.diagnostics if d.file in paths] == []
    assert [name for name in project.flows if name in SHIPPED] == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_has_a_description_and_the_schema_line(name: str, project: Project) -> None:
    flow = project.flows[name]
    assert flow.description
    first = (PROJECT / flow.path).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../docs/flow.schema.json"


@pytest.mark.parametrize("name", SHIPPED)
def test_each_succeeds_with_each_example(name: str, project: Project) -> None:
    flow = project.flows[name]
    inputs = [*examples(project, name), *([flow.input] if flow.input is not None else [])]
    assert [run(project, name, value).status for value in inputs] == ["SUCCEEDED"] * len(inputs)


def test_the_two_steps_hand_on_the_greeting(project: Project) -> None:
    execution = run(project, "dummy2StepFlow", {})
    assert json.loads(execution.output or "")["body"] == {"message": "Dummy check passed", "greeted": True}


def test_the_composite_flow_runs_its_flows(project: Project) -> None:
    flow = project.flows["compositeFlow"]
    assert flow.references == ("dummy2StepFlow", "helloWorldFlow")
    output = json.loads(run(project, "compositeFlow", {"message": "hi"}).output or "")
    assert [item["greeting"]["body"]["message"] for item in output["greetings"]] == ["Hello World"] * 2
    assert output["check"]["output"]["body"]["greeted"] is True
    assert output["message"] == "hi"


def test_the_map_checks_every_case(project: Project) -> None:
    cases = [{"id": f"c{number}", "variables": {"n": number}} for number in range(10)]
    output = json.loads(run(project, "scheduledMapFlow", {"cases": cases}).output or "")
    assert [item["id"] for item in output["results"]] == [case["id"] for case in cases]
    assert {item["check"]["message"] for item in output["results"]} == {"Dummy check passed"}


class TestOrderFlow:
    def test_an_order_is_confirmed(self, project: Project) -> None:
        output = outcome(project, order(project))
        assert output["status"] == "confirmed"
        assert output["total"] == 67.47
        assert len(output["reservation_ids"]) == 2

    def test_a_declined_card_releases_what_was_reserved(self, project: Project) -> None:
        execution = run(project, "orderFlow", order(project, card_number="4000 0000 0000 0002"))
        output = json.loads(execution.output or "")
        assert (output["status"], output["reasons"]) == ("cancelled", ["the card was declined"])
        assert entered(execution).count("ReleaseItem") == 2
        assert "RefundPayment" not in entered(execution)

    def test_an_article_that_is_sold_out_refunds_the_payment(self, project: Project) -> None:
        items = [{"sku": "SOLD-OUT-1", "quantity": 1, "unit_price": 5}, {"sku": "B", "quantity": 1, "unit_price": 5}]
        execution = run(project, "orderFlow", order(project, items=items))
        output = json.loads(execution.output or "")
        assert (output["status"], output["reasons"]) == ("cancelled", ["SOLD-OUT-1 is not available"])
        assert entered(execution).count("ReleaseItem") == 1
        assert entered(execution).count("RefundPayment") == 1

    def test_an_unreachable_bank_is_tried_three_times(self, project: Project) -> None:
        execution = run(project, "orderFlow", order(project, card_number="4000 0000 0000 0119"))
        failures = [e for e in execution.history.events() if e["type"] == "LambdaFunctionFailed"]
        errors = [e["lambdaFunctionFailedEventDetails"]["error"] for e in failures]
        assert errors == ["PaymentProviderUnavailable"] * 3
        assert json.loads(execution.output or "")["reasons"] == ["the payment could not be made"]

    def test_both_fail(self, project: Project) -> None:
        items = [{"sku": "SOLD-OUT", "quantity": 1, "unit_price": 5}]
        output = outcome(project, order(project, items=items, card_number="4000 0000 0000 0002"))
        assert output["reasons"] == ["the card was declined", "SOLD-OUT is not available"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"card_number": "4242 4242 4242 4243"}, "check digit"), ({"coupon": "NONE"}, "coupon")],
    )
    def test_a_wrong_order_is_rejected(self, changes: dict[str, Any], words: str, project: Project) -> None:
        output = outcome(project, order(project, **changes))
        assert output["status"] == "rejected"
        assert words in output["problems"][0]

    def test_an_order_without_the_optional_parts(self, project: Project) -> None:
        value = {key: item for key, item in order(project).items() if key in ("order_id", "items", "card_number")}
        assert outcome(project, value)["status"] == "confirmed"


def entered(execution: Execution) -> list[str]:
    events = execution.history.events()
    return [e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")]


def tasks(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition["States"].values():
        if state["Type"] == "Task":
            yield state
        for inner in [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from tasks(inner)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "compositeFlow"])
def test_every_function_is_tried_again_after_a_crash(name: str, project: Project) -> None:
    for task in tasks(project.flows[name].definition):
        assert {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]} >= TRANSIENT


# Mutations: whatever a slip of the hand makes of a shipped flow is reported, or is still a flow that can be created.


def places(value: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every value with its container and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield f"{pointer}/{escape(str(key))}", value, key
        yield from places(item, f"{pointer}/{escape(str(key))}")


WRONG_TEXTS = ["", "x", "$.", "{% %}", "{% $ %}", "${}", "${nobody}"]
JUNK = st.sampled_from([None, True, 0, -1, 1.5, *WRONG_TEXTS, [], [1], {}, {"a": {}}])


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(SHIPPED))
def test_a_mutant_is_reported_or_can_be_created(data: st.DataObject, name: str, project: Project) -> None:
    import yaml

    from asl.engine.compiler import compile_definition

    text = (PROJECT / project.flows[name].path).read_text()
    value = json.loads(json.dumps(yaml.safe_load(text)))  # without aliases: a change is a change in one place
    spots = list(places(value))
    for _ in range(data.draw(st.integers(1, 2))):
        _, container, key = data.draw(st.sampled_from(spots))
        gone = key not in container if isinstance(container, dict) else key >= len(container)
        if gone:
            continue
        kind = data.draw(st.sampled_from(["drop", "misspell", "swap", "rename"]))
        if kind == "drop":
            del container[key]
        elif kind == "swap":
            container[key] = data.draw(JUNK)
        elif kind == "misspell" and isinstance(container[key], str):
            letters = container[key]
            cut = data.draw(st.integers(0, max(0, len(letters) - 1)))
            container[key] = letters[:cut] + letters[cut + 1 :]
        elif kind == "rename" and isinstance(container, dict):
            container[str(key)[:-1] + "_"] = container.pop(key)
    written = yaml.safe_dump(value, sort_keys=False)
    unit = compile_unit(f"flows/{name}.yml", written)
    for item in unit.diagnostics:
        assert 1 <= item.line <= len(written.splitlines()) + 1
        assert item.message
    if not any(item.severity == "error" for item in unit.diagnostics):
        assert creatable(unit, compile_definition)


def creatable(unit: Unit, compile_definition: Any) -> bool:
    probe = unit.text.replace("StateMachine}", "}")
    for name in unit.placeholders:
        probe = probe.replace("${" + name.removesuffix("StateMachine") + "}", NAMES.function_arn("x"))
    return compile_definition(probe) is not None
