"""What the mapping tells people about payments and store credits."""

from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.sync.model import Action, Problem, RecordKey, Who
from syncro_quickbooks.sync.problems import RETRY, SKIP, missing_setting, settings_action, skipped
from syncro_quickbooks.syncro.models import Payment

SOURCE_UNCLEAR = "credit_source_unclear"
DONE = Action("done", "I have done that in QuickBooks")


def subject(payment: Payment) -> str:
    """How a payment is called in messages."""
    by = f" by {payment.payment_method}" if payment.payment_method else ""
    return f"Payment {payment.id}{by}"


def payments_off(payment: Payment) -> Problem:
    return skipped(
        "payments_off",
        f"{subject(payment)} is not sent, because Sync Payments TO QuickBooks is off.",
        "Turn it on in the settings, then retry.",
        settings_action("sync_payments_to"),
    )


def from_quickbooks(payment: Payment, currency: str) -> Problem:
    """Payments go the other way: what was taken in Syncro meanwhile leaves its invoice open in QuickBooks."""
    shown = money.show(sum((each.amount for each in payment.allocations), Decimal(0)), currency)
    return skipped(
        "payments_from_quickbooks",
        f"{subject(payment)} is not sent, because payments come from QuickBooks here; what it pays is open in "
        f"QuickBooks by {shown}.",
        "Delete it in Syncro and enter it in QuickBooks, from where it is imported; in both it would count twice.",
        SKIP,
    )


def imported(payment: Payment, *, deleted: bool = False) -> Problem:
    """It came from QuickBooks, so it is there already, whatever the settings say now."""
    number = f" as payment {payment.quickbooks_payment}" if payment.quickbooks_payment else ""
    if not deleted:
        message = f"{subject(payment)} came from QuickBooks, where it is{number}; it is not sent."
        return skipped("payment_imported", message, "Nothing to do.")
    message = f"{subject(payment)} came from QuickBooks and was deleted in Syncro; QuickBooks still has it{number}."
    return skipped("imported_deleted_in_syncro", message, "Void or delete it in QuickBooks by hand if it is none.")


def in_both_books(payment: Payment, invoice: str, *, deleted: bool = False) -> Problem:
    """It was in what both books agreed about when `invoice` was linked, so QuickBooks has it in some form."""
    if not deleted:
        message = (
            f"{subject(payment)} was in what QuickBooks had paid on {invoice} when the two were linked; it is not sent."
        )
        return skipped("payment_in_both_books", message, "Nothing to do.")
    message = f"{subject(payment)} was deleted in Syncro; QuickBooks has had it since before {invoice} was linked."
    return skipped("in_both_books_deleted_in_syncro", message, "Void or delete it in QuickBooks by hand if it is none.")


IN_QUICKBOOKS = ("payment_imported", "payment_in_both_books")
"""Skips of payments that QuickBooks has all the same."""


def failed(payment: Payment) -> Problem:
    return skipped("payment_failed", f"{subject(payment)} failed in Syncro, so there is no money to book.", "")


def refund(payment: Payment, currency: str) -> Problem:
    shown = money.show(payment.payment_amount, currency)
    return skipped(
        "payment_refund",
        f"{subject(payment)} gives money back ({shown}); refunds are not sent.",
        "Adjust it manually in QuickBooks.",
        SKIP,
    )


def method_not_synced(payment: Payment) -> Problem:
    return skipped(
        "method_not_synced",
        f"{subject(payment)} is not sent: by your settings payments of this method stay in Syncro.",
        "Change what the method is in the settings if it should go to QuickBooks.",
        settings_action("payment_methods", method=payment.payment_method or ""),
    )


def store_credit_off(payment: Payment) -> Problem:
    return skipped(
        "store_credit_off",
        f"{subject(payment)} uses store credit, which is not sent, because Sync Store Credit to QuickBooks is off.",
        "Turn it on in the settings, then retry; until then settle the invoice in QuickBooks by hand.",
        settings_action("sync_store_credit"),
    )


def method_unmapped(payment: Payment) -> Problem:
    name = payment.payment_method or "(none)"
    return Problem(
        "payment_method_unmapped",
        f"Payment {payment.id} was made by '{name}', and nobody has said what that method is in QuickBooks.",
        f"Choose in the settings what '{name}' is: money (with its QuickBooks method and account), store credit, a "
        "write-off, or nothing to send. The payment is then sent by itself.",
        who=Who.ADMIN,
        actions=(settings_action("payment_methods", method=payment.payment_method or ""), RETRY, SKIP),
    )


def impossible(payment: Payment, why: str) -> Problem:
    return Problem(
        "payment_impossible",
        f"{subject(payment)} cannot be booked as Syncro says: {why}.",
        "Correct the payment in Syncro.",
        actions=(RETRY, SKIP),
    )


def missing_item(payment: Payment, setting: str, what: str) -> Problem:
    return missing_setting(
        f"{setting}_missing",
        f"{subject(payment)}: no QuickBooks item is chosen for {what}.",
        setting,
        f"Choose the QuickBooks item for {what} in the settings; the payment is then sent by itself.",
    )


def waits_for(payment: Payment, what: str, reason: str = "") -> Problem:
    because = f" That needs attention first: {reason}" if reason else ""
    return Problem(
        "waiting_for_document",
        f"{subject(payment)} waits until {what} is in QuickBooks.{because}",
        "Nothing to do here: it goes on by itself." if not reason else "Settle that first; the payment then goes on.",
        who=Who.NOBODY if not reason else Who.BOOKKEEPER,
    )


def on_unposted(payment: Payment, what: str, why: str, document: RecordKey, *, by_money: bool) -> Problem:
    """What it pays, or pays with, will never be in QuickBooks by itself; `document` is its record."""
    unapplied = (Action("post_unapplied", "Post it unapplied"),) if by_money else ()
    return Problem(
        "payment_on_unposted",
        f"{subject(payment)} pays {what}, which is not in QuickBooks: {why}",
        "Link that document to the one QuickBooks has, post the payment unapplied on the customer, or skip it.",
        actions=(
            Action("link", "Link the document it pays", {"record": str(document)}),
            *unapplied,
            SKIP,
        ),
    )


def partly_applied(payment: Payment, what: str, wanted: Decimal, applied: Decimal, currency: str) -> Problem:
    """QuickBooks has less open than Syncro says; the rest stays with the customer."""
    return Problem(
        "applied_in_part",
        f"{subject(payment)}: Syncro applies {money.show(wanted, currency)} to {what}, but only "
        f"{money.show(applied, currency)} is open in QuickBooks; {money.show(wanted - applied, currency)} is left "
        "unapplied on the customer.",
        f"Compare {what} in both: another payment or credit was booked on it in QuickBooks, or its total differs. "
        "Press Force Update once it is mended.",
        actions=(Action("force_update", "Force Update"), RETRY),
    )


def deposited(payment: Payment, what: str) -> Problem:
    """Facts: QBO 1.4, 6540: a payment in a bank deposit cannot be changed, not even what it is applied to."""
    return Problem(
        "payment_deposited",
        f"{subject(payment)} is part of a bank deposit in QuickBooks, so it cannot be changed there.",
        f"In QuickBooks: {what} Then press 'I have done that'; it is checked.",
        actions=(DONE, RETRY, SKIP),
    )


def source_unclear(payment: Payment, why: str) -> Problem:
    return Problem(
        SOURCE_UNCLEAR,
        f"{subject(payment)} uses a store credit, but {why}.",
        "Apply the credit in QuickBooks by hand, or correct the payment in Syncro.",
        actions=(DONE, RETRY, SKIP),
    )


def oldest_credit(payment: Payment) -> Problem:
    return Problem(
        "oldest_credit_used",
        f"{subject(payment)} does not say which credit it uses, so the customer's oldest one is taken.",
        "Nothing to do, unless another one was meant: then change the application in QuickBooks.",
    )


def before_invoice(payment: Payment, day: date, invoice: str, invoice_day: date) -> Problem:
    """Allowed, and usually a mistake."""
    return Problem(
        "payment_before_invoice",
        f"{subject(payment)} is now dated {day.isoformat()}, before {invoice} ({invoice_day.isoformat()}).",
        "Correct one of the two dates in Syncro if that is not meant, and press Force Update again.",
    )
