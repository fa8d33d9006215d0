"""A finished Syncro purchase order as a QuickBooks Online bill (facts: QBO 1.6, Syncro 1.9)."""

from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies, expenses, purchase_order
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.dates import closed_until, document_day
from syncro_quickbooks.online.mapping.expenses import Bought
from syncro_quickbooks.online.mapping.precheck import NO_CHOICES, Choices
from syncro_quickbooks.online.mapping.purchase_order import Supplied, excluded, price, sorted_lines
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import (
    Action,
    Attention,
    Nothing,
    Operation,
    Problem,
    RecordKey,
    Skip,
    Totals,
    Wait,
    Write,
)
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import PurchaseOrder, PurchaseOrderLine

_CREATE_ONLY = frozenset({"PrivateNote"})


def subject(order: PurchaseOrder) -> str:
    """How the bill is called in messages."""
    return f"Bill of purchase order {order.number.strip() or order.id}"


def received(line: PurchaseOrderLine) -> Decimal:
    """How much has come. A finished order has been received whole, so a line that does not say was (Syncro 1.9)."""
    return line.quantity if line.received_quantity is None else line.received_quantity


def received_lines(order: PurchaseOrder) -> list[PurchaseOrderLine]:
    """The lines of which something has come."""
    return [line for line in sorted_lines(order) if received(line)]


def bill_day(order: PurchaseOrder, settings: Settings) -> date | None:
    """The day on which the order was finished."""
    return calendar_date(order.finished_at, settings.time_zone) if order.finished_at else None


def bill_total(order: PurchaseOrder) -> Decimal:
    """What the received goods cost."""
    return sum((money.cents(received(line) * price(line)) for line in order.line_items), start=Decimal(0))


def precheck_bill(
    order: PurchaseOrder, settings: Settings, company: Company, current: JsonObject | None
) -> Skip | Wait | Attention | Nothing | None:
    """Why there is no bill yet, or no change of it; None if nothing speaks against it."""
    who = subject(order)
    if not settings.convert_finished_pos_to_bills:
        message = f"{who} is not sent, because Convert finished POs to Bills is off."
        setting = problems.settings_action("convert_finished_pos_to_bills")
        return Skip(problems.skipped("bills_off", message, "Turn it on in the settings, then retry.", setting))
    if not purchase_order.is_finished(order):
        return _reopened(who, order, current)
    day = bill_day(order, settings)
    if day is None:
        fix = "Save the purchase order again in Syncro."
        actions = (problems.RETRY, problems.SKIP)
        return Attention(
            Problem("no_finished_date", f"{who}: Syncro did not say when it was finished.", fix, actions=actions)
        )
    old = problems.before_start(who, day, settings.start_date, "bill") if current is None else None
    if old is not None:
        return Skip(old)
    lines = received_lines(order)
    if not lines:
        return _nothing_received(who, company, current)
    biggest = max(abs(received(line) * price(line)) for line in lines)
    problem = expenses.number_problem(who, order.number, company) or expenses.size_problem(who, len(lines), biggest)
    if problem is None and settings.ap_account is None:
        problem = expenses.missing_setting(who, "ap_account", "the accounts payable account")
    return Attention(problem) if problem else None


def _reopened(who: str, order: PurchaseOrder, current: JsonObject | None) -> Wait | Nothing:
    if current is None:
        return Wait(Problem("not_finished", f"{who} waits until the purchase order is finished ({order.status})."))
    message = f"{who}: the purchase order was opened again; the bill stays as it is until it is finished again."
    return Nothing((problems.warning("order_reopened", message, "Finish the purchase order in Syncro."),))


def _nothing_received(who: str, company: Company, current: JsonObject | None) -> Wait | Attention:
    reason = Problem(
        "nothing_received", f"{who}: nothing of the purchase order was received, so there is nothing to bill."
    )
    if current is None:
        return Wait(reason)
    shown = bodies.amount(current, "TotalAmt") or Decimal(0)
    return Attention(problems.still_shown(reason, shown, company.home_currency, "bill"))


def map_bill(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    order: PurchaseOrder,
    supplied: Supplied,
    ordered: JsonObject,
    settings: Settings,
    company: Company,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices = NO_CHOICES,
) -> Write | Attention:
    """The create or full update of the bill: what was received, at cost, on the day the order was finished.

    `ordered` is QuickBooks' purchase order, empty if there is none: new lines are linked to its lines, existing ones
    cannot be (facts: QBO 1.6). Without a due date of Syncro's QuickBooks takes the vendor's terms.
    """
    who, own = subject(order), bill_day(order, settings)
    foreign = expenses.currency_problem(who, "vendor", supplied.currency, company)
    if foreign or settings.ap_account is None or own is None:
        return Attention(foreign or expenses.missing_setting(who, "ap_account", "the accounts payable account"))
    posted = bodies.day(current, "TxnDate") if current else None
    closed = closed_until(settings, company)
    day = document_day(own, posted, closed, force_update=choices.force_update, redate=choices.redate)
    place = expenses.place_of(who, order.location_id, settings, company)
    lines = [Bought(supplied.items[line.product_id], received(line), price(line)) for line in received_lines(order)]
    unlinked = [line.body(place.class_id) for line in lines]
    content: JsonObject = {
        "VendorRef": ref(supplied.vendor_id),
        "APAccountRef": ref(settings.ap_account.id),
        "TxnDate": day.isoformat(),
        "Line": [*unlinked],
        **expenses.number_of(order.number, company),
        **expenses.untaxed(company),
        **expenses.currency_of(company),
    }
    if order.due_date:
        content["DueDate"] = calendar_date(order.due_date, settings.time_zone).isoformat()
    if place.department_id:
        content["DepartmentRef"] = ref(place.department_id)
    held = expenses.total_of(lines)
    warnings = (
        *excluded(who, order, held, company.home_currency, _unreceived(order)),
        *problems.date_differs(who, own, day),
        *expenses.number_warning(who, order.number, company),
        *place.warnings,
    )
    sources = _ordered_lines(order, supplied, ordered)
    linked = {**content, "Line": _linked(unlinked, [sources[line.id] for line in received_lines(order)], ordered)}
    return Write(
        operation=Operation.CREATE if current is None else Operation.UPDATE,
        entity="Bill",
        body=expenses.framed(linked, current, expenses.first_note(who, order.number, company, marker_text)),
        digest=bodies.digest(content, _CREATE_ONLY),
        expected=Totals(held),
        warnings=warnings,
        lines=len(lines),
    )


def _unreceived(order: PurchaseOrder) -> Decimal:
    whole = sum((money.cents(line.quantity * price(line)) for line in order.line_items), start=Decimal(0))
    return whole - bill_total(order)


def _ordered_lines(order: PurchaseOrder, supplied: Supplied, ordered: JsonObject) -> dict[int, str]:
    """By Syncro line id the Id of QuickBooks' line of the purchase order, as far as it has one."""
    lines = sorted_lines(order)
    wanted = [Bought(supplied.items[line.product_id], line.quantity, price(line)).body() for line in lines]
    found = expenses.match_lines(wanted, expenses.expense_lines(ordered))
    return {line.id: bodies.text(each or {}, "Id") for line, each in zip(lines, found, strict=True)}


def _linked(lines: list[JsonObject], sources: list[str], ordered: JsonObject) -> list[Json]:
    """Each line with the line of the purchase order that it bills."""
    linked: list[Json] = []
    for line, source in zip(lines, sources, strict=True):
        link: JsonObject = {"TxnId": bodies.text(ordered, "Id"), "TxnType": "PurchaseOrder", "TxnLineId": source}
        linked.append({**line, "LinkedTxn": [link]} if source else line)
    return linked


def billed(ordered: JsonObject) -> list[str]:
    """The ids of the bills that QuickBooks has linked to its purchase order."""
    links = bodies.objects(ordered, "LinkedTxn")
    return [bodies.text(link, "TxnId") for link in links if bodies.text(link, "TxnType") == "Bill"]


def paid(now: JsonObject) -> Decimal:
    """How much of the bill is paid, by its balance and by what is linked to it."""
    total, balance = bodies.amount(now, "TotalAmt") or Decimal(0), bodies.amount(now, "Balance")
    used = total - (total if balance is None else balance)
    links = [bodies.text(link, "TxnType") for link in bodies.objects(now, "LinkedTxn")]
    return used or (total if any(kind.startswith("BillPayment") for kind in links) else Decimal(0))


def paid_problem(who: str, amount: Decimal, currency: str) -> Problem:
    """A bill that was paid is the bookkeeper's."""
    return Problem(
        "bill_paid",
        f"{who} changed in Syncro, but {money.show(amount, currency)} of it is already paid in QuickBooks, so it was "
        "left alone.",
        "Compare the two and correct the bill in QuickBooks, or take the payment off it there and try again.",
        actions=(problems.RETRY, Action("keep", "Keep QuickBooks'"), problems.SKIP),
    )


def billed_by_hand(who: str, bills: list[str], shown: str, total: str) -> Problem:
    """Somebody has made a bill of the purchase order already, another one than ours would be."""
    one = {"entity": "Bill", "id": bills[0]}
    return Problem(
        "bill_exists",
        f"{who}: in QuickBooks the purchase order is billed already{shown}; Syncro's bill would be {total}. A second "
        "one could book the goods twice.",
        "Link the bill that is there, or have Syncro's made beside it.",
        actions=(
            Action("link", "Link that bill", one),
            Action("create", "Make another bill anyway"),
            problems.SKIP,
        ),
    )


WITHOUT_ORDER = "bill_without_order"


def without_order(who: str, reason: str, order: RecordKey) -> Problem:
    """The purchase order will not be in QuickBooks by itself."""
    return Problem(
        WITHOUT_ORDER,
        f"{who} has no purchase order in QuickBooks: {reason}",
        "Link the purchase order to the one QuickBooks has, make the bill without one, or skip it.",
        actions=(
            Action("link", "Link the purchase order", {"record": str(order)}),
            Action("create", "Make the bill without a purchase order"),
            problems.SKIP,
        ),
    )
