from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from chalicelib.errors import FieldError, Invalid
from chalicelib.lib.orders.model import Country, OrderItem, cents

VAT_PERCENT = {"AT": 20, "BE": 21, "DE": 19, "DK": 25, "ES": 21, "FR": 20, "IT": 22, "NL": 21, "PL": 23, "SE": 25}
"""Standard VAT rates; an order to any other country is an export without VAT."""

COUPON_PERCENT = {"WELCOME10": 10, "FRIENDS20": 20}
FREE_SHIPPING_FROM = Decimal("50.00")
SHIPPING = Decimal("4.90")


class PricedLine(BaseModel):
    sku: str
    quantity: int
    amount: Decimal


class PricedOrder(BaseModel):
    lines: list[PricedLine]
    discount: Decimal
    shipping: Decimal
    net: Decimal
    vat: Decimal
    total: Decimal
    currency: str = "EUR"


class UnknownCoupon(Invalid):
    """The coupon's code is not one of ours: over HTTP a 422, in a flow the error `UnknownCoupon`."""


def handler(items: list[OrderItem], country: Country = "DE", coupon: str | None = None) -> PricedOrder:
    """Price an order: lines, discount, shipping, VAT of the country, total. Prices are net.

    The discount applies to the goods, VAT to goods and shipping together; each is rounded once.
    Fails with `UnknownCoupon`.
    """
    if coupon is not None and coupon not in COUPON_PERCENT:
        raise UnknownCoupon(f"The coupon {coupon!r} is not known.", errors=[FieldError("coupon", "is not known")])
    lines = [PricedLine(sku=i.sku, quantity=i.quantity, amount=cents(i.unit_price * i.quantity)) for i in items]
    goods = sum((line.amount for line in lines), Decimal(0))
    discount = cents(goods * COUPON_PERCENT.get(coupon or "", 0) / 100)
    shipping = Decimal(0) if goods - discount >= FREE_SHIPPING_FROM else SHIPPING
    net = goods - discount + shipping
    vat = cents(net * VAT_PERCENT.get(country, 0) / 100)
    return PricedOrder(lines=lines, discount=discount, shipping=shipping, net=net, vat=vat, total=net + vat)
