from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from chalicelib.lib.orders.model import Amount, OrderId, cents, reference

Outcome = Literal["confirmed", "rejected", "cancelled", "shipped"]

SENTENCES: dict[Outcome, str] = {
    "confirmed": "Thank you, your order is confirmed.",
    "rejected": "We could not accept your order.",
    "cancelled": "Your order was cancelled and nothing was charged.",
    "shipped": "Your order is on its way.",
}


class Notification(BaseModel):
    notification_id: str
    recipient: str | None
    subject: str
    text: str


def handler(
    order_id: OrderId,
    outcome: Outcome,
    recipient: str | None = None,
    total: Amount | None = None,
    reason: str | None = None,
) -> Notification:
    """Write the message that informs a customer about an order."""
    sentences = [SENTENCES[outcome]]
    if total is not None and outcome == "confirmed":
        sentences.append(f"The total is {cents(Decimal(total))} EUR.")
    if reason:
        sentences.append(f"Reason: {reason}.")
    return Notification(
        notification_id=reference("msg", order_id, outcome),
        recipient=recipient,
        subject=f"Order {order_id}: {outcome}",
        text=" ".join(sentences),
    )
