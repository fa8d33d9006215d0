"""Invoices, companies and settings for the mapping's tests, small enough to work out by hand."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping.invoice import Choices, References, map_invoice
from syncro_quickbooks.sync.model import Attention, Skip, Wait, Write
from syncro_quickbooks.sync.settings import Ref, Settings
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Product

MARKER = "syncro:invoice:9001:1"

US = Company(
    name="Desert Books",
    country="US",
    home_currency="USD",
    multi_currency=False,
    tax_mode=TaxMode.US_MANUAL,
    custom_txn_numbers=True,
    auto_apply_credit=False,
    allow_discount=False,
    class_per_transaction=False,
    class_per_line=False,
    track_departments=False,
)
US_AUTOMATED = replace(US, tax_mode=TaxMode.US_AUTOMATED)
US_NO_TAX = replace(US, tax_mode=TaxMode.NO_TAX)
CANADA = replace(US, country="CA", home_currency="CAD", tax_mode=TaxMode.NON_US)

SETTINGS = Settings(
    tax_codes={1: Ref(id="5", name="Austin"), 3: Ref(id="9", name="GST + QST"), 4: Ref(id="12", name="GST")},
    zero_tax_code=Ref(id="2", name="Zero-rated"),
    fallback_item=Ref(id="80", name="Services"),
    discount_item=Ref(id="81", name="Discounts"),
    deposit_item=Ref(id="82", name="Deposits"),
    income_account_service=Ref(id="60"),
    income_account_stocked=Ref(id="61"),
    expense_account=Ref(id="62"),
)

AUSTIN: JsonObject = {"id": 1, "name": "Austin", "rate": "8.25", "components": []}
GST_QST: JsonObject = {
    "id": 3,
    "name": "GST + QST",
    "rate": "14.975",
    "components": [{"id": 4, "name": "GST", "rate": "5"}, {"id": 5, "name": "QST", "rate": "9.975"}],
}
GST: JsonObject = {"id": 4, "name": "GST", "rate": "5", "components": []}
RATES: list[Json] = [AUSTIN, GST_QST, GST]


def customer(**changes: Json) -> Customer:
    fields: JsonObject = {"id": 410, "business_then_name": "Bluebonnet Dental", "tax_free": False}
    return Customer.model_validate({**fields, **changes})


def product(product_id: int, **changes: Json) -> Product:
    fields: JsonObject = {"id": product_id, "name": f"Product {product_id}", "maintain_stock": False, "taxable": True}
    return Product.model_validate({**fields, **changes})


def line(line_id: int, price: str, quantity: str = "1", **changes: Json) -> JsonObject:
    fields: JsonObject = {
        "id": line_id,
        "position": line_id,
        "product_id": 21,
        "item": "Support",
        "name": "Support hours",
        "price": price,
        "quantity": quantity,
        "taxable": True,
        "tax_rate_id": None,
    }
    return {**fields, **changes}


def snapshot(
    *lines: JsonObject, subtotal: str, tax: str, total: str, rates: Json = None, **changes: Json
) -> InvoiceSnapshot:
    invoice: JsonObject = {
        "id": 9001,
        "customer_id": 410,
        "number": "INV-1",
        "date": "2026-11-16T00:00:00.000Z",
        "due_date": "2026-12-16T00:00:00.000Z",
        "subtotal": subtotal,
        "tax": tax,
        "total": total,
        "tax_rate_id": 1,
        "notax": False,
        "is_draft": False,
        "is_refund": False,
        "line_items": [*lines],
        **changes,
    }
    return InvoiceSnapshot.model_validate({"invoice": invoice, "tax_rates": RATES if rates is None else rates})


def simple(**changes: Json) -> InvoiceSnapshot:
    """Two taxed hours at 100.00: 200.00 + 8.25 % = 216.50."""
    total = str(changes.pop("total", "216.50"))
    return snapshot(line(1, "100", "2"), subtotal="200", tax="16.50", total=total, **changes)


def mapped(
    of: InvoiceSnapshot,
    *,
    company: Company = US,
    settings: Settings = SETTINGS,
    who: Customer | None = None,
    products: Mapping[int, Product] | None = None,
    items: Mapping[int, str] | None = None,
    current: JsonObject | None = None,
    choices: Choices | None = None,
    applied_digest: str | None = None,
    customer_currency: str | None = None,
    made: Mapping[int, str] | None = None,
) -> Write | Skip | Attention | Wait:
    """`map_invoice` with everything that a test does not care about filled in."""
    return map_invoice(
        of,
        {21: product(21)} if products is None else products,
        who or customer(),
        settings,
        company,
        References("58", {21: "121"} if items is None else items, customer_currency, made or {}),
        MARKER,
        current,
        choices=choices or Choices(),
        applied_digest=applied_digest,
    )


def written(decision: Write | Skip | Attention | Wait) -> Write:
    assert isinstance(decision, Write), decision
    return decision


def lines_of(write: Write) -> list[JsonObject]:
    lines = write.body["Line"]
    assert isinstance(lines, list)
    return [each for each in lines if isinstance(each, dict)]


def detail(of: JsonObject) -> JsonObject:
    found = of["SalesItemLineDetail"]
    assert isinstance(found, dict)
    return found


def amounts(write: Write) -> list[Decimal]:
    return [Decimal(str(each["Amount"])) for each in lines_of(write)]


def tax_codes(write: Write) -> list[str]:
    return [str(code["value"]) for each in lines_of(write) if isinstance(code := detail(each)["TaxCodeRef"], dict)]


def item_ids(write: Write) -> list[str]:
    return [str(item["value"]) for each in lines_of(write) if isinstance(item := detail(each)["ItemRef"], dict)]


def codes(write: Write) -> list[str]:
    return [warning.code for warning in write.warnings]


def posted(write: Write, **changes: Json) -> JsonObject:
    """What QuickBooks would return for `write`, with Syncro's totals."""
    assert write.expected is not None
    return {
        **write.body,
        "Id": "266",
        "SyncToken": "3",
        "TotalAmt": write.expected.total,
        "Balance": write.expected.total,
        "LinkedTxn": [],
        **changes,
    }
