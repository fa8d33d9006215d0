"""Which payments of QuickBooks count in Syncro: pure rules over what QuickBooks and our own links say.

Imported is a payment for exactly one invoice that we pushed, for the amount applied; everything else is a skip that
says why (facts: Syncro Y6 to Y8, feature list). What was imported and then changed in QuickBooks is never changed in
Syncro, whose API cannot: it needs somebody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.payments_from.imports import PaymentImport, Share
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.problems import SKIP, skipped

_OURS = re.compile(r"syncro:[a-z_]+:\d+:\d+")
FOREIGN = "foreign_invoice"
_BY_HAND = "Enter what belongs to it in Syncro by hand."
_LINK_FIRST = (
    "Nothing to do. If the invoice is in Syncro, too, link it there, then save this payment once more in QuickBooks: "
    "it is then imported."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A payment as QuickBooks last told it; of a deleted one only the id is known."""

    qbo_id: str
    sync_token: str = ""
    deleted: bool = False
    marked: bool = False
    voided: bool = False
    unreadable: bool = False
    day: date | None = None
    method: str = ""
    currency: str = ""
    total: Decimal = Decimal(0)
    rest: Decimal = Decimal(0)
    applied: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)

    @property
    def invoices(self) -> tuple[str, ...]:
        """QuickBooks' ids of the invoices it pays."""
        return tuple(qbo_id for entity, qbo_id in self.applied if entity == "Invoice")


def seen_payment(payment: JsonObject) -> Seen:
    """A Payment as CDC or a query gives it; one with figures that are none is `unreadable`."""
    qbo_id = bodies.text(payment, "Id")
    if bodies.text(payment, "status") == "Deleted":
        return Seen(qbo_id, deleted=True)
    try:
        return _read(payment, qbo_id)
    except ValueError:
        return Seen(qbo_id, bodies.text(payment, "SyncToken"), unreadable=True)


def _read(payment: JsonObject, qbo_id: str) -> Seen:
    note = bodies.text(payment, "PrivateNote")
    applied = {target: amount for target, amount in applications(payment).items() if amount}
    total = bodies.amount(payment, "TotalAmt") or Decimal(0)
    return Seen(
        qbo_id=qbo_id,
        sync_token=bodies.text(payment, "SyncToken"),
        marked=bool(_OURS.search(note)),
        voided=not total and not applied and "void" in note.casefold(),
        day=bodies.day(payment, "TxnDate"),
        method=bodies.ref_value(payment, "PaymentMethodRef"),
        currency=bodies.ref_value(payment, "CurrencyRef"),
        total=total,
        rest=bodies.amount(payment, "UnappliedAmt") or Decimal(0),
        applied=applied,
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What we know around a payment: whether we wrote it, and which Syncro invoices the ones it pays are."""

    ours: bool
    invoices: Mapping[str, str]
    home_currency: str


def judge(seen: Seen, known: Known, before: PaymentImport | None) -> PaymentImport | None:
    """The import as it stands after QuickBooks said `seen`; None if it is none of ours to tell about."""
    if known.ours or seen.marked or (seen.deleted and before is None):
        return None
    share, reason = _share_of(seen, known)
    found = before or PaymentImport(seen.qbo_id)
    if not seen.deleted:
        found = replace(found, day=seen.day, total=seen.total, sync_token=seen.sync_token)
    found = replace(found, share=share, reason=reason, deleted=seen.deleted, skipped_by="")
    if found.posted is None:
        # A new state of the payment is a new question: what was stuck is asked again, unless it may be in Syncro.
        return found if found.posting else replace(found, stuck=None, due=0)
    return replace(found, reason=difference(found, known.home_currency))


def _share_of(seen: Seen, known: Known) -> tuple[Share | None, Problem | None]:  # noqa: PLR0911 - one rule each
    total = money.show(seen.total, seen.currency or known.home_currency)
    who = _called(seen)
    if seen.deleted:
        return None, _skip("deleted", f"QuickBooks payment {seen.qbo_id} was deleted there", "Nothing to do.")
    if seen.unreadable:
        text = f"QuickBooks payment {seen.qbo_id} holds a figure or date that cannot be read"
        return None, _skip("unreadable", text, _BY_HAND)
    if seen.voided:
        return None, _skip("voided", f"{who} was voided there", "Nothing to do.")
    others = {(entity, at): each for (entity, at), each in seen.applied.items() if entity != "Invoice"}
    if any(entity == "CreditMemo" for entity, _ in others):
        memos = ", ".join(qbo_id for entity, qbo_id in others if entity == "CreditMemo")
        amount = money.show(sum(others.values(), Decimal(0)), seen.currency or known.home_currency)
        text = f"{who} applies credit memo {memos} over {amount}{_to(seen)}, and credit memos are not synced to Syncro"
        return None, _skip("credit_memo", text, _BY_HAND)
    if others:
        kinds = ", ".join(f"{entity} {qbo_id}" for entity, qbo_id in others)
        return None, _skip("other_link", f"{who} over {total} settles {kinds} too{_to(seen)}", _BY_HAND)
    if not seen.total:
        return None, _skip("zero", f"{who} is over nothing", "Nothing to do.")
    if seen.total < 0:
        return None, _skip("negative", f"{who} gives money back ({total})", _BY_HAND)
    if seen.currency and seen.currency != known.home_currency:
        text = f"{who} over {total} is in {seen.currency}, not in {known.home_currency}"
        return None, _skip("currency", text, _BY_HAND)
    if not seen.invoices:
        return None, _skip("unapplied", f"{who} over {total} is applied to no invoice", "Apply it to an invoice.")
    if len(seen.invoices) > 1:
        text = f"{who} over {total} pays several invoices{_to(seen)}; split payments are not synced to Syncro"
        return None, _skip("split", text, "Mark those invoices as paid in Syncro by hand.")
    (invoice,) = seen.invoices
    applied = seen.applied["Invoice", invoice]
    if seen.rest or applied != seen.total:
        shown = money.show(seen.total - applied, seen.currency or known.home_currency)
        text = f"{who} over {total} is {shown} more than it pays{_to(seen)}; overpayments are not synced to Syncro"
        return None, _skip("overpayment", text, _BY_HAND)
    if invoice not in known.invoices:
        text = f"{who} over {total} pays QuickBooks invoice {invoice}, which does not come from Syncro"
        return None, _skip(FOREIGN, text, _LINK_FIRST)
    return Share(known.invoices[invoice], invoice, applied), None


def difference(found: PaymentImport, currency: str) -> Problem | None:
    """How QuickBooks' payment now differs from the one that was made of it in Syncro; None if it does not."""
    if found.posted is None or found.share == found.posted.share:
        return None
    was = found.posted.share
    made = (
        f"QuickBooks payment {found.qbo_id} was imported as Syncro payment {found.posted.payment} over "
        f"{money.show(was.amount, currency)} on invoice {was.invoice}"
    )
    if found.share is None:
        code = found.reason.code.removeprefix("from_") if found.reason else "changed"
        now = found.reason.message if found.reason else "It was changed in QuickBooks."
    elif found.share.invoice != was.invoice:
        code, now = "moved", f"In QuickBooks it now pays invoice {found.share.invoice} instead."
    else:
        code = "amount_changed"
        now = f"In QuickBooks it now pays {money.show(found.share.amount, currency)} of it."
    return Problem(
        f"imported_{code}",
        f"{made}. {now} The two books differ.",
        f"Correct payment {found.posted.payment} in Syncro by hand (its API cannot), or undo the change in QuickBooks.",
        actions=(SKIP,),
    )


def pays_unknown_invoice(found: PaymentImport) -> bool:
    """Whether it is skipped because nothing was known of the invoice that it pays."""
    return found.reason is not None and found.reason.code == f"from_{FOREIGN}"


def _called(seen: Seen) -> str:
    return f"QuickBooks payment {seen.qbo_id}{f' of {seen.day.isoformat()}' if seen.day else ''}"


def _to(seen: Seen) -> str:
    named = ", ".join(f"QuickBooks invoice {qbo_id}" for qbo_id in seen.invoices)
    return f" ({named})" if named else ""


def _skip(code: str, message: str, fix: str) -> Problem:
    return skipped(f"from_{code}", f"{message}.", fix)
