from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from chalicelib.lib.orders.model import Amount, reference


class Refund(BaseModel):
    refund_id: str
    payment_id: str
    amount: Decimal
    status: str = "refunded"


def handler(payment_id: str, amount: Amount) -> Refund:
    """Refund a payment, only once however often it is called."""
    return Refund(refund_id=reference("ref", payment_id, amount), payment_id=payment_id, amount=amount)
