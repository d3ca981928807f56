"""Code that the order functions share. A folder of `lib/` without a `handler.py` is not a function."""

from __future__ import annotations

import hashlib
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, Field

Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
"""An amount of money in the order's currency."""

Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code")]
OrderId = Annotated[str, Field(min_length=1, max_length=64)]


class OrderItem(BaseModel):
    """One line of an order."""

    sku: str = Field(min_length=1, max_length=64)
    quantity: int = Field(gt=0, le=10_000)
    unit_price: Amount


def cents(amount: Decimal) -> Decimal:
    """Round `amount` to two places, halves away from zero, as on invoices."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def reference(kind: str, *parts: object) -> str:
    """Return an identifier that is the same for the same parts, so that a retried step does nothing twice."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return f"{kind}_{digest[:20]}"
