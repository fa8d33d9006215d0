"""A Syncro store credit as a credit memo, and its use as credits applied to invoices (facts: QBD 2.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.bodies import digest, total_of
from syncro_quickbooks.desktop.mapping.invoice import closed_until
from syncro_quickbooks.desktop.mapping.names import short_number
from syncro_quickbooks.desktop.qbxml.reading import amount, text
from syncro_quickbooks.desktop.qbxml.text import prose
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Decision, Nothing, Operation, Problem, Skip, Totals, Write
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import StoreCredit

_MAX_DESCRIPTION = 4095


@dataclass(frozen=True, slots=True)
class Use:
    """So much of a credit (a credit memo, or what is left of a payment) goes to an invoice (TxnID or macro)."""

    invoice: Json
    credit: str
    amount: Decimal


def map_credit(
    credit: StoreCredit, settings: Settings, company: Company, marker_text: str, current: JsonObject | None
) -> Decision:
    """The CreditMemoAdd of a store credit, without CustomerRef, or why there is none.

    What an overpayment left is no credit memo: it already is the unapplied part of the payment.
    """
    reason = _skip_reason(credit, settings, current)
    if reason is not None:
        return Skip(reason)
    if credit.origin == "overpayment":
        return Nothing()
    day = calendar_date(credit.date, settings.time_zone).isoformat()
    content: JsonObject = {"customer": credit.customer_id, "amount": money.cents(credit.amount)}
    if current is not None:
        same = total_of(current) == money.cents(credit.amount)
        return Nothing() if same else Attention(_changed(credit, total_of(current)))
    item = settings.store_credit_item
    if item is None:
        return Attention(_no_item(credit))
    closed = closed_until(settings, company)
    if closed is not None and day <= closed.isoformat():
        return Attention(_closed(credit, day, closed.isoformat()))
    line: JsonObject = {
        "ItemRef": {"ListID": item.id},
        "Desc": prose(credit.note, _MAX_DESCRIPTION) or f"Store credit {credit.id}",
        "Amount": money.cents(credit.amount),
    }
    body: JsonObject = {
        "TxnDate": day,
        "RefNumber": short_number(credit.id, "C-"),
        "Memo": marker_text,
        "IsToBePrinted": False,
        "IsToBeEmailed": False,
        "CreditMemoLineAdd": [line],
    }
    if company.sales_tax:
        line["SalesTaxCodeRef"] = company.untaxed_code
        body["CustomerSalesTaxCodeRef"] = company.untaxed_code
    expected = Totals(money.cents(credit.amount), Decimal("0.00"))
    return Write(Operation.CREATE, "CreditMemo", body, digest(content), expected=expected, lines=1)


def map_credit_removal(credit: StoreCredit, now: JsonObject | None) -> Decision:
    """Deleted in Syncro: deleted in QuickBooks if nothing of it was used. `now` was just read; None if it is gone."""
    if now is None:
        return Nothing()
    left, total = amount(now, "CreditRemaining"), total_of(now)
    if left is None or left != total:
        used = money.show((total or Decimal(0)) - (left or Decimal(0)))
        return Attention(
            Problem(
                "credit_in_use",
                f"Store credit {credit.id} was deleted in Syncro, but {used} of it is applied in QuickBooks.",
                "Decide in QuickBooks what happens to it.",
                actions=(problems.SKIP, problems.RETRY),
            )
        )
    body: JsonObject = {"TxnDelType": "CreditMemo", "TxnID": text(now, "TxnID")}
    return Write(Operation.DELETE, "CreditMemo", body, digest({"deleted": True}))


def map_application(uses: Sequence[Use], content: JsonObject) -> Write:
    """A ReceivePaymentAdd without money that applies credits, without CustomerRef. `content` is what Syncro says."""
    rows: dict[str, JsonObject] = {}
    for use in uses:
        row = rows.setdefault(str(use.invoice), {"TxnID": use.invoice, "SetCredit": []})
        credits = row["SetCredit"]
        if isinstance(credits, list):
            credits.append({"CreditTxnID": use.credit, "AppliedAmount": money.cents(use.amount)})
    return Write(Operation.CREATE, "CreditApplication", {"AppliedToTxnAdd": list(rows.values())}, digest(content))


def _skip_reason(credit: StoreCredit, settings: Settings, current: JsonObject | None) -> Problem | None:
    who, shown = f"Store credit {credit.id}", money.show(credit.amount)
    if not settings.sync_store_credit:
        return problems.skipped(
            "store_credit_off",
            f"{who} ({shown}) is not sent, because syncing store credit is off.",
            "Turn it on in the settings, then retry.",
            problems.settings_action("sync_store_credit"),
        )
    if credit.amount <= 0:
        return problems.skipped("empty_credit", f"{who} is of {shown}, so there is nothing to send.", "Nothing to do.")
    start, day = settings.start_date, calendar_date(credit.date, settings.time_zone)
    if current is None and start is not None and day < start:
        message = f"{who} is of {day.isoformat()}, before the start date {start.isoformat()} of the synchronisation."
        return problems.skipped("before_start_date", message, "Enter it in QuickBooks by hand if it is missing there.")
    return None


def _changed(credit: StoreCredit, posted: Decimal | None) -> Problem:
    return Problem(
        "desktop_credit_changed",
        f"Store credit {credit.id} is now {money.show(credit.amount)} in Syncro; its credit memo in QuickBooks is over "
        f"{money.show(posted or Decimal(0))}. Credit memos are not changed in QuickBooks Desktop.",
        "Correct the credit memo in QuickBooks by hand, then try again.",
        actions=(problems.RETRY, problems.SKIP),
    )


def _no_item(credit: StoreCredit) -> Problem:
    return problems.missing_setting(
        "store_credit_item_missing",
        f"Store credit {credit.id}: no QuickBooks item is chosen for store credits.",
        "store_credit_item",
        "Choose the item of store credits in the settings; the credit is then sent by itself.",
    )


def _closed(credit: StoreCredit, day: str, closed: str) -> Problem:
    return Problem(
        "books_closed",
        f"Store credit {credit.id} is dated {day}, but the books are closed up to {closed}.",
        "Have the closing date moved and try again, or enter it by hand.",
        actions=(problems.SKIP, problems.RETRY),
    )
