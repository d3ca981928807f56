"""approvePurchase: the answers of a person, and their absence."""

from __future__ import annotations

import pytest

from asl.testing.plugin import Flows

DESK = {"item": "A desk", "amount": 450}


@pytest.mark.parametrize(
    ("approved", "outcome"),
    [
        (True, {"status": "approved", "by": "ann@example.com"}),
        (False, {"status": "refused", "by": "ann@example.com", "comment": "too expensive"}),
    ],
)
def test_a_person_decides(flows: Flows, approved: bool, outcome: dict[str, str]) -> None:
    flow = flows.load("approvePurchase")
    flow.task("AskForApproval").returns({"approved": approved, "by": "ann@example.com", "comment": "too expensive"})
    run = flow.run(DESK).assert_succeeded(output=outcome)
    (asked,) = run.payloads("AskForApproval")
    assert asked["Payload"]["question"] == "A desk for 450?"
    assert asked["Payload"]["token"]


def test_nobody_answers_for_a_week(flows: Flows) -> None:
    flow = flows.load("approvePurchase")
    flow.task("AskForApproval").times_out()
    run = flow.run(DESK).assert_succeeded(output={"status": "expired"})
    assert run.seconds >= 7 * 86_400


def test_a_message_that_could_not_be_sent_is_sent_again(flows: Flows) -> None:
    flow = flows.load("approvePurchase")
    flow.task("AskForApproval").fails("URLError", times=2).then.returns({"approved": True, "by": "ann@example.com"})
    run = flow.run(DESK).assert_succeeded()
    assert run.retries("AskForApproval") == 2


def test_a_small_purchase_needs_no_approval(flows: Flows) -> None:
    flows.load("approvePurchase").run({"item": "Tea", "amount": 8}).assert_succeeded().assert_not_entered(
        "AskForApproval"
    )
