from __future__ import annotations

LIMIT = 5000


class TripPaymentDeclined(Exception):
    """The bank refused: trying again changes nothing."""


def handler(trip_id: str, amount: float) -> dict[str, str]:
    """Charge a trip. The trip's id is the key of the request, so that a retry doesn't charge twice.

    Raises:
        TripPaymentDeclined: The amount exceeds the card's limit.
    """
    if amount > LIMIT:
        raise TripPaymentDeclined(f"{amount} exceeds the limit of {LIMIT}")
    return {"payment_id": f"payment-{trip_id}"}  # here, call the payment provider
