"""What Syncro says of a document that is compared with QuickBooks: its date, its amount, and what it pays of what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pydantic import ValidationError

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Kind
from syncro_quickbooks.sync.reconciliation import ZERO
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import CustomerPurchase, InvoiceSnapshot, Payment, PurchaseOrder, StoreCredit

DOCUMENTS = frozenset(
    {
        Kind.INVOICE,
        Kind.PAYMENT,
        Kind.STORE_CREDIT,
        Kind.WRITE_OFF,
        Kind.REVERSAL,
        Kind.REVERSAL_USE,
        Kind.PURCHASE_ORDER,
        Kind.BILL,
        Kind.CUSTOMER_PURCHASE,
    }
)
"""The kinds of records that are documents, not entries of lists."""

_USES = "What it pays is applied from a credit, a write-off or the rest of an earlier payment."
_NOTHING = "No money came in by it."
_LEFT_OVER = "It is what is left of a payment, and stands there as that."


@dataclass(frozen=True, slots=True)
class Said:
    """A document as Syncro says it. `allocations` is what a payment pays of which invoice, by Syncro id.

    `elsewhere` says why QuickBooks may have no document of its own for it, or one over less; empty if it must have.
    """

    day: date
    total: Decimal
    allocations: Mapping[str, Decimal] = field(default_factory=dict)
    elsewhere: str = ""


def said_of(view: View, settings: Settings) -> Said | None:
    """What Syncro says of the document; None if nothing is known of it, or it cannot be read."""
    if view.record.desired is None:
        return None
    try:
        if view.key.kind in (Kind.REVERSAL, Kind.REVERSAL_USE):
            return _reversing(view.key.kind, view.record.desired)
        return _of_kind(view.key.kind, view.record.desired, settings)
    except ValidationError:
        return None


def _reversing(kind: Kind, desired: JsonObject) -> Said | None:
    """Syncro knows nothing of them: what somebody decided is what is said."""
    day, document = desired.get("day"), desired.get("document")
    total = document.get("TotalAmt") if isinstance(document, dict) else None
    if not isinstance(day, str):
        return None
    amount = ZERO if total is None or isinstance(total, dict | list) else money.parse(total)
    return Said(date.fromisoformat(day), amount if kind is Kind.REVERSAL else ZERO)


def _of_kind(kind: Kind, desired: JsonObject, settings: Settings) -> Said | None:
    zone = settings.time_zone
    if kind is Kind.INVOICE:
        invoice = InvoiceSnapshot.model_validate(desired).invoice
        return Said(calendar_date(invoice.date, zone), invoice.total)
    if kind in (Kind.PAYMENT, Kind.WRITE_OFF):
        payment = Payment.model_validate(desired)
        paid: dict[str, Decimal] = {}
        for each in payment.allocations if payment.success else ():
            paid[str(each.invoice_id)] = paid.get(str(each.invoice_id), ZERO) + each.amount
        amount = payment.payment_amount if payment.success else ZERO
        uses = _USES if kind is Kind.PAYMENT else ""  # a write-off is a credit memo of its own
        elsewhere = uses if payment.success and amount else _NOTHING
        return Said(calendar_date(payment.applied_at, zone), amount, paid, elsewhere)
    if kind is Kind.STORE_CREDIT:
        credit = StoreCredit.model_validate(desired)
        left_over = _LEFT_OVER if credit.origin == "overpayment" else ""
        return Said(calendar_date(credit.date, zone), credit.amount, elsewhere=left_over)
    if kind in (Kind.PURCHASE_ORDER, Kind.BILL):
        order = PurchaseOrder.model_validate(desired)
        moment = order.finished_at if kind is Kind.BILL and order.finished_at else order.created_at
        return Said(calendar_date(moment, zone), order.total)
    if kind is Kind.CUSTOMER_PURCHASE:
        purchase = CustomerPurchase.model_validate(desired)
        return Said(calendar_date(purchase.paid_out_at, zone), purchase.total) if purchase.paid_out_at else None
    return None
