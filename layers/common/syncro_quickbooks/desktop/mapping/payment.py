"""A Syncro payment as a received payment (facts: QBD 2.2, 2.6). Write-offs and refunds are not for Desktop."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.bodies import applied_to, digest, total_of
from syncro_quickbooks.desktop.mapping.invoice import Posting, closed_until
from syncro_quickbooks.desktop.qbxml.reading import section, text
from syncro_quickbooks.desktop.qbxml.text import one_line
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Operation, Problem, Write
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Payment

MAX_REFERENCE = 20
_ANY_LENGTH = 4000
_LEFT_UNAPPLIED = "payment_left_unapplied"


@dataclass(frozen=True, slots=True)
class Target:
    """An invoice that a payment pays: `ref` is its TxnID, or the macro by which the same message set names it.

    `balance` is what is open on it, where QuickBooks has just said so; None where that need not be known. `drawn` is
    what another payment pays of it from this one's rest.
    """

    ref: Json
    name: str
    balance: Decimal | None = None
    drawn: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Row:
    """What of the payment goes to an invoice, and what of its rest."""

    ref: Json
    own: Decimal
    drawn: Decimal


def skip_reason(payment: Payment, settings: Settings) -> Problem | None:  # noqa: PLR0911  one return a reason
    """Why the payment is none that QuickBooks gets, or None."""
    who, amount = f"Payment {payment.id}", money.show(payment.payment_amount)
    method = settings.payment_method(payment.payment_method)
    if payment.quickbooks_payment:
        message = f"{who} came from QuickBooks Online, so it was booked there; it is not sent."
        return problems.skipped("payment_imported", message, "Enter it by hand if this company file lacks it.")
    if not settings.sync_payments_to:
        return problems.skipped(
            "payments_off",
            f"{who} is not sent, because Sync Payments TO QuickBooks is off.",
            "Turn it on in the settings, then retry.",
            problems.settings_action("sync_payments_to"),
        )
    if not payment.success:
        return problems.skipped("payment_failed", f"{who} failed; failed payments are not sent.", "Nothing to do.")
    if payment.payment_amount < 0:
        message = f"{who} pays money back ({amount}); refunds are not sent."
        return problems.skipped("refund_payment", message, "Enter it in QuickBooks by hand.", problems.SKIP)
    if payment.payment_amount == 0:
        return problems.skipped("empty_payment", f"{who} is of $0.00, so there is nothing to send.", "Nothing to do.")
    if method is not None and method.kind is MethodKind.DO_NOT_SYNC:
        message = f"{who} is by '{payment.payment_method}'; by your settings such payments are not sent."
        return problems.skipped("method_not_synced", message, "Enter it in QuickBooks by hand if it belongs there.")
    if method is not None and method.kind is MethodKind.WRITE_OFF:
        message = f"{who} writes {amount} off; write-offs are not sent to QuickBooks Desktop."
        return problems.skipped("desktop_write_off", message, "Write it off in QuickBooks by hand.", problems.SKIP)
    return None


def method_problem(payment: Payment) -> Problem:
    """Nobody has said what this Syncro payment method is in QuickBooks; never the default account."""
    return problems.missing_setting(
        "payment_method_unmapped",
        f"Payment {payment.id} is by '{payment.payment_method or ''}', and nobody has chosen what that is in "
        "QuickBooks.",
        "payment_methods",
        f"Choose a QuickBooks payment method for '{payment.payment_method or ''}' in the settings.",
    )


def over_allocated(payment: Payment) -> Problem | None:
    """What is applied of a payment cannot be more than the payment."""
    applied = sum((each.amount for each in payment.allocations), Decimal(0))
    if applied <= payment.payment_amount:
        return None
    return Problem(
        "payment_over_allocated",
        f"Payment {payment.id} of {money.show(payment.payment_amount)} pays {money.show(applied)} of invoices.",
        "Correct the payment in Syncro and save it.",
        actions=(problems.RETRY, problems.SKIP),
    )


def map_payment(
    payment: Payment,
    method: PaymentMethod,
    settings: Settings,
    targets: Mapping[int, Target],
    *,
    company: Company,
    marker_text: str,
    posting: Posting,
) -> Write | Attention:
    """The ReceivePaymentAdd or ReceivePaymentMod of a payment in money, without CustomerRef.

    `targets` has every invoice that it pays, by Syncro id, and those that are paid from its rest.
    What an invoice has no room for, and what no invoice is named for, stays unapplied on the customer.
    """
    reference = one_line(payment.ref_num, _ANY_LENGTH)
    account = method.deposit_account or settings.deposit_account
    amounts: defaultdict[int, Decimal] = defaultdict(Decimal)
    for allocation in payment.allocations:
        amounts[allocation.invoice_id] += allocation.amount  # one TxnID twice in a payment is refused
    head: JsonObject = {"TotalAmount": money.cents(payment.payment_amount)}
    if method.method is not None:
        head["PaymentMethodRef"] = {"ListID": method.method.id}
    if account is not None:
        head["DepositToAccountRef"] = {"ListID": account.id}
    if reference:
        head["RefNumber"] = reference[:MAX_REFERENCE]
    day = calendar_date(payment.applied_at, settings.time_zone).isoformat()
    closed = _closed(payment, posting, day, closed_until(settings, company))
    if closed is not None:
        return Attention(closed)
    content: JsonObject = {
        "customer": payment.customer_id,
        **head,
        "applied": [[invoice, amount] for invoice, amount in sorted(amounts.items())],
    }
    rows, left = _rows(amounts, targets, posting.current)
    if posting.current is None:
        memo = f"{marker_text} {reference}" if len(reference) > MAX_REFERENCE else marker_text
        applied: JsonObject = {"AppliedToTxnAdd": _named(rows)} if rows else {"IsAutoApply": False}
        body: JsonObject = {**head, "TxnDate": day, "Memo": memo, **applied}
    else:
        body = _changed(posting.current, head, rows)
    return Write(
        operation=Operation.CREATE if posting.current is None else Operation.UPDATE,
        entity="ReceivePayment",
        body=body,
        digest=digest(content),
        expected=None,
        warnings=(*left, *_date_warnings(payment, day, posting)),
    )


def map_removal(payment_id: str, current: JsonObject) -> Write:
    """A payment that was deleted or failed later. Payments cannot be voided in Desktop (facts: QBD 2.2)."""
    body: JsonObject = {"TxnDelType": "ReceivePayment", "TxnID": text(current, "TxnID")}
    shown = money.show(total_of(current) or Decimal(0))
    message = (
        f"Payment {payment_id} over {shown} was deleted in QuickBooks, because it was deleted or failed in Syncro; "
        "QuickBooks Desktop cannot void payments."
    )
    warning = problems.warning("desktop_payment_deleted", message)
    return Write(Operation.DELETE, "ReceivePayment", body, digest({"deleted": True}), warnings=(warning,))


def _rows(
    amounts: Mapping[int, Decimal], targets: Mapping[int, Target], current: JsonObject | None
) -> tuple[list[_Row], tuple[Problem, ...]]:
    """What is applied to each invoice, never more than is open, and a warning for what is not."""
    rows: list[_Row] = []
    left: list[Problem] = []
    before = applied_to(current)
    for invoice, target in targets.items():
        amount = money.cents(amounts.get(invoice, Decimal(0)))
        if target.balance is not None:
            # A change of the payment first takes back what it had applied (facts: QBD 2.6).
            had = before.get(str(target.ref), Decimal(0))
            room = max(Decimal(0), target.balance + had - (target.drawn if had >= target.drawn else 0))
            if room < amount:
                left.append(_left_unapplied(target.name, amount, room))
                amount = room
        if amount or target.drawn:
            rows.append(_Row(target.ref, amount, target.drawn))
    return rows, tuple(left)


def _named(rows: list[_Row]) -> list[Json]:
    return [{"TxnID": row.ref, "PaymentAmount": row.own + row.drawn} for row in rows]


def _changed(current: JsonObject, head: JsonObject, rows: list[_Row]) -> JsonObject:
    body: JsonObject = {"TxnID": text(current, "TxnID"), "EditSequence": text(current, "EditSequence"), **head}
    account = text(section(current, "DepositToAccountRef"), "ListID")
    if account == text(section(head, "DepositToAccountRef"), "ListID"):
        del body["DepositToAccountRef"]  # a deposited payment is not moved
    # An invoice that another payment pays from this one's rest is listed with nothing, until this one pays it itself.
    before = {txn_id: amount for txn_id, amount in applied_to(current).items() if amount}
    own = {str(row.ref): row.own for row in rows if row.own}
    if before in (own, {str(row.ref): row.own + row.drawn for row in rows}):
        return body  # naming any would first take all back
    # Nothing can be named to take all back, so each is applied with 0.00 then [G].
    emptied: list[Json] = [{"TxnID": txn_id, "PaymentAmount": Decimal("0.00")} for txn_id in before]
    return {**body, "AppliedToTxnMod": _named(rows) or emptied}


def applies_otherwise(write: Write) -> bool:
    """Whether a change of a payment applies it to other invoices, or with other amounts, than it is now."""
    return "AppliedToTxnMod" in write.body


def left_unapplied(write: Write) -> bool:
    """Whether an invoice had less open than the payment pays of it."""
    return any(problem.code == _LEFT_UNAPPLIED for problem in write.warnings)


def _left_unapplied(name: str, wanted: Decimal, room: Decimal) -> Problem:
    return problems.warning(
        _LEFT_UNAPPLIED,
        f"Syncro applies {money.show(wanted)} to {name}, on which QuickBooks had only {money.show(room)} open; "
        f"{money.show(wanted - room)} is left unapplied on the customer.",
        "Look in QuickBooks what else has paid the invoice.",
    )


def _date_warnings(payment: Payment, day: str, posting: Posting) -> tuple[Problem, ...]:
    if posting.current is None or not posting.forced:
        return ()
    message = (
        f"Payment {payment.id} of {day} was sent again by Force Update, without its date: QuickBooks Desktop keeps the "
        "one it has."
    )
    return (problems.warning("desktop_force_without_dates", message),)


def _closed(payment: Payment, posting: Posting, day: str, closed: object) -> Problem | None:
    posted = text(posting.current or {}, "TxnDate") or day
    if closed is None or posted > str(closed):
        return None
    return Problem(
        "books_closed",
        f"Payment {payment.id} is dated {posted}, but the books are closed up to {closed}.",
        "Have the closing date moved and try again, or enter it by hand.",
        actions=(Action("redate", "Post on the first open day"), problems.SKIP, problems.RETRY),
    )
