"""Which QuickBooks item an invoice line goes to: its product's own item, or one that the settings name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.settings import Ref, Settings, fold
from syncro_quickbooks.syncro.models import Invoice, InvoiceLine, Product

DEPOSIT_CATEGORIES = frozenset({"deposit", "deposits"})
PREPAID_CATEGORIES = frozenset({"pre-pay hours", "prepay hours", "pre-paid hours", "prepaid hours"})
DISCOUNT_CATEGORIES = frozenset({"discount", "discounts"})


@dataclass(frozen=True, slots=True)
class OwnItem:
    """The line goes to the item that was made for, or linked to, this product."""

    product_id: int


Target: TypeAlias = OwnItem | Ref | Problem


def needed_products(invoice: Invoice, products: Mapping[int, Product], settings: Settings) -> frozenset[int]:
    """The Syncro ids of the products that need a QuickBooks item before `invoice` can be sent.

    Lines that go to an item from the settings (categories, deposits, discounts, no product) need none.
    """
    targets = (target(invoice, line, products, settings) for line in invoice.line_items)
    return frozenset(each.product_id for each in targets if isinstance(each, OwnItem))


def category(line: InvoiceLine, products: Mapping[int, Product]) -> str:
    """The line's Syncro category, folded for comparison; its product's if the line states none; else empty."""
    product = products.get(line.product_id) if line.product_id else None
    return fold(line.product_category or (product.product_category if product else None) or "")


def target(invoice: Invoice, line: InvoiceLine, products: Mapping[int, Product], settings: Settings) -> Target:
    """Where `line` goes. A Problem if that depends on a setting nobody made or on a deposit nobody can identify."""
    folded = category(line, products)
    if mapped := settings.category_item(folded):
        return mapped
    if folded in DEPOSIT_CATEGORIES:
        return settings.deposit_item or _missing_item(invoice, line, "deposit_item", "deposits")
    if folded in PREPAID_CATEGORIES:
        return _missing_item(invoice, line, "category_items", "pre-paid hours")
    if _is_discount(line, products, folded):
        return settings.discount_item or _missing_item(invoice, line, "discount_item", "discounts")
    return OwnItem(line.product_id) if line.product_id else _without_product(invoice, line, settings)


def _without_product(invoice: Invoice, line: InvoiceLine, settings: Settings) -> Target:
    if _is_credit(line) and "deposit" in _words(line):
        return _unmatched_deposit(invoice, line)
    return settings.fallback_item or _missing_item(invoice, line, "fallback_item", "lines without a product")


def _is_credit(line: InvoiceLine) -> bool:
    return line.price * line.quantity < 0


def _words(line: InvoiceLine) -> str:
    return f"{line.item or ''} {line.name or ''}".casefold()


def _is_discount(line: InvoiceLine, products: Mapping[int, Product], folded_category: str) -> bool:
    """A discount product's line carries the computed negative price; a returned article's has a negative quantity."""
    if not _is_credit(line):
        return False
    product = products.get(line.product_id) if line.product_id else None
    if product is None:
        return folded_category in DISCOUNT_CATEGORIES or (line.product_id is None and "discount" in _words(line))
    is_negative_article = product.price_retail is not None and product.price_retail < 0
    return folded_category in DISCOUNT_CATEGORIES or bool(product.discount_percent) or is_negative_article


def line_label(line: InvoiceLine) -> str:
    """How a line is called in messages."""
    return f"line {line.position}" if line.position is not None else f"the line with Syncro id {line.id}"


def _missing_item(invoice: Invoice, line: InvoiceLine, setting: str, what: str) -> Problem:
    return problems.missing_setting(
        f"{setting}_missing",
        f"{problems.subject(invoice)}, {line_label(line)}: no QuickBooks item is chosen for {what}.",
        setting,
        f"Choose the QuickBooks item for {what} in the settings; the invoice is then sent by itself.",
    )


def _unmatched_deposit(invoice: Invoice, line: InvoiceLine) -> Problem:
    return Problem(
        code="deposit_unmatched",
        message=f"{problems.subject(invoice)}, {line_label(line)}: this credit seems to use up a deposit, "
        "but it names no deposit product, so it cannot be booked against the deposit's liability.",
        fix="In Syncro put the deposit product on the line, or its category 'Deposit', and save the invoice.",
        actions=(problems.RETRY, problems.SKIP),
    )
