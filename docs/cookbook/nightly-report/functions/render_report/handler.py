from __future__ import annotations

from datetime import date
from typing import Any


def handler(day: date, orders: int, revenue: float) -> dict[str, Any]:
    """Write the report of a day."""
    return {"day": day, "text": f"{day:%d %B %Y}: {orders} orders, {revenue:.2f} EUR"}  # here, mail or store it
