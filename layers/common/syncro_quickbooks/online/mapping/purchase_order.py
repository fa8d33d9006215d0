"""A Syncro purchase order as a QuickBooks Online purchase order (facts: QBO 1.6, Syncro 1.9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.dates import closed_until, document_day
from syncro_quickbooks.online.mapping.expenses import Bought
from syncro_quickbooks.online.mapping.precheck import NO_CHOICES, Choices
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Operation, Problem, Skip, Totals, Wait, Write
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import PurchaseOrder, PurchaseOrderLine

_CREATE_ONLY = frozenset({"PrivateNote"})
_FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Supplied:
    """QuickBooks ids of the vendor and, by Syncro product id, of the items; and the currency the vendor is kept in."""

    vendor_id: str
    items: Mapping[int, str]
    currency: str = ""


def subject(order: PurchaseOrder) -> str:
    """How a purchase order is called in messages."""
    return f"Purchase order {order.number.strip() or order.id}"


def is_finished(order: PurchaseOrder) -> bool:
    """Whether everything on it has come in (facts: Syncro 1.9)."""
    return order.status.strip().casefold() == _FINISHED


def price(line: PurchaseOrderLine) -> Decimal:
    """What one costs, in the account's currency."""
    return line.cost_cents / 100


def sorted_lines(order: PurchaseOrder) -> list[PurchaseOrderLine]:
    """The lines in the order in which Syncro shows them."""
    return sorted(order.line_items, key=lambda line: (line.position is None, line.position or 0))


def precheck_order(
    order: PurchaseOrder, settings: Settings, company: Company, current: JsonObject | None
) -> Skip | Wait | Attention | None:
    """Why it cannot or need not be sent, or None. `current` is what QuickBooks last returned, None if it has none.

    Closed books do not matter: a purchase order is not posted (facts: QBO 1.6).
    """
    who = subject(order)
    if not settings.sync_purchase_orders:
        return Skip(
            problems.skipped(
                "purchase_orders_off",
                f"{who} is not sent, because Sync Purchase Orders is off.",
                "Turn it on in the settings, then retry.",
                problems.settings_action("sync_purchase_orders"),
            )
        )
    day = calendar_date(order.created_at, settings.time_zone)
    old = problems.before_start(who, day, settings.start_date, "purchase order") if current is None else None
    if old is not None:
        return Skip(old)
    if not order.line_items:
        return _empty(who, company, current)
    biggest = max(abs(line.quantity * price(line)) for line in order.line_items)
    problem = expenses.number_problem(who, order.number, company) or expenses.size_problem(
        who, len(order.line_items), biggest
    )
    if problem is None and settings.ap_account is None:
        problem = expenses.missing_setting(who, "ap_account", "the accounts payable account")
    return Attention(problem) if problem else None


def _empty(who: str, company: Company, current: JsonObject | None) -> Wait | Attention:
    fix = "Add lines in Syncro; the purchase order is then sent by itself."
    reason = Problem("no_lines", f"{who} has no lines yet.", fix)
    if current is None:
        return Wait(reason)
    shown = bodies.amount(current, "TotalAmt") or Decimal(0)
    return Attention(problems.still_shown(reason, shown, company.home_currency, "purchase order"))


def map_order(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    order: PurchaseOrder,
    supplied: Supplied,
    settings: Settings,
    company: Company,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices = NO_CHOICES,
) -> Write | Attention:
    """The create or full update that makes QuickBooks say what Syncro says, without shipping, notes and tax.

    An update starts from `current` (facts: QBO 1.0 documents no sparse one) and keeps the Ids of its lines, which
    bills are linked to.
    """
    who = subject(order)
    foreign = expenses.currency_problem(who, "vendor", supplied.currency, company)
    if foreign or settings.ap_account is None:
        return Attention(foreign or expenses.missing_setting(who, "ap_account", "the accounts payable account"))
    posted = bodies.day(current, "TxnDate") if current else None
    own = calendar_date(order.created_at, settings.time_zone)
    closed = closed_until(settings, company)
    day = document_day(own, posted, closed, force_update=choices.force_update, redate=choices.redate)
    lines = [Bought(supplied.items[line.product_id], line.quantity, price(line)) for line in sorted_lines(order)]
    place = expenses.place_of(who, order.location_id, settings, company)
    content: JsonObject = {
        "VendorRef": ref(supplied.vendor_id),
        "APAccountRef": ref(settings.ap_account.id),
        "TxnDate": day.isoformat(),
        "Line": [line.body(place.class_id if company.class_per_line else "") for line in lines],
        **expenses.number_of(order.number, company),
        **expenses.untaxed(company),
        **expenses.currency_of(company),
    }
    if place.class_id and not company.class_per_line:
        content["ClassRef"] = ref(place.class_id)
    if place.department_id:
        content["DepartmentRef"] = ref(place.department_id)
    warnings = (
        *excluded(who, order, expenses.total_of(lines), company.home_currency),
        *problems.date_differs(who, own, day),
        *expenses.number_warning(who, order.number, company),
        *place.warnings,
    )
    return Write(
        operation=Operation.CREATE if current is None else Operation.UPDATE,
        entity="PurchaseOrder",
        body=expenses.framed(content, current, expenses.first_note(who, order.number, company, marker_text)),
        digest=bodies.digest(content, _CREATE_ONLY),
        expected=Totals(expenses.total_of(lines)),
        warnings=warnings,
        lines=len(lines),
    )


def excluded(
    who: str, order: PurchaseOrder, held: Decimal, currency: str, unreceived: Decimal = Decimal(0)
) -> tuple[Problem, ...]:
    """What Syncro's total holds beside the lines, which alone are for the books (facts: Syncro 1.9).

    `held` is what QuickBooks holds, `unreceived` the worth of what was ordered and has not come.
    """
    difference = order.total - held
    if not difference:
        return ()
    shipping, other = order.shipping or Decimal(0), order.other or Decimal(0)
    rest = difference - shipping - other - unreceived
    parts = [(shipping, "shipping"), (other, "other charges"), (unreceived, "not received"), (rest, "tax or rounding")]
    named = ", ".join(f"{money.show(amount, currency)} {what}" for amount, what in parts if amount)
    message = (
        f"{who}: the purchase order's total is {money.show(order.total, currency)} in Syncro, QuickBooks holds "
        f"{money.show(held, currency)}. They differ by {money.show(difference, currency)}, which is not sent: {named}."
    )
    fix = "Enter those charges in QuickBooks by hand, on the vendor's bill, if they belong in the books."
    return (problems.warning("charges_not_sent", message, fix),)
