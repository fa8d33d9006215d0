"""What the Desktop exchange tells people about a record, in the words they read."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.mapping.bodies import total_of
from syncro_quickbooks.desktop.qbxml.reading import text
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.catalogue_entries import KEEP, OVERWRITE, RECREATE, RETRY, SKIP, SUFFIX
from syncro_quickbooks.sync.choices import Choice
from syncro_quickbooks.sync.model import DEFECT, UNREADABLE_SET, Action, Kind, Problem, RecordKey, Who
from syncro_quickbooks.sync.records import View

_NOUNS = {
    Kind.CUSTOMER: "organization",
    Kind.PRODUCT: "product",
    Kind.VENDOR: "vendor",
    Kind.PURCHASE_ORDER: "purchase order",
    Kind.CUSTOMER_PURCHASE: "customer purchase",
    Kind.STORE_CREDIT: "store credit",
    Kind.WRITE_OFF: "write-off",
    Kind.TAX_RATE: "tax rate",
}


def named(view: View) -> str:
    """How a record is called: by its number or name as far as it is known."""
    desired = view.record.desired or {}
    noun = _NOUNS.get(view.key.kind, str(view.key.kind))
    invoice = desired.get("invoice")
    name = text(desired, "business_then_name") or (text(invoice, "number") if isinstance(invoice, dict) else "")
    return f"{noun[:1].upper()}{noun[1:]} {name or view.key.id}"


def not_on_desktop(view: View) -> Problem:
    """A kind of thing that the integration does not bring to QuickBooks Desktop."""
    return Problem(
        "desktop_not_supported",
        f"{named(view)} is not sent: the integration does not bring such records to QuickBooks Desktop.",
        "Nothing to do. If it should be in the books, enter it there by hand.",
        who=Who.NOBODY,
    )


def snapshot_too_large(view: View) -> Problem:
    """It could not be kept."""
    return Problem(
        "snapshot_too_large",
        f"{view.key} is too large to be kept, even compressed.",
        "Split it into smaller documents in Syncro.",
    )


def too_large(view: View) -> Problem:
    """It could not be frozen."""
    return Problem(
        "too_large", f"{named(view)} is too large to be sent safely.", "Split it into smaller documents in Syncro."
    )


def defect(view: View, error: Exception) -> Problem:
    """Our own failure with this record."""
    return Problem(
        DEFECT,
        f"{named(view)} cannot be sent because of a defect in the integration.",
        "Give this text to support; the other records go on.",
        who=Who.SUPPORT,
        actions=(RETRY, SKIP),
        verbatim=f"{type(error).__name__}: {error}",
    )


def never_seen(key: RecordKey) -> Problem:
    """A record that another needs and no event has brought."""
    return Problem(
        f"{key.kind}_unknown",
        f"No event has brought {key} yet.",
        f"Save the {_NOUNS.get(key.kind, str(key.kind))} once in Syncro, so that it is sent again.",
    )


def waits_for(view: View, other: View) -> Problem:
    """A record that goes on when another has settled."""
    return Problem(
        f"waiting_for_{other.key.kind}", f"{named(view)} waits for {named(other)}.", "It goes on by itself after that."
    )


def locked(view: View) -> Problem:
    """Somebody has it open in QuickBooks."""
    return Problem(
        "desktop_locked",
        f"{named(view)} is open on somebody's screen in QuickBooks, so it cannot be changed now.",
        "Nothing to do: it is tried again. If it goes on, close the windows in QuickBooks that show it.",
    )


def credit_stays(view: View) -> Problem:
    """Applied credits cannot be taken back."""
    return Problem(
        "desktop_credit_applied",
        f"{named(view)} applied store credit to invoices and was changed or deleted in Syncro; QuickBooks Desktop "
        "cannot take an applied credit back.",
        "In QuickBooks open the invoice's credits and correct what is applied; then skip this.",
        actions=(SKIP,),
    )


def doubtful(view: View) -> Problem:
    """Somebody has to decide whether what was found is ours."""
    return Problem(
        "possible_duplicate",
        view.state.doubt,
        "Look at it in QuickBooks: skip the record here if it is this one, else post again.",
        actions=(Action("create", "It is another one: post again"), SKIP),
    )


def looks_alike(view: View, number: str) -> str:
    """Why it is not clear whether a document is there."""
    return (
        f"The answer to posting {named(view)} was lost, and QuickBooks has a document with the number {number} of this "
        "customer that does not carry our marker. Posting again could book it twice."
    )


def credit_in_doubt(view: View, found: str, expected: str) -> str:
    """Why it is not clear whether a credit was applied."""
    return (
        f"The answer to applying the credit of {named(view)} was lost, and the credit has {found} left in QuickBooks "
        f"where {expected} was expected. Applying it again could use it twice."
    )


def voided_by_us(view: View) -> Problem:
    """Deleted in Syncro, removed from QuickBooks, and changed again in Syncro."""
    return Problem(
        "voided_after_deletion",
        f"{named(view)} was deleted in Syncro and therefore removed from QuickBooks; now Syncro has changed it again.",
        "Post it again as a new document, or stop syncing it.",
        actions=(RECREATE, Action("stop", "Stop syncing")),
    )


def gone_by_hand(view: View) -> Problem:
    """Somebody removed it in QuickBooks."""
    return Problem(
        "deleted_in_quickbooks",
        f"{named(view)} was deleted or voided in QuickBooks; Syncro still has it.",
        "Recreate it in QuickBooks, or stop syncing it.",
        actions=(RECREATE, Action("stop", "Stop syncing")),
    )


def edited_by_hand(view: View, differences: Sequence[str], now: JsonObject) -> Problem:
    """Somebody changed it in QuickBooks; only what is shown, `now`, may be overwritten."""
    overwrite = replace(OVERWRITE, params={"sync_token": text(now, "EditSequence")})
    return Problem(
        "edited_in_quickbooks",
        f"{named(view)} was changed in QuickBooks since it was last sent: {'; '.join(differences)}.",
        "Overwrite it with Syncro's, keep QuickBooks', or stop syncing it.",
        actions=(overwrite, KEEP, Action("unlink", "Stop syncing")),
    )


def edited_and_deleted(view: View, differences: Sequence[str], now: JsonObject) -> Problem:
    """Deleted in Syncro after a person changed it in QuickBooks."""
    edited = edited_by_hand(view, differences, now)
    void = Action("void", "Void it in QuickBooks", {"sync_token": text(now, "EditSequence")})
    return replace(
        edited,
        code="deleted_but_edited",
        message=f"{named(view)} was deleted in Syncro, but: {edited.message}",
        fix="Void it in QuickBooks, or leave it there.",
        actions=(void, Action("skip", "Leave it in QuickBooks")),
    )


def refused(view: View, choice: Choice) -> Problem:
    """Somebody decided that the record is not to be sent (any more)."""
    return problems.skipped_by_choice(named(view), choice, left=view.state.linked and not view.state.gone)


def kept(view: View) -> Problem:
    """Somebody decided that QuickBooks is right as it is."""
    return problems.kept(named(view), total_of(view.state.object or {}))


def left_in_quickbooks(view: View) -> Problem:
    """It was deleted in Syncro, and somebody decided that QuickBooks keeps it."""
    return problems.left_in_quickbooks(named(view))


def posted_elsewhere(view: View) -> Problem:
    """Moving to another company re-posts nothing by itself."""
    return Problem(
        "posted_in_another_company",
        f"{named(view)} was posted in the QuickBooks company that was connected before; this one does not have it.",
        "Post it here too, or leave it in the books of the other company.",
        actions=(Action("push_anyway", "Post it here too"), Action("skip", "Leave it where it is")),
    )


def taken_by_another(view: View, name: str, owner: str) -> Problem:
    """The QuickBooks entry belongs to another Syncro record."""
    return Problem(
        "linked_to_another",
        f"{named(view)} would be QuickBooks' {name!r}, but that already belongs to {owner} in Syncro.",
        "Rename one of the two in Syncro, or create this one in QuickBooks with a suffix.",
        actions=(SUFFIX, SKIP),
    )


def name_taken(view: View, why: str) -> Problem:
    """The name of an organization is used by an entry that is not simply it."""
    return Problem(
        "customer_name_taken",
        f"{named(view)}: {why}",
        "Make the two agree in Syncro or QuickBooks and try again, or create it with a suffix.",
        actions=(SUFFIX, RETRY, SKIP),
    )


def going_round(view: View, problem: Problem) -> Problem:
    """Tried again and again in one session without coming further."""
    return Problem(
        "desktop_keeps_failing",
        f"{named(view)} was tried several times and QuickBooks keeps answering the same: {problem.message}",
        problem.fix,
        who=problem.who,
        actions=(RETRY, SKIP),
        verbatim=problem.verbatim,
    )


def invoice_not_posted(view: View, invoice: View) -> Problem:
    """A payment of an invoice that QuickBooks does not and will not have."""
    return Problem(
        "payment_of_unposted_invoice",
        f"{named(view)} pays {named(invoice)}, which is not in QuickBooks.",
        "Post the payment without applying it, or skip it and enter it by hand.",
        actions=(Action("post_unapplied", "Post it unapplied"), SKIP),
    )


def still_posted(view: View, reason: Problem, shown: Decimal | None) -> Problem:
    """A reason not to send something that QuickBooks already has."""
    amount = money.show(shown) if shown is not None else "it"
    return Problem(
        f"posted_{reason.code}",
        f"{reason.message} QuickBooks still shows {amount}.",
        f"Adjust or remove {named(view)} in QuickBooks, or undo the change in Syncro.",
        actions=(SKIP, RETRY),
    )


def refused_as_a_whole(view: View, verbatim: str) -> Problem:
    """QuickBooks could not read the request."""
    return Problem(
        UNREADABLE_SET,
        f"QuickBooks could not read the request of {named(view)}, and did nothing of it: a mistake of the integration.",
        "Nothing in Syncro or QuickBooks has to change: give the text below to support.",
        who=Who.SUPPORT,
        actions=(RETRY, SKIP),
        verbatim=verbatim,
    )


def differences(before: JsonObject, after: JsonObject) -> list[str]:
    """What a person changed of a document's money, lines, customer or number; other fields are theirs to change."""
    found = [
        f"{label} {text(before, name) or 'nothing'} became {text(after, name) or 'nothing'}"
        for name, label in (
            ("Subtotal", "the subtotal"),
            ("SalesTaxTotal", "the tax"),
            ("TotalAmount", "the total"),
            ("RefNumber", "the number"),
        )
        if text(before, name) != text(after, name)
    ]
    if text(before, "CustomerRef", "ListID") != text(after, "CustomerRef", "ListID"):
        found.append("the customer is another one")
    if "lines" in before and before.get("lines") != after.get("lines"):
        found.append("its lines are others")
    return found
