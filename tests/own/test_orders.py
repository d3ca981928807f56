"""The order functions, called as a flow calls them."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.functions.serialising import jsonable
from chalicelib.functions.signature import Signature, ValidationError
from chalicelib.lib.validate_order.handler import passes_luhn

GOOD_CARD = "4242 4242 4242 4242"


def call(name: str, **value: Any) -> Any:
    handler = importlib.import_module(f"chalicelib.lib.{name}.handler").handler
    return jsonable(Signature(handler).call_with_input({"__user_id": "u", **value}))


def failure(name: str, **value: Any) -> str:
    with pytest.raises(Exception) as caught:
        call(name, **value)
    return type(caught.value).__name__


def item(sku: str = "TEA", quantity: int = 1, unit_price: float = 10) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "unit_price": unit_price}


class TestValidate:
    def test_a_good_order(self) -> None:
        checked = call("validate_order", order_id="A", items=[item(), item("POT")], card_number=GOOD_CARD)
        assert checked == {"valid": True, "problems": []}

    def test_every_problem_is_told(self) -> None:
        checked = call("validate_order", order_id="A", items=[item(), item()], card_number="4242 4242 4242 4241")
        assert not checked["valid"]
        assert len(checked["problems"]) == 2
        assert "TEA is ordered more than once" in checked["problems"][0]
        assert call("validate_order", order_id="A", items=[], card_number=GOOD_CARD)["problems"] == [
            "items: the order is empty"
        ]

    @pytest.mark.parametrize(
        "change", [{"order_id": ""}, {"items": [{}]}, {"items": [item(quantity=0)]}, {"country": "x"}]
    )
    def test_a_wrong_shape_is_a_validation_error(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            call("validate_order", **{"order_id": "A", "items": [item()], "card_number": GOOD_CARD, **change})

    @given(st.integers(10**11, 10**18 - 1))
    def test_exactly_one_check_digit_is_right(self, number: int) -> None:
        assert sum(passes_luhn(f"{number}{digit}") for digit in range(10)) == 1

    @pytest.mark.parametrize("text", ["", "0" * 11, "0" * 20, "4242-4242-4242-4242", "٤" * 16])
    def test_what_is_no_card_number(self, text: str) -> None:
        assert not passes_luhn(text)


class TestPrice:
    def test_free_shipping_and_no_vat_abroad(self) -> None:
        priced = call("price_order", items=[item(quantity=5)], country="US")
        assert (priced["net"], priced["shipping"], priced["vat"], priced["total"]) == (50, 0, 0, 50)

    def test_halves_are_rounded_up(self) -> None:
        assert call("price_order", items=[item(unit_price=0.5)], country="DE")["vat"] == 1.03  # 5.40 * 19 % = 1.026
        assert call("price_order", items=[item(unit_price=0.05)], coupon="WELCOME10")["discount"] == 0.01

    def test_an_unknown_coupon(self) -> None:
        assert failure("price_order", items=[item()], coupon="FREE") == "UnknownCoupon"

    @given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100_000)), max_size=5), st.sampled_from(["DE", "US"]))
    def test_sums_agree(self, lines: list[tuple[int, int]], country: str) -> None:
        items = [item(str(n), quantity, cents / 100) for n, (quantity, cents) in enumerate(lines)]
        priced = call("price_order", items=items, country=country, coupon="FRIENDS20")
        goods = sum(quantity * cents for quantity, cents in lines)
        assert round(sum(line["amount"] for line in priced["lines"]) * 100) == goods
        assert round((priced["net"] + priced["vat"]) * 100) == round(priced["total"] * 100)
        assert round(priced["net"] * 100) == goods - round(priced["discount"] * 100) + round(priced["shipping"] * 100)


class TestPayment:
    def test_a_charge_and_its_refund(self) -> None:
        charged = call("charge_payment", order_id="A", amount=10.5, card_number=GOOD_CARD)
        assert (charged["amount"], charged["card_last_four"], charged["status"]) == (10.5, "4242", "charged")
        assert call("charge_payment", order_id="A", amount=10.5, card_number=GOOD_CARD) == charged
        refund = call("refund_payment", payment_id=charged["payment_id"], amount=10.5)
        assert (refund["payment_id"], refund["status"]) == (charged["payment_id"], "refunded")

    @pytest.mark.parametrize(
        ("card", "error"),
        [("4000 0000 0000 0002", "PaymentDeclined"), ("4000000000000119", "PaymentProviderUnavailable")],
    )
    def test_failures_that_can_be_asked_for(self, card: str, error: str) -> None:
        assert passes_luhn(card)
        assert failure("charge_payment", order_id="A", amount=1, card_number=card) == error


class TestStock:
    def test_a_reservation_and_its_release(self) -> None:
        reserved = call("reserve_stock", order_id="A", items=[item()])
        assert reserved["items"] == [{"sku": "TEA", "quantity": 1}]
        assert call("release_stock", reservation_id=reserved["reservation_id"])["status"] == "released"

    @pytest.mark.parametrize("wanted", [item("SOLD-OUT-1"), item(quantity=101)])
    def test_out_of_stock(self, wanted: dict[str, Any]) -> None:
        assert failure("reserve_stock", order_id="A", items=[item(), wanted]) == "OutOfStock"


class TestNotify:
    def test_texts(self) -> None:
        told = call("notify", order_id="A", outcome="confirmed", total=12.5, recipient="ada@example.com")
        assert told["subject"] == "Order A: confirmed"
        assert told["text"] == "Thank you, your order is confirmed. The total is 12.50 EUR."
        assert "Reason: no stock." in call("notify", order_id="A", outcome="cancelled", reason="no stock")["text"]

    def test_an_unknown_outcome(self) -> None:
        assert failure("notify", order_id="A", outcome="lost") == "ValidationError"


@pytest.mark.parametrize(
    ("event", "greeted"),
    [
        ({"statusCode": 200, "body": {"message": "Hello World"}}, True),
        ({"body": {"message": "Bye"}}, False),
        ({"body": "Hello World"}, False),
        ([], False),
        (None, False),
    ],
)
def test_dummy_check_reads_what_hello_world_says(event: Any, greeted: bool) -> None:
    handler = importlib.import_module("chalicelib.lib.dummy_check.handler").handler
    assert handler(event, None)["body"]["greeted"] is greeted
