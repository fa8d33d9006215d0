"""What an account of Syncro's sells: its products, and the lines of its invoices with Syncro's own figures of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.events import line, product

CENT, HUNDRED = Decimal("0.01"), Decimal(100)
TAX_PERCENT = Decimal(8)
"""The one rate of `events.invoice_detail`."""

SERVICES, STOCKED = (3, 4), (5, 6)
PRODUCTS = (*SERVICES, *STOCKED)
"""Products' ids. What is stocked is bought, too."""


def cents(amount: Decimal) -> Decimal:
    """Half up, as Syncro shows money."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Sold:
    """A line of an invoice: a product, or None where somebody typed what it is; `discount` in percent."""

    product: int | None
    quantity: Decimal
    price: Decimal
    discount: Decimal = Decimal(0)
    taxable: bool = False

    @property
    def amount(self) -> Decimal:
        """What the line comes to."""
        return cents(self.quantity * self.price * (HUNDRED - self.discount) / HUNDRED)

    @property
    def of_one(self) -> Decimal:
        """What one comes to: its price, or what a discount leaves of it, in QuickBooks' five decimals."""
        if cents(self.quantity * self.price) == self.amount:
            return self.price
        return (self.amount / self.quantity).quantize(Decimal("0.00001"), ROUND_HALF_UP)

    def told(self, place: int) -> dict[str, Any]:
        """The line as an event has it."""
        figures = {"price": str(self.price), "quantity": str(self.quantity)}
        discount = str(self.discount) if self.discount else None
        return {
            **line(place, self.product, **figures),
            "item": f"Item {self.product}" if self.product else "By hand",
            "taxable": self.taxable,
            "line_discount_percent": discount,
        }


def plain(amount: Decimal) -> tuple[Sold, ...]:
    """One untaxed line."""
    return (Sold(SERVICES[0], Decimal(1), amount),)


def subtotal_of(lines: Sequence[Sold]) -> Decimal:
    """What the lines come to together."""
    return sum((each.amount for each in lines), Decimal(0))


def tax_of(lines: Sequence[Sold]) -> Decimal:
    """Of the sum of what is taxed: Syncro publishes no other rounding (facts: Syncro 1.12)."""
    return cents(subtotal_of([each for each in lines if each.taxable]) * TAX_PERCENT / HUNDRED)


@dataclass
class Goods:
    """Products with ids that are the same in every account; `account` is in their names."""

    account: str = ""
    versions: dict[int, int] = field(default_factory=dict)

    def change(self, product_id: int) -> None:
        """Its name and its price become others."""
        self.versions[product_id] = self.version(product_id) + 1

    def version(self, product_id: int) -> int:
        """How often it was told of, the first time included."""
        return self.versions.get(product_id, 1)

    def name(self, product_id: int) -> str:
        """What it is called now."""
        version = self.version(product_id)
        return self.first_name(product_id) + (f" renamed {version}" if version > 1 else "")

    def first_name(self, product_id: int) -> str:
        """What it was called at first, with which every later name begins."""
        return f"{self.account} Product {product_id}".strip()

    def price(self, product_id: int) -> Decimal:
        """What it is sold at now."""
        return HUNDRED * self.version(product_id)

    def told(self, product_id: int) -> dict[str, Any]:
        """The product as events have it."""
        stock = {"maintain_stock": True, "price_cost": "40.1"} if product_id in STOCKED else {}
        known = product(product_id, version=self.version(product_id), name=self.name(product_id))
        return {**known, "price_retail": f"{self.price(product_id)}", **stock}
