from __future__ import annotations

from pydantic import BaseModel, Field

from chalicelib.errors import Conflict
from chalicelib.lib.orders.model import OrderId, reference

SHELF = 100
"""How many of each article are in stock."""


class StockItem(BaseModel):
    sku: str
    quantity: int = Field(gt=0)


class Reservation(BaseModel):
    reservation_id: str
    order_id: str
    items: list[StockItem]
    status: str = "reserved"


class OutOfStock(Conflict):
    """More is ordered than is on the shelf."""


def handler(order_id: OrderId, items: list[StockItem]) -> Reservation:
    """Reserve the articles of an order, all or none.

    Fails with `OutOfStock` when more than 100 of an article are ordered, or any of one whose SKU begins with
    `SOLD-OUT`.
    """
    for item in items:
        available = 0 if item.sku.startswith("SOLD-OUT") else SHELF
        if item.quantity > available:
            raise OutOfStock(f"{item.sku}: {item.quantity} ordered, {available} available.")
    parts = [f"{item.sku}*{item.quantity}" for item in items]
    return Reservation(reservation_id=reference("res", order_id, *parts), order_id=order_id, items=items)
