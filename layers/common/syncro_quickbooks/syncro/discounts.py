"""What each invoice line comes to after its discount, in the reading of Syncro's fields that gives its subtotal."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, TypeAlias

from syncro_quickbooks.money import cents, decimals
from syncro_quickbooks.syncro.models import Invoice, InvoiceLine

# Both editions take 10 digits before and 5 after the point (facts: QBO 1.0, QBD 2.2).
MAX_AMOUNT = Decimal(10) ** 10
MAX_DECIMALS = 5

_UNIT = Decimal("0.00001")
_HUNDRED = Decimal(100)
_ZERO = Decimal(0)


class NetLine(NamedTuple):
    """A line and what it costs: `gross` before and `net` after its discount, both in cents."""

    line: InvoiceLine
    gross: Decimal
    net: Decimal

    @property
    def is_discounted(self) -> bool:
        """Whether the customer pays less for this line than its price says."""
        return self.net != self.gross


Reading: TypeAlias = Callable[[InvoiceLine], Decimal]


def discount_percent(line: InvoiceLine) -> Decimal:
    """The line's discount in percent. `discount_percent` counts only on a line that costs something: on the line of a
    discount product it says how the (already computed) negative price came about."""
    if line.line_discount_percent:
        return line.line_discount_percent
    return line.discount_percent or _ZERO if line.price > 0 else _ZERO


def discount_dollars(line: InvoiceLine) -> Decimal:
    """The line's discount in money, under the same condition; on returned goods it lowers what is given back."""
    dollars = line.discount_dollars or _ZERO if line.price > 0 else _ZERO
    return dollars if line.quantity >= 0 else -dollars


def _full(line: InvoiceLine) -> Decimal:
    return line.quantity * line.price


def _share_left(line: InvoiceLine) -> Decimal:
    return (_HUNDRED - discount_percent(line)) / _HUNDRED


def _rounded_once(line: InvoiceLine) -> Decimal:
    return cents(_full(line) * _share_left(line) - discount_dollars(line))


def _discount_rounded(line: InvoiceLine) -> Decimal:
    return cents(_full(line)) - cents(_full(line) * discount_percent(line) / _HUNDRED) - cents(discount_dollars(line))


def _unit_rounded(line: InvoiceLine) -> Decimal:
    return cents(line.quantity * cents(line.price * _share_left(line)) - discount_dollars(line))


def _dollars_are_the_percentage(line: InvoiceLine) -> Decimal:
    return cents(_full(line) - discount_dollars(line)) if discount_dollars(line) else _rounded_once(line)


def _price_is_net(line: InvoiceLine) -> Decimal:
    return cents(_full(line))


# Syncro publishes neither whether `price` is before the discount nor where it rounds (facts: Syncro 1.12), so the
# reading whose lines add up to Syncro's own subtotal is taken, the first one if none does.
READINGS: tuple[Reading, ...] = (
    _rounded_once,
    _discount_rounded,
    _unit_rounded,
    _dollars_are_the_percentage,
    _price_is_net,
)


def net_lines(invoice: Invoice) -> tuple[NetLine, ...]:
    """The invoice's lines in their order, each with its amount before and after the line discount."""
    lines = sorted(invoice.line_items, key=lambda line: (line.position is None, line.position or 0))
    reading = next((each for each in READINGS if sum(map(each, lines)) == cents(invoice.subtotal)), READINGS[0])
    return tuple(NetLine(line, cents(_full(line)), reading(line)) for line in lines)


def unit_price(quantity: Decimal, price: Decimal, amount: Decimal) -> Decimal | None:
    """A price of at most five decimals with which `quantity` comes to `amount` at cents, Syncro's own if it does.

    None if there is none: then the line says its amount only. QuickBooks Online refuses one that is not Qty x UnitPrice
    (facts: QBO 6070), Desktop computes it from the two (facts: QBD 2.6).
    """
    if decimals(quantity) > MAX_DECIMALS or abs(quantity) >= MAX_AMOUNT:
        return None
    if decimals(price) <= MAX_DECIMALS and abs(price) < MAX_AMOUNT and cents(quantity * price) == amount:
        return price
    if quantity == 0:
        return None
    exact = (amount / quantity).quantize(_UNIT, rounding=ROUND_HALF_UP)
    is_exact = abs(exact) < MAX_AMOUNT and cents(quantity * exact) == amount
    return exact if is_exact else None
