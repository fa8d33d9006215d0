"""Used goods that a customer sold, as a QuickBooks Online expense or, paid out as store credit, a credit memo.

Facts: QBO 1.5, 1.6; Syncro 1.10.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.credit_memo import untaxed_code, untaxed_document
from syncro_quickbooks.online.mapping.dates import closed_until, document_day
from syncro_quickbooks.online.mapping.expenses import Bought
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.online.mapping.precheck import NO_CHOICES, Choices
from syncro_quickbooks.online.mapping.prediction import compare
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Operation, Problem, Skip, Totals, Wait, Who, Write
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import CustomerPurchase, CustomerPurchaseLine

MAX_DESCRIPTION = 4000
_CREATE_ONLY = frozenset({"PrivateNote"})
_CHECK = re.compile(r"\b(check|cheque)s?\b", re.IGNORECASE)

Reading: TypeAlias = Callable[[CustomerPurchaseLine], Decimal]


@dataclass(frozen=True, slots=True)
class Sold:
    """QuickBooks ids of the customer and, by Syncro product id, of the items; and the customer's currency."""

    customer_id: str
    items: Mapping[int, str]
    currency: str = ""


def subject(purchase: CustomerPurchase) -> str:
    """How a customer purchase is called in messages."""
    return f"Customer purchase {(purchase.number or '').strip() or purchase.id}"


def entity_of(method: PaymentMethod) -> str:
    """Which QuickBooks document a payout by this method is."""
    return "CreditMemo" if method.kind is MethodKind.STORE_CREDIT else "Purchase"


def payout_day(purchase: CustomerPurchase, settings: Settings) -> date | None:
    """The day on which it was paid out."""
    return calendar_date(purchase.paid_out_at, settings.time_zone) if purchase.paid_out_at else None


def precheck_purchase(
    purchase: CustomerPurchase, settings: Settings, company: Company, current: JsonObject | None
) -> Skip | Wait | Attention | None:
    """Why it cannot or need not be sent, or None. `current` is what QuickBooks last returned, None if it has none."""
    if not settings.sync_customer_purchases:
        message = f"{subject(purchase)} is not sent, because Sync Customer Purchases is off."
        setting = problems.settings_action("sync_customer_purchases")
        return Skip(
            problems.skipped("customer_purchases_off", message, "Turn it on in the settings, then retry.", setting)
        )
    waits = _not_yet(purchase, settings)
    reason = waits or _by_method(purchase, settings) or (_before_start(purchase, settings) if current is None else None)
    if reason is not None and current is not None:
        shown = bodies.amount(current, "TotalAmt") or Decimal(0)
        return Attention(problems.still_shown(reason, shown, company.home_currency, "document"))
    if reason is not None:
        return Wait(reason) if waits else Skip(reason)
    problem = _problem(purchase, settings, company)
    return Attention(problem) if problem else None


def _not_yet(purchase: CustomerPurchase, settings: Settings) -> Problem | None:
    who = subject(purchase)
    if not purchase.paid_out or payout_day(purchase, settings) is None:
        status = f" ({purchase.status})" if purchase.status else ""
        return Problem("not_paid_out", f"{who} waits until it is paid out{status}.", "Pay it out in Syncro.")
    if not purchase.line_items:
        return Problem("no_lines", f"{who} has no lines yet.", "Add lines in Syncro; it is then sent by itself.")
    return None


def _by_method(purchase: CustomerPurchase, settings: Settings) -> Problem | None:
    method, who = settings.payment_method(purchase.payment_method), subject(purchase)
    if method is not None and method.kind is MethodKind.DO_NOT_SYNC:
        message = f"{who} is not sent: by your settings payouts by '{purchase.payment_method}' stay in Syncro."
        setting = problems.settings_action("payment_methods", method=purchase.payment_method or "")
        fix = "Change what the method is in the settings if it should go to QuickBooks."
        return problems.skipped("method_not_synced", message, fix, setting)
    if method is not None and method.kind is MethodKind.STORE_CREDIT and not settings.sync_store_credit:
        message = f"{who} was paid out as store credit, which is not sent: Sync Store Credit to QuickBooks is off."
        setting = problems.settings_action("sync_store_credit")
        return problems.skipped("store_credit_off", message, "Turn it on in the settings, then retry.", setting)
    return None


def _before_start(purchase: CustomerPurchase, settings: Settings) -> Problem | None:
    day = payout_day(purchase, settings)
    return problems.before_start(subject(purchase), day, settings.start_date, "expense") if day else None


def _problem(purchase: CustomerPurchase, settings: Settings, company: Company) -> Problem | None:
    who, method = subject(purchase), settings.payment_method(purchase.payment_method)
    biggest = max(abs(line.quantity * max(line.price, line.cost or Decimal(0))) for line in purchase.line_items)
    if method is None or method.kind is MethodKind.WRITE_OFF:
        return _method_unmapped(purchase, method)
    if method.kind is MethodKind.MONEY and settings.purchase_account is None:
        return expenses.missing_setting(who, "purchase_account", "the account that customer purchases are paid from")
    if settings.purchase_item is None and any(line.product_id is None for line in purchase.line_items):
        return expenses.missing_setting(who, "purchase_item", "the item for what is bought without a product")
    return expenses.number_problem(who, purchase.number or "", company) or expenses.size_problem(
        who, len(purchase.line_items), biggest
    )


def _method_unmapped(purchase: CustomerPurchase, method: PaymentMethod | None) -> Problem:
    name = purchase.payment_method or "(none)"
    why = "nobody has said what that method is" if method is None else "that method is a write-off, which pays nobody"
    return Problem(
        "payment_method_unmapped",
        f"{subject(purchase)} was paid out by '{name}', and {why} in QuickBooks.",
        f"Choose in the settings what '{name}' is: money, store credit, or nothing to send. The purchase is then sent "
        "by itself.",
        who=Who.ADMIN,
        actions=(
            problems.settings_action("payment_methods", method=purchase.payment_method or ""),
            problems.RETRY,
            problems.SKIP,
        ),
    )


def map_purchase(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    purchase: CustomerPurchase,
    sold: Sold,
    settings: Settings,
    company: Company,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices = NO_CHOICES,
) -> Write | Attention:
    """The create or full update of the expense, or of the credit memo of a payout in store credit.

    Syncro's own total is the Write's `expected`.
    """
    who, method, own = (
        subject(purchase),
        settings.payment_method(purchase.payment_method),
        payout_day(purchase, settings),
    )
    foreign = expenses.currency_problem(who, "customer", sold.currency, company)
    if foreign or method is None or own is None:
        return Attention(foreign or _method_unmapped(purchase, method))
    posted = bodies.day(current, "TxnDate") if current else None
    closed = closed_until(settings, company)
    day = document_day(own, posted, closed, force_update=choices.force_update, redate=choices.redate)
    lines = _lines(purchase, sold, settings, company)
    document = _credit_memo if method.kind is MethodKind.STORE_CREDIT else _expense
    content: JsonObject = {
        **document(purchase, sold, lines, method, settings, company),
        "TxnDate": day.isoformat(),
        **expenses.currency_of(company),
    }
    expected = Totals(purchase.total)
    note = expenses.first_note(who, purchase.number or "", company, marker_text)
    return Write(
        operation=Operation.CREATE if current is None else Operation.UPDATE,
        entity=entity_of(method),
        body=expenses.framed(content, current, note),
        digest=bodies.digest(content, _CREATE_ONLY),
        expected=expected,
        warnings=(
            *compare(expected, Totals(expenses.total_of(lines)), who, company.home_currency),
            *problems.date_differs(who, own, day),
            *expenses.number_warning(who, purchase.number or "", company),
        ),
        lines=len(lines),
    )


def _lines(purchase: CustomerPurchase, sold: Sold, settings: Settings, company: Company) -> list[Bought]:
    each = _reading(purchase)
    item = settings.purchase_item
    lines: list[Bought] = []
    for line in purchase.line_items:
        item_id = sold.items[line.product_id] if line.product_id else item.id if item else ""
        text = prose(line.name or line.item, company, MAX_DESCRIPTION)
        lines.append(Bought(item_id, line.quantity, each(line), text))
    return lines


def _price(line: CustomerPurchaseLine) -> Decimal:
    return line.price


def _cost(line: CustomerPurchaseLine) -> Decimal:
    return line.price if line.cost is None else line.cost


def _reading(purchase: CustomerPurchase) -> Reading:
    """Whether the shop pays a line's price or its cost is not published (facts: Syncro 1.10): what gives the total."""
    for reading in (_price, _cost):
        lines = [Bought("", line.quantity, reading(line)) for line in purchase.line_items]
        if expenses.total_of(lines) == purchase.total:
            return reading
    return _price


def _expense(  # noqa: PLR0917
    purchase: CustomerPurchase,
    sold: Sold,
    lines: list[Bought],
    method: PaymentMethod,
    settings: Settings,
    company: Company,
) -> JsonObject:
    """An expense paid from the account for purchases, whatever account payments by this method go to."""
    account = settings.purchase_account
    content: JsonObject = {
        "PaymentType": payment_type(purchase, method),
        "AccountRef": ref(account.id if account else ""),
        "EntityRef": {"value": sold.customer_id, "type": "Customer"},
        "Line": [line.body() for line in lines],
        **expenses.number_of(purchase.number or "", company),
        **expenses.untaxed(company),
    }
    return {**content, "PaymentMethodRef": ref(method.method.id)} if method.method else content


def payment_type(purchase: CustomerPurchase, method: PaymentMethod) -> str:
    """Check if Syncro's name of the method, or QuickBooks', has the word in it, else Cash; both come from a bank."""
    names = f"{purchase.payment_method or ''} {method.method.name if method.method else ''}"
    return "Check" if _CHECK.search(names) else "Cash"


def _credit_memo(
    purchase: CustomerPurchase,
    sold: Sold,
    lines: list[Bought],
    _method: PaymentMethod,
    settings: Settings,
    company: Company,
) -> JsonObject:
    """The customer's credit, with the same lines."""
    code = untaxed_code(settings, company)
    number = (purchase.number or "").strip()
    body: list[Json] = [_sales_line(line, code) for line in lines]
    content: JsonObject = {"CustomerRef": ref(sold.customer_id), "Line": body, **untaxed_document(settings, company)}
    return {**content, "DocNumber": number} if number and company.custom_txn_numbers else content


def _sales_line(line: Bought, tax_code: str | None) -> JsonObject:
    detail: JsonObject = {"ItemRef": ref(line.item_id), **line.figures()}
    if tax_code is not None:
        detail["TaxCodeRef"] = ref(tax_code)
    body: JsonObject = {"DetailType": "SalesItemLineDetail", "Amount": line.amount, "SalesItemLineDetail": detail}
    return {**body, "Description": line.description} if line.description else body
