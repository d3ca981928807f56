"""orderFlow: the outcomes of an order, with the real functions except those that a test lets fail."""

from __future__ import annotations

from typing import Any

import pytest

from asl.testing import FlowUnderTest
from asl.testing.plugin import Flows

ORDER: dict[str, Any] = {
    "order_id": "A-1001",
    "email": "ada@example.com",
    "country": "DE",
    "coupon": "WELCOME10",
    "card_number": "4242 4242 4242 4242",
    "items": [
        {"sku": "TEA-GREEN", "quantity": 2, "unit_price": 12.5},
        {"sku": "POT-CLAY", "quantity": 1, "unit_price": 38},
    ],
}
DECLINED_CARD = "4000 0000 0000 0002"
SILENT_BANK_CARD = "4000 0000 0000 0119"
SOLD_OUT = {"sku": "SOLD-OUT-CUP", "quantity": 1, "unit_price": 5}


@pytest.fixture
def order_flow(flows: Flows) -> FlowUnderTest:
    return flows.load("orderFlow")


def test_an_order_is_priced_reserved_charged_and_confirmed(order_flow: FlowUnderTest) -> None:
    run = order_flow.run(ORDER).assert_succeeded()
    # 63 net, less 10 %, plus 19 % VAT
    assert run.output["status"] == "confirmed"
    assert float(run.output["total"]) == pytest.approx(63 * 0.9 * 1.19, abs=0.01)
    assert len(run.output["reservation_ids"]) == 2
    assert [payload["items"][0]["sku"] for payload in run.payloads("ReserveItem")] == ["TEA-GREEN", "POT-CLAY"]
    assert run.seconds >= 1  # the warehouse reads once a second
    run.assert_not_entered("CancelOrder", "RejectOrder")


def test_a_single_article_is_reserved_too(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "items": ORDER["items"][:1]}).assert_succeeded()
    assert len(run.output["reservation_ids"]) == 1


def test_an_order_that_is_wrong_is_rejected_before_anything_is_taken(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "card_number": "4242 4242 4242 4241"}).assert_succeeded()
    run.assert_path("ValidateOrder", "IsOrderValid", "RejectOrder")
    assert run.output["problems"] == ["card_number: the check digit is wrong"]


def test_an_unknown_coupon_is_reported(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "coupon": "NOPE"}).assert_succeeded()
    run.assert_path("ValidateOrder", "IsOrderValid", "PriceOrder", "RejectOrder")
    assert run.output["problems"] == ["coupon: this coupon is not known"]


def test_a_declined_card_gives_the_articles_back(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "card_number": DECLINED_CARD}).assert_succeeded()
    assert run.output["status"] == "cancelled"
    assert run.output["reasons"] == ["the card was declined"]
    assert run.visits("ReleaseItem") == 2
    assert run.retries("ChargePayment") == 0
    run.assert_not_entered("RefundPayment")


def test_a_silent_bank_is_asked_three_times(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "card_number": SILENT_BANK_CARD}).assert_succeeded()
    assert run.output["reasons"] == ["the payment could not be made"]
    assert run.retries("ChargePayment") == 2
    assert run.seconds >= 1 + 2


def test_a_sold_out_article_cancels_refunds_and_releases_the_others(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "items": [*ORDER["items"], SOLD_OUT]}).assert_succeeded()
    assert run.output["status"] == "cancelled"
    assert run.output["reasons"] == ["SOLD-OUT-CUP is not available"]
    assert run.visits("ReleaseItem") == 2
    run.assert_entered("ItemNotReserved", "RefundPayment")


def test_nothing_is_released_where_nothing_was_reserved(order_flow: FlowUnderTest) -> None:
    run = order_flow.run({**ORDER, "items": [SOLD_OUT], "card_number": DECLINED_CARD}).assert_succeeded()
    assert sorted(run.output["reasons"]) == ["SOLD-OUT-CUP is not available", "the card was declined"]
    run.assert_not_entered("ReleaseItem", "RefundPayment")


@pytest.mark.parametrize("error", ["Runtime.ExitError", "Sandbox.Timedout", "Lambda.ServiceException"])
def test_a_crashed_function_is_tried_again(order_flow: FlowUnderTest, error: str) -> None:
    order_flow.task("ValidateOrder").fails(error, times=2).then.returns({"valid": False, "problems": ["no"]})
    run = order_flow.run(ORDER).assert_succeeded()
    assert run.retries("ValidateOrder") == 2
    assert run.output["status"] == "rejected"


def test_an_order_that_cannot_be_checked_fails(order_flow: FlowUnderTest) -> None:
    order_flow.task("ValidateOrder").fails("Lambda.ServiceException", "down")
    run = order_flow.run(ORDER).assert_failed("Lambda.ServiceException", cause="down")
    assert run.retries("ValidateOrder") == 3
