"""The lines of a QuickBooks document: item, amount, tax code and text of every Syncro line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.online.mapping.tax import LineTax, TaxContext, line_tax
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Kind, Problem, RecordKey, Wait
from syncro_quickbooks.sync.settings import Ref
from syncro_quickbooks.sync.targets import DEPOSIT_CATEGORIES, PREPAID_CATEGORIES, OwnItem, category, target
from syncro_quickbooks.syncro.discounts import NetLine, discount_dollars, discount_percent, net_lines, unit_price
from syncro_quickbooks.syncro.models import InvoiceLine, Product

# Facts: QBO 1.3.
MAX_DESCRIPTION = 4000


@dataclass(frozen=True, slots=True)
class References:
    """QuickBooks ids of what an invoice refers to: its customer, the items by Syncro product id, and the tax codes that
    were made for it by Syncro rate id.

    `customer_currency` is the customer's CurrencyRef as QuickBooks has it; None where currencies are not in use.
    """

    customer_id: str
    items: Mapping[int, str] = field(default_factory=dict)
    customer_currency: str | None = None
    tax_codes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SalesLine:
    """One line ready to be written: `amount` in cents, `quantity` and `unit_price` only where they give that amount."""

    item_id: str
    amount: Decimal
    tax: LineTax
    description: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None

    def body(self, class_id: str | None = None) -> JsonObject:
        """This line as QuickBooks reads it."""
        detail: JsonObject = {"ItemRef": ref(self.item_id)}
        if self.quantity is not None and self.unit_price is not None:
            detail |= {"Qty": self.quantity.normalize(), "UnitPrice": self.unit_price.normalize()}
        if self.tax.code is not None:
            detail["TaxCodeRef"] = ref(self.tax.code)
        if class_id is not None:
            detail["ClassRef"] = ref(class_id)
        line: JsonObject = {
            "DetailType": "SalesItemLineDetail",
            "Amount": self.amount,
            "SalesItemLineDetail": detail,
        }
        return {**line, "Description": self.description} if self.description else line


def sales_lines(
    context: TaxContext, products: Mapping[int, Product], references: References
) -> list[SalesLine] | Attention | Wait:
    """All lines of the invoice, or the first reason why one of them cannot be written."""
    lines: list[SalesLine] = []
    for net in net_lines(context.snapshot.invoice):
        line = _sales_line(net, context, products, references)
        if not isinstance(line, SalesLine):
            return line
        lines.append(line)
    return lines


def _sales_line(
    net: NetLine, context: TaxContext, products: Mapping[int, Product], references: References
) -> SalesLine | Attention | Wait:
    item_id = _item_id(net.line, context, products, references)
    if not isinstance(item_id, str):
        return item_id
    tax = line_tax(net.line, context, is_deposit=is_deposit(net.line, products))
    if isinstance(tax, Problem):
        return Attention(tax)
    price = unit_price(net.line.quantity, net.line.price, net.net)
    return SalesLine(
        item_id=item_id,
        amount=net.net,
        tax=tax,
        description=description(net, context.company),
        quantity=net.line.quantity if price is not None else None,
        unit_price=price,
    )


def is_deposit(line: InvoiceLine, products: Mapping[int, Product]) -> bool:
    """Whether the line takes or uses up money paid in advance."""
    return category(line, products) in DEPOSIT_CATEGORIES | PREPAID_CATEGORIES


def _item_id(
    line: InvoiceLine, context: TaxContext, products: Mapping[int, Product], references: References
) -> str | Attention | Wait:
    invoice = context.snapshot.invoice
    goes_to = target(invoice, line, products, context.settings)
    if isinstance(goes_to, Ref):
        return goes_to.id
    if isinstance(goes_to, Problem):
        return Attention(goes_to)
    item_id = references.items.get(goes_to.product_id)
    return item_id if item_id is not None else _waits_for(goes_to, problems.subject(invoice))


def _waits_for(item: OwnItem, who: str) -> Wait:
    problem = Problem(
        code="waiting_for_product",
        message=f"{who} waits for product {item.product_id}, which has no QuickBooks item yet.",
    )
    return Wait(problem, on=(RecordKey(Kind.PRODUCT, str(item.product_id)),))


def description(net: NetLine, company: Company) -> str:
    """Syncro's text, the item's short name before it on a line without product, and what a discount took off."""
    line = net.line
    name, text = (line.item or "").strip(), (line.name or "").strip()
    has_name = bool(line.product_id) or not name or text.startswith(name)
    full = text if has_name and text else "\n".join(part for part in (name, text) if part)
    note = _discount_note(net, company.home_currency)
    if not note:
        return prose(full, company, MAX_DESCRIPTION)
    room = MAX_DESCRIPTION - len(note) - 1
    return f"{prose(full, company, room)}\n{note}".strip()


def _discount_note(net: NetLine, currency: str) -> str:
    if not net.is_discounted:
        return ""
    percent = discount_percent(net.line)
    parts = [f"{percent.normalize():f} %"] if percent else []
    if discount_dollars(net.line):
        parts.append(money.show(discount_dollars(net.line), currency))
    unit = f"{net.line.price.normalize():f}"
    quantity = f"{net.line.quantity.normalize():f}"
    return f"(Price {quantity} x {unit} = {money.show(net.gross, currency)}, less discount {' and '.join(parts)})"
