from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from chalicelib.errors import DomainError, Unavailable
from chalicelib.lib.orders.model import Amount, OrderId, reference

DECLINED_CARD = "4000000000000002"
UNREACHABLE_BANK_CARD = "4000000000000119"


class Payment(BaseModel):
    payment_id: str
    order_id: str
    amount: Decimal
    card_last_four: str
    status: str = "charged"


class PaymentDeclined(DomainError):
    """The bank refused: trying again changes nothing."""

    status = 402


class PaymentProviderUnavailable(Unavailable):
    """The bank did not answer: worth another try."""


def handler(order_id: OrderId, amount: Amount, card_number: str) -> Payment:
    """Charge a card. Repeating the call for the same order charges only once: the payment's id is the same.

    Fails with `PaymentDeclined` for the card 4000 0000 0000 0002 and with `PaymentProviderUnavailable` for
    4000 0000 0000 0119; every other card is charged.
    """
    digits = card_number.replace(" ", "")
    if digits == DECLINED_CARD:
        raise PaymentDeclined(f"The card ending in {digits[-4:]} was declined.")
    if digits == UNREACHABLE_BANK_CARD:
        raise PaymentProviderUnavailable(f"The bank of the card ending in {digits[-4:]} did not answer. Try again.")
    payment_id = reference("pay", order_id, amount, digits)
    return Payment(payment_id=payment_id, order_id=order_id, amount=amount, card_last_four=digits[-4:])
