"""What the mapping tells people: every skip, wait, warning and problem of an invoice, in the words they read."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.sync.choices import Choice
from syncro_quickbooks.sync.model import Action, Problem, Who
from syncro_quickbooks.syncro.models import Invoice

RETRY = Action("retry", "Try again")
SKIP = Action("skip", "Skip for good")


def settings_action(setting: str, **params: str) -> Action:
    """Opens the settings at one of them."""
    return Action("open_settings", "Open settings", {"setting": setting, **params})


def reverse_action(sync_token: str) -> Action:
    """Reverses a deleted invoice, as it was shown, where it cannot be voided."""
    return Action("reverse", "Reverse it with a credit memo today", {"sync_token": sync_token})


def subject(invoice: Invoice) -> str:
    """How an invoice is called in messages."""
    return f"Invoice {invoice.number}" if invoice.number.strip() else f"The invoice with Syncro id {invoice.id}"


def skipped(code: str, message: str, fix: str, *actions: Action) -> Problem:
    """Why something is not sent although nothing is wrong."""
    return Problem(code=code, message=message, fix=fix, actions=actions)


def still_shown(reason: Problem, shown: Decimal, currency: str, what: str = "invoice") -> Problem:
    """A skip reason that began to apply to a document (`what`) QuickBooks already has."""
    return Problem(
        code=f"posted_{reason.code}",
        message=f"{reason.message} QuickBooks still shows {money.show(shown, currency)}.",
        fix=f"Adjust or void the {what} in QuickBooks, or undo the change in Syncro.",
        actions=(Action("void", "Void it in QuickBooks"), SKIP, RETRY),
    )


def missing_setting(code: str, message: str, setting: str, fix: str) -> Problem:
    """A setting has to be chosen before the record can be sent."""
    return Problem(code=code, message=message, fix=fix, who=Who.ADMIN, actions=(settings_action(setting), RETRY))


_ARCHIVED = "(archived)"
"""What Syncro appends to the name of a rate that was deleted while invoices use it (facts: Syncro 1.7)."""


def tax_rate_unmapped(invoice: Invoice, rate_id: int, rate_name: str) -> Problem:
    """A line is taxed at a rate that has no QuickBooks tax code."""
    archived = rate_name.casefold().rstrip().endswith(_ARCHIVED)
    choose = f"Choose the QuickBooks tax code for '{rate_name}' in the settings, or let a new one be made there"
    instead = "choose a current rate on the invoice in Syncro" if archived else ""
    return Problem(
        code="tax_rate_unmapped",
        message=f"{subject(invoice)} uses the Syncro tax rate '{rate_name}' (id {rate_id}), "
        f"{'which was deleted in Syncro and ' if archived else 'which '}has no QuickBooks tax code, "
        "so the tax cannot be posted.",
        fix=f"{', or '.join(part for part in (choose, instead) if part)}; the invoice is then sent by itself.",
        who=Who.ADMIN,
        actions=(settings_action("tax_codes", rate_id=str(rate_id)), RETRY),
    )


def percentages(rates: Sequence[Decimal]) -> str:
    """The parts of a tax as people write them: 5 % + 9.975 %."""
    return " + ".join(f"{rate.normalize():f} %" for rate in rates)


def tax_rate_unlike_confirmed(
    invoice: Invoice, rate_id: int, rate_name: str, components: Sequence[Decimal], confirmed: Sequence[Decimal]
) -> Problem:
    """A rate was changed in Syncro after somebody confirmed the tax code to be made for it."""
    return Problem(
        code="tax_rate_unlike_confirmed",
        message=f"{subject(invoice)} uses the Syncro tax rate '{rate_name}' (id {rate_id}) of "
        f"{percentages(components)}, but the QuickBooks tax code to be made for it was confirmed as "
        f"{percentages(confirmed)}.",
        fix=f"Confirm the tax code for '{rate_name}' again in the settings with the right percentages, or choose an "
        "existing one; the invoice is then sent by itself.",
        who=Who.ADMIN,
        actions=(settings_action("new_tax_codes", rate_id=str(rate_id)), RETRY),
    )


def tax_problem(code: str, message: str, fix: str) -> Problem:
    """Any other way in which an invoice's tax cannot be posted as it stands."""
    return Problem(code=code, message=message, fix=fix, actions=(RETRY, SKIP))


def no_tax_rate(invoice: Invoice, rate_id: int | None) -> Problem:
    """A line is taxed at a rate that nobody has described, or at none."""
    if rate_id is None:
        return tax_problem(
            "tax_rate_missing",
            f"{subject(invoice)} has a taxable line, but neither the line nor the invoice names a tax rate.",
            "Choose a tax rate on the invoice in Syncro.",
        )
    return tax_problem(
        "tax_rate_unknown",
        f"{subject(invoice)} uses Syncro tax rate id {rate_id}, but Syncro did not say what rate that is.",
        "Save the invoice again in Syncro; if the rate was archived there, choose another one on the invoice.",
    )


def number_problem(invoice: Invoice, code: str, why: str) -> Problem:
    """The invoice number does not fit; it is never cut or changed silently."""
    return Problem(
        code=code,
        message=f"{subject(invoice)}: {why}",
        fix="Change the invoice number in Syncro.",
        actions=(RETRY, SKIP),
    )


def warning(code: str, message: str, fix: str = "") -> Problem:
    """Worth knowing, nothing to stop for."""
    return Problem(code=code, message=message, fix=fix)


def books_closed(who: str, day: date, closed_until: date) -> Problem:
    """The date lies in a closed period, so money in it must not change (facts: QBO 6200, 6210)."""
    return Problem(
        code="books_closed",
        message=f"{who} is dated {day.isoformat()}, but the books are closed up to {closed_until.isoformat()}, so it "
        "cannot be posted, changed or deleted there.",
        fix="Change the date in Syncro to an open day, or have the closing date moved and try again.",
        actions=(Action("redate", "Post on the first open day"), SKIP, RETRY),
    )


def before_start(who: str, day: date, start: date | None, what: str) -> Problem | None:
    """Older than what is synchronised, or None; `what` is its name in QuickBooks."""
    if start is None or day >= start:
        return None
    return skipped(
        "before_start_date",
        f"{who} is dated {day.isoformat()}, before the start date {start.isoformat()} of the synchronisation.",
        f"Link it to the {what} that QuickBooks already has, or push it anyway.",
        Action("link", f"Link to an existing {what}"),
        Action("push_anyway", "Push it anyway"),
        SKIP,
    )


def date_differs(who: str, own: date, sent: date) -> tuple[Problem, ...]:
    """A warning where QuickBooks keeps another date than Syncro's."""
    if own == sent:
        return ()
    message = (
        f"{who} is dated {own.isoformat()} in Syncro and {sent.isoformat()} in QuickBooks; updates keep the latter."
    )
    return (warning("date_differs", message, "Press Force Update to send Syncro's date."),)


def skipped_by_choice(who: str, choice: Choice, *, left: bool) -> Problem:
    """Somebody decided that the record is not to be sent (any more); `left`: QuickBooks has something of it."""
    day = from_millis(choice.at).date().isoformat()
    copy = " QuickBooks' copy is left as it is." if left else ""
    return Problem(
        "skipped_by_choice",
        f"{who} is not sent, because somebody chose so on {day} (it showed '{choice.code}').{copy}",
        "Take the choice back to have it sent again.",
        actions=(Action("resume", "Sync it again"),),
    )


def kept(who: str, shown: Decimal | None) -> Problem:
    """Somebody decided that QuickBooks, which shows that total, is right as it is."""
    amount = f" ({money.show(shown)})" if shown is not None else ""
    return Problem(
        "kept_as_in_quickbooks",
        f"{who} stays as it is in QuickBooks{amount}, because somebody chose so. Syncro's next change is sent again.",
        "Nothing to do. Press Force Update to send Syncro's version after all.",
        actions=(Action("force_update", "Force Update"),),
    )


def left_in_quickbooks(who: str) -> Problem:
    """It was deleted in Syncro, and somebody decided that QuickBooks keeps it."""
    return Problem(
        "deletion_not_sent",
        f"{who} was deleted in Syncro and stays in QuickBooks, because somebody chose so.",
        "Void or delete it in QuickBooks by hand if it should go there too.",
    )
