from __future__ import annotations

from pydantic import BaseModel

from chalicelib.lib.orders.model import Country, OrderId, OrderItem


class OrderCheck(BaseModel):
    valid: bool
    problems: list[str]


def handler(order_id: OrderId, items: list[OrderItem], card_number: str, country: Country = "DE") -> OrderCheck:
    """Check what an order's schema cannot: repeated articles, an empty basket, the card's check digit.

    A wrong shape is a `ValidationError`; a wrong order is an answer with `valid: false` and every problem found.
    """
    problems = []
    if not items:
        problems.append("items: the order is empty")
    skus = [item.sku for item in items]
    problems += [f"items: {sku} is ordered more than once" for sku in sorted({s for s in skus if skus.count(s) > 1})]
    if not passes_luhn(card_number):
        problems.append("card_number: the check digit is wrong")
    return OrderCheck(valid=not problems, problems=problems)


def passes_luhn(card_number: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1, annex B (spaces are ignored)."""
    digits = card_number.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
