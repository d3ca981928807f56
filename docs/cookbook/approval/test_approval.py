"""approvePurchase: the answers of a person, and their absence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from asl.testing.plugin import Flows

DESK = {"item": "A desk", "amount": 450}
ANN = {"id": "1b2c", "email": "ann@example.com", "via": "account"}


def answer(decision: str, by: Any = ANN, **data: str) -> dict[str, Any]:
    """What the task gets when somebody answers."""
    return {"id": "a1", "decision": decision, "data": data, "by": by, "at": "2026-01-01T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (answer("approve"), {"status": "approved", "by": "ann@example.com", "comment": ""}),
        (
            answer("reject", comment="too expensive"),
            {"status": "refused", "by": "ann@example.com", "comment": "too expensive"},
        ),
        (
            answer("approve", {"id": None, "email": None, "via": "link"}),
            {"status": "approved", "by": "somebody with the link", "comment": ""},
        ),
    ],
)
def test_a_person_decides(
    flows: Flows, capfd: pytest.CaptureFixture[str], given: dict[str, Any], outcome: dict[str, str]
) -> None:
    run = flows.load("approvePurchase").start(DESK)
    (asked,) = run.waiting
    assert asked.payload["Payload"]["who"] == {"groups": ["purchasing"]}
    assert asked.payload["Payload"]["message"] == "A desk for 450?"
    assert "/approvals/" in capfd.readouterr().out  # the link was sent
    run.succeed("AskForApproval", given)
    run.end().assert_succeeded(output=outcome)


def test_nobody_answers_for_a_week(flows: Flows) -> None:
    run = flows.load("approvePurchase").start(DESK)
    run.advance(timedelta(days=6))
    assert run.status == "RUNNING"
    run.advance(timedelta(days=1))
    run.end().assert_succeeded(output={"status": "expired"})


def test_a_message_that_could_not_be_sent_is_sent_again(flows: Flows) -> None:
    flow = flows.load("approvePurchase")
    flow.task("AskForApproval").fails("URLError", times=2).then.returns(answer("approve"))
    run = flow.run(DESK).assert_succeeded()
    assert run.retries("AskForApproval") == 2


def test_a_small_purchase_needs_no_approval(flows: Flows) -> None:
    flows.load("approvePurchase").run({"item": "Tea", "amount": 8}).assert_succeeded().assert_not_entered(
        "AskForApproval"
    )
