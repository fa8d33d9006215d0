"""The lines of an invoice for QuickBooks Desktop: item, price, tax code and text of every Syncro line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.qbxml.text import prose
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Problem, Skip
from syncro_quickbooks.sync.settings import Ref, Settings
from syncro_quickbooks.sync.targets import OwnItem, target
from syncro_quickbooks.syncro.discounts import NetLine, discount_dollars, discount_percent, net_lines, unit_price
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Product, TaxRate
from syncro_quickbooks.syncro.taxes import NoRate, rate_of_line

MAX_DESCRIPTION = 4095


@dataclass(frozen=True, slots=True)
class Context:
    """One invoice with everything its lines depend on."""

    snapshot: InvoiceSnapshot
    customer: Customer
    products: Mapping[int, Product]
    settings: Settings
    company: Company


@dataclass(frozen=True, slots=True)
class Line:
    """A line ready to be written: quantity and rate where they give its amount, else the amount alone."""

    item: str
    description: str
    amount: Decimal
    quantity: Decimal | None
    rate: Decimal | None
    tax: TaxRate | None

    @property
    def is_taxed(self) -> bool:
        """Whether tax is due on the line."""
        return self.tax is not None and self.tax.rate != 0

    def body(self, company: Company) -> JsonObject:
        """This line as qbXML reads it."""
        line: JsonObject = {"ItemRef": {"ListID": self.item}, "Desc": self.description}
        if self.quantity is not None and self.rate is not None:
            line |= {"Quantity": self.quantity, "Rate": self.rate}
        else:
            line["Amount"] = self.amount
        if company.sales_tax:
            line["SalesTaxCodeRef"] = company.taxable_code if self.is_taxed else company.untaxed_code
        return line


def lines_of(context: Context) -> Sequence[Line] | Attention | Skip:
    """All lines, or the first reason why one of them cannot be written."""
    lines: list[Line] = []
    for net in net_lines(context.snapshot.invoice):
        line = _line(net, context)
        if not isinstance(line, Line):
            return line
        lines.append(line)
    return lines


def _line(net: NetLine, context: Context) -> Line | Attention | Skip:
    item = _item(net, context)
    if isinstance(item, Problem):
        return Attention(item)
    rate = rate_of_line(net.line, context.snapshot, context.customer)
    if isinstance(rate, NoRate):
        return Attention(problems.no_tax_rate(context.snapshot.invoice, rate.rate_id))
    if rate is not None and len(rate.components) > 1:
        return Skip(_tax_group(context, rate))
    price = unit_price(net.line.quantity, net.line.price, net.net)
    return Line(
        item=item[0],
        description=_description(net, named=item[1]),
        amount=net.net,
        quantity=net.line.quantity if price is not None else None,
        rate=price,
        tax=rate,
    )


def _item(net: NetLine, context: Context) -> tuple[str, bool] | Problem:
    """The line's item, and whether it is the product's own. Items are never made: an existing one of the product's
    name, else the fallback (facts: Syncro P2)."""
    invoice, settings = context.snapshot.invoice, context.settings
    goes_to = target(invoice, net.line, context.products, settings)
    if isinstance(goes_to, Ref):
        return goes_to.id, False
    if isinstance(goes_to, Problem):
        return goes_to
    own = context.company.item(_product_name(goes_to, context) or net.line.item)
    if own is not None:
        return own, True
    if settings.fallback_item is not None:
        return settings.fallback_item.id, False
    return problems.missing_setting(
        "fallback_item_missing",
        f"{problems.subject(invoice)} has a line whose product has no item of its name in QuickBooks, and no item is "
        "chosen for such lines.",
        "fallback_item",
        "Choose the QuickBooks item for such lines in the settings; the invoice is then sent by itself.",
    )


def _product_name(goes_to: OwnItem, context: Context) -> str | None:
    product = context.products.get(goes_to.product_id)
    return product.name if product else None


def _description(net: NetLine, *, named: bool) -> str:
    """Syncro's text, cut where it is longer; before it the short name, unless the item says it already."""
    name, text = (net.line.item or "").strip(), (net.line.name or "").strip()
    parts = (text,) if named or text.startswith(name) else (name, text)
    full = "\n".join(part for part in parts if part) or name
    note = _discount_note(net)
    if not note:
        return prose(full, MAX_DESCRIPTION)
    return f"{prose(full, MAX_DESCRIPTION - len(note) - 1)}\n{note}".strip()


def _discount_note(net: NetLine) -> str:
    if not net.is_discounted:
        return ""
    percent, dollars = discount_percent(net.line), discount_dollars(net.line)
    parts = [f"{percent.normalize():f} %"] if percent else []
    parts += [money.show(dollars)] if dollars else []
    quantity, unit = net.line.quantity.normalize(), net.line.price.normalize()
    return f"(Price {quantity:f} x {unit:f} = {money.show(net.gross)}, less discount {' and '.join(parts)})"


def _tax_group(context: Context, rate: TaxRate) -> Problem:
    return problems.skipped(
        "desktop_tax_group",
        f"{problems.subject(context.snapshot.invoice)} uses the tax group '{rate.name}'; the integration with "
        "QuickBooks Desktop has no tax groups.",
        "Enter the invoice in QuickBooks by hand, or use a single tax rate on it in Syncro.",
        problems.SKIP,
    )
